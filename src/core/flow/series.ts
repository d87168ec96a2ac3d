/**
 * Means and deviations of an ended flow, worked out where they are wanted: sums are written into the features' own places and
 * turned over there, since a fraction that is passed, returned or kept in an object would be put into a box.
 */
import { DOUBLES } from './layout.ts'

// Local copies: see table.ts.
const D = DOUBLES

/** Where the numbers of one flow are (layout.ts): its rows begin at `d` and `i`. */
export interface FlowRow {
  doubles: Float64Array
  ints: Int32Array
  d: number
  i: number
}

/** Never negative, though a capture out of order may end a flow before it began. */
export function durationMicros({ doubles, d }: FlowRow): number {
  return Math.max(0, doubles[d + D.last]! - doubles[d + D.start]!)
}

/**
 * From exact sum and sum of squares at `at` and `at + 1` to mean and variance; 0 when there is nothing to tell.
 * Moving the origin to the rounded mean keeps the digits that plain subtraction would lose.
 */
export function writeMoments(to: Float64Array, at: number, count: number): void {
  const sum = to[at]!
  const squares = to[at + 1]!
  const mean = count > 0 ? sum / count : 0
  to[at] = mean
  if (count < 2) {
    to[at + 1] = 0
    return
  }
  const origin = Math.round(mean)
  const rest = sum - count * origin
  const around = squares - 2 * origin * sum + count * origin * origin
  to[at + 1] = Math.max(0, (around - (rest * rest) / count) / (count - 1))
}

/** … to mean and deviation. */
export function writeMeanFirst(to: Float64Array, at: number, count: number): void {
  writeMoments(to, at, count)
  to[at + 1] = Math.sqrt(to[at + 1]!)
}
