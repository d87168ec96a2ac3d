/** What a broker refused, counted by device and reason, and told in batches: a flood of refusals must not become a flood of audit entries. */

export const REFUSAL_REASONS = [
  'malformed-packet',
  'not-mqtt',
  'packet-too-large',
  'connect-timeout',
  'too-many-connections',
  'bad-client-id',
  'bad-device-id',
  'bad-credentials',
  'too-many-guesses',
  'quarantined',
  'will-denied',
  'publish-denied',
  'subscribe-denied',
  'too-many-topics',
  'too-many-subscriptions',
  'too-many-retained',
  'rate-limited',
  'malformed-flow',
  'malformed-discovery',
  'not-committed',
] as const
export type RefusalReason = (typeof REFUSAL_REASONS)[number]

export interface Refusal {
  /** '' while it is not known who speaks. */
  readonly device: string
  readonly reason: RefusalReason
  readonly count: number
  /** Of the first one: what was expected. Never a payload or password. */
  readonly detail: string
}

/** Different (device, reason) pairs kept between two batches; beyond that only the totals grow. */
const MAX_PAIRS = 1000

export interface Refusals {
  add(device: string, reason: RefusalReason, detail: string): void
  readonly totals: Readonly<Partial<Record<RefusalReason, number>>>
  flush(): void
}

export function createRefusals(tell: ((refusals: readonly Refusal[]) => void) | undefined): Refusals {
  const totals: Partial<Record<RefusalReason, number>> = {}
  let pairs = new Map<string, { device: string; reason: RefusalReason; count: number; detail: string }>()
  return {
    totals,
    add(device, reason, detail) {
      totals[reason] = (totals[reason] ?? 0) + 1
      const key = `${reason} ${device}`
      const pair = pairs.get(key)
      if (pair) pair.count++
      else if (pairs.size < MAX_PAIRS) pairs.set(key, { device, reason, count: 1, detail })
    },
    flush() {
      if (pairs.size === 0) return
      const told = [...pairs.values()]
      pairs = new Map()
      tell?.(told)
    },
  }
}
