/** The contract of every detector over a table of numbers: fit, score, explain, save, load. A model is plain data. */
import { InputError } from '../base/errors.ts'
import { columnMedians } from './tree/sort.ts'

/** rows × features numbers, row-major. NaN is a value that is missing. */
export interface FeatureMatrix {
  readonly features: readonly string[]
  readonly rows: number
  readonly values: Float32Array
}

export interface TrainingData extends FeatureMatrix {
  /** Per row an index into `classes`. Without labels every row counts as benign. */
  readonly labels?: ArrayLike<number>
  /** The first class is the benign one. */
  readonly classes?: readonly string[]
}

export interface FitControl {
  readonly seed: number
  /** Called between trees; a caller that waits here for a task lets messages in. */
  readonly onProgress?: (done: number, total: number) => void | Promise<void>
  readonly signal?: AbortSignal
}

export interface Contribution {
  readonly feature: string
  readonly value: number
  /** Median of the benign training rows; NaN where training had no value. */
  readonly typical: number
  /** Part of `score − base`. */
  readonly share: number
}

export interface Explanation {
  /** What `score` counts here, as shown to a person: `squared distance`, `log-odds of DoS against Benign`. */
  readonly scale: string
  readonly score: number
  readonly base: number
  /** Part of score − base that the method itself did not account for and that was spread over the shares; not there for exact methods. */
  readonly leftOver?: number
  /** In the order of the features; the shares sum to score − base. */
  readonly contributions: readonly Contribution[]
}

/** What every model carries beside its own numbers. */
export interface DetectorModel {
  readonly features: readonly string[]
  readonly typical: Float32Array
}

export interface Detector<Model extends DetectorModel, Options> {
  readonly kind: string
  /** Whether labels of at least two classes are needed. */
  readonly supervised: boolean
  /** Throws InputError when the rows cannot teach anything; the sentence says why. */
  fit(training: TrainingData, control: FitControl, options?: Partial<Options>): Promise<Model>
  /** One number per row; higher is more unusual, or more probably an attack. */
  score(model: Model, data: FeatureMatrix): Float64Array
  explain(model: Model, data: FeatureMatrix, row: number): Explanation
  save(model: Model): Uint8Array<ArrayBuffer>
  /** Throws ModelError for bytes that are no model of this kind, or not whole. */
  load(bytes: Uint8Array): Model
}

export const FEWEST_ROWS = 10

/** Refuses what no detector can learn from. */
export function checkTraining(training: TrainingData, supervised: boolean): void {
  const { features, rows, values, labels, classes } = training
  if (features.length === 0) throw new InputError('there are no number columns to learn from')
  if (values.length !== rows * features.length) {
    throw new Error(`${values.length} numbers are not ${rows} rows × ${features.length} features`)
  }
  if (rows < FEWEST_ROWS) {
    throw new InputError(`a detector needs at least ${FEWEST_ROWS} rows to learn from; there are ${rows}`)
  }
  if (!values.some((value) => !Number.isNaN(value))) {
    throw new InputError(`all ${rows} rows have no number in any of the ${features.length} columns`)
  }
  if (!labels || !classes) {
    if (supervised) throw new InputError('this detector learns from labelled rows; no label column was given')
    return
  }
  const counts = countLabels(labels, classes, rows)
  if (!supervised && counts[0]! < FEWEST_ROWS) {
    throw new InputError(
      `this detector learns from benign rows and needs at least ${FEWEST_ROWS}; ${counts[0]} are labelled ${classes[0]}`,
    )
  }
  const present = classes.filter((_, i) => counts[i]! > 0)
  if (supervised && present.length < 2) {
    throw new InputError(
      `this detector learns the difference between classes; all ${rows} rows are labelled ${present[0] ?? 'alike'}`,
    )
  }
}

/** Rows of each class. */
export function countLabels(labels: ArrayLike<number>, classes: readonly string[], rows: number): Float64Array {
  if (labels.length !== rows) throw new Error(`${labels.length} labels for ${rows} rows`)
  const counts = new Float64Array(classes.length)
  for (let i = 0; i < rows; i++) {
    const label = labels[i]!
    if (!(label >= 0 && label < classes.length)) throw new Error(`label ${label} is none of ${classes.length} classes`)
    counts[label] = counts[label]! + 1
  }
  return counts
}

/** Refuses rows of other features than the model's. */
export function checkFeatures(model: DetectorModel, data: FeatureMatrix): void {
  const expected = model.features
  const came = data.features
  if (came.length !== expected.length || expected.some((name, i) => name !== came[i])) {
    const missing = expected.filter((name) => !came.includes(name))
    const which = missing.length > 0 ? `; ${missing.slice(0, 3).join(', ')} is missing` : '; their order differs'
    throw new InputError(`the model was made for ${expected.length} features, the rows have ${came.length}${which}`)
  }
  if (data.values.length !== data.rows * came.length) {
    throw new Error(`${data.values.length} numbers are not ${data.rows} rows × ${came.length} features`)
  }
}

/** The values of one row. */
export function rowOf(data: FeatureMatrix, row: number): Float32Array {
  if (!(row >= 0 && row < data.rows)) throw new InputError(`row ${row} does not exist; there are ${data.rows} rows`)
  const width = data.features.length
  return data.values.subarray(row * width, (row + 1) * width)
}

/** The benign rows alone, which is all of them without labels. The same object when nothing has to go. */
export function benignRows(training: TrainingData): FeatureMatrix {
  const { features, rows, values, labels } = training
  if (!labels) return training
  const width = features.length
  let count = 0
  for (let i = 0; i < rows; i++) if (labels[i] === 0) count++
  if (count === rows) return training
  const kept = new Float32Array(count * width)
  let at = 0
  for (let i = 0; i < rows; i++) {
    if (labels[i] !== 0) continue
    kept.set(values.subarray(i * width, (i + 1) * width), at)
    at += width
  }
  return { features, rows: count, values: kept }
}

/** What is usual for each feature: medians of the benign rows, or of all when none is benign. */
export function benignMedians(training: TrainingData): Float32Array {
  const benign = benignRows(training)
  const { values, rows } = benign.rows > 0 ? benign : training
  return columnMedians(values, rows, training.features.length)
}

/** Contributions from shares in the order of the features. */
export function listContributions(model: DetectorModel, row: Float32Array, shares: ArrayLike<number>): Contribution[] {
  return model.features.map((feature, i) => ({
    feature,
    value: row[i]!,
    typical: model.typical[i]!,
    share: shares[i]!,
  }))
}
