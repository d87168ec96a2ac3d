/** Two detectors that look at each feature alone: HBOS (Goldstein & Dengel 2012) and ECOD (Li et al. 2022). */
import type { FeatureMatrix } from '../detect/detector.ts'
import { fitStandardizer, standardize } from './standardize.ts'

type Scorer = (data: FeatureMatrix) => Float64Array

const MOST_BINS = 64

/**
 * Sum over features of −log of the share of training rows in the value's bin, with one row more in each; bins of equal width over
 * sign · log1p, as many as the root of the rows. Beyond the bins counts as an empty one.
 */
export function fitHbos(train: FeatureMatrix): Scorer {
  const scaler = fitStandardizer(train)
  const width = train.features.length
  const values = standardize(scaler, train)
  const bins = Math.max(2, Math.min(MOST_BINS, Math.ceil(Math.sqrt(train.rows))))
  const low = new Float64Array(width).fill(Number.POSITIVE_INFINITY)
  const high = new Float64Array(width).fill(Number.NEGATIVE_INFINITY)
  for (let at = 0; at < values.length; at++) {
    const f = at % width
    low[f] = Math.min(low[f]!, values[at]!)
    high[f] = Math.max(high[f]!, values[at]!)
  }
  const binOf = (value: number, f: number) => {
    if (high[f] === low[f]) return 0
    const bin = Math.floor(((value - low[f]!) / (high[f]! - low[f]!)) * bins)
    return value === high[f] ? bins - 1 : bin
  }
  const costs = new Float64Array(width * bins).fill(1)
  for (let at = 0; at < values.length; at++) costs[(at % width) * bins + binOf(values[at]!, at % width)]! += 1
  const total = train.rows + bins
  for (let at = 0; at < costs.length; at++) costs[at] = -Math.log(costs[at]! / total)
  const emptyCost = Math.log(total)
  return (data) => {
    const scaled = standardize(scaler, data)
    const scores = new Float64Array(data.rows)
    for (let at = 0; at < scaled.length; at++) {
      const f = at % width
      const bin = binOf(scaled[at]!, f)
      scores[Math.floor(at / width)]! += bin >= 0 && bin < bins ? costs[f * bins + bin]! : emptyCost
    }
    return scores
  }
}

/**
 * −log of how far out in the tail each value is, summed: the largest of all left tails, all right tails, and the tail to which each
 * feature leans. The judged row counts as one of the training rows; a missing value is in no tail.
 */
export function fitEcod({ features, rows, values }: FeatureMatrix): Scorer {
  const width = features.length
  const columns = Array.from({ length: width }, (_, f) =>
    Float64Array.from({ length: rows }, (_, row) => values[row * width + f]!)
      .filter((value) => !Number.isNaN(value))
      .sort(),
  )
  const leansLeft = columns.map((column) => skewOf(column) < 0)
  return (data) => {
    const scores = new Float64Array(data.rows)
    for (let row = 0; row < data.rows; row++) {
      let left = 0
      let right = 0
      let leaning = 0
      for (let f = 0; f < width; f++) {
        const value = data.values[row * width + f]!
        if (Number.isNaN(value)) continue
        const column = columns[f]!
        const all = Math.log(column.length + 1)
        const fromLeft = all - Math.log(countBelow(column, value, true) + 1)
        const fromRight = all - Math.log(column.length - countBelow(column, value, false) + 1)
        left += fromLeft
        right += fromRight
        leaning += leansLeft[f] ? fromLeft : fromRight
      }
      scores[row] = Math.max(left, right, leaning)
    }
    return scores
  }
}

/** Values below, or not above, in ascending `sorted`. */
function countBelow(sorted: Float64Array, value: number, orEqual: boolean): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (orEqual ? sorted[middle]! <= value : sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Third central moment: its sign alone is used. */
function skewOf(column: Float64Array): number {
  const finite = column.filter((value) => Number.isFinite(value))
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length
  return finite.reduce((sum, value) => sum + (value - mean) ** 3, 0)
}
