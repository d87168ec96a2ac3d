/**
 * A light head on a model that stands: what people said of their own traffic moves its scores, a little for little evidence. Logistic regression
 * (L2, so that without evidence it says nothing) on log1p, standardised columns, added to the base model's score. The base goes along
 * unchanged; its score is the head's when every weight is zero.
 */
import { InputError, ModelError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import { unpackModel, packModel as zipFolder } from '../model/archive.ts'
import { MANIFEST_FILE, parseManifest, WEIGHTS_FILE } from '../model/folder.ts'
import { type FolderManifest, type ModelKind, readFolderManifest } from '../model/folder-manifest.ts'
import type { FlowDataset } from './dataset.ts'
import { ModelReader, packModel } from './detector-file.ts'
import type { KindControl, LearnKind, Scorer } from './kind.ts'

/** The base model's folder, as the option `base` of the training. */
export type BaseFolder = ReadonlyMap<string, Uint8Array>

/** The base model's folder within the head's, packed. */
export const BASE_FILE = 'base.zip'
const FILE_KIND = 'head'
/** Flows of each side that are looked at; more say no more. */
const MOST_ROWS = 20_000
/** Flows called bad from which on they weigh as much as all benign ones together do: fewer weigh less. */
const FULL_EVIDENCE = 200
const ROUNDS = 400
const RIDGE = 2e-3
/** A standardised value further out counts as this: one strange flow must not decide. */
const FURTHEST = 4
const FOLDS = 4
/** Log-odds from which on it is the head that explains a flow: nearly three to one. */
const SPEAKS = 1
/** Share of benign flows over the line at which head and base are compared. */
const CHECK_FPR = 0.01

interface Head {
  readonly mean: Float64Array
  readonly deviation: Float64Array
  readonly weights: Float64Array
  /** Of the base's score for one unit of log-odds. */
  readonly scale: number
}

/** `kindOf` gives the base's kind (kinds.ts, which lists this one). */
export function createHeadKind(kindOf: (kind: ModelKind) => LearnKind): LearnKind {
  const openBase = (archive: Uint8Array, createTrainer: KindControl['createTrainer']) => {
    const files = unpackModel(archive)
    const manifest = readBase(files)
    return { manifest, scorer: kindOf(manifest.kind).open(files, manifest.features, createTrainer) }
  }
  return {
    supervised: true,
    window: 1,
    highestLine: undefined,
    columns: ({ base }) => readBase(asFolder(base)).features,

    async learn(train, control) {
      const folder = asFolder(control.options?.base)
      const archive = zipFolder(folder)
      const { manifest, scorer } = openBase(archive, control.createTrainer)
      if (manifest.window > 1)
        throw new InputError(`a head is taught flow by flow; ${manifest.name} judges ${manifest.window} flows together`)
      const scores = await scorer.score(train)
      const sample = sampleRows(train, scores, control.seed)
      checkGain(train, sample, scores)
      const head = fitHead(train, sample, scaleOf(manifest))
      const { mean, deviation, weights, scale } = head
      const bytes = packModel({ kind: FILE_KIND, fields: { scale }, arrays: { mean, deviation, weights } })
      return {
        features: manifest.features,
        files: new Map([
          [WEIGHTS_FILE, bytes],
          [BASE_FILE, archive],
        ]),
      }
    },

    open(files, features, createTrainer) {
      const bytes = files.get(WEIGHTS_FILE)
      const archive = files.get(BASE_FILE)
      if (!bytes || !archive) throw new ModelError(`the model has no file ${bytes ? BASE_FILE : WEIGHTS_FILE}`)
      const { manifest, scorer } = openBase(archive, createTrainer)
      if (manifest.features.join() !== features.join())
        throw new ModelError('the model’s head is for other columns than the model that it stands on')
      return headScorer(readHead(bytes, features.length), scorer)
    },
  }
}

function headScorer(head: Head, base: Scorer): Scorer {
  return {
    async score(data) {
      const scores = await base.score(data)
      return scores.map((score, row) => score + head.scale * logOdds(head, data, row))
    },
    /** By whichever speaks: the head when it calls the flow bad, else the base; each on its own scale, so that its shares sum to it. */
    async explain(data, row) {
      const odds = logOdds(head, data, row)
      if (odds <= SPEAKS) return base.explain(data, row)
      const { features, values } = data.matrix
      return {
        scale: 'log-odds of what was called bad',
        score: odds,
        base: 0,
        contributions: features.map((feature, f) => {
          const value = values[row * features.length + f]!
          const share = head.weights[f]! * standardise(head, f, value)
          return { feature, value, typical: fromSignedLog(head.mean[f]!), share }
        }),
      }
    },
  }
}

interface Sample {
  readonly rows: Int32Array
  /** 1 for what was called bad. */
  readonly bad: Uint8Array
  /** Recording and device: what is left out together when the head is checked. */
  readonly group: Int32Array
}

/** Both sides, the larger thinned out evenly at random. Flows that the base does not judge teach nothing. */
function sampleRows(
  { labels, capture, device, devices, rows }: FlowDataset,
  scores: Float64Array,
  seed: number,
): Sample {
  const random = createRandom(seed)
  const sides: number[][] = [[], []]
  for (let row = 0; row < rows; row++)
    if (!Number.isNaN(scores[row]!)) sides[Math.min(1, labels?.[row] ?? 0)]!.push(row)
  const kept = sides.flatMap((side) => thin(side, random.int)).sort((a, b) => a - b)
  return {
    rows: Int32Array.from(kept),
    bad: Uint8Array.from(kept, (row) => Math.min(1, labels?.[row] ?? 0)),
    group: Int32Array.from(kept, (row) => capture[row]! * devices.length + device[row]!),
  }
}

function thin(side: readonly number[], int: (below: number) => number): number[] {
  if (side.length <= MOST_ROWS) return [...side]
  const picked = [...side]
  for (let i = 0; i < MOST_ROWS; i++) {
    const j = i + int(picked.length - i)
    const swapped = picked[i]!
    picked[i] = picked[j]!
    picked[j] = swapped
  }
  return picked.slice(0, MOST_ROWS)
}

/** Gradient descent with momentum (Nesterov 1983) on the weighted log-loss; deterministic. */
function fitHead(data: FlowDataset, { rows, bad }: Sample, scale: number): Head {
  const width = data.matrix.features.length
  const { mean, deviation } = describe(data, rows, bad)
  const empty: Head = { mean, deviation, weights: new Float64Array(width), scale }
  const inputs = new Float32Array(rows.length * width)
  for (const [i, row] of rows.entries())
    for (let f = 0; f < width; f++) inputs[i * width + f] = standardise(empty, f, data.matrix.values[row * width + f]!)
  const badRows = bad.reduce((sum, one) => sum + one, 0)
  const evidence = Math.min(1, badRows / FULL_EVIDENCE)
  const weightOf = [1 / Math.max(1, rows.length - badRows), evidence / Math.max(1, badRows)] as const
  const weights = new Float64Array(width + 1)
  const before = new Float64Array(width + 1)
  const gradient = new Float64Array(width + 1)
  // The curvature of the log-loss is at most a quarter of the mean squared input.
  const step = 1 / (0.25 * (1 + evidence) * (1 + meanSquare(inputs, width)) + RIDGE)
  for (let round = 0; round < ROUNDS; round++) {
    const momentum = round / (round + 3)
    for (let f = 0; f <= width; f++) {
      const ahead = weights[f]! + momentum * (weights[f]! - before[f]!)
      before[f] = weights[f]!
      weights[f] = ahead
    }
    gradient.fill(0)
    for (let i = 0; i < rows.length; i++) {
      let sum = weights[width]!
      for (let f = 0; f < width; f++) sum += weights[f]! * inputs[i * width + f]!
      const error = weightOf[bad[i] === 1 ? 1 : 0] * (1 / (1 + Math.exp(-sum)) - bad[i]!)
      for (let f = 0; f < width; f++) gradient[f]! += error * inputs[i * width + f]!
      gradient[width]! += error
    }
    for (let f = 0; f < width; f++) weights[f]! -= step * (gradient[f]! + RIDGE * weights[f]!)
    weights[width]! -= step * gradient[width]!
  }
  // Usual traffic keeps its scores: the head speaks of differences from it alone.
  return { ...empty, weights: weights.slice(0, width) }
}

/** Mean and deviation of the benign side, after the logarithm. */
function describe(data: FlowDataset, rows: Int32Array, bad: Uint8Array): Pick<Head, 'mean' | 'deviation'> {
  const width = data.matrix.features.length
  const mean = new Float64Array(width)
  const deviation = new Float64Array(width)
  for (let f = 0; f < width; f++) {
    let count = 0
    let sum = 0
    let squares = 0
    for (const [i, row] of rows.entries()) {
      const value = signedLog(data.matrix.values[row * width + f]!)
      if (bad[i] === 1 || Number.isNaN(value)) continue
      count++
      sum += value
      squares += value * value
    }
    mean[f] = count > 0 ? sum / count : 0
    // A column that never changes on the benign side still tells: by its absolute difference.
    deviation[f] = count > 0 ? Math.sqrt(Math.max(0, squares / count - mean[f]! ** 2)) || 1 : 1
  }
  return { mean, deviation }
}

function standardise({ mean, deviation }: Pick<Head, 'mean' | 'deviation'>, f: number, value: number): number {
  if (Number.isNaN(value)) return 0
  const out = (signedLog(value) - mean[f]!) / deviation[f]!
  return Math.max(-FURTHEST, Math.min(FURTHEST, out))
}

function logOdds(head: Head, { matrix: { features, values } }: FlowDataset, row: number): number {
  let sum = 0
  for (let f = 0; f < features.length; f++)
    sum += head.weights[f]! * standardise(head, f, values[row * features.length + f]!)
  return sum
}

/**
 * By recordings and devices left out in turn: with the head at least as many of the bad flows must be over the line that lets 1 % of the benign
 * ones through. Throws InputError with a sentence when it is not so.
 */
function checkGain(data: FlowDataset, sample: Sample, scores: Float64Array): void {
  const { rows, bad, group } = sample
  const badGroups = [...new Set([...group].filter((_, i) => bad[i] === 1))]
  const fold = new Map([...new Set(group)].map((one, i) => [one, i % FOLDS]))
  for (const [i, one] of badGroups.entries()) fold.set(one, i % FOLDS)
  if (badGroups.length < 2 || fold.size < FOLDS) return
  const learnt = new Float64Array(rows.length)
  for (let left = 0; left < FOLDS; left++) {
    const kept = [...rows.keys()].filter((i) => fold.get(group[i]!) !== left)
    const part = {
      rows: Int32Array.from(kept, (i) => rows[i]!),
      bad: Uint8Array.from(kept, (i) => bad[i]!),
      group: Int32Array.from(kept, (i) => group[i]!),
    }
    const head = fitHead(data, part, deviationOf(kept.filter((i) => bad[i] === 0).map((i) => scores[rows[i]!]!)))
    for (const [i, row] of rows.entries())
      if (fold.get(group[i]!) === left) learnt[i] = scores[row]! + head.scale * logOdds(head, data, row)
  }
  const base = Float64Array.from(rows, (row) => scores[row]!)
  const [before, after] = [recallAt(base, bad), recallAt(learnt, bad)]
  if (after < before)
    throw new InputError(
      `what was called bad did not help on recordings that were left out: at 1 % false positives it found ${percent(after)} of it, the model alone ${percent(before)}. Nothing was changed`,
    )
}

function recallAt(scores: Float64Array, bad: Uint8Array): number {
  const benign = scores.filter((_, i) => bad[i] === 0).sort()
  const line =
    benign[Math.min(benign.length - 1, Math.ceil((1 - CHECK_FPR) * benign.length))] ?? Number.POSITIVE_INFINITY
  let over = 0
  let all = 0
  for (let i = 0; i < scores.length; i++) {
    if (bad[i] !== 1) continue
    all++
    if (scores[i]! > line) over++
  }
  return all > 0 ? over / all : 0
}

/** One unit of log-odds weighs as much as the benign scores of the base spread. */
function scaleOf({ calibration }: FolderManifest): number {
  return calibration.deviation > 0 ? calibration.deviation : 1
}

function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length)
  return Math.sqrt(square) || 1
}

