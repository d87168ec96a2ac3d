/** Scores of benign windows kept out of training → how rare a score is, and the score of a given rarity. */
import { quantile, RunningStats } from '../base/stats.ts'
import type { Calibration } from '../model/manifest.ts'
import { fitPareto, paretoExcess, paretoSurvival } from './pareto.ts'

/** Share of the calibration windows above the tail's level: with 2 % of 3,000 windows the fitted shape swung by 0.4 between trainings. */
const TAIL_SHARE = 0.05
const QUANTILES = 1001
/** A claim of rarity reaches this far beyond the sample: one in 100 times its windows. */
const REACH = 100

/**
 * Freezes scores as the manifest stores them. One series for each device of each capture, in time order; `steps` is the length of a
 * window. Needs at least 100 windows.
 */
export function makeCalibration(series: readonly ArrayLike<number>[], steps: number): Calibration {
  const sorted = Float64Array.from(series.flatMap((scores) => Array.from(scores))).sort()
  if (sorted.length < 100) throw new Error(`calibration needs 100 windows, got ${sorted.length}`)
  const stats = new RunningStats()
  for (const score of sorted) stats.add(score)
  const level = quantile(sorted, 1 - TAIL_SHARE)
  const excesses = Array.from(
    sorted.filter((score) => score > level),
    (score) => score - level,
  )
  const tail = excesses.length > 0 ? fitPareto(excesses) : { shape: 0, scale: Math.max(1e-12, level * 1e-6) }
  return {
    windows: sorted.length,
    mean: stats.mean,
    deviation: stats.deviation,
    quantiles: Array.from({ length: QUANTILES }, (_, i) => quantile(sorted, i / (QUANTILES - 1))),
    tail: { level, share: TAIL_SHARE, shape: tail.shape, scale: tail.scale },
    clusterWindows: meanCluster(series, level, steps),
  }
}

/**
 * Mean number of scores over the level in one cluster: the inverse of the extremal index by the runs method (Smith & Weissman
 * 1994), where `steps` scores at or below the level end a cluster, because windows so far apart share no flow.
 */
function meanCluster(series: readonly ArrayLike<number>[], level: number, steps: number): number {
  let over = 0
  let clusters = 0
  for (const scores of series) {
    let quiet = steps
    for (let i = 0; i < scores.length; i++) {
      if (scores[i]! <= level) {
        quiet++
        continue
      }
      over++
      if (quiet >= steps) clusters++
      quiet = 0
    }
  }
  return clusters > 0 ? over / clusters : 1
}

/**
 * Share of usual windows that score higher, by the quantiles and, beyond the level, the fitted tail. Never below
 * 1 / (100 × windows): the sample says nothing about what is rarer.
 */
export function tailProbability(score: number, calibration: Calibration): number {
  const least = 1 / (REACH * calibration.windows)
  const { tail } = calibration
  if (score >= tail.level) return Math.max(least, tail.share * paretoSurvival(tail, score - tail.level))
  return Math.min(1, Math.max(least, 1 - rankOf(score, calibration.quantiles)))
}

/** The score that a share `probability` of usual windows passes; the inverse of tailProbability without its floor. */
export function scoreAt(probability: number, calibration: Calibration): number {
  const { tail } = calibration
  if (probability >= tail.share) return quantile(calibration.quantiles, 1 - probability)
  return tail.level + paretoExcess(tail, probability / tail.share)
}

/** Position of `score` among ascending quantiles in [0, 1], by linear interpolation. */
function rankOf(score: number, quantiles: readonly number[]): number {
  const last = quantiles.length - 1
  if (score < quantiles[0]!) return 0
  if (score >= quantiles[last]!) return 1
  let low = 0
  let high = last
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (quantiles[middle]! <= score) low = middle
    else high = middle
  }
  const step = quantiles[high]! - quantiles[low]!
  return (low + (step > 0 ? (score - quantiles[low]!) / step : 0)) / last
}
