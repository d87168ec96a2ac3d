/** Numbers of very different sizes brought to one: sign · log1p, less the mean, over the deviation; a missing one stands at the mean. */
import type { FeatureMatrix } from '../detect/detector.ts'

export interface Standardizer {
  readonly means: Float64Array
  /** 0 for a column that is constant. */
  readonly factors: Float64Array
}

export function fitStandardizer({ features, rows, values }: FeatureMatrix): Standardizer {
  const width = features.length
  const means = new Float64Array(width)
  const factors = new Float64Array(width)
  for (let f = 0; f < width; f++) {
    let count = 0
    let mean = 0
    let squares = 0
    for (let row = 0; row < rows; row++) {
      const value = signedLog(values[row * width + f]!)
      if (Number.isNaN(value)) continue
      count++
      const delta = value - mean
      mean += delta / count
      squares += delta * (value - mean)
    }
    means[f] = mean
    const deviation = Math.sqrt(squares / Math.max(1, count))
    factors[f] = deviation > 1e-9 * Math.max(1, Math.abs(mean)) ? 1 / deviation : 0
  }
  return { means, factors }
}

/** rows × features. */
export function standardize({ means, factors }: Standardizer, { rows, values }: FeatureMatrix): Float64Array {
  const width = means.length
  const scaled = new Float64Array(rows * width)
  for (let at = 0; at < scaled.length; at++) {
    const f = at % width
    const value = (signedLog(values[at]!) - means[f]!) * factors[f]!
    scaled[at] = Number.isNaN(value) ? 0 : value
  }
  return scaled
}

/** An infinite rate counts as a very high one. */
const HIGHEST = 1e30

function signedLog(value: number): number {
  return Math.sign(value) * Math.log1p(Math.min(Math.abs(value), HIGHEST))
}
