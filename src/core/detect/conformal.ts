/**
 * Conformal p-values: how rare a score is among scores of benign flows that nothing was fitted on (Vovk 2005; Bates et al. 2023), with a
 * generalised Pareto tail beyond the highest of them; and p-values of several detectors as one.
 */
import { InputError } from '../base/errors.ts'
import { firstAtLeast, quantile } from '../base/stats.ts'
import { fitPareto, type ParetoTail, paretoSurvival } from './pareto.ts'

export interface Conformal {
  /** Benign scores that it was made from. */
  readonly count: number
  /** Some of them, ascending, all of the highest: what is rare is told exactly. */
  readonly scores: Float64Array
  /** Of each kept score, how many of all are at least as high. */
  readonly atLeast: Float64Array
  readonly tail: ParetoTail & { readonly level: number }
}

export const FEWEST_SCORES = 20
/** Kept scores: the highest, and as many again spread over the rest. */
const KEPT_HIGH = 512
/** A claim of rarity goes no further than one in this many times the sample. */
export const REACH = 100
const LEAST_SHAPE = 0.05
const MOST_SURPRISE = 300

export interface TailFit {
  /** Of the scores, the highest that the tail is fitted to. */
  readonly share: number
  /** At least so many, of a short sample thus from a lower level. */
  readonly fewest: number
  /** A lighter tail is not believed: it ends, and often just above the highest of the sample. */
  readonly leastShape: number
}

const FLOW_TAIL: TailFit = { share: 0.05, fewest: 10, leastShape: Number.NEGATIVE_INFINITY }
/** The level is never below the middle. */
const MOST_IN_TAIL = 0.5

/** `scores` in any order; those that are NaN do not count. Throws InputError for fewer than FEWEST_SCORES. */
export function fitConformal(scores: ArrayLike<number>, tailFit = FLOW_TAIL): Conformal {
  const sorted = Float64Array.from(scores)
    .filter((score) => !Number.isNaN(score))
    .sort()
  const count = sorted.length
  if (count < FEWEST_SCORES)
    throw new InputError(`calibration needs the scores of at least ${FEWEST_SCORES} benign flows; there are ${count}`)
  const places: number[] = []
  const low = Math.max(0, count - KEPT_HIGH)
  for (let i = 0; i < Math.min(low, KEPT_HIGH); i++) places.push(Math.floor((i * low) / Math.min(low, KEPT_HIGH)))
  for (let at = low; at < count; at++) places.push(at)
  const share = Math.max(tailFit.share, Math.min(MOST_IN_TAIL, tailFit.fewest / count))
  const level = quantile(sorted, 1 - share)
  const excesses = Array.from(sorted.filter((score) => score > level && Number.isFinite(score))).map((x) => x - level)
  const tail = fitTail(excesses, level, tailFit.leastShape)
  return {
    count,
    scores: Float64Array.from(places, (at) => sorted[at]!),
    atLeast: Float64Array.from(places, (at) => count - firstAtLeast(sorted, sorted[at]!)),
    tail: { level, ...tail },
  }
}

function fitTail(excesses: readonly number[], level: number, leastShape: number): ParetoTail {
  if (excesses.length === 0) return { shape: Math.max(0, leastShape), scale: Math.max(1e-12, Math.abs(level) * 1e-6) }
  const tail = fitPareto(excesses)
  if (tail.shape >= leastShape) return tail
  // The same mean excess
  const mean = excesses.reduce((sum, excess) => sum + excess, 0) / excesses.length
  return { shape: leastShape, scale: Math.max(1e-12, mean * (1 - leastShape)) }
}

/** Share of benign flows that score as high, in (0, 1]; falls as the score rises. NaN for NaN. */
export function pValue({ count, scores, atLeast, tail }: Conformal, score: number): number {
  if (Number.isNaN(score)) return Number.NaN
  const place = firstAtLeast(scores, score)
  if (place < scores.length) return (1 + atLeast[place]!) / (count + 1)
  const highest = scores[scores.length - 1]!
  const beyond = paretoSurvival(tail, score - tail.level)
  const here = paretoSurvival(tail, highest - tail.level)
  return Math.max(1 / (REACH * count), here > 0 ? beyond / here / (count + 1) : 0)
}

/**
 * −log10 of the p-value, and on beyond what the sample can vouch for, so that scores keep their order: there the tail is taken to have no
 * end, for the measured one may end just above the sample. At most 300.
 */
export function surprise(conformal: Conformal, score: number): number {
  const { count, scores, tail } = conformal
  const highest = scores[scores.length - 1]!
  if (!(score > highest)) return -Math.log10(pValue(conformal, score))
  const endless = { scale: tail.scale, shape: Math.max(LEAST_SHAPE, tail.shape) }
  const beyond = paretoSurvival(endless, score - tail.level) / paretoSurvival(endless, highest - tail.level)
  return Math.min(MOST_SURPRISE, Math.log10(count + 1) - Math.log10(Math.max(beyond, Number.MIN_VALUE)))
}

/** The lowest score whose p-value is at most `p`; infinite where the sample cannot vouch for so rare a one. */
export function scoreForP(conformal: Conformal, p: number): number {
  const { scores } = conformal
  if (pValue(conformal, scores[scores.length - 1]!) > p) return scoreBeyond(conformal, p)
  let low = 0
  let high = scores.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (pValue(conformal, scores[middle]!) <= p) high = middle
    else low = middle + 1
  }
  return scores[low]!
}

function scoreBeyond(conformal: Conformal, p: number): number {
  const highest = conformal.scores[conformal.scores.length - 1]!
  if (p < 1 / (REACH * conformal.count) || !Number.isFinite(highest)) return Number.POSITIVE_INFINITY
  let low = highest
  let step = Math.max(conformal.tail.scale, Math.abs(highest) * 1e-9)
  while (pValue(conformal, low + step) > p && Number.isFinite(low + step)) step *= 2
  let high = low + step
  for (let i = 0; i < 60 && high > low; i++) {
    const middle = (low + high) / 2
    if (pValue(conformal, middle) <= p) high = middle
    else low = middle
  }
  return high
}

/**
 * One p-value of several: the smallest, paid for by their number (Bonferroni), which is valid whatever they share. Those that are NaN do not
 * speak. NaN when none does.
 */
export function combineP(values: readonly number[]): number {
  const spoken = values.filter((p) => !Number.isNaN(p))
  return spoken.length > 0 ? Math.min(1, spoken.length * Math.min(...spoken)) : Number.NaN
}
