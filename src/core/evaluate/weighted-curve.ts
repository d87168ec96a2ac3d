/** PR-AUC and recall of rows that count several times or not at all, sorted once: what a bootstrap asks hundreds of times. */

export interface CurveFigures {
  /** Average precision, as metrics.ts; NaN where no attack counts. */
  readonly prAuc: number
  /** At the lowest threshold with at most that rate of false positives; NaN where a class does not count. */
  readonly recall: number
}

export type Curve = (weights: ArrayLike<number>, rate: number) => CurveFigures

/** `flags`: 1 for an attack. */
export function createCurve(scores: Float64Array, flags: Uint8Array): Curve {
  const order = Uint32Array.from({ length: scores.length }, (_, row) => row).sort(
    (a, b) => scores[b]! - scores[a]! || a - b,
  )
  return (weights, rate) => {
    let attacks = 0
    let benign = 0
    for (let row = 0; row < flags.length; row++) {
      if (flags[row] === 1) attacks += weights[row]!
      else benign += weights[row]!
    }
    const allowed = rate * benign * (1 + 1e-12)
    let found = 0
    let mistaken = 0
    let area = 0
    let recall = 0
    for (let at = 0; at < order.length; ) {
      const score = scores[order[at]!]!
      const before = found
      for (; at < order.length && scores[order[at]!] === score; at++) {
        const row = order[at]!
        if (flags[row] === 1) found += weights[row]!
        else mistaken += weights[row]!
      }
      if (found > before) area += ((found - before) / attacks) * (found / (found + mistaken))
      if (mistaken <= allowed) recall = found / attacks
    }
    return { prAuc: attacks > 0 ? area : Number.NaN, recall: attacks > 0 && benign > 0 ? recall : Number.NaN }
  }
}
