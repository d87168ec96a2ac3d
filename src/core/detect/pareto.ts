/** The generalised Pareto distribution: the tail beyond a high level (Pickands 1975; Hosking & Wallis 1987). */

/** Excess y over the level: P(Y > y) = (1 + shape·y/scale)^(−1/shape); exponential at shape 0. */
export interface ParetoTail {
  readonly shape: number
  readonly scale: number
}

const ALMOST_ZERO = 1e-9

/**
 * Probability-weighted moments (Hosking & Wallis 1987, with p = (i − 0.35)/n): steady for small samples and |shape| < 1/2.
 * `excesses` are the amounts over the level, ascending. The scale is never below a trace of their mean, so that a constant
 * sample gives a tail that falls at once and not a division by zero.
 */
export function fitPareto(excesses: readonly number[]): ParetoTail {
  const n = excesses.length
  if (n === 0) throw new Error('a Pareto tail needs at least one excess')
  let mean = 0
  let weighted = 0
  for (let i = 0; i < n; i++) {
    const excess = excesses[i]!
    mean += excess / n
    weighted += (excess * (1 - (i + 0.65) / n)) / n
  }
  const least = Math.max(mean * 1e-6, 1e-12)
  const spread = mean - 2 * weighted
  if (spread <= least) return { shape: 0, scale: Math.max(mean, least) }
  return { shape: 2 - mean / spread, scale: Math.max((2 * mean * weighted) / spread, least) }
}

/** P(Y > excess). */
export function paretoSurvival(tail: ParetoTail, excess: number): number {
  if (excess <= 0) return 1
  if (Math.abs(tail.shape) < ALMOST_ZERO) return Math.exp(-excess / tail.scale)
  const base = 1 + (tail.shape * excess) / tail.scale
  return base <= 0 ? 0 : base ** (-1 / tail.shape)
}

/** The excess that is passed with `probability` in (0, 1]. */
export function paretoExcess(tail: ParetoTail, probability: number): number {
  if (Math.abs(tail.shape) < ALMOST_ZERO) return -tail.scale * Math.log(probability)
  return (tail.scale / tail.shape) * (probability ** -tail.shape - 1)
}
