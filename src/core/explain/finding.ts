/** A finding of a scan, explained anew from its flows by the model that made it: the parts of its score, and what would have been normal. */
import type { Finding } from '../alert/evidence.ts'
import { InputError } from '../base/errors.ts'
import { type FlowDataset, type FlowJudge, takeRows } from '../detect/dataset.ts'
import type { Explanation } from '../detect/detector.ts'
import { type Counterfactual, findCounterfactual } from './counterfactual.ts'
import { checkByDeletion, type DeletionCheck } from './deletion.ts'
import { type JudgedRows, rowsJudgedWith, scoreInPlaceOf } from './judge-rows.ts'
import type { ScoreRows } from './score-rows.ts'
import { counterfactualSentence, sentenceOf } from './sentence.ts'

export interface FindingRequest {
  readonly judge: FlowJudge
  /** Flows of a device that it judges together; 1 for models that judge each flow alone. */
  readonly window: number
  /** The device's flows around the finding, in time order, with enough before it. */
  readonly data: FlowDataset
  readonly finding: Pick<Finding, 'rows' | 'score'>
  /** What a finding says for a score of the judge; the same number where a scan tells scores as they are. */
  readonly told: (score: number) => number
  /** Scores of the judge above it are findings. */
  readonly threshold: number
  /** What is usual for the device, where that is known better than by the model. */
  readonly usual?: ReadonlyMap<string, number> | undefined
}

export interface FindingExplanation {
  /** The shares sum to score − base. */
  readonly explanation: Explanation
  /** Where the explanation's score would begin to be a finding; undefined when it is on another scale than the judge's scores. */
  readonly line: number | undefined
  /** Flows that were judged together, and the number of the last of them in its file. */
  readonly flows: number
  readonly lastRow: number
  readonly sentence: string
  readonly change: string
  /** Whether taking away what the explanation names lowers the score faster than taking away at random; undefined where nothing can fall. */
  readonly deletion: DeletionCheck | undefined
}

/** Of the finding's score: further off it is another row. */
const SAME = 0.01
const DELETION_SEED = 1

/** Throws InputError when no flow of the data scores as the finding does. */
export async function explainFinding(request: FindingRequest): Promise<FindingExplanation> {
  const { judge, window, data, threshold, usual } = request
  const { row, score } = await findJudgedRow(request)
  const rows = rowsJudgedWith(data, row, window)
  const trained = await judge.explain(takeRows(data, rows), rows.length - 1)
  const own = trained.contributions.map((part) => ({ ...part, typical: usual?.get(part.feature) ?? part.typical }))
  const explanation = { ...trained, contributions: own }
  const judged = { judge, data, rows, threshold }
  const counterfactual = await smallestChange({ ...judged, explanation })
  // What is usual for the device may itself be unusual to the model: then what it learnt from is the way back.
  const found = counterfactual ?? (usual && (await smallestChange({ ...judged, explanation: trained })))
  return {
    explanation,
    line: scaleOf(explanation.score, score)?.(threshold),
    flows: window,
    lastRow: data.row[row]!,
    sentence: sentenceOf(explanation, window),
    change: counterfactualSentence(found, window),
    deletion: await deletionOf(explanation, scoreInPlaceOf(judged, numbersOf(explanation))),
  }
}

/** What must change in the explained flow, or window, for the judge to let it pass; undefined when nothing would do. */
export function smallestChange(
  one: JudgedRows & { readonly explanation: Explanation; readonly threshold: number },
): Promise<Counterfactual | undefined> {
  const numbers = numbersOf(one.explanation)
  const { features, own, usual } = numbers
  const { threshold } = one
  return findCounterfactual(scoreInPlaceOf(one, numbers), { features, row: own, typical: usual, threshold })
}

function numbersOf({ contributions }: Explanation) {
  return {
    features: contributions.map(({ feature }) => feature),
    own: Float32Array.from(contributions, ({ value }) => value),
    usual: Float32Array.from(contributions, ({ typical }) => typical),
  }
}

/** The row whose score the finding tells; of several the one that scores highest. */
async function findJudgedRow({ judge, window, data, finding, told }: FindingRequest): Promise<JudgedRow> {
  const [first, last] = finding.rows
  const covered: number[] = []
  for (let row = 0; row < data.rows; row++) if (data.row[row]! >= first && data.row[row]! <= last) covered.push(row)
  const from = Math.max(0, (covered[0] ?? 0) - (window > 1 ? window : 0))
  const to = (covered.at(-1) ?? -1) + 1
  const part = takeRows(
    data,
    Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i),
  )
  const scores = covered.length > 0 ? await judge.score(part) : new Float64Array(0)
  let best: JudgedRow | undefined
  let nearest = SAME * Math.max(1e-9, Math.abs(finding.score))
  for (const row of covered) {
    const score = scores[row - from]!
    const away = Math.abs(told(score) - finding.score)
    if (!(away < nearest || (away === nearest && best !== undefined && score > best.score))) continue
    best = { row, score }
    nearest = away
  }
  if (best) return best
  throw new InputError(
    covered.length === 0
      ? 'The flows of this finding are not kept any more. Scan the file again to have it explained.'
      : 'No flow that is kept scores as this finding did when it was found. Scan the file again to have it explained.',
  )
}

interface JudgedRow {
  readonly row: number
  readonly score: number
}

/** Undefined when there is nothing that could fall. */
async function deletionOf(explanation: Explanation, score: ScoreRows): Promise<DeletionCheck | undefined> {
  try {
    return await checkByDeletion(score, explanation, { seed: DELETION_SEED })
  } catch (error) {
    if (error instanceof InputError) return undefined
    throw error
  }
}

/** How the judge's scores look on the scale of its explanations. */
function scaleOf(explained: number, score: number): ((score: number) => number) | undefined {
  const scales = [(value: number) => value, Math.log2]
  return scales.find((scale) => Math.abs(scale(score) - explained) <= 1e-4 * Math.max(1, Math.abs(explained)))
}
