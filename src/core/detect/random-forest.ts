/**
 * Random forest for two or more classes (Breiman 2001) on histogram bins: bootstrap rows, a few columns per node, shares of classes in
 * the leaves, and an estimate from the rows that a tree has not seen.
 */
import { InputError } from '../base/errors.ts'
import { createRandom, type Random } from '../base/random.ts'
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
import { createClassTreeGrower, MOST_CLASSES } from './tree/class-tree.ts'
import { type ClassWeights, weighClasses } from './tree/class-weights.ts'
import { exactLog } from './tree/exact-math.ts'
import {
  addLeaves,
  addLeavesOfRow,
  type Forest,
  ForestBuilder,
  forestArrays,
  leavesOfRows,
  readForest,
} from './tree/forest.ts'
import { binColumns } from './tree/histogram.ts'
import { createTreeExplainer, type TreeExplainer } from './tree/tree-shap.ts'

export interface RandomForestOptions {
  readonly trees: number
  readonly depth: number
  /** Columns that each node looks at; undefined: the root of their number. */
  readonly columns: number | undefined
  readonly minLeafRows: number
  readonly classWeights: ClassWeights
}

export interface RandomForest extends DetectorModel {
  /** The first is the benign one. */
  readonly classes: readonly string[]
  readonly forest: Forest
  /** Over the rows that some tree had not seen: their number, mean log-loss and share of wrong classes. */
  readonly outOfBag: { readonly rows: number; readonly logLoss: number; readonly errorRate: number }
}

const KIND = 'random-forest'
export const FOREST_DEFAULTS: RandomForestOptions = {
  trees: 100,
  depth: 16,
  columns: undefined,
  minLeafRows: 1,
  classWeights: undefined,
}

export const randomForest: Detector<RandomForest, RandomForestOptions> & {
  /** rows × classes. */
  probabilities(model: RandomForest, data: FeatureMatrix): Float64Array
} = {
  kind: KIND,
  supervised: true,

  async fit(training, { seed, onProgress, signal }, options = {}) {
    checkTraining(training, true)
    const settings = { ...FOREST_DEFAULTS, ...options }
    const { features, rows, values, labels = [], classes = [] } = training
    if (classes.length > MOST_CLASSES) throw new InputError(`${classes.length} classes are more than ${MOST_CLASSES}`)
    const width = features.length
    const columns = Math.min(width, settings.columns ?? Math.max(1, Math.floor(Math.sqrt(width))))
    const random = createRandom(seed)
    const classWeights = weighClasses(settings.classWeights, countLabels(labels, classes, rows))
    const binned = binColumns(values, rows, width)
    const grower = createClassTreeGrower(binned, { labels, classWeights }, { ...settings, columns })
    const shape = { width, outputs: classes.length, leafWidth: classes.length }
    const builder = new ForestBuilder(shape)
    const votes = new Float32Array(rows * classes.length)
    const times = new Uint8Array(rows)
    for (let tree = 0; tree < settings.trees; tree++) {
      signal?.throwIfAborted()
      const { inBag, outside } = drawBootstrap(times, random)
      grower.grow({ builder, rows: inBag, times, random })
      const single = builder.lastTree()
      leavesOfRows(single, values, outside, (row, leaf) => {
        const from = leaf * classes.length
        const to = row * classes.length
        for (let k = 0; k < classes.length; k++) votes[to + k] = votes[to + k]! + single.leaves[from + k]!
      })
      await onProgress?.(tree + 1, settings.trees)
    }
    return {
      features: [...features],
      classes: [...classes],
      typical: benignMedians(training),
      forest: builder.build(),
      outOfBag: judgeVotes(votes, labels, classes.length),
    }
  },

  /** Probability of not being benign. */
  score(model, data) {
    const shares = randomForest.probabilities(model, data)
    const width = model.classes.length
    return Float64Array.from({ length: data.rows }, (_, row) => 1 - shares[row * width]!)
  },

  probabilities(model, data) {
    checkFeatures(model, data)
    const { forest } = model
    const shares = new Float64Array(data.rows * forest.outputs)
    addLeaves(forest, data.values, data.rows, shares)
    for (let i = 0; i < shares.length; i++) shares[i] = shares[i]! / forest.roots.length
    return shares
  },

  explain(model, data, row) {
    checkFeatures(model, data)
    const values = rowOf(data, row)
    const explainer = explainerOf(model)
    const trees = model.forest.roots.length
    const sums = new Float64Array(model.classes.length)
    addLeavesOfRow(model.forest, values, sums)
    const shares = new Float64Array(model.features.length)
    explainer.explain(values, shares)
    for (let i = 0; i < shares.length; i++) shares[i] = shares[i]! / trees
    return {
      scale: `probability of not being ${model.classes[0]}`,
      score: 1 - sums[0]! / trees,
      base: 1 + explainer.base / trees,
      contributions: listContributions(model, values, shares),
    }
  },

  save({ features, classes, typical, forest, outOfBag }) {
    return packModel({
      kind: KIND,
      fields: { features, classes },
      arrays: {
        typical,
        outOfBag: Float64Array.of(outOfBag.rows, outOfBag.logLoss, outOfBag.errorRate),
        ...forestArrays(forest),
      },
    })
  },

  load(bytes) {
    const reader = new ModelReader(bytes, KIND)
    const features = reader.texts('features')
    const classes = reader.texts('classes')
    const outputs = classes.length
    const [rows = 0, logLoss = Number.NaN, errorRate = Number.NaN] = reader.float64('outOfBag', 3)
    return {
      features,
      classes,
      typical: reader.float32('typical', features.length),
      forest: readForest(reader, { width: features.length, outputs, leafWidth: outputs }),
      outOfBag: { rows, logLoss, errorRate },
    }
  },
}

const explainers = new WeakMap<RandomForest, TreeExplainer>()

function explainerOf(model: RandomForest): TreeExplainer {
  const known = explainers.get(model)
  if (known) return known
  const weights = new Float64Array(model.classes.length)
  weights[0] = -1
  const explainer = createTreeExplainer(model.forest, weights)
  explainers.set(model, explainer)
  return explainer
}

/** As many draws with putting back as there are rows: how often each came, and which did or did not. */
function drawBootstrap(times: Uint8Array, random: Random): { inBag: Int32Array; outside: Int32Array } {
  times.fill(0)
  for (let i = 0; i < times.length; i++) {
    const row = random.int(times.length)
    times[row] = Math.min(255, times[row]! + 1)
  }
  let drawn = 0
  for (let row = 0; row < times.length; row++) if (times[row]! > 0) drawn++
  const inBag = new Int32Array(drawn)
  const outside = new Int32Array(times.length - drawn)
  let a = 0
  let b = 0
  for (let row = 0; row < times.length; row++) {
    if (times[row]! > 0) inBag[a++] = row
    else outside[b++] = row
  }
  return { inBag, outside }
}

function judgeVotes(votes: Float32Array, labels: ArrayLike<number>, classes: number): RandomForest['outOfBag'] {
  let rows = 0
  let loss = 0
  let wrong = 0
  for (let row = 0, at = 0; at < votes.length; row++, at += classes) {
    let sum = 0
    let best = 0
    for (let k = 0; k < classes; k++) {
      sum += votes[at + k]!
      if (votes[at + k]! > votes[at + best]!) best = k
    }
    if (sum === 0) continue
    rows++
    const label = labels[row]!
    loss -= exactLog(Math.max(votes[at + label]! / sum, 1e-15))
    if (best !== label) wrong++
  }
  return { rows, logLoss: loss / rows, errorRate: wrong / rows }
}
