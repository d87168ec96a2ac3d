/** How the line between usual and unusual is drawn; always from the model's frozen calibration, never from the file being judged. */
import { InputError, unreachable } from '../base/errors.ts'
import { quantile } from '../base/stats.ts'
import type { Calibration } from '../model/manifest.ts'
import { scoreAt, tailProbability } from './calibration.ts'

export type ThresholdChoice =
  | { readonly kind: 'mean-sd'; readonly deviations: 1 | 2 | 3 }
  /** 0 < percentile < 100 of the calibration scores. */
  | { readonly kind: 'percentile'; readonly percentile: number }
  | { readonly kind: 'value'; readonly value: number }
  /** At most this many false alarms a week, for this network's rate of windows. */
  | { readonly kind: 'budget'; readonly perWeek: number }

export const DEFAULT_THRESHOLD: ThresholdChoice = { kind: 'budget', perWeek: 1 }

/** Windows a week when a network's own rate is not known: that of a busy home, 30,000 flows a day. */
export const ASSUMED_WINDOWS_PER_WEEK = 30_000 * 7

export interface ResolvedThreshold {
  /** A window is unusual when its score is above. */
  readonly value: number
  /** How it was chosen and what it means, in one sentence for a person. */
  readonly text: string
  /** Expected false alarms a week on a network like those of the calibration; windows that share flows are one alarm. */
  readonly alarmsPerWeek: number
}

/** `windowsPerWeek` is this network's rate; undefined or not positive where it is not known, as when the source has no times. */
export function resolveThreshold(
  choice: ThresholdChoice,
  calibration: Calibration,
  { windowsPerWeek }: { windowsPerWeek?: number | undefined } = {},
): ResolvedThreshold {
  const known = windowsPerWeek !== undefined && windowsPerWeek > 0 && Number.isFinite(windowsPerWeek)
  const perWeek = known ? windowsPerWeek : ASSUMED_WINDOWS_PER_WEEK
  const value = thresholdValue(choice, calibration, perWeek)
  const alarmsPerWeek =
    choice.kind === 'budget'
      ? Math.min(choice.perWeek, perWeek)
      : (perWeek * tailProbability(value, calibration)) / calibration.clusterWindows
  const rate = known ? `at ${spell(perWeek)} windows a week` : 'on a network of 30,000 flows a day'
  return {
    value,
    alarmsPerWeek,
    text: `${nameChoice(choice)}: scores above ${spell(value)}, about ${spell(alarmsPerWeek)} false ${alarmsPerWeek === 1 ? 'alarm' : 'alarms'} a week ${rate}.`,
  }
}

/** `mean+1sd`, `mean+2sd`, `mean+3sd`, `p99` or `p99.9`, or a score such as `0.14`. Throws InputError. */
export function parseThreshold(text: string): ThresholdChoice {
  const word = text.trim().toLowerCase()
  if (word === 'mean+1sd' || word === 'mean+sd') return { kind: 'mean-sd', deviations: 1 }
  if (word === 'mean+2sd') return { kind: 'mean-sd', deviations: 2 }
  if (word === 'mean+3sd') return { kind: 'mean-sd', deviations: 3 }
  if (/^p[\d.]+$/.test(word)) {
    const percentile = Number(word.slice(1))
    if (percentile > 0 && percentile < 100) return { kind: 'percentile', percentile }
    throw new InputError(`a percentile lies between 0 and 100, such as p99 or p99.9; "${text}" does not`)
  }
  const value = word === '' ? Number.NaN : Number(word)
  if (Number.isFinite(value) && value > 0) return { kind: 'value', value }
  throw new InputError(
    `a threshold is mean+1sd, mean+2sd, mean+3sd, a percentile such as p99, or a score above 0 such as 0.14; "${text}" is none of them`,
  )
}

/** Text of `--budget` or a setting: false alarms a week, above 0. Throws InputError. */
export function parseBudget(text: string): ThresholdChoice {
  const perWeek = text.trim() === '' ? Number.NaN : Number(text)
  if (Number.isFinite(perWeek) && perWeek > 0) return { kind: 'budget', perWeek }
  throw new InputError(`an alarm budget is a number of false alarms a week above 0, such as 1 or 0.5; "${text}" is not`)
}

function thresholdValue(choice: ThresholdChoice, calibration: Calibration, windowsPerWeek: number): number {
  switch (choice.kind) {
    case 'mean-sd':
      return calibration.mean + choice.deviations * calibration.deviation
    case 'percentile': {
      // Beyond the stored quantiles the tail is smoother than the line between the last two.
      const share = 1 - choice.percentile / 100
      return share < calibration.tail.share
        ? scoreAt(share, calibration)
        : quantile(calibration.quantiles, choice.percentile / 100)
    }
    case 'value':
      return choice.value
    case 'budget':
      // An alarm is an event, not a window: the windows that one odd flow raises count once.
      return scoreAt(Math.min(1, (choice.perWeek * calibration.clusterWindows) / windowsPerWeek), calibration)
    default:
      return unreachable(choice)
  }
}

/** `Alarm budget of 1 a week`, `Mean + 2 standard deviations of usual traffic`. */
export function nameChoice(choice: ThresholdChoice): string {
  switch (choice.kind) {
    case 'mean-sd':
      return `Mean + ${choice.deviations} standard ${choice.deviations === 1 ? 'deviation' : 'deviations'} of usual traffic`
    case 'percentile':
      return `Above ${choice.percentile} % of usual traffic`
    case 'value':
      return 'A score set by hand'
    case 'budget':
      return `Alarm budget of ${spell(choice.perWeek)} a week`
    default:
      return unreachable(choice)
  }
}

/** Three significant digits, or a whole number with separators. */
function spell(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}
