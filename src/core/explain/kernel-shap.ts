/**
 * Shapley values of any score function (KernelSHAP, Lundberg & Lee 2017): what a feature adds, over all orders of adding features, when those not
 * yet added are taken from background rows. Slow and model-agnostic: a check on the explanations that detectors make of themselves.
 */
import { InputError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import type { Explanation, FeatureMatrix } from '../detect/detector.ts'
import { coalitionsOf } from './coalitions.ts'
import { checkWidth, type ScoreRows, scoreMany } from './score-rows.ts'

export interface ShapOptions {
  /** What features that are not there are taken from; 50 to 100 rows say enough. */
  readonly background: FeatureMatrix
  /** Shown beside the values; one number per feature. */
  readonly typical: ArrayLike<number>
  /** What the score counts. */
  readonly scale: string
  readonly seed: number
  /** Sets of features that are tried, when there are more than 10. */
  readonly coalitions?: number
}

/** Up to here every set is tried: 1,024. */
const EXACT_FEATURES = 10

/** Shares sum to score − base, base being the mean score of the background. Throws InputError for rows of other features. */
export async function explainByKernelShap(
  score: ScoreRows,
  row: Float32Array,
  { background, typical, scale, seed, coalitions = 2048 }: ShapOptions,
): Promise<Explanation> {
  const { features } = background
  checkWidth('the row', row, features)
  checkWidth('the usual row', typical, features)
  if (background.rows < 1) throw new InputError('the background has no rows; at least one was expected')
  const players = findPlayers(row, background)
  const value = (masks: readonly Uint8Array[]) => meanScores(score, { row, background, players, masks })
  const [base, whole] = await value([new Uint8Array(players.length), new Uint8Array(players.length).fill(1)])
  const shares = new Float64Array(features.length)
  const ends = { base: base!, whole: whole! }
  const found =
    players.length <= EXACT_FEATURES
      ? await enumerate(players.length, value)
      : await regress({ players: players.length, budget: coalitions, seed, ...ends }, value)
  players.forEach((feature, i) => {
    shares[feature] = found[i]!
  })
  return {
    scale,
    score: ends.whole,
    base: ends.base,
    contributions: features.map((feature, i) => ({
      feature,
      value: row[i]!,
      typical: typical[i]!,
      share: shares[i]!,
    })),
  }
}

type Value = (masks: readonly Uint8Array[]) => Promise<Float64Array>

/** Features in which the row is unlike at least one of the background; the others' share is 0. */
function findPlayers(row: Float32Array, { features, rows, values }: FeatureMatrix): number[] {
  const width = features.length
  return features.flatMap((_, f) => {
    for (let b = 0; b < rows; b++) if (!Object.is(values[b * width + f], row[f])) return [f]
    return []
  })
}

/** For each mask the mean score over the background, its players' features taken from the row. */
async function meanScores(
  score: ScoreRows,
  {
    row,
    background,
    players,
    masks,
  }: { row: Float32Array; background: FeatureMatrix; players: readonly number[]; masks: readonly Uint8Array[] },
): Promise<Float64Array> {
  const { features, rows, values } = background
  const width = features.length
  const scores = await scoreMany(score, features, masks.length * rows, (at, to) => {
    const from = at % rows
    to.set(values.subarray(from * width, (from + 1) * width))
    const mask = masks[(at - from) / rows]!
    players.forEach((feature, i) => {
      if (mask[i]) to[feature] = row[feature]!
    })
  })
  return Float64Array.from(masks, (_, m) => {
    let sum = 0
    for (let b = 0; b < rows; b++) sum += scores[m * rows + b]!
    return sum / rows
  })
}

/** The definition itself, over all 2^n sets. */
async function enumerate(players: number, value: Value): Promise<Float64Array> {
  const sets = 2 ** players
  const values = await value(
    Array.from({ length: sets }, (_, set) => Uint8Array.from({ length: players }, (_, i) => (set >> i) & 1)),
  )
  // s! (n − s − 1)! / n! for sets of s without the player
  const weights: number[] = []
  for (let s = 0, weight = 1 / players; s < players; s++) {
    weights.push(weight)
    weight *= (s + 1) / (players - s - 1)
  }
  const shares = new Float64Array(players)
  for (let set = 0; set < sets; set++) {
    let size = 0
    for (let i = 0; i < players; i++) size += (set >> i) & 1
    for (let i = 0; i < players; i++) {
      if ((set >> i) & 1) continue
      shares[i] = shares[i]! + weights[size]! * (values[set | (1 << i)]! - values[set]!)
    }
  }
  return shares
}

/** Weighted least squares over sets of features, held to sum to whole − base. */
async function regress(
  { players, budget, seed, base, whole }: Record<'players' | 'budget' | 'seed' | 'base' | 'whole', number>,
  value: Value,
): Promise<Float64Array> {
  const { masks, weights } = coalitionsOf(players, budget, createRandom(seed))
  const values = await value(masks)
  const last = players - 1
  const matrix = new Float64Array(last * last)
  const right = new Float64Array(last)
  masks.forEach((mask, m) => {
    // The last share is what the others leave of the whole, which takes it out of the equations.
    const target = values[m]! - base - mask[last]! * (whole - base)
    for (let i = 0; i < last; i++) {
      const a = mask[i]! - mask[last]!
      if (a === 0) continue
      right[i] = right[i]! + weights[m]! * a * target
      for (let j = 0; j < last; j++) {
        matrix[i * last + j] = matrix[i * last + j]! + weights[m]! * a * (mask[j]! - mask[last]!)
      }
    }
  })
  const shares = new Float64Array(players)
  shares.set(solvePositive(matrix, right))
  shares[last] = whole - base - shares.reduce((sum, share) => sum + share, 0)
  return shares
}

/** Cholesky's method for a symmetric positive matrix, which it overwrites. */
function solvePositive(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length
  const at = (i: number, j: number) => matrix[i * n + j]!
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = at(i, j)
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k)
      if (i === j && !(sum > 1e-12))
        throw new InputError('too few sets of features were tried to tell their shares apart; allow more')
      matrix[i * n + j] = i === j ? Math.sqrt(sum) : sum / at(j, j)
    }
  }
  const x = right.slice()
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] = x[i]! - at(i, k) * x[k]!
    x[i] = x[i]! / at(i, i)
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] = x[i]! - at(k, i) * x[k]!
    x[i] = x[i]! / at(i, i)
  }
  return x
}
