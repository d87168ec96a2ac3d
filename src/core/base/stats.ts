/** Quantile by linear interpolation (Hyndman–Fan type 7, as NumPy's default) of ascending `sorted`; NaN when empty. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const last = sorted.length - 1
  if (last < 0) return Number.NaN
  const at = Math.min(Math.max(q, 0), 1) * last
  const low = Math.floor(at)
  const a = sorted[low]!
  const b = sorted[Math.min(low + 1, last)]!
  return a + (b - a) * (at - low)
}

/** Mean and sample deviation (n − 1) in one pass (Welford 1962). */
export class RunningStats {
  count = 0
  mean = 0
  #m2 = 0
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY

  add(value: number): void {
    this.count++
    const delta = value - this.mean
    this.mean += delta / this.count
    this.#m2 += delta * (value - this.mean)
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
  }

  get deviation(): number {
    return this.count > 1 ? Math.sqrt(this.#m2 / (this.count - 1)) : 0
  }
}

/** First place in ascending `sorted` whose number is not below `value`; its length when there is none. */
export function firstAtLeast(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
