/** What an evaluation says in sentences: the cost in false cases first, then what was found. Accuracy is not among them. */
import type { EvalResult } from '#core/evaluate/result.ts'
import { formatArea, formatCount, formatNumber, formatPercent, plural } from './format.ts'

export interface Figure {
  readonly what: string
  readonly value: string
  /** What it means, and against what to hold it. */
  readonly beside: string
}

export function figuresOf(result: EvalResult): Figure[] {
  const { falseCasesPerDeviceWeek, prAuc, baseRate, recallAtFpr } = result
  const cases = falseCasesPerDeviceWeek
  return [
    {
      what: 'False cases a week, for each device',
      value: cases === null ? 'not known' : formatNumber(cases),
      beside: cases === null ? 'This file has no times or no devices.' : 'At the threshold that the model came with.',
    },
    {
      what: 'Attacks found when 1 in 100 normal flows may alarm',
      value: share(recallAtFpr['0.01']),
      beside: `When only 1 in 1000 may: ${share(recallAtFpr['0.001'])}.`,
    },
    {
      what: 'Precision over all thresholds (PR-AUC)',
      value: prAuc === null ? 'not known' : formatArea(prAuc),
      beside: `Guessing gives ${formatArea(baseRate)}, the share of attacks in the file.`,
    },
  ]
}

/** What happened at the threshold, in one sentence. */
export function outcomeWords({ confusion, abstained, rows }: EvalResult): string {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = confusion
  const attacks = truePositives + falseNegatives
  const benign = falsePositives + trueNegatives
  const parts = [
    `${formatCount(truePositives)} of ${plural(attacks, 'attack flow')} found`,
    `${formatCount(falsePositives)} of ${plural(benign, 'normal flow')} wrongly called unusual`,
  ]
  if (abstained > 0) parts.push(`${formatCount(abstained)} of ${formatCount(rows)} not judged`)
  return `At its threshold: ${parts.join(', ')}.`
}

function share(value: number | null): string {
  return value === null ? 'not known' : formatPercent(value * 100)
}
