/**
 * Names the kind of an attack, or says that it does not know: boosted trees over all classes, their probabilities set right on rows kept
 * out, and no name where these rows were too often wrong or the flow is unlike everything that was learnt from.
 */
import { InputError, ModelError } from '../base/errors.ts'
import { quantile } from '../base/stats.ts'
import { WEIGHTS_FILE } from '../model/folder.ts'
import { type FlowDataset, takeRows } from './dataset.ts'
import { ModelReader, packModel } from './detector-file.ts'
import { type GradientBoosting, gradientBoosting } from './gradient-boosting.ts'
import type { KindControl, LearnKind, LearntWeights, Scorer } from './kind.ts'
import { type NearestModel, nearest } from './nearest.ts'
import { exactExp, exactLog } from './tree/exact-math.ts'

const KIND = 'family'
const TREES_FILE = 'trees.bin'
const KNOWN_FILE = 'known.bin'
/** Of each class, kept out to set probabilities and levels by. */
const HELD_SHARE = 0.2
const FEWEST_HELD = 50
/** Among the flows of held-out rows that get a name, at most this share may get a wrong one. */
const MOST_ERRORS = 0.05
/** Of the held-out rows; what is further from all that was learnt has no name. */
const KNOWN_QUANTILE = 0.99
const REFERENCES = 800

interface FamilyModel {
  readonly trees: GradientBoosting
  readonly known: NearestModel
  /** Probabilities are raised to its inverse: above 1 the trees were too sure. */
  readonly temperature: number
  /** Least probability of a name. */
  readonly level: number
  /** Furthest distance of a name. */
  readonly radius: number
}

export const familyKind: LearnKind = {
  supervised: true,
  classifies: true,
  eachClass: true,
  window: 1,
  highestLine: undefined,
  learn: learnFamilies,
  open(files, features) {
    const model = openModel(files)
    const own = model.trees.features
    if (own.length !== features.length || features.some((name, i) => name !== own[i]))
      throw new ModelError('the weights of the model are for other columns than its manifest says')
    return scorerOf(model)
  },
}

async function learnFamilies(train: FlowDataset, control: KindControl): Promise<LearntWeights> {
  const { labels, classes, matrix } = train
  if (!labels) throw new InputError('names of attacks are learnt from labelled flows; no label column was given')
  const { kept, held } = holdOutEach(labels, classes)
  const part = takeRows(train, kept)
  const { seed, onProgress, signal } = control
  const forFit = { seed, ...(onProgress ? { onProgress } : {}), ...(signal ? { signal } : {}) }
  const trees = await gradientBoosting.fit({ ...part.matrix, labels: part.labels!, classes }, forFit, {
    classWeights: 'balanced',
    ...control.options,
  })
  // All classes alike are "what it knows".
  const known = await nearest.fit(part.matrix, { seed, ...(signal ? { signal } : {}) }, { references: REFERENCES })
  const heldPart = takeRows(train, held)
  const probabilities = gradientBoosting.probabilities(trees, heldPart.matrix)
  const temperature = fitTemperature(probabilities, heldPart.labels!, classes.length)
  sharpen(probabilities, classes.length, temperature)
  const distances = nearest.score(known, heldPart.matrix)
  const model: FamilyModel = {
    trees,
    known,
    temperature,
    level: chooseLevel(probabilities, heldPart.labels!, classes.length),
    radius: quantile(distances.slice().sort(), KNOWN_QUANTILE),
  }
  return {
    features: matrix.features,
    files: new Map([
      [
        WEIGHTS_FILE,
        packModel({ kind: KIND, fields: { temperature, level: model.level, radius: model.radius }, arrays: {} }),
      ],
      [TREES_FILE, gradientBoosting.save(trees)],
      [KNOWN_FILE, nearest.save(known)],
    ]),
  }
}

/** The last rows of each class: neighbours in time are alike, and a random part would flatter. */
function holdOutEach(labels: Int32Array, classes: readonly string[]): { kept: number[]; held: number[] } {
  const kept: number[] = []
  const held: number[] = []
  for (const [code] of classes.entries()) {
    const rows: number[] = []
    for (let row = 0; row < labels.length; row++) if (labels[row] === code) rows.push(row)
    const count = Math.floor(rows.length * HELD_SHARE)
    kept.push(...rows.slice(0, rows.length - count))
    held.push(...rows.slice(rows.length - count))
  }
  if (held.length < FEWEST_HELD) {
    throw new InputError(
      `names of attacks need at least ${FEWEST_HELD / HELD_SHARE} labelled flows, so that some can be kept out to learn when to be silent; there are ${labels.length}`,
    )
  }
  return { kept: kept.sort((a, b) => a - b), held: held.sort((a, b) => a - b) }
}