function meanSquare(inputs: Float32Array, width: number): number {
  let sum = 0
  for (const value of inputs) sum += value * value
  return inputs.length > 0 ? (sum / inputs.length) * width : 0
}

function readHead(bytes: Uint8Array, width: number): Head {
  const reader = new ModelReader(bytes, FILE_KIND)
  return {
    mean: reader.float64('mean', width),
    deviation: reader.float64('deviation', width),
    weights: reader.float64('weights', width),
    scale: reader.number('scale'),
  }
}

function readBase(files: BaseFolder): FolderManifest {
  const manifest = files.get(MANIFEST_FILE)
  if (!manifest) throw new ModelError(`the model that the head stands on has no ${MANIFEST_FILE}`)
  const read = readFolderManifest(parseManifest(manifest))
  if (read.kind === 'head') throw new InputError('a head stands on a model, not on another head: teach that model anew')
  return read
}

function asFolder(base: unknown): BaseFolder {
  if (base instanceof Map) return base as BaseFolder
  throw new InputError('a head needs the model that it stands on (--base)')
}

const fromSignedLog = (value: number) => Math.sign(value) * Math.expm1(Math.abs(value))
const signedLog = (value: number) => Math.sign(value) * Math.log1p(Math.abs(value))
const percent = (share: number) => `${Math.round(100 * share)} %`
