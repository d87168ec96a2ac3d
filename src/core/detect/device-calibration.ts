/**
 * Each device's own idea of rare: its benign scores beside the home's, which count the more the fewer it has; and a budget of false alarms a
 * week, split over the devices.
 */
import { hashAddress } from '../prep/rows.ts'
import { type Conformal, FEWEST_SCORES, fitConformal, pValue, scoreForP, surprise } from './conformal.ts'

export interface DeviceCalibration {
  readonly home: Conformal
  readonly devices: ReadonlyMap<string, DeviceBand>
  /** The home speaks for as many flows of a device: with fewer of its own, its highest score would decide alone what is rare. */
  readonly homeFlows: number
}

/** What is counted is a flow, or for a case budget a block of a device's time (case-budget.ts). */
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

/** Of flows; blocks of time are fewer and tell more each. */
export const HOME_FLOWS = 200
const WEEK_MICROS = 7 * 24 * 3600e6
/** Shortest time that a rate is told from. */
const LEAST_MICROS = 3600e6

/** A model may be sent to others; the addresses of a home's devices are not in it. */
export const deviceKey = (device: string): string => hashAddress(device).toString(36)

/** Throws InputError with too few scores. */
export function fitDevices(
  { scores, device, devices, startMicros }: BenignScores,
  homeFlows = HOME_FLOWS,
): DeviceCalibration {
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
    homeFlows,
    devices: new Map(devices.map((id, at) => [id, bands[at]!] as const).filter(([, { flows }]) => flows > 0)),
  }
}

/** What the device's own sample counts beside the home's, in [0, 1). */
export function ownWeight({ devices, homeFlows }: DeviceCalibration, device: string): number {
  const band = devices.get(device)
  return band?.own ? band.flows / (band.flows + homeFlows) : 0
}

/** Share of this device's benign flows that score as high: its own sample and the home's, weighed by its flows. */
export function devicePValue(calibration: DeviceCalibration, device: string, score: number): number {
  const band = calibration.devices.get(device)
  const ofHome = pValue(calibration.home, score)
  if (!band?.own) return ofHome
  const weight = ownWeight(calibration, device)
  return weight * pValue(band.own, score) + (1 - weight) * ofHome
}

/** −log10 of the same, kept in order beyond what the samples can vouch for. */
export function deviceSurprise(calibration: DeviceCalibration, device: string, score: number): number {
  const band = calibration.devices.get(device)
  const ofHome = surprise(calibration.home, score)
  if (!band?.own) return ofHome
  const weight = ownWeight(calibration, device)
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
