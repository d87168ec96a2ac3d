/** Learns a model of any kind from flows: rows parted, labels made ready, alarm line drawn, everything written down for its manifest. */
import { InputError } from '../base/errors.ts'
import { BUDGET_FILE, type ModelDraft, SCOPE_FILE } from '../model/folder.ts'
import type { ModelKind, SettingsSearch } from '../model/folder-manifest.ts'
import type { Calibration } from '../model/manifest.ts'
import { sha256Hex } from '../model/verify.ts'
import { drawLines } from './alarm-line.ts'
import { makeCalibration } from './calibration.ts'
import { fitCaseBudget, saveCaseBudget } from './case-budget.ts'
import { selectColumns, teachingColumns } from './columns.ts'
import { type FlowDataset, type FlowJudge, takeRows } from './dataset.ts'
import { judgeOf } from './judge.ts'
import type { KindControl, LearnKind, Scorer } from './kind.ts'
import { kindOf } from './kinds.ts'
import { FEWEST_SCOPE_ROWS, fitScope, type ScopeModel, saveScope } from './scope.ts'
import { splitForTraining, type TrainingSplit } from './training-split.ts'

export interface LearnRequest extends KindControl {
  readonly kind: ModelKind
  /** By default the kind's own name and 1.0.0. */
  readonly name?: string | undefined
  readonly version?: string | undefined
  /** `name version` of the model that this one takes after. */
  readonly parent?: string | undefined
  /** Classes whose rows are kept out of training, to see whether what was never seen is found. */
  readonly leaveOut?: readonly string[] | undefined
  /** Learn each attack class by itself rather than all as one; for kinds that learn from labels. */
  readonly eachClass?: boolean | undefined
  /** Learnt elsewhere than where it will judge: the hours of other people's devices draw no line here, so it carries none. */
  readonly forOthers?: boolean | undefined
  /** How `options` were found, for the card. */
  readonly search?: SettingsSearch | undefined
}

export interface LearntModel extends ModelDraft {
  readonly judge: FlowJudge
}

/** Class of all attacks together. */
export const ATTACK_CLASS = 'attack'

/** Throws InputError with a sentence when the flows cannot teach this kind of model. The same flows and seed give the same bytes. */
export async function learn(data: FlowDataset, request: LearnRequest): Promise<LearntModel> {
  const { kind: name, seed, leaveOut = [] } = request
  const kind = kindOf(name)
  checkRequest(data, kind, request)
  const usable = keepTeaching(data, leaveOut)
  const split = splitForTraining(usable, kind.window, kind.fewestBenign)
  const forKind = readyLabels(usable, { split, kind, eachClass: kind.eachClass ?? request.eachClass ?? false })
  const teaching = teachingColumns(forKind.matrix)
  const columns = kind.columns?.(request.options ?? {}) ?? teaching
  const weights = await kind.learn(selectColumns(forKind, columns), request)
  const scorer = kind.open(weights.files, weights.features, request.createTrainer)
  const scores = await scoreKept(scorer, selectColumns(usable, weights.features), split)
  const calibration = calibrate(scores, { split, kind })
  const budget = request.forOthers || kind.classifies ? undefined : fitCaseBudget(usable, scores)
  const { home: line } = drawLines({ calibration, budget, highestLine: kind.highestLine })
  const manifest: ModelDraft['manifest'] = {
    name: request.name ?? name,
    version: request.version ?? '1.0.0',
    kind: name,
    features: weights.features,
    window: kind.window,
    classes: kind.supervised ? forKind.classes : [data.classes[0] ?? 'benign'],
    calibration,
    threshold: line.value,
    thresholdText: line.text,
    dataSha256: await hashFlows(data),
    rows: forKind.rows,
    benignRows: split.benignRows,
    calibrationRows: split.calibrationRows,
    captures: data.captures,
    leftOut: leaveOut,
    seed,
    parent: request.parent ?? null,
    metrics: {},
    ...(request.search && { search: request.search }),
  }
  const scope = learnScope(selectColumns(usable, weights.features), split)
  const files = new Map(weights.files)
  if (scope) files.set(SCOPE_FILE, saveScope(scope))
  if (budget) files.set(BUDGET_FILE, saveCaseBudget(weights.features, budget))
  return { manifest, files, judge: judgeOf(manifest, scorer, { scope, budget }) }
}

