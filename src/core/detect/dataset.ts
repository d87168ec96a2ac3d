/**
 * Flows in memory, for what needs many at once: training, evaluation, explanation. Made from any readable file by scan/dataset.ts;
 * judged by any model through FlowJudge.
 */
import type { AlarmLines } from './alarm-line.ts'
import type { Explanation, FeatureMatrix } from './detector.ts'
import type { ScopeVerdict } from './scope.ts'
import type { ThresholdChoice } from './threshold.ts'

export interface FlowDataset {
  readonly rows: number
  /** rows × features: what the source says of each flow (the 78, or what of them a table has), then host-window aggregates where
   * addresses and times are known. NaN is missing. No address, port, time or identifier is among them. */
  readonly matrix: FeatureMatrix
  /** rows × 4 in the order of COUNT_COLUMNS: the input of the autoencoder. */
  readonly counts: Float64Array
  /** Per row an index into `devices`; rows of a device of one capture stand in time order. */
  readonly device: Int32Array
  readonly devices: readonly string[]
  /** Per row an index into `captures`: windows and splits never cross it. */
  readonly capture: Int32Array
  readonly captures: readonly string[]
  /** µs since 1970; NaN where the source has no time. */
  readonly startMicros: Float64Array
  /** Number of the row in its file, from 1. */
  readonly row: Float64Array
  /** Per row an index into `classes`; undefined without labels. The first class is the benign one. */
  readonly labels: Int32Array | undefined
  readonly classes: readonly string[]
}

/** Any model as evaluation, explanation and pages see it. */
export interface FlowJudge {
  readonly name: string
  readonly version: string
  readonly kind: string
  /**
   * One number for each row, higher is more unusual or more probably an attack. NaN: not judged (the first flow of a device for a
   * windowed model, or traffic that the model says it does not know).
   */
  score(data: FlowDataset): Promise<Float64Array>
  /** Scores above it raise a finding, at the model's shipped budget, of a device that it has not met. */
  readonly threshold: number
  /** The line of each device by what a person chose; by default the shipped budget. Undefined for judges with one line. */
  drawLines?(choice?: ThresholdChoice): AlarmLines
  /** Whether the device is one that the lines were drawn from. */
  knows?(device: string): boolean
  /** Flows of a device before one that are needed to judge it; undefined: none. */
  readonly context?: number
  /** The highest value of a column that training saw; undefined where it is not known. */
  mostSeen?(feature: string): number | undefined
  /** Whether these flows are of the kind that the model was trained on; undefined for models that cannot tell. */
  scope?(data: FlowDataset): ScopeVerdict
  /** Per row an index into `classes` of the judge, −1 where it abstains; undefined for models that only tell usual from unusual. */
  families?(data: FlowDataset): Promise<{ readonly classes: readonly string[]; readonly family: Int32Array }>
  /** Shares sum to score − base. Throws InputError for a row that is not judged. */
  explain(data: FlowDataset, row: number): Promise<Explanation>
}

/** The rows of `data` named by `rows`, in that order. */
export function takeRows(data: FlowDataset, rows: ArrayLike<number>): FlowDataset {
  const width = data.matrix.features.length
  const values = new Float32Array(rows.length * width)
  const counts = new Float64Array(rows.length * 4)
  const device = new Int32Array(rows.length)
  const capture = new Int32Array(rows.length)
  const startMicros = new Float64Array(rows.length)
  const row = new Float64Array(rows.length)
  const labels = data.labels && new Int32Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]!
    values.set(data.matrix.values.subarray(from * width, (from + 1) * width), i * width)
    counts.set(data.counts.subarray(from * 4, (from + 1) * 4), i * 4)
    device[i] = data.device[from]!
    capture[i] = data.capture[from]!
    startMicros[i] = data.startMicros[from]!
    row[i] = data.row[from]!
    if (labels) labels[i] = data.labels![from]!
  }
  return {
    ...data,
    rows: rows.length,
    matrix: { features: data.matrix.features, rows: rows.length, values },
    counts,
    device,
    capture,
    startMicros,
    row,
    labels,
  }
}
