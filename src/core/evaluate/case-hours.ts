/**
 * What scores mean in cases: findings of one device in one clock hour are one case, so a threshold has a rate of false cases per
 * device-week. Only hours in which a device was heard count as observed, which makes the rate of a quiet device look worse, never better.
 */
import type { LabelledDataset } from './labels.ts'

const HOUR_MICROS = 3600e6
const HOURS_A_WEEK = 168

export interface CaseHours {
  /** Of each device-hour without an attack row, its highest score, in descending order; −∞ where every row was abstained from. */
  readonly quietPeaks: Float64Array
  readonly deviceWeeks: number
}

/** Undefined when rows lack times or devices, or all device-hours hold an attack: then false cases cannot be told. */
export function gatherHours(data: LabelledDataset, scores: ArrayLike<number>): CaseHours | undefined {
  const peaks = new Map<string, number>()
  const attacked = new Set<string>()
  for (let row = 0; row < data.rows; row++) {
    const key = hourKey(data, row)
    if (key === undefined) continue
    if (data.labels[row] !== 0) attacked.add(key)
    const known = peaks.get(key) ?? Number.NEGATIVE_INFINITY
    // An abstention must not hide the hour's other rows.
    peaks.set(key, Number.isNaN(scores[row]!) ? known : Math.max(known, scores[row]!))
  }
  for (const key of attacked) peaks.delete(key)
  if (peaks.size === 0) return undefined
  const quietPeaks = Float64Array.from(peaks.values()).sort().reverse()
  return { quietPeaks, deviceWeeks: quietPeaks.length / HOURS_A_WEEK }
}

export function falseCasesPerDeviceWeek({ quietPeaks, deviceWeeks }: CaseHours, threshold: number): number {
  let cases = 0
  while (cases < quietPeaks.length && quietPeaks[cases]! > threshold) cases++
  return cases / deviceWeeks
}

/** The lowest threshold with at most `perDeviceWeek` false cases in these hours. */
export function budgetThreshold({ quietPeaks, deviceWeeks }: CaseHours, perDeviceWeek: number): number {
  const allowed = Math.floor(perDeviceWeek * deviceWeeks + 1e-9)
  return quietPeaks[allowed] ?? Number.NEGATIVE_INFINITY
}

export interface FirstAlarms {
  /** Attacks (one class on one device of one capture) with an alarm on one of their rows, of how many. */
  readonly alarmed: number
  readonly attacks: number
  /** Median over those alarmed, from their first row; NaN when none is. */
  readonly medianSeconds: number
}

/** Undefined without times or devices. */
export function timeFirstAlarms(
  data: LabelledDataset,
  scores: ArrayLike<number>,
  threshold: number,
): FirstAlarms | undefined {
  const begun = new Map<string, number>()
  const alarmed = new Map<string, number>()
  for (let row = 0; row < data.rows; row++) {
    const at = data.startMicros[row]!
    if (data.labels[row] === 0 || data.device[row]! < 0 || !Number.isFinite(at)) continue
    const key = `${data.capture[row]} ${data.device[row]} ${data.labels[row]}`
    keepEarliest(begun, key, at)
    if (scores[row]! > threshold) keepEarliest(alarmed, key, at)
  }
  if (begun.size === 0) return undefined
  const delays = [...alarmed].map(([key, at]) => (at - begun.get(key)!) / 1e6).sort((a, b) => a - b)
  const middle = (delays.length - 1) / 2
  const medianSeconds = (delays[Math.floor(middle)]! + delays[Math.ceil(middle)]!) / 2
  return { alarmed: delays.length, attacks: begun.size, medianSeconds: delays.length > 0 ? medianSeconds : Number.NaN }
}

function hourKey({ capture, device, startMicros }: LabelledDataset, row: number): string | undefined {
  const at = startMicros[row]!
  if (device[row]! < 0 || !Number.isFinite(at)) return undefined
  return `${capture[row]} ${device[row]} ${Math.floor(at / HOUR_MICROS)}`
}

function keepEarliest(map: Map<string, number>, key: string, at: number): void {
  const known = map.get(key)
  if (known === undefined || at < known) map.set(key, at)
}
