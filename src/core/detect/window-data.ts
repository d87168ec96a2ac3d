/** Flows of a dataset as windows: ten in a row of one device of one capture, in time order; each window belongs to its last flow. */
import type { Scaler } from '../prep/scaler.ts'
import type { FlowDataset } from './dataset.ts'

export interface FlowWindows {
  readonly steps: number
  readonly length: number
  /** length × steps rows of the dataset. */
  readonly rows: Int32Array
}

/**
 * As in a scan: the first flow of a device is only the scene, so n flows give n − steps windows. `most` windows at the most, evenly taken from
 * all of them.
 */
export function windowsOf(data: FlowDataset, steps: number, most = Number.POSITIVE_INFINITY): FlowWindows {
  const groups = new Map<string, number[]>()
  for (let row = 0; row < data.rows; row++) {
    const key = `${data.capture[row]} ${data.device[row]}`
    const group = groups.get(key)
    if (group) group.push(row)
    else groups.set(key, [row])
  }
  let total = 0
  for (const { length } of groups.values()) total += Math.max(0, length - steps)
  const length = Math.min(total, most)
  const rows = new Int32Array(length * steps)
  let seen = 0
  let taken = 0
  for (const group of groups.values()) {
    for (let end = steps; end < group.length; end++) {
      // The i-th window is taken when it moves the whole part of i × length / total.
      if (Math.floor((++seen * length) / total) === taken) continue
      for (let k = 0; k < steps; k++) rows[taken * steps + k] = group[end - steps + 1 + k]!
      taken++
    }
  }
  return { steps, length, rows }
}

/** The dataset's row that window `i` belongs to. */
export function lastRow({ rows, steps }: FlowWindows, i: number): number {
  return rows[(i + 1) * steps - 1]!
}

/** from … to as length × steps × width numbers out of a table of rows × width. */
export function gatherWindows(
  { rows, steps }: FlowWindows,
  table: Float32Array,
  { width, from, to }: { width: number; from: number; to: number },
): Float32Array {
  const out = new Float32Array((to - from) * steps * width)
  for (let at = from * steps, k = 0; at < to * steps; at++, k += width) {
    const row = rows[at]!
    for (let f = 0; f < width; f++) out[k + f] = table[row * width + f]!
  }
  return out
}

/** Logarithm with the sign kept: flows' numbers reach over nine powers of ten. NaN stays. */
export function signedLog1p(values: ArrayLike<number>): Float32Array {
  const out = new Float32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    out[i] = value < 0 ? -Math.log1p(-value) : Math.log1p(value)
  }
  return out
}

/** A scaler that passes over missing numbers; a column without two different numbers has deviation 1. */
export function fitScalerWithGaps(table: Float32Array, width: number): Scaler {
  const mean: number[] = []
  const deviation: number[] = []
  for (let column = 0; column < width; column++) {
    let count = 0
    let sum = 0
    for (let i = column; i < table.length; i += width) {
      if (Number.isNaN(table[i]!)) continue
      count++
      sum += table[i]!
    }
    const centre = count > 0 ? sum / count : 0
    let squares = 0
    for (let i = column; i < table.length; i += width) {
      if (!Number.isNaN(table[i]!)) squares += (table[i]! - centre) ** 2
    }
    mean.push(centre)
    deviation.push(count > 1 && squares > 0 ? Math.sqrt(squares / (count - 1)) : 1)
  }
  return { mean, deviation }
}

/** No network should be driven by one number a thousand deviations out. */
const FURTHEST = 10

/** Scales in place; what is missing becomes 0, the usual value. */
export function scaleWithGaps(table: Float32Array, { mean, deviation }: Scaler): Float32Array {
  const width = mean.length
  for (let i = 0; i < table.length; i++) {
    const column = i % width
    const scaled = (table[i]! - mean[column]!) / deviation[column]!
    table[i] = Number.isNaN(scaled) ? 0 : Math.max(-FURTHEST, Math.min(FURTHEST, scaled))
  }
  return table
}
