/** The ways to draw the line between usual and unusual, with what each costs in alarms. */
import { scoreAt, tailProbability } from '#core/detect/calibration.ts'
import type { ThresholdChoice } from '#core/detect/threshold.ts'
import type { Calibration } from '#core/model/manifest.ts'
import { formatNumber } from './format.ts'

export interface Consequence {
  readonly score: number
  readonly perWeek: number
}

/** A home's scale when no scan says better: windows of 10 flows at 30,000 flows a day. */
export const USUAL_WINDOWS_PER_WEEK = 7 * 30_000

/** Unusual windows a week on usual traffic, before evidence is gathered into cases. */
export function consequenceOf(choice: ThresholdChoice, calibration: Calibration, windowsPerWeek: number): Consequence {
  const score = scoreOf(choice, calibration, windowsPerWeek)
  return { score, perWeek: tailProbability(score, calibration) * windowsPerWeek }
}

function scoreOf(choice: ThresholdChoice, calibration: Calibration, windowsPerWeek: number): number {
  switch (choice.kind) {
    case 'mean-sd':
      return calibration.mean + choice.deviations * calibration.deviation
    case 'percentile':
      return scoreAt(1 - choice.percentile / 100, calibration)
    case 'value':
      return choice.value
    case 'budget':
      return scoreAt(Math.min(1, choice.perWeek / windowsPerWeek), calibration)
  }
}

export function choiceText(choice: ThresholdChoice): string {
  switch (choice.kind) {
    case 'mean-sd':
      return `mean + ${choice.deviations} σ`
    case 'percentile':
      return `percentile ${formatNumber(choice.percentile)}`
    case 'value':
      return `score above ${formatNumber(choice.value)}`
    case 'budget':
      return `at most ${formatNumber(choice.perWeek)} false ${choice.perWeek === 1 ? 'alarm' : 'alarms'} a week`
  }
}
