/** The line that a freshly learnt model carries: the default alarm budget, or as near to it as its benign sample can vouch for. */
import { formatCount, formatNumber } from '../base/format.ts'
import type { Calibration } from '../model/manifest.ts'
import { DEFAULT_THRESHOLD, resolveThreshold } from './threshold.ts'

export interface AlarmLine {
  readonly value: number
  /** How it was drawn and what it means, in a sentence or two. */
  readonly text: string
}

/**
 * Above the highest of n benign scores lies, on average, one in n + 1 of those to come (conformal). The tail beyond is a guess that for a
 * few thousand flows puts the line of one false alarm a week where no attack reaches it, so the line stays there and the text says what it
 * costs.
 */
export function drawLine(calibration: Calibration, highestLine = Number.POSITIVE_INFINITY): AlarmLine {
  const budget = resolveThreshold(DEFAULT_THRESHOLD, calibration)
  const value = Math.min(calibration.quantiles.at(-1)!, highestLine)
  if (budget.value <= value) return budget
  const { alarmsPerWeek } = resolveThreshold({ kind: 'value', value }, calibration)
  const sample = formatCount(calibration.windows)
  return {
    value,
    text: `Scores above ${formatNumber(value)}: what one benign flow in ${sample} passes. The ${sample} that were kept out cannot vouch for less; on a network of 30,000 flows a day it would be about ${formatNumber(alarmsPerWeek)} false alarms a week, and a home’s own benign days bring it down to its budget.`,
  }
}
