/** Scores of labelled rows as figures: what each class's recall is worth, areas with their base rate, and cases. */
import { falseCasesPerDeviceWeek, gatherHours } from './case-hours.ts'
import { attackFlags, countClasses, type LabelledDataset } from './labels.ts'
import { prAuc, recallAtRate, rocAuc, wilsonInterval } from './metrics.ts'

export interface ClassRecall {
  /** Rows of the class, also those that were not judged. */
  readonly n: number
  /** Share that was told rightly at the threshold: above it for an attack, not above it for the benign class. Not judged is not found. */
  readonly recall: number
  /** Its 95 % interval (Wilson). */
  readonly low: number
  readonly high: number
}

/** Judged rows at the threshold; with `abstained` they are all rows. */
export interface Confusion {
  readonly truePositives: number
  readonly falsePositives: number
  readonly trueNegatives: number
  readonly falseNegatives: number
}

/** The JSON of `guardian eval`. `null`: these rows cannot tell. */
export interface EvalResult {
  readonly rows: number
  /** Share of attacks: what PR-AUC would be by guessing. */
  readonly baseRate: number
  readonly perClass: Readonly<Record<string, ClassRecall>>
  readonly prAuc: number | null
  readonly rocAuc: number | null
  /** Of the attacks judged, at the lowest threshold with at most that share of false positives on these rows. */
  readonly recallAtFpr: { readonly '0.01': number | null; readonly '0.001': number | null }
  /** At the threshold; null without times or devices. */
  readonly falseCasesPerDeviceWeek: number | null
  /** Rows that were not judged. */
  readonly abstained: number
  readonly confusion: Confusion
  readonly elapsedMs: number
}

/** A score of NaN is an abstention. */
export function summarize(
  data: LabelledDataset,
  scores: Float64Array,
  { threshold, elapsedMs }: { readonly threshold: number; readonly elapsedMs: number },
): EvalResult {
  const flags = attackFlags(data)
  const judged = judgedRows(scores, flags)
  const confusion = { truePositives: 0, falsePositives: 0, trueNegatives: 0, falseNegatives: 0 }
  for (let i = 0; i < judged.scores.length; i++) {
    const isAbove = judged.scores[i]! > threshold
    if (judged.attacks[i] === 1) confusion[isAbove ? 'truePositives' : 'falseNegatives']++
    else confusion[isAbove ? 'falsePositives' : 'trueNegatives']++
  }
  const hours = gatherHours(data, scores)
  const attacks = flags.reduce((sum, flag) => sum + flag, 0)
  return {
    rows: data.rows,
    baseRate: attacks / data.rows,
    perClass: recallPerClass(data, scores, threshold),
    prAuc: judged.scores.length > 0 ? orNull(prAuc(judged)) : null,
    rocAuc: orNull(rocAuc(judged)),
    recallAtFpr: {
      '0.01': orNull(recallAtRate(judged, 0.01).recall),
      '0.001': orNull(recallAtRate(judged, 0.001).recall),
    },
    falseCasesPerDeviceWeek: hours ? falseCasesPerDeviceWeek(hours, threshold) : null,
    abstained: data.rows - judged.scores.length,
    confusion,
    elapsedMs,
  }
}

/** In the order of the classes; those without rows are left out. */
export function recallPerClass(
  data: LabelledDataset,
  scores: ArrayLike<number>,
  threshold: number,
): Record<string, ClassRecall> {
  const counts = countClasses(data)
  const right = new Int32Array(counts.length)
  for (let row = 0; row < data.rows; row++) {
    const label = data.labels[row]!
    if (scores[row]! > threshold !== (label === 0)) right[label] = right[label]! + 1
  }
  const found: Record<string, ClassRecall> = {}
  for (const [at, name] of data.classes.entries()) {
    const n = counts[at]!
    if (n > 0) found[name] = { n, recall: right[at]! / n, ...wilsonInterval(right[at]!, n) }
  }
  return found
}

export function judgedRows(scores: Float64Array, flags: Uint8Array): { scores: Float64Array; attacks: Uint8Array } {
  const isJudged = (_: number, row: number) => !Number.isNaN(scores[row]!)
  return { scores: scores.filter(isJudged), attacks: flags.filter(isJudged) }
}

export function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}
