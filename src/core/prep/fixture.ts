/** Rows and batches for tests. */
import type { CategoryColumn, FlowBatch } from '../flow/batch.ts'
import { allocateRows, type FlowRows } from './rows.ts'

export interface SampleRow {
  readonly device?: number
  readonly row?: number
  readonly start?: number
  readonly end?: number
  readonly peer?: number
  readonly counts?: readonly number[]
}

/** Rows of width 1 whose scaled value is their row number. */
export function sampleRows(samples: readonly SampleRow[]): FlowRows {
  const rows = allocateRows(samples.length, 1)
  for (const [i, sample] of samples.entries()) {
    rows.device[i] = sample.device ?? 0
    rows.row[i] = sample.row ?? i + 1
    rows.startMicros[i] = sample.start ?? Number.NaN
    rows.endMicros[i] = sample.end ?? sample.start ?? Number.NaN
    rows.peer[i] = sample.peer ?? 0
    rows.counts.set(sample.counts ?? [1, 1, 10, 10], i * 4)
    rows.scaled[i] = rows.row[i]!
  }
  return rows
}

/** A batch without times and addresses; `counts` has four numbers for each flow. */
export function sampleBatch(counts: readonly number[], categories: readonly CategoryColumn[] = []): FlowBatch {
  const length = counts.length / 4
  return {
    length,
    row: Float64Array.from({ length }, (_, i) => i + 1),
    startMicros: new Float64Array(length).fill(Number.NaN),
    endMicros: new Float64Array(length).fill(Number.NaN),
    addresses: [],
    origAddress: new Int32Array(length).fill(-1),
    respAddress: new Int32Array(length).fill(-1),
    origPort: new Int32Array(length).fill(-1),
    respPort: new Int32Array(length).fill(-1),
    protocol: new Int16Array(length).fill(-1),
    counts: Float64Array.from(counts),
    features: undefined,
    labels: [],
    label: undefined,
    categories,
    watermarkMicros: Number.NaN,
  }
}
