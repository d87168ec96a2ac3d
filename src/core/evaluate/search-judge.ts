/** What settings of a kind are worth on a split: the number that a search chooses by, and the figures that it is judged by. */
import type { KindControl } from '../detect/kind.ts'
import type { Settings } from '../detect/tuning.ts'
import { contendKind, type ModelKind } from './contend-kind.ts'
import { recallAbove, thresholdOfRate } from './held-out.ts'
import { attackFlags, type LabelledDataset } from './labels.ts'
import { RATES } from './matrix.ts'
import { prAuc, recallAtRate } from './metrics.ts'
import { judgedRows } from './result.ts'
import { takeLabelled } from './rows.ts'
import type { Split } from './splits.ts'

/** On the outer rows: line drawn on benign rows of their own, in the order of RATES. */
export interface JudgedSettings {
  readonly lowRateRecall: number
  readonly prAuc: number
  readonly recall: readonly number[]
  readonly falsePositiveRate: readonly number[]
}

/** False-positive rates over which recall is averaged: what happens beyond them no home would bear. */
export const LOW_RATES = [0.001, 0.003, 0.01, 0.03] as const

/** Rows that the kind does not judge count as not found. */
export function lowRateRecall(data: LabelledDataset, scores: Float64Array): number {
  const flags = attackFlags(data)
  const judged = judgedRows(scores, flags)
  const attacks = flags.reduce((sum, flag) => sum + flag, 0)
  const seen = judged.attacks.reduce((sum, flag) => sum + flag, 0)
  if (seen === 0 || seen === judged.attacks.length) return 0
  const sum = LOW_RATES.reduce((total, rate) => total + recallAtRate(judged, rate).recall, 0)
  return ((sum / LOW_RATES.length) * seen) / attacks
}

export async function judgeSettings(
  split: Split,
  settings: Settings,
  {
    kind,
    seed,
    createTrainer,
  }: { readonly kind: ModelKind; readonly seed: number; readonly createTrainer?: KindControl['createTrainer'] },
): Promise<JudgedSettings> {
  const score = await contendKind(kind, settings, createTrainer).fit(takeLabelled(split.trainData, split.train), {
    seed,
  })
  const held = await score(takeLabelled(split.trainData, split.calibrate))
  const test = takeLabelled(split.testData, split.test)
  const scores = await score(test)
  const found = RATES.map((rate) => recallAbove(test, scores, thresholdOfRate(held, rate)))
  return {
    lowRateRecall: lowRateRecall(test, scores),
    prAuc: prAuc(judgedRows(scores, attackFlags(test))),
    recall: found.map(({ recall }) => recall),
    falsePositiveRate: found.map(({ falsePositiveRate }) => falsePositiveRate),
  }
}
