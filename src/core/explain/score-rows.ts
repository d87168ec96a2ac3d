/** A detector as explanations see it: any function from rows to scores. */
import { InputError } from '../base/errors.ts'
import type { FeatureMatrix } from '../detect/detector.ts'

/** One number per row. */
export type ScoreRows = (data: FeatureMatrix) => Float64Array | Promise<Float64Array>

/** Rows scored at once: 20 MB of 78 features. */
const MOST_ROWS = 65_536

/** Scores `count` rows that `write` fills in, a bounded number of them at a time. Throws InputError when a score is no number. */
export async function scoreMany(
  score: ScoreRows,
  features: readonly string[],
  count: number,
  write: (row: number, to: Float32Array) => void,
): Promise<Float64Array> {
  const width = features.length
  const scores = new Float64Array(count)
  for (let from = 0; from < count; from += MOST_ROWS) {
    const rows = Math.min(MOST_ROWS, count - from)
    const values = new Float32Array(rows * width)
    for (let i = 0; i < rows; i++) write(from + i, values.subarray(i * width, (i + 1) * width))
    scores.set(await score({ features, rows, values }), from)
  }
  const odd = scores.findIndex((one) => !Number.isFinite(one))
  if (odd >= 0) throw new InputError(`the model gives ${scores[odd]} for a changed row; only numbers can be explained`)
  return scores
}

/** Refuses rows of another width than the features'. */
export function checkWidth(what: string, values: ArrayLike<number>, features: readonly string[]): void {
  if (values.length !== features.length)
    throw new InputError(`${what} has ${values.length} numbers for ${features.length} features`)
}
