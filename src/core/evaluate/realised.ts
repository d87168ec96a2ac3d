/** What was promised against what came: false alarms of each device on benign flows that nothing was fitted on. */
import type { FlowDataset } from '../detect/dataset.ts'

/** A device keeps its promise up to this many times of it. */
export const TOLERANCE = 1.3

export interface DevicePromise {
  readonly device: string
  readonly rows: number
  readonly alarms: number
  /** Alarms over rows. */
  readonly rate: number
  readonly withinPromise: boolean
}

export interface RealisedRates {
  readonly promised: number
  /** Devices with enough rows that the promise allows at least one alarm, in the order of the data. */
  readonly devices: readonly DevicePromise[]
  /** Devices with fewer rows: one alarm would break the promise, none proves nothing. */
  readonly tooQuiet: number
  /** Share of the devices that keep it; NaN without any. */
  readonly shareWithin: number
  /** Of all rows of these devices together. */
  readonly rate: number
}

/**
 * Counts rows above the threshold of their device. `data` is benign throughout; scores of NaN are no alarm and no row. For cases, pass
 * one row per device-hour with its highest score.
 */
export function realiseRates(
  data: Pick<FlowDataset, 'device' | 'devices'>,
  scores: ArrayLike<number>,
  { thresholdOf, promised }: { readonly thresholdOf: (device: number) => number; readonly promised: number },
): RealisedRates {
  const rows = new Int32Array(data.devices.length)
  const alarms = new Int32Array(data.devices.length)
  for (let row = 0; row < data.device.length; row++) {
    const device = data.device[row]!
    if (device < 0 || Number.isNaN(scores[row]!)) continue
    rows[device]!++
    if (scores[row]! > thresholdOf(device)) alarms[device]!++
  }
  const present = data.devices.map((_, at) => at).filter((at) => rows[at]! > 0)
  const devices = present
    .filter((at) => rows[at]! * promised >= 1)
    .map((at) => ({
      device: data.devices[at]!,
      rows: rows[at]!,
      alarms: alarms[at]!,
      rate: alarms[at]! / rows[at]!,
      withinPromise: alarms[at]! <= TOLERANCE * promised * rows[at]!,
    }))
  const total = devices.reduce((sum, { rows: count }) => sum + count, 0)
  return {
    promised,
    devices,
    tooQuiet: present.length - devices.length,
    shareWithin: devices.filter(({ withinPromise }) => withinPromise).length / devices.length,
    rate: devices.reduce((sum, { alarms: count }) => sum + count, 0) / total,
  }
}
