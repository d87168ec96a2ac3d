/** How well scores part two classes, and how far a rate can be trusted. Definitions as in scikit-learn's `metrics`. */
import { InputError } from '../base/errors.ts'

/** Scores (higher: more probably an attack) and whether each row is one (not 0). */
export interface Judged {
  readonly scores: ArrayLike<number>
  readonly attacks: ArrayLike<number>
}

export interface Interval {
  readonly low: number
  readonly high: number
}

/** Area under the curve of true against false positives; ties count half. NaN when a class has no rows. */
export function rocAuc(judged: Judged): number {
  const steps = findSteps(judged)
  const { attacks, benign } = totalsOf(steps)
  let area = 0
  let found = 0
  for (const step of steps) {
    area += step.benign * (found + step.attacks / 2)
    found += step.attacks
  }
  return area / (attacks * benign)
}

/** Average precision: precision at each threshold, weighted by the recall it adds. NaN without attacks. */
export function prAuc(judged: Judged): number {
  const steps = findSteps(judged)
  const { attacks } = totalsOf(steps)
  let sum = 0
  let found = 0
  let mistaken = 0
  for (const step of steps) {
    found += step.attacks
    mistaken += step.benign
    sum += (step.attacks / attacks) * (found / (found + mistaken))
  }
  return sum
}

export interface RecallAtRate {
  /** Scores above it count as attacks. */
  readonly threshold: number
  readonly recall: number
  /** At most the rate that was asked for. */
  readonly falsePositiveRate: number
}

/** The recall at the lowest threshold whose false-positive rate on these rows is at most `rate`. */
export function recallAtRate(judged: Judged, rate: number): RecallAtRate {
  const steps = findSteps(judged)
  const { attacks, benign } = totalsOf(steps)
  const allowed = rate * benign * (1 + 1e-12)
  let found = 0
  let mistaken = 0
  let threshold = steps[0]?.score ?? Number.NaN
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!
    if (mistaken + step.benign > allowed) break
    found += step.attacks
    mistaken += step.benign
    threshold = steps[i + 1]?.score ?? Number.NEGATIVE_INFINITY
  }
  return { threshold, recall: found / attacks, falsePositiveRate: mistaken / benign }
}

/** 95 % interval of a share (Wilson 1927), honest for few and for none; 0 to 1 of no rows. */
export function wilsonInterval(found: number, rows: number, z = 1.959963984540054): Interval {
  if (rows === 0) return { low: 0, high: 1 }
  const share = found / rows
  const scale = 1 + (z * z) / rows
  const centre = (share + (z * z) / (2 * rows)) / scale
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / rows + (z * z) / (4 * rows * rows))
  return { low: found === 0 ? 0 : Math.max(0, centre - half), high: found === rows ? 1 : Math.min(1, centre + half) }
}

/** classes × classes: rows are what was so, columns what was said. */
export function confusionMatrix(
  { actual, predicted }: { readonly actual: ArrayLike<number>; readonly predicted: ArrayLike<number> },
  classes: number,
): Float64Array {
  checkLengths(actual.length, predicted.length)
  const counts = new Float64Array(classes * classes)
  for (let i = 0; i < actual.length; i++) {
    const at = actual[i]! * classes + predicted[i]!
    counts[at] = counts[at]! + 1
  }
  return counts
}

/** Mean −log of the probability given to what was so. `probabilities` is rows × classes; clipped to 1e-15. */
export function logLoss(probabilities: ArrayLike<number>, labels: ArrayLike<number>): number {
  const classes = probabilities.length / labels.length
  if (!Number.isInteger(classes))
    throw new InputError(`${probabilities.length} probabilities for ${labels.length} rows`)
  let sum = 0
  for (let row = 0; row < labels.length; row++) {
    const share = probabilities[row * classes + labels[row]!]!
    sum -= Math.log(Math.min(Math.max(share, 1e-15), 1 - 1e-15))
  }
  return sum / labels.length
}

/** Mean squared difference of probability and truth. */
export function brierScore({ scores, attacks }: Judged): number {
  checkLengths(scores.length, attacks.length)
  let sum = 0
  for (let i = 0; i < scores.length; i++) sum += (scores[i]! - (attacks[i] === 0 ? 0 : 1)) ** 2
  return sum / scores.length
}

export interface ReliabilityBin {
  readonly rows: number
  /** Mean of the probabilities that were said, and share of attacks among them. */
  readonly said: number
  readonly was: number
}

/** Probabilities in equally wide bins, an edge belonging to the bin below it; empty bins are left out. */
export function reliabilityBins({ scores, attacks }: Judged, bins = 10): ReliabilityBin[] {
  checkLengths(scores.length, attacks.length)
  const step = 1 / bins
  const rows = new Float64Array(bins)
  const said = new Float64Array(bins)
  const was = new Float64Array(bins)
  for (let i = 0; i < scores.length; i++) {
    let bin = 0
    while (bin < bins - 1 && scores[i]! > (bin + 1) * step) bin++
    rows[bin] = rows[bin]! + 1
    said[bin] = said[bin]! + scores[i]!
    if (attacks[i] !== 0) was[bin] = was[bin]! + 1
  }
  return Array.from(rows, (count, bin) => ({ rows: count, said: said[bin]! / count, was: was[bin]! / count })).filter(
    (bin) => bin.rows > 0,
  )
}

interface Step {
  readonly score: number
  attacks: number
  benign: number
}

/** Rows of each distinct score, highest first. */
function findSteps({ scores, attacks }: Judged): Step[] {
  checkLengths(scores.length, attacks.length)
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i)
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i]!)) throw new InputError(`the score of row ${i} is not a number`)
  }
  order.sort((a, b) => scores[b]! - scores[a]! || 0)
  const steps: Step[] = []
  for (const row of order) {
    let step = steps[steps.length - 1]
    if (!step || step.score !== scores[row]) {
      step = { score: scores[row]!, attacks: 0, benign: 0 }
      steps.push(step)
    }
    if (attacks[row] === 0) step.benign++
    else step.attacks++
  }
  return steps
}

function totalsOf(steps: readonly Step[]): { attacks: number; benign: number } {
  let attacks = 0
  let benign = 0
  for (const step of steps) {
    attacks += step.attacks
    benign += step.benign
  }
  return { attacks, benign }
}

function checkLengths(a: number, b: number): void {
  if (a !== b) throw new Error(`${a} numbers beside ${b}`)
}
