/** One flow, or the flows of one window, under changed numbers as their judge sees them: what counterfactuals and checks ask. */
import { InputError } from '../base/errors.ts'
import { type FlowDataset, type FlowJudge, takeRows } from '../detect/dataset.ts'
import { COUNT_COLUMNS } from '../flow/batch.ts'
import type { ScoreRows } from './score-rows.ts'

export interface JudgedRows {
  readonly judge: FlowJudge
  readonly data: FlowDataset
  /** As the judge sees them together, in time order: one flow, or the flows of a window after the one that is only its scene. */
  readonly rows: readonly number[]
}

export interface ChangeableNumbers {
  readonly features: readonly string[]
  /** What each feature is here; of a window, its mean. */
  readonly own: ArrayLike<number>
  /** Where a change leads. */
  readonly usual: ArrayLike<number>
}

/**
 * Scores rows of `features` as if each were the flow, or the window. In a window every flow moves by the same part of its way to the usual
 * value, so that the mean is the number asked for. What the judge does not know then scores as high as can be: it would not pass.
 */
export function scoreInPlaceOf(
  { judge, data, rows }: JudgedRows,
  { features, own, usual }: ChangeableNumbers,
): ScoreRows {
  const odd = rows.find((row) => !(row >= 0 && row < data.rows))
  if (odd !== undefined) throw new InputError(`row ${odd} does not exist; there are ${data.rows} rows`)
  const columns = features.map((name) => placesOf(name, data))
  return async (changed) => {
    const copies = copyRows(data, rows, changed.rows)
    const width = data.matrix.features.length
    for (let copy = 0; copy < changed.rows; copy++) {
      for (const [at, { column, count }] of columns.entries()) {
        const value = changed.values[copy * features.length + at]!
        if (Object.is(value, own[at])) continue
        const move = rows.length === 1 ? () => value : blend({ own: own[at]!, usual: usual[at]!, value })
        for (let i = copy * rows.length; i < (copy + 1) * rows.length; i++) {
          const { matrix, counts } = copies
          if (column >= 0) matrix.values[i * width + column] = move(matrix.values[i * width + column]!)
          if (count >= 0) counts[4 * i + count] = move(counts[4 * i + count]!)
        }
      }
    }
    const scores = await judge.score(copies)
    return Float64Array.from({ length: changed.rows }, (_, copy) => {
      const score = scores[(copy + 1) * rows.length - 1]!
      return Number.isNaN(score) ? Number.MAX_VALUE : score
    })
  }
}

/** The flows that are judged with `row`, itself last; before those of a window the one that is only its scene. */
export function rowsJudgedWith(data: FlowDataset, row: number, window: number): number[] {
  const wanted = window > 1 ? window + 1 : 1
  const rows: number[] = []
  for (let at = row; at >= 0 && rows.length < wanted; at--) {
    if (data.device[at] === data.device[row] && data.capture[at] === data.capture[row]) rows.push(at)
  }
  return rows.reverse()
}

/** Where the feature stands in the table, and among the counts; −1 for nowhere. */
function placesOf(feature: string, { matrix }: FlowDataset): { column: number; count: number } {
  return { column: matrix.features.indexOf(feature), count: (COUNT_COLUMNS as readonly string[]).indexOf(feature) }
}

/** Each copy is a capture of its own: windows do not cross it. */
function copyRows(data: FlowDataset, rows: readonly number[], copies: number): FlowDataset {
  const all = new Int32Array(copies * rows.length)
  for (let copy = 0; copy < copies; copy++) all.set(rows, copy * rows.length)
  const taken = takeRows(data, all)
  return { ...taken, capture: all.map((_, i) => Math.floor(i / rows.length)), captures: Array(copies).fill('') }
}

/** A flow's number on its way: `own` → `value` on the way to `usual`, so that usual stays usual. A missing number becomes the value. */
function blend({ own, usual, value }: { own: number; usual: number; value: number }): (number: number) => number {
  const kept = (value - usual) / (own - usual)
  return Number.isFinite(kept) ? (number) => usual + kept * (number - usual) : () => value
}
