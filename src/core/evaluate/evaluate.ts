/** Any model on any labelled flows: one judgement of it. */
import { InputError } from '../base/errors.ts'
import type { FlowDataset, FlowJudge } from '../detect/dataset.ts'
import { type AttemptedAs, readLabels } from './labels.ts'
import { type EvalResult, summarize } from './result.ts'

const FEWEST_ROWS = 10

/** Throws InputError for what cannot be evaluated: no labels, one class only, too few rows. */
export async function judgeDataset(
  judge: FlowJudge,
  data: FlowDataset,
  { attempted = 'attack', signal }: { readonly attempted?: AttemptedAs; readonly signal?: AbortSignal } = {},
): Promise<EvalResult> {
  const started = performance.now()
  const labelled = readLabels(data, attempted)
  checkRows(labelled.labels, labelled.classes)
  signal?.throwIfAborted()
  const scores = await judge.score(labelled)
  signal?.throwIfAborted()
  if (scores.length !== labelled.rows) throw new Error(`${scores.length} scores for ${labelled.rows} rows`)
  return summarize(labelled, scores, { threshold: judge.threshold, elapsedMs: performance.now() - started })
}

function checkRows(labels: Int32Array, classes: readonly string[]): void {
  if (labels.length < FEWEST_ROWS) {
    throw new InputError(`evaluation needs at least ${FEWEST_ROWS} labelled rows; there are ${labels.length}`)
  }
  const attacks = labels.reduce((sum, label) => sum + Number(label !== 0), 0)
  if (attacks > 0 && attacks < labels.length) return
  const only = classes[labels[0]!] ?? ''
  throw new InputError(
    attacks === 0
      ? `evaluation needs attacks and benign rows; all ${labels.length} rows are labelled ${only}, which is benign`
      : `evaluation needs attacks and benign rows; none of the ${labels.length} rows is labelled ${classes[0] ?? 'benign'}`,
  )
}
