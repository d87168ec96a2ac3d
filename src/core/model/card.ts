/** The card of a model, for the person who has to decide whether to trust it: made from its manifest alone. */
import { formatCount, formatNumber } from '../base/format.ts'
import { type Fields, isRecord } from './fields.ts'
import type { FolderManifest, ModelKind } from './folder-manifest.ts'

type CardManifest = Omit<FolderManifest, 'format' | 'files'>

const WHAT: Readonly<Record<ModelKind, string>> = {
  nearest: 'It calls a flow unusual that is far from every benign flow it has kept (log1p, standardised, weighted).',
  'isolation-forest': 'It calls a flow unusual that few random cuts set apart from benign flows.',
  'random-forest':
    'It gives the probability that a flow is not benign, from the votes of trees that saw labelled flows.',
  boosting: 'It gives the log-odds that a flow is not benign, from trees boosted on labelled flows.',
  'lstm-autoencoder': 'It calls a window of flows of one device unusual that it cannot rebuild from what it learnt.',
  'cnn-lstm': 'It gives the log-odds that a window of flows of one device holds an attack, from labelled flows.',
  home: 'It puts several detectors together and holds each device against its own benign days.',
  family: 'It names the kind of attack that a flow looks like, or says that it does not know.',
  head: 'It adds what people said of their own traffic to the score of the model that it stands on.',
}

const LIMITS: Readonly<Record<ModelKind, string>> = {
  nearest: 'Attacks made of flows that look like benign ones, each by itself, are not seen.',
  'isolation-forest': 'Attacks of many flows alike (scans, floods) are dense, not rare: they can score as usual.',
  'random-forest': 'Attacks of a kind that training did not have are found by chance, if at all.',
  boosting: 'Attacks of a kind that training did not have are found by chance, if at all.',
  'lstm-autoencoder': 'Floods and scans of identical small flows are the easiest to rebuild, and score low.',
  'cnn-lstm': 'Attacks of a kind that training did not have are found by chance, if at all.',
  home: 'A device that was already taken over in the days it was learnt from counts as usual.',
  family: 'A new kind of attack is at best "not known"; it may be given the name of a known one.',
  head: 'What nobody has called bad is judged as by the model that it stands on; a wrong label moves it the wrong way.',
}

/** A search names every class that it left out. */
const LONGEST_SENTENCE = 1000

export function writeCard(manifest: CardManifest): string {
  const { name, version, kind, rows, benignRows, calibrationRows, classes, leftOut, features } = manifest
  const lines = [
    `# ${oneLine(name)} ${oneLine(version)}`,
    '',
    WHAT[kind],
    '',
    '## What it learnt from',
    `${formatCount(rows)} flows taught it. Of the ${formatCount(benignRows)} benign flows given, ${formatCount(calibrationRows)}, the last of each device in each file, were kept out of training; they set the alarm line.`,
    `Files: ${manifest.captures.map((text) => oneLine(text)).join(', ')}.`,
    classes.length > 1
      ? `Classes: ${classes.map((text) => oneLine(text)).join(', ')}.`
      : 'It learnt from benign flows alone and knows no attack.',
    ...(leftOut.length > 0
      ? [`Left out of training on purpose: ${leftOut.map((text) => oneLine(text)).join(', ')}.`]
      : []),
    `Columns (${features.length}): ${features.map((text) => oneLine(text)).join(', ')}. No address, port, time or identifier is among them.`,
    `Seed ${manifest.seed}; SHA-256 of the rows ${manifest.dataSha256}.`,
    ...(manifest.parent === null ? [] : [`Takes after ${oneLine(manifest.parent)}.`]),
    '',
    ...searchLines(manifest.search),
    '## When it raises an alarm',
    manifest.thresholdText,
    '',
    '## What it finds',
    ...evaluationLines(manifest.metrics),
    '',
    '## Where it fails',
    LIMITS[kind],
    'Models do not carry over between networks well: on another network the alarm line has to be drawn from that network’s own benign flows.',
    '',
  ]
  return lines.join('\n')
}

function searchLines(search: CardManifest['search']): string[] {
  if (!search) return []
  const said = search.sentences.map((text) => oneLine(text, LONGEST_SENTENCE))
  const tried = search.trials.map((text, at) => `${at + 1}. ${oneLine(text, LONGEST_SENTENCE)}`)
  return [
    '## How its settings were chosen',
    ...said,
    '',
    'Settings tried, with what each look at them gave:',
    '',
    ...tried,
    '',
  ]
}

function evaluationLines(metrics: Fields): string[] {
  const files = Object.entries(metrics)
  if (files.length === 0) return ['It has not been evaluated on labelled flows yet: what it finds is not known.']
  return files.flatMap(([file, result]) => (isRecord(result) ? [`### ${oneLine(file)}`, ...resultLines(result)] : []))
}

/** The fields of `guardian eval`; those that are missing are left out. */
function resultLines(result: Fields): string[] {
  const said = [
    count('flows', result.rows),
    share('attacks among them', result.baseRate),
    plain('PR-AUC', result.prAuc),
    plain('ROC-AUC', result.rocAuc),
    plain('false cases per device-week', result.falseCasesPerDeviceWeek),
    count('not judged', result.abstained),
  ].filter((text) => text !== undefined)
  const lines = said.length > 0 ? [`${said.join('; ')}.`] : []
  if (isRecord(result.recallAtFpr)) {
    const parts = Object.entries(result.recallAtFpr).map(
      ([rate, recall]) => `${formatNumber(Number(recall))} at a false-positive rate of ${Number(rate)}`,
    )
    if (parts.length > 0) lines.push(`Recall ${parts.join(', ')}.`)
  }
  if (!isRecord(result.perClass)) return lines
  lines.push('', '| class | flows | recall | 95 % interval |', '|---|---|---|---|')
  for (const [label, value] of Object.entries(result.perClass)) {
    if (!isRecord(value)) continue
    const { n, recall, low, high } = value
    lines.push(`| ${oneLine(label)} | ${formatCount(Number(n))} | ${digits(recall)} | ${digits(low)}–${digits(high)} |`)
  }
  return lines
}

const digits = (value: unknown): string => (typeof value === 'number' ? value.toFixed(3) : '–')
const count = (name: string, value: unknown) =>
  typeof value === 'number' ? `${formatCount(value)} ${name}` : undefined
const plain = (name: string, value: unknown) => (typeof value === 'number' ? `${name} ${digits(value)}` : undefined)
const share = (name: string, value: unknown) =>
  typeof value === 'number' ? `${name} ${(100 * value).toFixed(1)} %` : undefined

/** Labels and file names come from outside: they must not end a line or a cell. */
const oneLine = (text: string, most = 120): string => text.replace(/[\p{Cc}|<>`\n\r]/gu, ' ').slice(0, most)
