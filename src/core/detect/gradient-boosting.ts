/**
 * Histogram gradient boosting for two or more classes (Friedman 2001; LightGBM's and scikit-learn's histogram form): logistic loss or
 * softmax, rows without a value learn their way, and boosting ends when held-out rows no longer gain.
 */
import { createRandom } from '../base/random.ts'
import {
  benignMedians,
  checkFeatures,
  checkTraining,
  countLabels,
  type Detector,
  type DetectorModel,
  type FeatureMatrix,
  listContributions,
  rowOf,
} from './detector.ts'
import { ModelReader, packModel } from './detector-file.ts'
import { type ClassWeights, weighClasses } from './tree/class-weights.ts'
import { exactExp, exactLog } from './tree/exact-math.ts'
import { addLeaves, addLeavesOfRow, type Forest, ForestBuilder, forestArrays, readForest } from './tree/forest.ts'
import { createGradientTreeGrower, type GradientTreeOptions } from './tree/gradient-tree.ts'
import { binColumns } from './tree/histogram.ts'
import { createTreeExplainer, type TreeExplainer } from './tree/tree-shap.ts'

export interface GradientBoostingOptions extends GradientTreeOptions {
  readonly rounds: number
  readonly classWeights: ClassWeights
  /** Part of the rows held out to know when to stop; 0: all rounds. */
  readonly validationShare: number
  /** Rounds without gain on the held-out rows that end it. */
  readonly patience: number
}

export interface GradientBoosting extends DetectorModel {
  /** The first is the benign one. */
  readonly classes: readonly string[]
  /** One output for two classes (log-odds of the second), else one per class. */
  readonly forest: Forest
  /** What each output starts from. */
  readonly start: Float64Array
  /** Mean loss on the held-out rows after each round; empty without them. */
  readonly validationLosses: Float64Array
}

const KIND = 'gradient-boosting'
export const BOOSTING_DEFAULTS: GradientBoostingOptions = {
  rounds: 100,
  leaves: 31,
  minLeafRows: 20,
  learningRate: 0.1,
  l2: 0,
  classWeights: undefined,
  validationShare: 0.1,
  patience: 10,
}
const FEWEST_VALIDATION_ROWS = 50

