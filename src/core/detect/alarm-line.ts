/** The lines of a learnt model: where a flow of each device begins to be unusual, by what its person chose, and what that costs, in words. */
import { formatCount, formatNumber } from '../base/format.ts'
import type { Calibration } from '../model/manifest.ts'
import { tailProbability } from './calibration.ts'
import { blockSurprise, type CaseBudget, type CaseLine, caseLine, casesAbove } from './case-budget.ts'
import { deviceKey } from './device-calibration.ts'
import { DEFAULT_THRESHOLD, nameChoice, resolveThreshold, type ThresholdChoice } from './threshold.ts'

export interface AlarmLine {
  readonly value: number
  /** How it was drawn and what it means, in a sentence or two. */
  readonly text: string
}

export interface AlarmLines {
  /** For a device that the model has not met. */
  readonly home: AlarmLine
  /** False cases a week to expect in the home that it was learnt from; of a model without a case budget, false alarms. */
  readonly casesPerWeek: number
  lineOf(device: string): number
  /** How rare a score is for the device: −log10 of the share of `sample` that score as high. */
  surpriseOf(device: string, score: number): number
  /** The other way round. */
  scoreAt(device: string, surprise: number): number
  /** Of what that is a share: `usual samples`, `usual hours of a device`. */
  readonly sample: string
}

export interface LineSource {
  /** Of single flows. */
  readonly calibration: Calibration
  /** Undefined for models that were learnt before there was one. */
  readonly budget: CaseBudget | undefined
  /** A score is never above it: a line beyond would never be crossed. */
  readonly highestLine: number | undefined
}

/** Rarer is not told apart: the tail beyond is a guess. */
const RAREST = 1e-12
/** A budget to stand beside the chosen one, so that its price is seen. */
const LOOSER = 10

export function drawLines({ calibration, budget, highestLine }: LineSource, choice = DEFAULT_THRESHOLD): AlarmLines {
  const highest = highestLine ?? Number.POSITIVE_INFINITY
  if (!budget) return oneLine(calibration, choice, highest)
  const draw = (key: string, now: ThresholdChoice): CaseLine => {
    const line =
      now.kind === 'budget'
        ? caseLine(budget, key, now.perWeek)
        : { value: resolveThreshold(now, calibration).value, from: 'sample' as const, casesPerWeek: Number.NaN }
    const value = Math.min(line.value, highest)
    return value === line.value && now.kind === 'budget'
      ? line
      : { value, from: value === line.value ? line.from : 'highest', casesPerWeek: casesAbove(budget, key, value) }
  }
  const keys = [...budget.devices.keys()]
  const stranger = draw('', choice)
  const known = new Map(keys.map((key) => [key, draw(key, choice)] as const))
  const all = keys.length > 0 ? [...known.values()] : [stranger]
  const casesPerWeek = all.reduce((sum, line) => sum + line.casesPerWeek, 0)
  const values = new Map<string, number>()
  const lineOf = (device: string): number => {
    const kept = values.get(device)
    if (kept !== undefined) return kept
    const { value } = known.get(deviceKey(device)) ?? stranger
    // A flood of invented devices must not fill the memory
    if (values.size < MOST_KEPT) values.set(device, value)
    return value
  }
  const surpriseOf = (device: string, score: number) => blockSurprise(budget, deviceKey(device), score)
  const text = [
    `${nameChoice(choice)}${tellShares(choice, keys.length)}: ${tellLines(all, stranger)}, about ${formatNumber(casesPerWeek)} false ${formatNumber(casesPerWeek) === '1' ? 'case' : 'cases'} a week in the home that it learnt from.`,
    ...(choice.kind === 'budget' ? tellBudget({ budget, all, perWeek: choice.perWeek, draw }) : []),
  ].join(' ')
  return {
    home: { value: stranger.value, text },
    casesPerWeek,
    lineOf,
    surpriseOf,
    scoreAt: (device, surprise) => invert((score) => surpriseOf(device, score), surprise, lineOf(device)),
    sample: SAMPLES[budget.block],
  }
}

const MOST_KEPT = 10_000
const SAMPLES: Readonly<Record<CaseBudget['block'], string>> = {
  hour: 'usual hours of a device',
  'ten minutes': 'usual ten minutes of a device',
  minute: 'usual minutes of a device',
  'hundred flows': 'usual stretches of 100 flows',
  flow: 'usual flows',
}
const BLOCK_WORDS: Readonly<Record<CaseBudget['block'], string>> = {
  hour: 'device-hours',
  'ten minutes': 'stretches of ten minutes of a device',
  minute: 'minutes of a device',
  'hundred flows': 'stretches of 100 flows',
  flow: 'flows',
}