/** The temperature at which the held-out rows were least surprising (Guo 2017), by golden section over its logarithm. */
function fitTemperature(probabilities: Float64Array, labels: Int32Array, classes: number): number {
  const lossAt = (log: number) => {
    const scaled = probabilities.slice()
    sharpen(scaled, classes, exactExp(log))
    let loss = 0
    for (let row = 0; row < labels.length; row++)
      loss -= exactLog(Math.max(1e-12, scaled[row * classes + labels[row]!]!))
    return loss
  }
  const golden = (Math.sqrt(5) - 1) / 2
  let low = -1.5
  let high = 2.5
  for (let i = 0; i < 30; i++) {
    const left = high - golden * (high - low)
    const right = low + golden * (high - low)
    if (lossAt(left) < lossAt(right)) high = right
    else low = left
  }
  return exactExp((low + high) / 2)
}

/** In place: each row's probabilities to the power of 1 / temperature, summing to 1. */
function sharpen(probabilities: Float64Array, classes: number, temperature: number): void {
  for (let row = 0; row < probabilities.length; row += classes) {
    let sum = 0
    for (let k = row; k < row + classes; k++) {
      probabilities[k] = exactExp(exactLog(Math.max(1e-12, probabilities[k]!)) / temperature)
      sum += probabilities[k]!
    }
    for (let k = row; k < row + classes; k++) probabilities[k]! /= sum
  }
}

/** The lowest level at which those that get a name are wrong seldom enough; never below an even chance. */
function chooseLevel(probabilities: Float64Array, labels: Int32Array, classes: number): number {
  const rows = Array.from(labels, (label, row) => {
    const { best, probability } = highest(probabilities, row, classes)
    return { probability, wrong: best !== label }
  }).sort((a, b) => b.probability - a.probability)
  let level = 1
  let wrong = 0
  rows.forEach((row, i) => {
    wrong += Number(row.wrong)
    if (wrong / (i + 1) <= MOST_ERRORS) level = row.probability
  })
  return Math.max(0.5, level)
}

function highest(probabilities: Float64Array, row: number, classes: number): { best: number; probability: number } {
  let best = 0
  for (let k = 1; k < classes; k++) {
    if (probabilities[row * classes + k]! > probabilities[row * classes + best]!) best = k
  }
  return { best, probability: probabilities[row * classes + best]! }
}

function scorerOf(model: FamilyModel): Scorer {
  const { trees, known, temperature, level, radius } = model
  const classes = trees.classes.length
  const probabilitiesOf = (data: FlowDataset) => {
    const probabilities = gradientBoosting.probabilities(trees, data.matrix)
    sharpen(probabilities, classes, temperature)
    return probabilities
  }
  return {
    /** Log-odds of not being benign. */
    async score(data) {
      const probabilities = probabilitiesOf(data)
      return Float64Array.from({ length: data.rows }, (_, row) => {
        const benign = Math.min(1 - 1e-12, Math.max(1e-12, probabilities[row * classes]!))
        return exactLog((1 - benign) / benign)
      })
    },
    explain: async ({ matrix }, row) => gradientBoosting.explain(trees, matrix, row),
    async families(data) {
      const probabilities = probabilitiesOf(data)
      const distances = nearest.score(known, data.matrix)
      const family = Int32Array.from({ length: data.rows }, (_, row) => {
        const { best, probability } = highest(probabilities, row, classes)
        return probability >= level && distances[row]! <= radius ? best : -1
      })
      return { classes: trees.classes, family }
    },
  }
}

function openModel(files: ReadonlyMap<string, Uint8Array>): FamilyModel {
  const [own, trees, known] = [WEIGHTS_FILE, TREES_FILE, KNOWN_FILE].map((name) => {
    const bytes = files.get(name)
    if (!bytes) throw new ModelError(`the model has no file ${name}`)
    return bytes
  })
  const reader = new ModelReader(own!, KIND)
  const model = {
    trees: gradientBoosting.load(trees!),
    known: nearest.load(known!),
    temperature: reader.number('temperature'),
    level: reader.number('level'),
    radius: reader.number('radius'),
  }
  if (!(model.temperature > 0))
    throw new ModelError(`the temperature of the model is ${model.temperature}, not above 0`)
  return model
}
