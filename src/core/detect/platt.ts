/** Probabilities set right on rows that were not trained on: a line through the log-odds (Platt 1999, with Lin's targets, 2007). */

export interface Platt {
  readonly slope: number
  readonly offset: number
}

const MOST_STEPS = 100

/** `attacks` 0 or 1. With one class alone nothing can be told: the line stays as it is. */
export function fitPlatt(logits: Float64Array, attacks: Float64Array): Platt {
  const positives = attacks.reduce((sum, value) => sum + value, 0)
  const negatives = attacks.length - positives
  if (positives === 0 || negatives === 0) return { slope: 1, offset: 0 }
  const high = (positives + 1) / (positives + 2)
  const low = 1 / (negatives + 2)
  let slope = 1
  let offset = 0
  let loss = lossOf(logits, attacks, { slope, offset, high, low })
  for (let step = 0; step < MOST_STEPS; step++) {
    let gradientSlope = 0
    let gradientOffset = 0
    let curveSlope = 1e-9
    let curveBoth = 0
    let curveOffset = 1e-9
    for (let i = 0; i < logits.length; i++) {
      const x = logits[i]!
      const p = 1 / (1 + Math.exp(-(slope * x + offset)))
      const error = p - (attacks[i] === 1 ? high : low)
      const weight = p * (1 - p)
      gradientSlope += error * x
      gradientOffset += error
      curveSlope += weight * x * x
      curveBoth += weight * x
      curveOffset += weight
    }
    const determinant = curveSlope * curveOffset - curveBoth * curveBoth
    const moveSlope = (curveOffset * gradientSlope - curveBoth * gradientOffset) / determinant
    const moveOffset = (curveSlope * gradientOffset - curveBoth * gradientSlope) / determinant
    let size = 1
    let next = { slope, offset }
    let nextLoss = Number.POSITIVE_INFINITY
    while (size > 1e-8) {
      next = { slope: slope - size * moveSlope, offset: offset - size * moveOffset }
      nextLoss = lossOf(logits, attacks, { ...next, high, low })
      if (nextLoss <= loss) break
      size /= 2
    }
    if (!(loss - nextLoss > 1e-10)) break
    slope = next.slope
    offset = next.offset
    loss = nextLoss
  }
  // A line that falls would turn the order of the scores round.
  return slope > 0 ? { slope, offset } : { slope: 1, offset: 0 }
}

function lossOf(
  logits: Float64Array,
  attacks: Float64Array,
  { slope, offset, high, low }: Platt & { high: number; low: number },
): number {
  let sum = 0
  for (let i = 0; i < logits.length; i++) {
    const z = slope * logits[i]! + offset
    const target = attacks[i] === 1 ? high : low
    // log(1 + e^z) − target × z, without overflow.
    sum += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - target * z
  }
  return sum
}