function tellShares(choice: ThresholdChoice, devices: number): string {
  return choice.kind === 'budget' && devices > 1 ? ` for the home, shared by its ${devices} devices` : ''
}

function tellLines(all: readonly CaseLine[], stranger: CaseLine): string {
  const low = formatNumber(Math.min(...all.map(({ value }) => value)))
  const high = formatNumber(Math.max(...all.map(({ value }) => value)))
  if (low === high) return `scores above ${low}`
  return `scores above ${low} to ${high}, by device (${formatNumber(stranger.value)} for one that it has not met)`
}

/** Where the line comes from, what it cannot promise, and what another budget would do. */
function tellBudget({
  budget,
  all,
  perWeek,
  draw,
}: {
  budget: CaseBudget
  all: readonly CaseLine[]
  perWeek: number
  draw: (key: string, choice: ThresholdChoice) => CaseLine
}): string[] {
  const kept = `the ${formatCount(budget.strangers.count)} ${BLOCK_WORDS[budget.block]} that were kept out`
  const of = (from: CaseLine['from']) => all.filter((line) => line.from === from).length
  const [tails, short] = [of('tail'), of('highest')]
  const some = (count: number) => (count === all.length ? '' : ` of ${count} of ${all.length} devices`)
  const lines: string[] = []
  if (tails > 0) lines.push(`The line${some(tails)} lies beyond ${kept}, by a tail fitted to the highest of them.`)
  else if (short === 0) lines.push(`Drawn within ${kept}.`)
  if (short > 0)
    lines.push(
      `The line${some(short)} stops at what ${tails > 0 ? 'they' : kept} can vouch for, short of the budget: no tail can be fitted that reaches it. More benign days bring it there.`,
    )
  const [only] = budget.devices.keys()
  const key = budget.devices.size === 1 ? only! : ''
  const now = draw(key, { kind: 'budget', perWeek })
  const looser = draw(key, { kind: 'budget', perWeek: LOOSER * perWeek })
  if (looser.value < now.value)
    lines.push(
      `What scores between ${formatNumber(looser.value)} and ${formatNumber(now.value)} is the price: a budget of ${formatNumber(LOOSER * perWeek)} a week would show it.`,
    )
  return lines
}

/** Of a model without a case budget: one line, within what its benign sample can vouch for. */
function oneLine(calibration: Calibration, choice: ThresholdChoice, highest: number): AlarmLines {
  const chosen = resolveThreshold(choice, calibration)
  const most = choice.kind === 'budget' ? calibration.quantiles.at(-1)! : Number.POSITIVE_INFINITY
  const value = Math.min(chosen.value, most, highest)
  const { alarmsPerWeek } = value < chosen.value ? resolveThreshold({ kind: 'value', value }, calibration) : chosen
  const sample = formatCount(calibration.windows)
  const text =
    value < chosen.value
      ? `Scores above ${formatNumber(value)}: what one benign flow in ${sample} passes. The ${sample} that were kept out cannot vouch for less; on a network of 30,000 flows a day it would be about ${formatNumber(alarmsPerWeek)} false alarms a week, and a home’s own benign days bring it down to its budget.`
      : chosen.text
  const surpriseOf = (score: number) => -Math.log10(Math.max(RAREST, tailProbability(score, calibration)))
  return {
    home: { value, text },
    casesPerWeek: alarmsPerWeek,
    lineOf: () => value,
    surpriseOf: (_, score) => surpriseOf(score),
    scoreAt: (_, surprise) => invert(surpriseOf, surprise, value),
    sample: 'usual samples',
  }
}

const DOUBLINGS = 60
const HALVINGS = 60

/** Where a rising function reaches `wanted`, looked for from `start` on. */
function invert(rising: (score: number) => number, wanted: number, start: number): number {
  const isAbove = rising(start) >= wanted
  let step = Math.max(1e-9, Math.abs(start) / 16)
  let [near, far] = [start, start]
  for (let i = 0; i < DOUBLINGS && rising(far) >= wanted === isAbove; i++, step *= 2) {
    near = far
    far += isAbove ? -step : step
  }
  let [low, high] = isAbove ? [far, near] : [near, far]
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2
    if (rising(middle) >= wanted) high = middle
    else low = middle
  }
  return high
}
