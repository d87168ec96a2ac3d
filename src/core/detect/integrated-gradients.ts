/**
 * Integrated gradients (Sundararajan, Taly & Yan 2017): an answer's slope by each input, added up along the straight path from an input of
 * zeros, which is what is usual once inputs are scaled.
 */
import type { Trainer } from './trainer.ts'

export interface PathShares {
  /** One per feature, over all steps. */
  readonly shares: Float64Array
  /** Answer at zeros, and at the input. */
  readonly base: number
  readonly score: number
  /** How far the shares' sum is from score − base, as a share of it. */
  readonly missed: number
}

/** The path is cut finer until the sum is this near. */
const CLOSE_ENOUGH = 1e-3
const FEWEST_POINTS = 64
const MOST_POINTS = 1024

/** `input` is one row, steps × features, scaled; the network gives one number. */
export async function integrateGradients(
  network: Pick<Trainer, 'inputGradients'>,
  input: Float32Array,
  features: number,
): Promise<PathShares> {
  const size = input.length
  const ends = new Float32Array(2 * size)
  ends.set(input, size)
  const [base, score] = (await network.inputGradients(ends, 2)).outputs
  const whole = score! - base!
  for (let points = FEWEST_POINTS; ; points *= 2) {
    const path = new Float32Array(points * size)
    for (let i = 0; i < path.length; i++) path[i] = ((Math.floor(i / size) + 0.5) / points) * input[i % size]!
    const { values } = await network.inputGradients(path, points)
    const shares = new Float64Array(features)
    for (let i = 0; i < values.length; i++) shares[i % features]! += (values[i]! * input[i % size]!) / points
    const sum = shares.reduce((total, share) => total + share, 0)
    const missed = whole === 0 ? 0 : Math.abs(sum - whole) / Math.abs(whole)
    if (missed <= CLOSE_ENOUGH || points === MOST_POINTS) return { shares, base: base!, score: score!, missed }
  }
}
