/** What a search did, in sentences for the card of the model. */
import { formatNumber } from '../base/format.ts'
import { describeSettings } from '../detect/tuning.ts'
import type { SearchReport, SearchTrial } from './search.ts'
import { type JudgedSettings, LOW_RATES } from './search-judge.ts'

export interface SearchWords {
  readonly sentences: readonly string[]
  /** One line for each trial, in their order. */
  readonly trials: readonly string[]
}

const ENDED: Readonly<Record<SearchReport['ended'], string>> = {
  trials: 'as many as were asked for',
  time: 'as many as the time allowed',
  stopped: 'until it was stopped',
  'all settings tried': 'all that its table has',
}

export function searchWords(report: SearchReport): SearchWords {
  const { trials, winner, ended, split, leftOut, innerSplit, innerLeftOut, judged } = report
  const taken = trials[winner]!
  const rates = LOW_RATES.map((rate) => formatNumber(rate * 100)).join(', ')
  const sentences = [
    `${trials.length} settings were tried, ${ENDED[ended]}: the default and others drawn with seed ${report.seed}, each first on part of the training and the best third of them on more.`,
    `They were chosen by the mean recall at false-positive rates of ${rates} % on rows left out (${innerSplit}: ${innerLeftOut.join(', ')}). Taken: ${describeSettings(taken.settings)}, with ${score(taken)}; the default has ${score(trials[0]!)}.`,
  ]
  if (!judged) {
    sentences.push(
      'It ended before rows that took no part in the choice could judge it: what the search gained is not known.',
    )
  } else {
    sentences.push(
      `On rows that took no part in the choice (${split}: ${leftOut}) the default has ${figures(judged.byDefault)}.`,
      winner === 0
        ? 'The default was the best: nothing was gained.'
        : `The settings taken have ${figures(judged.winner)}. ${verdict(judged)}`,
    )
  }
  return { sentences, trials: trials.map((trial) => trialLine(trial, trial === taken)) }
}

function verdict({ byDefault, winner }: NonNullable<SearchReport['judged']>): string {
  const gain = winner.lowRateRecall - byDefault.lowRateRecall
  if (Math.abs(gain) < 0.005) return 'That is no difference worth a word.'
  return gain > 0
    ? 'There too they are the better ones.'
    : 'There they are worse: what was gained on the rows that chose did not carry over.'
}

function figures({ lowRateRecall, prAuc, recall, falsePositiveRate }: JudgedSettings): string {
  const [at, rarely] = recall.map(
    (value, i) => `${value.toFixed(3)} (became ${(100 * falsePositiveRate[i]!).toFixed(2)} %)`,
  )
  return `mean recall ${lowRateRecall.toFixed(3)}, PR-AUC ${prAuc.toFixed(3)}, recall ${at} with the line drawn at 1 % and ${rarely} at 0.1 %`
}

function trialLine({ settings, looks, refusal }: SearchTrial, isTaken: boolean): string {
  const seen = looks.map(
    ({ share, score }) => `${score.toFixed(3)} on ${share === 1 ? 'all' : `1/${Math.round(1 / share)}`}`,
  )
  const parts = [...seen, ...(refusal === undefined ? [] : [`could not learn: ${refusal}`])]
  return `${describeSettings(settings)}: ${parts.join(', ') || 'not looked at to the end'}${isTaken ? ' (taken)' : ''}`
}

function score({ looks }: SearchTrial): string {
  const full = looks.find(({ share }) => share === 1)
  return full ? full.score.toFixed(3) : 'no figure'
}
