/** Thresholds set on benign rows that neither taught nor are judged, and what they find. */
import {
  budgetThreshold,
  type FirstAlarms,
  falseCasesPerDeviceWeek,
  gatherHours,
  timeFirstAlarms,
} from './case-hours.ts'
import { attackFlags, type LabelledDataset } from './labels.ts'
import { type ClassRecall, judgedRows, recallPerClass } from './result.ts'
import { takeLabelled } from './rows.ts'

export interface HeldOutRecall {
  readonly threshold: number
  /** Of all attacks judged upon; an abstention is not found. */
  readonly recall: number
  /** What the rate became on the rows judged, benign ones alone. */
  readonly falsePositiveRate: number
  /** NaN where nothing was above the threshold. */
  readonly precision: number
  readonly perClass: Readonly<Record<string, ClassRecall>>
}

/** The lowest threshold with at most that share of these benign scores above it; abstentions are left out. */
export function thresholdOfRate(benign: Float64Array, rate: number): number {
  const sorted = benign
    .filter((score) => !Number.isNaN(score))
    .sort()
    .reverse()
  return sorted[Math.floor(rate * sorted.length * (1 + 1e-12))] ?? Number.NEGATIVE_INFINITY
}

export function recallAbove(data: LabelledDataset, scores: Float64Array, threshold: number): HeldOutRecall {
  const flags = attackFlags(data)
  const attacks = flags.reduce((sum, flag) => sum + flag, 0)
  const judged = judgedRows(scores, flags)
  let found = 0
  let mistaken = 0
  for (let i = 0; i < judged.scores.length; i++) {
    if (!(judged.scores[i]! > threshold)) continue
    if (judged.attacks[i] === 1) found++
    else mistaken++
  }
  const benign = judged.attacks.reduce((sum, flag) => sum + Number(flag === 0), 0)
  return {
    threshold,
    recall: found / attacks,
    falsePositiveRate: mistaken / benign,
    precision: found / (found + mistaken),
    perClass: recallPerClass(data, scores, threshold),
  }
}

const HOME_SHARE = 0.3
const FEWEST_HOME_ROWS = 100

/**
 * Thresholds from the first part of the benign rows, by time where there is one, else in their order; judged on all other rows.
 * Undefined where that part is too small for a line.
 */
export function recallAtHome(
  data: LabelledDataset,
  scores: Float64Array,
  rates: readonly number[],
): HeldOutRecall[] | undefined {
  const benign = Array.from(data.labels, (_, row) => row).filter((row) => data.labels[row] === 0)
  const { startMicros } = data
  if (benign.every((row) => Number.isFinite(startMicros[row]!))) {
    benign.sort((a, b) => startMicros[a]! - startMicros[b]! || a - b)
  }
  const own = benign.slice(0, Math.floor(benign.length * HOME_SHARE))
  if (own.length < FEWEST_HOME_ROWS) return undefined
  const isOwn = new Set(own)
  const rest = Int32Array.from(data.labels, (_, row) => row).filter((row) => !isOwn.has(row))
  const judged = takeLabelled(data, rest)
  const judgedScores = Float64Array.from(rest, (row) => scores[row]!)
  const ownScores = Float64Array.from(own, (row) => scores[row]!)
  return rates.map((rate) => recallAbove(judged, judgedScores, thresholdOfRate(ownScores, rate)))
}

export interface BudgetFigures {
  /** The lowest threshold within the budget on the held-out benign rows. */
  readonly threshold: number
  /** What it became on the rows judged. */
  readonly falseCasesPerDeviceWeek: number
  readonly firstAlarms: FirstAlarms | undefined
}

/** Undefined when cases cannot be told from these rows: no times, no devices, or no hour without an attack. */
export function spendBudget(
  held: { readonly data: LabelledDataset; readonly scores: Float64Array },
  test: { readonly data: LabelledDataset; readonly scores: Float64Array },
  perDeviceWeek: number,
): BudgetFigures | undefined {
  const quiet = gatherHours(held.data, held.scores)
  const judged = gatherHours(test.data, test.scores)
  if (!quiet || !judged) return undefined
  const threshold = budgetThreshold(quiet, perDeviceWeek)
  return {
    threshold,
    falseCasesPerDeviceWeek: falseCasesPerDeviceWeek(judged, threshold),
    firstAlarms: timeFirstAlarms(test.data, test.scores, threshold),
  }
}