/** What benign traffic the model knows; undefined when there is too little to know a kind of traffic by. */
function learnScope(usable: FlowDataset, { train }: TrainingSplit): ScopeModel | undefined {
  const benign = train.filter((row) => !usable.labels || usable.labels[row] === 0)
  return benign.length < FEWEST_SCOPE_ROWS ? undefined : fitScope(takeRows(usable, benign).matrix)
}

function checkRequest(data: FlowDataset, kind: LearnKind, { kind: name, leaveOut = [] }: LearnRequest): void {
  if (kind.supervised && !data.labels) {
    throw new InputError(
      `${name} learns from labelled flows: say which column holds the label and which value is benign`,
    )
  }
  if (leaveOut.length > 0 && !data.labels) throw new InputError('a class can be left out only of labelled flows')
  for (const label of leaveOut) {
    const at = data.classes.indexOf(label)
    if (at < 0)
      throw new InputError(`no flow is labelled ${JSON.stringify(label)}; the labels are ${data.classes.join(', ')}`)
    if (at === 0) throw new InputError(`${label} is the benign class; it cannot be left out`)
  }
}

/** Rows whose label is unknown teach nothing, nor do those left out. */
function keepTeaching(data: FlowDataset, leaveOut: readonly string[]): FlowDataset {
  const { labels } = data
  if (!labels) return data
  const out = new Set(leaveOut.map((label) => data.classes.indexOf(label)))
  const kept: number[] = []
  for (let row = 0; row < data.rows; row++) if (labels[row]! >= 0 && !out.has(labels[row]!)) kept.push(row)
  return kept.length === data.rows ? data : takeRows(data, kept)
}

/** The rows to learn from, with the classes that the kind learns. */
function readyLabels(
  usable: FlowDataset,
  { split, kind, eachClass }: { split: TrainingSplit; kind: LearnKind; eachClass: boolean },
): FlowDataset {
  const { labels, classes } = usable
  if (!labels) return takeRows(usable, split.train)
  if (!kind.supervised) {
    const benign = split.train.filter((row) => labels[row] === 0)
    return { ...takeRows(usable, benign), labels: undefined, classes: classes.slice(0, 1) }
  }
  const present = classes.map((_, at) => labels.includes(at))
  const only = present.filter(Boolean).length < 2
  if (only) {
    const name = classes[Math.max(0, present.indexOf(true))]
    throw new InputError(
      `this detector learns the difference between classes; all ${usable.rows} flows are labelled ${name}`,
    )
  }
  const train = takeRows(usable, split.train)
  if (!eachClass) {
    return { ...train, labels: train.labels!.map((label) => Math.min(label, 1)), classes: [classes[0]!, ATTACK_CLASS] }
  }
  let next = 0
  const places = present.map((isPresent, at) => (isPresent || at === 0 ? next++ : -1))
  return {
    ...train,
    labels: train.labels!.map((label) => places[label]!),
    classes: classes.filter((_, at) => places[at]! >= 0),
  }
}

/** Of the benign rows kept out; NaN for all others. */
async function scoreKept(scorer: Scorer, data: FlowDataset, { calibration }: TrainingSplit): Promise<Float64Array> {
  const scores = await scorer.score(data)
  const kept = new Float64Array(data.rows).fill(Number.NaN)
  for (const rows of calibration) for (const row of rows) kept[row] = scores[row]!
  return kept
}

function calibrate(scores: Float64Array, { split, kind }: { split: TrainingSplit; kind: LearnKind }): Calibration {
  const series = split.calibration.map((rows) =>
    Array.from(rows, (row) => scores[row]!).filter((score) => !Number.isNaN(score)),
  )
  return makeCalibration(series, kind.window)
}

/** The same for the same flows, whatever their files are called and with labels or without. */
export async function hashFlows({ matrix, counts, capture, row }: FlowDataset): Promise<string> {
  const names = new TextEncoder().encode(JSON.stringify(matrix.features))
  const parts = [names, bytesOf(matrix.values), bytesOf(counts), bytesOf(capture), bytesOf(row)]
  const hashes: string[] = []
  for (const part of parts) hashes.push(await sha256Hex(part))
  return sha256Hex(new TextEncoder().encode(hashes.join('\n')))
}

function bytesOf(array: Float32Array | Float64Array | Int32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}
