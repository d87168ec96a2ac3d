/** One flow under changed numbers, as its judge sees it: what counterfactuals and checks ask. */
import { InputError } from '../base/errors.ts'
import { type FlowDataset, type FlowJudge, takeRows } from '../detect/dataset.ts'
import type { ScoreRows } from './score-rows.ts'

/**
 * Scores rows of the dataset's features as if each were the flow `row`. Only for judges of single flows: of a window of flows one row is no more than
 * a part. A changed flow that the judge does not know scores as high as can be: it would not pass.
 */
export function scoreInPlaceOf(judge: FlowJudge, data: FlowDataset, row: number): ScoreRows {
  if (!(row >= 0 && row < data.rows)) throw new InputError(`row ${row} does not exist; there are ${data.rows} rows`)
  return async (matrix) => {
    const copies = takeRows(data, new Int32Array(matrix.rows).fill(row))
    const scores = await judge.score({ ...copies, matrix })
    return scores.map((score) => (Number.isNaN(score) ? Number.MAX_VALUE : score))
  }
}
