/** From cases and devices to what people are told: one alert for each case, and when a message goes out. Pure; the relay keeps and sends. */
import { formatClock } from '../base/format.ts'
import type { Case } from './case.ts'
import { type Severity, severityRank } from './severity.ts'
import type { AlertType } from './wire.ts'

export interface AlertDraft {
  readonly device: string
  readonly deviceName: string
  readonly type: AlertType
  readonly severity: Severity
  readonly title: string
  readonly text: string
  readonly advice: readonly string[]
  /** Id of the case; '' without one. */
  readonly case: string
}

/** A case that goes on for so long, or has so many findings, is a sustained attack. */
export const SUSTAINED_MICROS = 30 * 60e6
export const SUSTAINED_FINDINGS = 50

/** `knownRules` are the kinds of attack that were told of this device before. */
export function draftOfCase(found: Case, knownRules: ReadonlySet<string>): AlertDraft {
  const isSustained =
    found.endMicros - found.startMicros >= SUSTAINED_MICROS || found.findingCount >= SUSTAINED_FINDINGS
  const isNewKind = rulesOf(found).some((rule) => !knownRules.has(rule))
  return {
    device: found.device,
    deviceName: found.deviceName,
    type: isNewKind ? 'new_attack_type' : isSustained ? 'sustained_attack' : 'threshold_breach',
    severity: found.severity,
    title: found.title,
    text: found.usual,
    advice: found.advice,
    case: found.id,
  }
}

/** Ids of the rules that spoke in a case. */
export function rulesOf({ findings }: Case): string[] {
  return [...new Set(findings.flatMap(({ told }) => (told ? [told.rule] : [])))]
}

export interface DeviceWords {
  readonly id: string
  readonly name: string
}

export function draftOfNewDevice({ id, name }: DeviceWords): AlertDraft {
  return {
    device: id,
    deviceName: name,
    type: 'new_device',
    severity: 'low',
    title: `${name} is heard for the first time.`,
    text: 'From now on Guardian learns what is usual for it.',
    advice: [`If you did not connect ${name} yourself, find out whose it is.`],
    case: '',
  }
}

export function draftOfSilence({ id, name }: DeviceWords, sinceMicros: number, timeZone: string): AlertDraft {
  return {
    device: id,
    deviceName: name,
    type: 'device_silent',
    severity: 'medium',
    title: `${name} has been silent since ${formatClock(sinceMicros, timeZone)}.`,
    text: 'It sent nothing in the last quarter of an hour.',
    advice: ['Check that it has power and is connected.', 'If it should be off, stop watching it.'],
    case: '',
  }
}

export function draftOfQuarantine({ id, name }: DeviceWords, why: string): AlertDraft {
  return {
    device: id,
    deviceName: name,
    type: 'device_quarantined',
    severity: 'high',
    title: `${name} was put in quarantine.`,
    text: why,
    advice: ['Look at what it did.', 'Lift the quarantine when you know that it is harmless.'],
    case: '',
  }
}

/** How people want to be told. */
export interface Telling {
  /** No second message about a case within this time, unless it became louder. */
  readonly coolDownSeconds: number
  /** More alerts than this within ten minutes are folded into one. */
  readonly stormAlerts: number
  /** Hours of the day, in `timeZone`, in which messages wait; undefined: none. */
  readonly quiet: { readonly fromHour: number; readonly toHour: number } | undefined
  /** Critical alerts do not wait. */
  readonly criticalBreaksQuiet: boolean
  readonly minSeverity: Severity
  readonly timeZone: string
}

export const STORM_MICROS = 600e6

export const DEFAULT_TELLING: Omit<Telling, 'timeZone'> = {
  coolDownSeconds: 3600,
  stormAlerts: 10,
  quiet: undefined,
  criticalBreaksQuiet: true,
  minSeverity: 'medium',
}

/** Whether a change of an alert is worth another message: it became louder, or a sustained attack, or the cool-down is over. */
export function isWorthTelling(
  before: { readonly severity: Severity; readonly type: AlertType; readonly toldMicros: number },
  after: Pick<AlertDraft, 'severity' | 'type'>,
  { coolDownSeconds }: Pick<Telling, 'coolDownSeconds'>,
  nowMicros: number,
): boolean {
  if (severityRank(after.severity) > severityRank(before.severity)) return true
  if (nowMicros - before.toldMicros < coolDownSeconds * 1e6) return false
  return after.type === 'sustained_attack' && before.type !== 'sustained_attack'
}

/** When a message may go out: now, or at the end of the quiet hours. */
export function dueMicros(severity: Severity, telling: Telling, nowMicros: number): number {
  const { quiet, criticalBreaksQuiet, timeZone } = telling
  if (!quiet || (severity === 'critical' && criticalBreaksQuiet)) return nowMicros
  const { hour, minute, second } = clockOf(nowMicros, timeZone)
  const { fromHour, toHour } = quiet
  const isQuiet = fromHour <= toHour ? hour >= fromHour && hour < toHour : hour >= fromHour || hour < toHour
  if (!isQuiet) return nowMicros
  const hours = (toHour - hour + 24) % 24 || 24
  return nowMicros + (hours * 3600 - minute * 60 - second) * 1e6
}

function clockOf(micros: number, timeZone: string): { hour: number; minute: number; second: number } {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(new Date(micros / 1000))
  const read = (type: string) => Number(parts.find((part) => part.type === type)?.value ?? 0)
  return { hour: read('hour'), minute: read('minute'), second: read('second') }
}

/** Monday, this hour, in the people's zone. */
export const DIGEST_HOUR = 8

/** The Monday (`2026-11-16`) whose digest was the last to fall due; days sort as text. */
export function digestDay(nowMicros: number, timeZone: string): string {
  const at = new Date(nowMicros / 1000)
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
  const read = Object.fromEntries(parts.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const today = new Date(Date.UTC(read.year ?? 1970, (read.month ?? 1) - 1, read.day ?? 1))
  const sinceMonday = (today.getUTCDay() + 6) % 7
  const isEarly = sinceMonday === 0 && clockOf(nowMicros, timeZone).hour < DIGEST_HOUR
  today.setUTCDate(today.getUTCDate() - sinceMonday - (isEarly ? 7 : 0))
  return today.toISOString().slice(0, 10)
}

export interface DigestCounts {
  readonly alerts: number
  readonly open: number
  readonly judged: number
  readonly odd: number
  readonly loudest: readonly { readonly title: string; readonly severity: Severity }[]
}

/** The week in a few plain sentences. */
export function digestText({ alerts, open, judged, odd, loudest }: DigestCounts): string {
  const lines = [
    alerts === 0
      ? 'Nothing unusual this week.'
      : `${alerts} ${alerts === 1 ? 'alert' : 'alerts'} this week, ${open} still open.`,
    judged === 0
      ? 'No traffic was judged.'
      : `${judged} samples were judged, ${odd} of them unusual (${((100 * odd) / judged).toFixed(2)} %).`,
  ]
  for (const { title, severity } of loudest) lines.push(`${severity}: ${title}`)
  return lines.join('\n')
}
