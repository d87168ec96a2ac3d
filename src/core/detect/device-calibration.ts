/**
 * Each device's own idea of rare: its benign scores beside the home's, which count the more the fewer it has; and a budget of false alarms a
 * week, split over the devices.
 */
import { type Conformal, FEWEST_SCORES, fitConformal, pValue, scoreForP, surprise } from './conformal.ts'

export interface DeviceCalibration {
  readonly home: Conformal
  readonly devices: ReadonlyMap<string, DeviceBand>
}

export interface DeviceBand {
  readonly flows: number
  /** Undefined with fewer flows than a sample needs: the home's counts alone. */
  readonly own: Conformal | undefined
  /** NaN where the flows have no times. */
  readonly flowsPerWeek: number
}

export interface BenignScores {
  readonly scores: ArrayLike<number>
  /** Per score the index of its device; −1: of none, it counts for the home alone. */
  readonly device: ArrayLike<number>
  readonly devices: readonly string[]
  readonly startMicros: ArrayLike<number>
}

/** The home speaks for as many flows of a device: with fewer of its own, its highest score would decide alone what is rare. */
const HOME_FLOWS = 200
const WEEK_MICROS = 7 * 24 * 3600e6
/** Shortest time that a rate is told from. */
const LEAST_MICROS = 3600e6

/** Throws InputError with too few scores. */
export function fitDevices({ scores, device, devices, startMicros }: BenignScores): DeviceCalibration {
  const home = fitConformal(scores)
  const byDevice = devices.map(() => ({ scores: [] as number[], first: Number.NaN, last: Number.NaN }))
  let first = Number.NaN
  let last = Number.NaN
  for (let i = 0; i < scores.length; i++) {
    const entry = byDevice[device[i]!]
    if (!entry || Number.isNaN(scores[i]!)) continue
    entry.scores.push(scores[i]!)
    const at = startMicros[i]!
    if (!(at >= first)) first = Number.isNaN(at) ? first : at
    if (!(at <= last)) last = Number.isNaN(at) ? last : at
  }
  // All were watched as long as the home was: a device that was silent for most of it has a low rate
  const weeks = Math.max(LEAST_MICROS, last - first) / WEEK_MICROS
  const bands = byDevice.map(
    ({ scores: own }): DeviceBand => ({
      flows: own.length,
      own: own.length >= FEWEST_SCORES ? fitConformal(own) : undefined,
      flowsPerWeek: own.length / weeks,
    }),
  )
  return {
    home,
    devices: new Map(devices.map((id, at) => [id, bands[at]!] as const).filter(([, { flows }]) => flows > 0)),
  }
}

/** Share of this device's benign flows that score as high: its own sample and the home's, weighed by its flows. */
export function devicePValue({ home, devices }: DeviceCalibration, device: string, score: number): number {
  const band = devices.get(device)
  const ofHome = pValue(home, score)
  if (!band?.own) return ofHome
  const weight = band.flows / (band.flows + HOME_FLOWS)
  return weight * pValue(band.own, score) + (1 - weight) * ofHome
}

/** −log10 of the same, kept in order beyond what the samples can vouch for. */
export function deviceSurprise({ home, devices }: DeviceCalibration, device: string, score: number): number {
  const band = devices.get(device)
  const ofHome = surprise(home, score)
  if (!band?.own) return ofHome
  const weight = band.flows / (band.flows + HOME_FLOWS)
  return -Math.log10(weight * 10 ** -surprise(band.own, score) + (1 - weight) * 10 ** -ofHome)
}

/** The score from which on a flow of this device is rarer than `p`; infinite where the samples cannot vouch for it. */
export function deviceThreshold(calibration: DeviceCalibration, device: string, p: number): number {
  const own = calibration.devices.get(device)?.own
  const ofHome = scoreForP(calibration.home, p)
  if (!own) return ofHome
  const ofOwn = scoreForP(own, p)
  let low = Math.min(ofHome, ofOwn)
  let high = Math.max(ofHome, ofOwn)
  if (!Number.isFinite(high)) {
    high = Math.max(calibration.home.scores.at(-1)!, own.scores.at(-1)!, low)
    for (let step = Math.max(1e-9, Math.abs(high)); devicePValue(calibration, device, high) > p; step *= 2) {
      if (!Number.isFinite(high)) return Number.POSITIVE_INFINITY
      high += step
    }
  }
  for (let i = 0; i < 80 && high > low; i++) {
    const middle = (low + high) / 2
    if (middle === low || middle === high) break
    if (devicePValue(calibration, device, middle) <= p) high = middle
    else low = middle
  }
  return high
}

export interface DeviceBudget {
  readonly perWeek: number
  /** A flow of the device is an alarm when its p-value is at most this. */
  readonly p: number
}

/**
 * The same number of false alarms for each device, so that a quiet one is not drowned by a busy one; where flows have no times, by flows at
 * `assumedPerWeek` for the home together.
 */
export function splitBudget(
  { devices }: DeviceCalibration,
  { perWeek, assumedPerWeek }: { readonly perWeek: number; readonly assumedPerWeek: number },
): Map<string, DeviceBudget> {
  const share = perWeek / Math.max(1, devices.size)
  let flows = 0
  for (const band of devices.values()) flows += band.flows
  return new Map(
    [...devices].map(([id, band]) => {
      const rate = Number.isNaN(band.flowsPerWeek) ? (assumedPerWeek * band.flows) / flows : band.flowsPerWeek
      return [id, { perWeek: share, p: Math.min(1, share / rate) }] as const
    }),
  )
}
