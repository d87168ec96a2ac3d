/** The evaluation report as Markdown. */
import type { Evaluation } from './matrix.ts'
import { type DetectorLine, type SplitReport, type Spread, summarizeEvaluation } from './report.ts'
import type { ClassRecall } from './result.ts'
import type { SplitKind } from './splits.ts'

const TITLES: Readonly<Record<SplitKind, string>> = {
  'in-time': 'The past teaches, the future is judged',
  capture: 'Captures or days left out',
  family: 'Attack families left out',
  device: 'Devices left out',
  'other-data': 'Another data set',
  random: 'Random rows (warning: not a claim)',
}
const TIMED: readonly string[] = ['false cases a device-week', 'first alarm']
const HOME = 'line drawn at home: recall, false positives at 1 %'
/** More columns than this are not read. */
const MOST_CLASSES = 12

export function writeMarkdown(evaluation: Evaluation): string {
  const { data, refusals, remarks, seeds, attempted } = evaluation
  const classes = Object.entries(data.classes).map(([name, rows]) => `${name} ${rows}`)
  const lines = [
    `${data.rows} rows, ${data.features} features; ${classes.join(', ')}. ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}.`,
    ...(attempted === 'benign' ? ['Attempted attacks count as benign here.'] : []),
    ...remarks.map((remark) => `- ${remark}`),
    ...summarizeEvaluation(evaluation).flatMap(writeSplit),
  ]
  if (refusals.length > 0) lines.push('', 'Not judged:', '', ...refusals.map((sentence) => `- ${sentence}`))
  return `${lines.join('\n')}\n`
}

function writeSplit(split: SplitReport): string[] {
  const { detectors } = split
  const timed = detectors.some(({ falseCasesPerDeviceWeek }) => falseCasesPerDeviceWeek !== undefined)
  const placed = detectors.some(({ atHome }) => atHome !== undefined)
  const heads = [
    'detector',
    'PR-AUC',
    'ROC-AUC',
    'recall at 1 %',
    'recall at 0.1 %',
    'false positives became',
    'precision at 1 %',
    HOME,
    'false cases a device-week',
    'first alarm',
    'not judged',
  ].filter((head) => (head === HOME ? placed : timed || !TIMED.includes(head)))
  const row = (line: DetectorLine) => [
    line.detector,
    both(line.prAuc),
    both(line.rocAuc),
    both(line.recall[0]!),
    both(line.recall[1]!),
    line.falsePositiveRate.map(({ worst }) => percent(worst)).join(' / '),
    both(line.precision[0]!),
    ...(placed ? [homeOf(line)] : []),
    ...(timed ? [costOf(line), alarmsOf(line)] : []),
    percent(line.abstainedShare.worst),
  ]
  return [
    '',
    `### ${TITLES[split.kind]}`,
    '',
    `Left out: ${split.leftOut.slice(0, MOST_CLASSES).join('; ')}${split.leftOut.length > MOST_CLASSES ? '; …' : ''}. Training ${split.trainRows} rows, thresholds from ${split.heldRows} benign rows of their own,`,
    `base rate ${figure(split.baseRate)}; test rows with the features of a training row: at most ${percent(split.duplicateShare)}. Mean over seeds, and the worst of them.${timed ? '' : ' False cases a device-week cannot be told: no times, no devices, or no hour without an attack.'}`,
    '',
    ...table(heads, detectors.map(row)),
    '',
    ...classTable(split),
    '',
    ...split.sentences.map((sentence) => `- ${sentence}`),
  ]
}

/** Recall at both rates, with the interval at the first. */
function classTable({ detectors, leftOut }: SplitReport): string[] {
  const names = (detectors[0]?.perClass ?? []).map(({ name }) => name).slice(0, MOST_CLASSES)
  const sizeOf = (name: string) => {
    const sizes = new Set(
      detectors.map(({ perClass }) => perClass.find((found) => found.name === name)?.recall[0]?.n ?? 0),
    )
    return sizes.size === 1 ? ` (n ${[...sizes][0]})` : ''
  }
  const cell = (line: DetectorLine, name: string) => {
    const recall = line.perClass.find((found) => found.name === name)?.recall
    return recall ? interval(recall) : ''
  }
  return table(
    [
      `told rightly at 1 % (95 %) · 0.1 %, worst seed${leftOut.length > 1 ? ' and part' : ''}`,
      ...names.map((name) => `${name}${sizeOf(name)}`),
    ],
    detectors.map((line) => [line.detector, ...names.map((name) => cell(line, name))]),
  )
}

function interval([first, second]: readonly ClassRecall[]): string {
  return `${figure(first!.recall)} (${figure(first!.low)}–${figure(first!.high)}) · ${figure(second!.recall)}`
}

function costOf({ falseCasesPerDeviceWeek }: DetectorLine): string {
  return falseCasesPerDeviceWeek ? both(falseCasesPerDeviceWeek) : 'cannot be told'
}

function homeOf({ atHome }: DetectorLine): string {
  return atHome ? `${both(atHome.recall[0]!)}; ${percent(atHome.falsePositiveRate[0]!.worst)}` : '–'
}

function alarmsOf({ firstAlarms }: DetectorLine): string {
  if (!firstAlarms) return 'cannot be told'
  const { alarmed, attacks, medianSeconds } = firstAlarms
  return alarmed === 0 ? `none of ${attacks}` : `${Math.round(medianSeconds)} s, ${alarmed} of ${attacks}`
}

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [
    `| ${heads.join(' | ')} |`,
    `|${'---|'.repeat(heads.length)}`,
    ...rows.map((cells) => `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`),
  ]
}

function both({ mean, worst }: Spread): string {
  return Number.isNaN(mean) ? '–' : `${figure(mean)}, ${figure(worst)}`
}

function figure(value: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(value > 0 && value < 0.01 ? 3 : 2)
}

function percent(value: number): string {
  return Number.isNaN(value) ? '–' : `${(value * 100).toFixed(value > 0 && value < 0.01 ? 2 : 1)} %`
}
