/** The smallest change after which a row would pass as usual: as few features as can be, each moved no further than it must. */
import { checkWidth, type ScoreRows, scoreMany } from './score-rows.ts'

export interface Change {
  readonly feature: string
  readonly from: number
  readonly to: number
}

export interface Counterfactual {
  /** The feature that lowers the score most first; none for a row that passes as it is. */
  readonly changes: readonly Change[]
  /** Of the changed row; at or below the threshold. */
  readonly score: number
}

export interface CounterfactualRequest {
  readonly features: readonly string[]
  readonly row: Float32Array
  /** What is usual for each feature: how far a change may go. */
  readonly typical: Float32Array
  /** Scores above it raise a finding. */
  readonly threshold: number
}

/** Halvings of the way that one feature goes. */
const HALVINGS = 12

/** Undefined when even a row that is usual in everything scores above the threshold. */
export async function findCounterfactual(
  score: ScoreRows,
  request: CounterfactualRequest,
): Promise<Counterfactual | undefined> {
  const { features, row, typical, threshold } = request
  checkWidth('the row', row, features)
  checkWidth('the usual row', typical, features)
  const judge = (rows: readonly Float32Array[]) =>
    scoreMany(score, features, rows.length, (at, to) => to.set(rows[at]!))
  const chosen = await choose(judge, request)
  if (!chosen) return undefined
  await dropNeedless(judge, request, chosen)
  const changed = moved(row, typical, chosen)
  // The last chosen did least, and may do with least.
  for (const feature of chosen.toReversed()) changed[feature] = await nearest(judge, changed, feature, request)
  const [reached] = await judge([changed])
  return {
    changes: chosen.map((f) => ({ feature: features[f]!, from: row[f]!, to: changed[f]! })),
    score: reached ?? threshold,
  }
}

type Judge = (rows: readonly Float32Array[]) => Promise<Float64Array>

/** Puts back whichever feature lowers the score most, until it is low enough. */
async function choose(judge: Judge, { row, typical, threshold }: CounterfactualRequest): Promise<number[] | undefined> {
  const left = new Set([...row.keys()].filter((f) => !Object.is(row[f], typical[f])))
  const chosen: number[] = []
  let [score] = await judge([row])
  while (!(score! <= threshold)) {
    const candidates = [...left]
    if (candidates.length === 0) return undefined
    const scores = await judge(candidates.map((f) => moved(row, typical, [...chosen, f])))
    const best = scores.indexOf(Math.min(...scores))
    score = scores[best]!
    chosen.push(candidates[best]!)
    left.delete(candidates[best]!)
  }
  return chosen
}

/** Takes out, again and again, the change without which the score stays lowest, while it stays low enough. */
async function dropNeedless(
  judge: Judge,
  { row, typical, threshold }: CounterfactualRequest,
  chosen: number[],
): Promise<void> {
  while (chosen.length > 1) {
    const scores = await judge(
      chosen.map((_, without) =>
        moved(
          row,
          typical,
          chosen.filter((_, i) => i !== without),
        ),
      ),
    )
    const lowest = Math.min(...scores)
    if (lowest > threshold) return
    chosen.splice(scores.indexOf(lowest), 1)
  }
}

/** The value closest to the row's own, on the way from the usual one, with which the changed row still passes. */
async function nearest(
  judge: Judge,
  changed: Float32Array,
  feature: number,
  { row, typical, threshold }: CounterfactualRequest,
): Promise<number> {
  const [own, usual] = [row[feature]!, typical[feature]!]
  if (Number.isNaN(own) || Number.isNaN(usual)) return usual
  const passes = async (value: number) => {
    const [score] = await judge([changed.with(feature, value)])
    return score! <= threshold
  }
  // Sizes of flows spread over decades, so the way is halved in logarithms.
  const [start, end] = [signedLog(own), signedLog(usual)]
  let refused = 0
  let passing = 1
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (refused + passing) / 2
    if (await passes(signedExp(start + middle * (end - start)))) passing = middle
    else refused = middle
  }
  const found = passing === 1 ? usual : signedExp(start + passing * (end - start))
  if (!Number.isInteger(own) || !Number.isInteger(usual)) return found
  const whole = usual < own ? Math.floor(found) : Math.ceil(found)
  return (await passes(whole)) ? whole : usual
}

const signedLog = (value: number) => Math.sign(value) * Math.log1p(Math.abs(value))
const signedExp = (value: number) => Math.sign(value) * Math.expm1(Math.abs(value))

function moved(row: Float32Array, typical: Float32Array, features: readonly number[]): Float32Array {
  const changed = row.slice()
  for (const feature of features) changed[feature] = typical[feature]!
  return changed
}