export const gradientBoosting: Detector<GradientBoosting, GradientBoostingOptions> & {
  /** rows × classes. */
  probabilities(model: GradientBoosting, data: FeatureMatrix): Float64Array
} = {
  kind: KIND,
  supervised: true,

  async fit(training, { seed, onProgress, signal }, options = {}) {
    checkTraining(training, true)
    const settings = { ...BOOSTING_DEFAULTS, ...options }
    const { features, rows, values, labels = [], classes = [] } = training
    const width = features.length
    const outputs = outputsOf(classes)
    const weights = weighClasses(settings.classWeights, countLabels(labels, classes, rows))
    const { kept, held } = holdOut(rows, settings.validationShare, seed)
    const start = priorOf(labels, kept, weights)
    const raw = new Float64Array(rows * outputs)
    for (let i = 0; i < raw.length; i++) raw[i] = start[i % outputs]!
    const grower = createGradientTreeGrower(binColumns(values, rows, width), settings)
    const builder = new ForestBuilder({ width, outputs, leafWidth: 1 })
    const gradients = new Float32Array(rows)
    const hessians = new Float32Array(rows)
    const shares = outputs === 1 ? undefined : new Float32Array(rows * outputs)
    const losses: number[] = []
    let best = 0
    for (let round = 0; round < settings.rounds; round++) {
      signal?.throwIfAborted()
      if (shares) fillSoftmax(raw, outputs, shares)
      for (let output = 0; output < outputs; output++) {
        if (shares) fillClassGradients({ shares, outputs, output, labels, weights, gradients, hessians })
        else fillBinaryGradients({ raw, labels, weights, gradients, hessians })
        grower.grow({ builder, rows: kept, others: held, gradients, hessians, raw, stride: outputs, offset: output })
      }
      await onProgress?.(round + 1, settings.rounds)
      if (held.length === 0) continue
      losses.push(meanLoss(raw, outputs, { labels, rows: held, weights }))
      if (losses[round]! < losses[best]!) best = round
      if (round - best >= settings.patience) break
    }
    return {
      features: [...features],
      classes: [...classes],
      typical: benignMedians(training),
      forest: builder.build(held.length > 0 ? (best + 1) * outputs : undefined),
      start,
      validationLosses: Float64Array.from(losses),
    }
  },

  /** Probability of not being benign. */
  score(model, data) {
    const raw = rawScores(model, data)
    const outputs = model.forest.outputs
    if (outputs === 1) return raw.map((value) => sigmoid(value))
    const shares = new Float32Array(outputs)
    return Float64Array.from({ length: data.rows }, (_, row) => {
      fillSoftmax(raw.subarray(row * outputs, (row + 1) * outputs), outputs, shares)
      let attack = 0
      for (let k = 1; k < outputs; k++) attack += shares[k]!
      return attack
    })
  },

  probabilities(model, data) {
    const raw = rawScores(model, data)
    const outputs = model.forest.outputs
    if (outputs === 1) {
      const both = new Float64Array(2 * data.rows)
      for (let row = 0; row < data.rows; row++) {
        both[2 * row + 1] = sigmoid(raw[row]!)
        both[2 * row] = sigmoid(-raw[row]!)
      }
      return both
    }
    const shares = new Float64Array(raw.length)
    fillSoftmax(raw, outputs, shares)
    return shares
  },

  /** Log-odds of the most probable attack class against benign. */
  explain(model, data, row) {
    checkFeatures(model, data)
    const values = rowOf(data, row)
    const raw = model.start.slice()
    addLeavesOfRow(model.forest, values, raw)
    const outputs = model.forest.outputs
    let attack = outputs === 1 ? 0 : 1
    for (let k = attack + 1; k < outputs; k++) if (raw[k]! > raw[attack]!) attack = k
    const against = (sums: ArrayLike<number>) => (outputs === 1 ? sums[0]! : sums[attack]! - sums[0]!)
    const explainer = explainerOf(model, attack)
    const shares = new Float64Array(model.features.length)
    explainer.explain(values, shares)
    return {
      scale: `log-odds of ${model.classes[outputs === 1 ? 1 : attack]} against ${model.classes[0]}`,
      score: against(raw),
      base: explainer.base + against(model.start),
      contributions: listContributions(model, values, shares),
    }
  },

  save({ features, classes, typical, forest, start, validationLosses }) {
    const arrays = { typical, start, validationLosses, ...forestArrays(forest) }
    return packModel({ kind: KIND, fields: { features, classes }, arrays })
  },

  load(bytes) {
    const reader = new ModelReader(bytes, KIND)
    const features = reader.texts('features')
    const classes = reader.texts('classes')
    const outputs = outputsOf(classes)
    return {
      features,
      classes,
      typical: reader.float32('typical', features.length),
      forest: readForest(reader, { width: features.length, outputs, leafWidth: 1 }),
      start: reader.float64('start', outputs),
      validationLosses: reader.float64('validationLosses'),
    }
  },
}

function outputsOf(classes: readonly string[]): number {
  return classes.length === 2 ? 1 : classes.length
}

function rawScores(model: GradientBoosting, data: FeatureMatrix): Float64Array {
  checkFeatures(model, data)
  const { forest, start } = model
  const raw = new Float64Array(data.rows * forest.outputs)
  for (let i = 0; i < raw.length; i++) raw[i] = start[i % forest.outputs]!
  addLeaves(forest, data.values, data.rows, raw)
  return raw
}

/** Attack class -> explainer; a model is explained many times. */
const explainers = new WeakMap<GradientBoosting, Map<number, TreeExplainer>>()

function explainerOf(model: GradientBoosting, attack: number): TreeExplainer {
  const known = explainers.get(model) ?? new Map<number, TreeExplainer>()
  explainers.set(model, known)
  const found = known.get(attack)
  if (found) return found
  const weights = new Float64Array(model.forest.outputs)
  if (weights.length > 1) weights[0] = -1
  weights[attack] = 1
  const explainer = createTreeExplainer(model.forest, weights)
  known.set(attack, explainer)
  return explainer
}

