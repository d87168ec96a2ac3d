/**
 * Whether an explanation names what the score came from (deletion curve, Petsiuk, Das & Saenko 2018): features are put back to their usual values in the order of
 * their shares, and the score must fall faster than in a random order.
 */
import { InputError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import type { Explanation } from '../detect/detector.ts'
import { checkWidth, type ScoreRows, scoreMany } from './score-rows.ts'

export interface DeletionCurve {
  /** Score with the first 0, 1, … all features of the order put back. */
  readonly scores: Float64Array
  /** Under the curve, the whole way down counting 1 and features equally far apart; NaN when the score does not fall at all. */
  readonly area: number
}

export interface DeletionCheck {
  /** By the explanation's order; lower is better. */
  readonly area: number
  /** Mean over random orders. */
  readonly randomArea: number
  /** Random orders that did at least as well. */
  readonly beatenBy: number
  readonly orders: number
}

/** Features from the largest share that raises the score to the largest that lowers it. */
export function orderByShare({ contributions }: Explanation): number[] {
  return contributions.map((_, i) => i).sort((a, b) => contributions[b]!.share - contributions[a]!.share || a - b)
}

/** The row is that of the explanation, with its features and usual values. */
export async function deletionCurve(
  score: ScoreRows,
  explanation: Explanation,
  order: readonly number[],
): Promise<DeletionCurve> {
  const { contributions } = explanation
  checkWidth('the order', order, names(explanation))
  const steps = order.length
  const rank = new Int32Array(steps)
  order.forEach((feature, at) => {
    rank[feature] = at
  })
  const scores = await scoreMany(score, names(explanation), steps + 1, (removed, to) => {
    contributions.forEach(({ value, typical }, f) => {
      to[f] = rank[f]! < removed ? typical : value
    })
  })
  return { scores, area: areaUnder(scores) }
}

/** Throws InputError when the row does not score higher than the usual one, so that nothing can fall. */
export async function checkByDeletion(
  score: ScoreRows,
  explanation: Explanation,
  { seed, orders = 20 }: { readonly seed: number; readonly orders?: number },
): Promise<DeletionCheck> {
  const own = await deletionCurve(score, explanation, orderByShare(explanation))
  if (Number.isNaN(own.area))
    throw new InputError('this row scores no higher than a usual one; there is nothing to take away from it')
  const random = createRandom(seed)
  const order = explanation.contributions.map((_, i) => i)
  let sum = 0
  let beatenBy = 0
  for (let round = 0; round < orders; round++) {
    for (let i = order.length - 1; i > 0; i--) {
      const j = random.int(i + 1)
      ;[order[i], order[j]] = [order[j]!, order[i]!]
    }
    const { area } = await deletionCurve(score, explanation, order)
    sum += area
    if (area <= own.area) beatenBy++
  }
  return { area: own.area, randomArea: sum / orders, beatenBy, orders }
}

const names = ({ contributions }: Explanation) => contributions.map(({ feature }) => feature)

function areaUnder(scores: Float64Array): number {
  const last = scores.length - 1
  const [high, low] = [scores[0]!, scores[last]!]
  if (!(high > low)) return Number.NaN
  let sum = 0
  for (let i = 0; i < last; i++) sum += (scores[i]! + scores[i + 1]!) / 2 - low
  return sum / last / (high - low)
}
