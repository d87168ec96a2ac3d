/** Columns of a dataset by name: the ones that a model asks for, and the ones that can teach. */
import { InputError, ModelError } from '../base/errors.ts'
import { plural } from '../base/format.ts'
import { COUNT_COLUMNS } from '../flow/batch.ts'
import type { FlowDataset } from './dataset.ts'
import type { FeatureMatrix } from './detector.ts'

const SHOWN = 5
const COUNTS: readonly string[] = COUNT_COLUMNS

/** Those of `features` that the flows lack; the four counts every dataset has. */
export function missingColumns({ matrix }: FlowDataset, features: readonly string[]): string[] {
  return features.filter((name) => !matrix.features.includes(name) && !COUNTS.includes(name))
}

/** The dataset with the named columns in that order; the four counts every dataset has. Throws ModelError naming those it has not. */
export function selectColumns(data: FlowDataset, features: readonly string[]): FlowDataset {
  const { matrix } = data
  if (matrix.features.length === features.length && features.every((name, i) => name === matrix.features[i]))
    return data
  const places = features.map((name) => matrix.features.indexOf(name))
  const counts = features.map((name) => COUNTS.indexOf(name))
  const missing = missingColumns(data, features)
  if (missing.length > 0) {
    const shown = missing.slice(0, SHOWN).join(', ')
    const more = missing.length > SHOWN ? ` and ${missing.length - SHOWN} more` : ''
    throw new ModelError(
      `the model was made for ${plural(features.length, 'column')}, and these flows lack ${missing.length} of them: ${shown}${more}`,
    )
  }
  const width = matrix.features.length
  const values = new Float32Array(data.rows * features.length)
  for (let row = 0, to = 0; row < data.rows; row++) {
    for (let i = 0; i < places.length; i++, to++) {
      const place = places[i]!
      values[to] = place < 0 ? data.counts[4 * row + counts[i]!]! : matrix.values[row * width + place]!
    }
  }
  return { ...data, matrix: { features, rows: data.rows, values } }
}

/** Columns with at least one number. Throws InputError when there is none, or when no column has two different ones. */
export function teachingColumns({ features, rows, values }: FeatureMatrix): readonly string[] {
  const width = features.length
  const low = new Float32Array(width).fill(Number.POSITIVE_INFINITY)
  const high = new Float32Array(width).fill(Number.NEGATIVE_INFINITY)
  for (let at = 0, column = 0; at < rows * width; at++, column = column + 1 === width ? 0 : column + 1) {
    const value = values[at]!
    if (value < low[column]!) low[column] = value
    if (value > high[column]!) high[column] = value
  }
  const present = features.filter((_, i) => low[i]! <= high[i]!)
  if (present.length === 0)
    throw new InputError(`none of the ${plural(rows, 'flow')} has a number in any column to learn from`)
  if (!features.some((_, i) => low[i]! < high[i]!)) {
    throw new InputError(
      `every column holds the same value in all ${plural(rows, 'flow')}: there is nothing to learn from (${present.slice(0, SHOWN).join(', ')})`,
    )
  }
  return present
}