function sigmoid(raw: number): number {
  return 1 / (1 + exactExp(-raw))
}

function fillSoftmax(raw: Float64Array, outputs: number, shares: Float32Array | Float64Array): void {
  for (let at = 0; at < raw.length; at += outputs) {
    let highest = raw[at]!
    for (let k = 1; k < outputs; k++) if (raw[at + k]! > highest) highest = raw[at + k]!
    let sum = 0
    for (let k = 0; k < outputs; k++) {
      const share = exactExp(raw[at + k]! - highest)
      shares[at + k] = share
      sum += share
    }
    for (let k = 0; k < outputs; k++) shares[at + k] = shares[at + k]! / sum
  }
}

interface GradientTask {
  readonly labels: ArrayLike<number>
  readonly weights: Float64Array
  readonly gradients: Float32Array
  readonly hessians: Float32Array
}

function fillBinaryGradients({
  raw,
  labels,
  weights,
  gradients,
  hessians,
}: GradientTask & { readonly raw: Float64Array }): void {
  for (let row = 0; row < gradients.length; row++) {
    const label = labels[row]!
    const weight = weights[label]!
    const share = sigmoid(raw[row]!)
    gradients[row] = weight * (share - label)
    hessians[row] = weight * share * (1 - share)
  }
}

function fillClassGradients({
  shares,
  outputs,
  output,
  labels,
  weights,
  gradients,
  hessians,
}: GradientTask & { readonly shares: Float32Array; readonly outputs: number; readonly output: number }): void {
  for (let row = 0; row < gradients.length; row++) {
    const label = labels[row]!
    const weight = weights[label]!
    const share = shares[row * outputs + output]!
    gradients[row] = weight * (share - (label === output ? 1 : 0))
    hessians[row] = weight * share * (1 - share)
  }
}

/** Mean weighted log-loss. */
function meanLoss(
  raw: Float64Array,
  outputs: number,
  {
    labels,
    rows,
    weights,
  }: { readonly labels: ArrayLike<number>; readonly rows: Int32Array; readonly weights: Float64Array },
): number {
  const shares = new Float64Array(outputs)
  let sum = 0
  let total = 0
  for (const row of rows) {
    const label = labels[row]!
    let share: number
    if (outputs === 1) share = sigmoid(label === 1 ? raw[row]! : -raw[row]!)
    else {
      fillSoftmax(raw.subarray(row * outputs, (row + 1) * outputs), outputs, shares)
      share = shares[label]!
    }
    sum -= weights[label]! * exactLog(Math.max(share, 1e-15))
    total += weights[label]!
  }
  return sum / Math.max(total, Number.MIN_VALUE)
}

/** Log-odds, or log shares, of the weighted classes. */
function priorOf(labels: ArrayLike<number>, rows: Int32Array, weights: Float64Array): Float64Array {
  const sums = new Float64Array(weights.length)
  for (const row of rows) sums[labels[row]!] = sums[labels[row]!]! + weights[labels[row]!]!
  const total = sums.reduce((a, b) => a + b, 0)
  const logs = sums.map((sum) => exactLog(Math.max(sum / total, 1e-7)))
  return weights.length === 2 ? Float64Array.of(logs[1]! - logs[0]!) : logs
}

/** Rows in ascending order, and a random part of them held out. */
function holdOut(rows: number, share: number, seed: number): { kept: Int32Array; held: Int32Array } {
  const random = createRandom(seed)
  const count = Math.floor(rows * share)
  const kept: number[] = []
  const held: number[] = []
  for (let row = 0; row < rows; row++) {
    const isHeld = count >= FEWEST_VALIDATION_ROWS && random.int(rows - row) < count - held.length
    if (isHeld) held.push(row)
    else kept.push(row)
  }
  return { kept: Int32Array.from(kept), held: Int32Array.from(held) }
}
