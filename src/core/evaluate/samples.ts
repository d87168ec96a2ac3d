/** Two samples of one number: Kolmogorov–Smirnov (are they of one distribution), PSI (how far apart), Benjamini–Hochberg (over many). */
import { quantile } from '../base/stats.ts'

export interface KsTest {
  /** Largest difference of the two distribution functions. */
  readonly distance: number
  /** Two-sided, by Kolmogorov's limit distribution (SciPy's `special.kolmogorov`). */
  readonly p: number
}

/** NaN is left out; both must have numbers, or the distance is 0 and p 1. */
export function compareSamples(first: ArrayLike<number>, second: ArrayLike<number>): KsTest {
  const a = sortNumbers(first)
  const b = sortNumbers(second)
  if (a.length === 0 || b.length === 0) return { distance: 0, p: 1 }
  let i = 0
  let j = 0
  let distance = 0
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i]!, b[j]!)
    while (i < a.length && a[i]! <= value) i++
    while (j < b.length && b[j]! <= value) j++
    distance = Math.max(distance, Math.abs(i / a.length - j / b.length))
  }
  const [more, fewer] = a.length > b.length ? [a.length, b.length] : [b.length, a.length]
  return { distance, p: smirnovTail(Math.sqrt((more * fewer) / (more + fewer)), distance) }
}

/** P(√n·D > √n·d) for large samples: 2 Σ (−1)^(k−1) e^(−2k²x²) (Smirnov 1948), in the form that converges for small x too. */
export function smirnovTail(root: number, distance: number): number {
  const x = root * distance
  if (x <= 0) return 1
  let sum = 0
  if (x < 1.18) {
    const factor = -(Math.PI ** 2) / (8 * x * x)
    for (let k = 1; k <= 7; k += 2) sum += Math.exp(factor * k * k)
    return Math.min(1, Math.max(0, 1 - (Math.sqrt(2 * Math.PI) / x) * sum))
  }
  for (let k = 1; k <= 20; k++) sum += (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * x * x)
  return Math.min(1, Math.max(0, 2 * sum))
}

const PSI_BINS = 10
const PSI_LEAST = 1e-4

/**
 * Population stability index over the deciles of the first sample: below 0.1 is no change worth the name, above 0.25 a large one.
 * Equal deciles are one bin; a share is at least 0.0001.
 */
export function stabilityIndex(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const a = sortNumbers(first)
  const b = sortNumbers(second)
  if (a.length === 0 || b.length === 0) return 0
  const edges = [...new Set(Array.from({ length: PSI_BINS - 1 }, (_, i) => quantile(a, (i + 1) / PSI_BINS)))]
  const before = sharesOf(a, edges)
  const after = sharesOf(b, edges)
  return before.reduce((sum, share, bin) => sum + (after[bin]! - share) * Math.log(after[bin]! / share), 0)
}

/** What the index of two samples of one distribution is on average: a multiple of chi-square (Yurdakul & Naranjo 2020). */
export function expectedIndex(first: number, second: number): number {
  return (PSI_BINS - 1) * (1 / first + 1 / second)
}

/** Adjusted p values in the order given: those at or below a rate are found with at most that rate of false finds among them. */
export function adjustPs(ps: readonly number[]): number[] {
  const order = ps.map((_, at) => at).sort((a, b) => ps[b]! - ps[a]!)
  const adjusted: number[] = new Array(ps.length)
  let least = 1
  order.forEach((at, place) => {
    least = Math.min(least, (ps[at]! * ps.length) / (ps.length - place))
    adjusted[at] = least
  })
  return adjusted
}

function sharesOf(sorted: Float64Array, edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0)
  let bin = 0
  for (const value of sorted) {
    while (bin < edges.length && value > edges[bin]!) bin++
    counts[bin]!++
  }
  return counts.map((count) => Math.max(count / sorted.length, PSI_LEAST))
}

function sortNumbers(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort()
}
