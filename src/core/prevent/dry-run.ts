/** What a rule would have done, had it been there: said before it is switched on. */
import { decide, LASTING, type Occasion } from './evaluate.ts'
import type { Rule } from './wire.ts'

export interface DryRun {
  readonly times: readonly { readonly atMicros: number; readonly device: string; readonly what: string }[]
  /** "It would have acted 3 times in the last 4 weeks: …". */
  readonly text: string
}

/** Times that are told in the sentence; `times` has them all. */
const MOST_TOLD = 5

/** `occasions` in rising order of time. */
export function dryRun(
  rule: Rule,
  occasions: readonly Occasion[],
  { weeks, timeZone }: { readonly weeks: number; readonly timeZone: string },
): DryRun {
  const lastMicros = new Map<string, number>()
  const untilMicros = new Map<string, number>()
  const times: { atMicros: number; device: string; what: string }[] = []
  for (const occasion of occasions) {
    const { device, deviceName, atMicros } = occasion
    const past = {
      lastMicros: () => lastMicros.get(device),
      stands: () => (untilMicros.get(device) ?? Number.NEGATIVE_INFINITY) > atMicros,
    }
    const [decision] = decide([{ ...rule, enabled: true }], occasion, past)
    if (!decision) continue
    lastMicros.set(device, atMicros)
    if (LASTING.has(decision.action)) untilMicros.set(device, decision.expiresMicros ?? Number.POSITIVE_INFINITY)
    times.push({ atMicros, device, what: describe(decision.action, deviceName, decision.target) })
  }
  return { times, text: tell(times, { weeks, timeZone }) }
}

function describe(action: Rule['action'], name: string, target: string): string {
  switch (action) {
    case 'quarantine':
      return `${name} put in quarantine`
    case 'rate_limit':
      return `${name} slowed to ${target} ${target === '1' ? 'message' : 'messages'} a second`
    case 'block':
      return `${target} blocked because of ${name}`
    case 'webhook':
      return `the webhook called because of ${name}`
    case 'alert':
      return `people told of ${name}`
  }
}

function tell(
  times: readonly { readonly atMicros: number; readonly what: string }[],
  { weeks, timeZone }: { readonly weeks: number; readonly timeZone: string },
): string {
  const span = weeks === 1 ? 'in the last week' : `in the last ${weeks} weeks`
  if (times.length === 0) return `It would not have acted ${span}.`
  const day = new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    timeZone,
  })
  const told = times.slice(0, MOST_TOLD).map(({ atMicros, what }) => `${what} (${day.format(atMicros / 1000)})`)
  const rest = times.length > MOST_TOLD ? `, and ${times.length - MOST_TOLD} more` : ''
  const count = times.length === 1 ? 'once' : times.length === 2 ? 'twice' : `${times.length} times`
  return `It would have acted ${count} ${span}: ${told.join(', ')}${rest}.`
}
