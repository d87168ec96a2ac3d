/** What a glance at live devices needs, from the copy of the relay. */
import { SEVERITIES, type Severity } from '#core/alert/severity.ts'
import type { Alert } from '#core/alert/wire.ts'
import type { WatchedDevice } from '#core/device/wire.ts'
import type { Verdict } from '#core/live/wire.ts'

const DAY_MICROS = 86_400e6

export interface LiveFigures {
  /** That of the loudest open alert; undefined: nothing is open. */
  readonly threat: Severity | undefined
  readonly openAlerts: number
  readonly devices: number
  readonly active: number
  readonly casesToday: number
  /** Share of the day's samples that were usual; undefined when none was judged. */
  readonly usualShare: number | undefined
}

export function liveFigures(
  devices: readonly WatchedDevice[],
  alerts: readonly Alert[],
  verdicts: readonly Verdict[],
  nowMicros: number,
): LiveFigures {
  const open = alerts.filter(({ state }) => state === 'open')
  const today = verdicts.filter(({ atMicros }) => nowMicros - atMicros < DAY_MICROS)
  return {
    threat: SEVERITIES.findLast((severity) => open.some((alert) => alert.severity === severity)),
    openAlerts: open.length,
    devices: devices.length,
    active: devices.filter(({ status }) => status === 'online' || status === 'under_attack').length,
    casesToday: alerts.filter((alert) => alert.case !== '' && nowMicros - alert.openedMicros < DAY_MICROS).length,
    usualShare: today.length > 0 ? today.filter(({ label }) => label === 'usual').length / today.length : undefined,
  }
}

export interface ScorePoint {
  readonly fromMicros: number
  readonly toMicros: number
  readonly judged: number
  readonly odd: number
  /** Highest score over its line; 1 is the line. */
  readonly highest: number
}

/** The verdicts' span in at most `columns` stretches of equal length; stretches without a verdict are left out. */
export function scorePoints(verdicts: readonly Verdict[], columns: number): ScorePoint[] {
  const [first, last] = [verdicts[0], verdicts.at(-1)]
  if (!first || !last) return []
  const start = first.endMicros
  const width = Math.max(1e6, (last.endMicros - start + 1) / columns)
  const points = new Map<number, ScorePoint>()
  for (const { endMicros, score, threshold, label } of verdicts) {
    const at = Math.min(columns - 1, Math.max(0, Math.floor((endMicros - start) / width)))
    const known = points.get(at)
    points.set(at, {
      fromMicros: start + at * width,
      toMicros: start + (at + 1) * width,
      judged: (known?.judged ?? 0) + 1,
      odd: (known?.odd ?? 0) + (label === 'odd' ? 1 : 0),
      highest: Math.max(known?.highest ?? 0, score / threshold),
    })
  }
  return [...points].sort(([a], [b]) => a - b).map(([, point]) => point)
}

/** Height of a score over its line, in [0, 1]: the line is at a half, ten times the line at the top. */
export function scoreHeight(highest: number): number {
  if (highest <= 0) return 0
  return Math.min(1, Math.max(0, 0.5 + Math.log10(highest) / 2))
}

export const STATUS_WORDS: Readonly<Record<WatchedDevice['status'], string>> = {
  offline: 'silent',
  online: 'online',
  under_attack: 'unusual now',
  quarantined: 'in quarantine',
}

export const ALERT_WORDS: Readonly<Record<Alert['type'], string>> = {
  threshold_breach: 'unusual traffic',
  sustained_attack: 'goes on',
  new_attack_type: 'a new kind',
  device_quarantined: 'quarantine',
  new_device: 'new device',
  device_silent: 'silence',
}
