/**
 * Isolation Forest (Liu, Ting & Zhou, ICDM 2008): rows that few random cuts set apart are unusual. As in scikit-learn, an attribute
 * that is the same in all rows of a node is not drawn. Rows without a value go the way of most.
 */
import { createRandom, type Random } from '../base/random.ts'
import {
  benignMedians,
  benignRows,
  checkFeatures,
  checkTraining,
  type Detector,
  type DetectorModel,
  type FeatureMatrix,
  listContributions,
  rowOf,
} from './detector.ts'
import { ModelReader, packModel } from './detector-file.ts'
import { exactExp, exactLog } from './tree/exact-math.ts'
import { addLeaves, addLeavesOfRow, type Forest, ForestBuilder, forestArrays, readForest } from './tree/forest.ts'
import { createTreeExplainer, type TreeExplainer } from './tree/tree-shap.ts'

export interface IsolationForestOptions {
  readonly trees: number
  /** Rows that each tree sees, drawn without putting back. */
  readonly sampleRows: number
}

export interface IsolationForest extends DetectorModel {
  /** A leaf holds the length of the path to it, and c(n) for the rows that it did not part. */
  readonly forest: Forest
  readonly sampleRows: number
}

const KIND = 'isolation-forest'
const EULER = 0.5772156649015329
const SHAPE = { outputs: 1, leafWidth: 1 } as const

/** Mean length of an unsuccessful search in a binary tree of n: what a path would still have grown. */
export function meanPathLength(rows: number): number {
  if (rows <= 1) return 0
  if (rows === 2) return 1
  return 2 * (exactLog(rows - 1) + EULER) - (2 * (rows - 1)) / rows
}

export const isolationForest: Detector<IsolationForest, IsolationForestOptions> = {
  kind: KIND,
  supervised: false,

  async fit(training, { seed, onProgress, signal }, { trees = 100, sampleRows = 256 } = {}) {
    checkTraining(training, false)
    const data = benignRows(training)
    const width = data.features.length
    const random = createRandom(seed)
    const sample = Math.min(sampleRows, data.rows)
    const builder = new ForestBuilder({ width, ...SHAPE })
    const order = Int32Array.from({ length: data.rows }, (_, i) => i)
    for (let tree = 0; tree < trees; tree++) {
      signal?.throwIfAborted()
      drawFirst(order, sample, random)
      growTree(builder, data, order.slice(0, sample), random)
      await onProgress?.(tree + 1, trees)
    }
    return {
      features: [...data.features],
      typical: benignMedians(data),
      forest: builder.build(),
      sampleRows: sample,
    }
  },

  /** 2^(−E[h] / c(n)), in (0, 1]. */
  score(model, data) {
    checkFeatures(model, data)
    const scores = new Float64Array(data.rows)
    addLeaves(model.forest, data.values, data.rows, scores)
    const scale = -Math.LN2 / (model.forest.roots.length * Math.max(meanPathLength(model.sampleRows), Number.MIN_VALUE))
    for (let i = 0; i < scores.length; i++) scores[i] = exactExp(scores[i]! * scale)
    return scores
  },

  /** Of the mean path length: negative shares made the row easier to set apart. */
  explain(model, data, row) {
    checkFeatures(model, data)
    const explainer = explainerOf(model)
    const values = rowOf(data, row)
    const shares = new Float64Array(model.features.length)
    const trees = model.forest.roots.length
    explainer.explain(values, shares)
    for (let i = 0; i < shares.length; i++) shares[i] = shares[i]! / trees
    const length = new Float64Array(1)
    addLeavesOfRow(model.forest, values, length)
    return {
      scale: 'mean path length',
      score: length[0]! / trees,
      base: explainer.base / trees,
      contributions: listContributions(model, values, shares),
    }
  },

  save({ features, typical, forest, sampleRows }) {
    return packModel({ kind: KIND, fields: { features, sampleRows }, arrays: { typical, ...forestArrays(forest) } })
  },

  load(bytes) {
    const reader = new ModelReader(bytes, KIND)
    const features = reader.texts('features')
    return {
      features,
      typical: reader.float32('typical', features.length),
      forest: readForest(reader, { width: features.length, ...SHAPE }),
      sampleRows: reader.count('sampleRows', 1, 2 ** 31),
    }
  },
}

const explainers = new WeakMap<IsolationForest, TreeExplainer>()

function explainerOf(model: IsolationForest): TreeExplainer {
  const known = explainers.get(model)
  if (known) return known
  const explainer = createTreeExplainer(model.forest, [1])
  explainers.set(model, explainer)
  return explainer
}

/** Puts a random choice of `count` in front (Fisher & Yates, as far as needed). */
function drawFirst(order: Int32Array, count: number, random: Random): void {
  for (let i = 0; i < count; i++) {
    const j = i + random.int(order.length - i)
    const swapped = order[i]!
    order[i] = order[j]!
    order[j] = swapped
  }
}

function growTree(builder: ForestBuilder, { values, features }: FeatureMatrix, rows: Int32Array, random: Random): void {
  const width = features.length
  const deepest = 32 - Math.clz32(Math.max(rows.length, 2) - 1)
  const columns = Int32Array.from({ length: width }, (_, i) => i)
  const low = new Float64Array(1)
  const high = new Float64Array(1)

  /** The range of the numbers of a column; false when there are not two different ones. */
  const findRange = (column: number, from: number, to: number): boolean => {
    let min = Number.POSITIVE_INFINITY
    let max = Number.NEGATIVE_INFINITY
    for (let i = from; i < to; i++) {
      const value = values[rows[i]! * width + column]!
      if (value < min) min = value
      if (value > max) max = value
    }
    low[0] = Math.max(min, -3.4e38)
    high[0] = Math.min(max, 3.4e38)
    return low[0]! < high[0]!
  }

  const grow = (from: number, to: number, depth: number): number => {
    const node = builder.addNode(to - from)
    let column = -1
    if (depth < deepest && to - from > 1) {
      for (let left = width; left > 0 && column < 0; left--) {
        const at = random.int(left)
        const drawn = columns[at]!
        columns[at] = columns[left - 1]!
        columns[left - 1] = drawn
        if (findRange(drawn, from, to)) column = drawn
      }
    }
    if (column < 0) {
      builder.setLeaf(node, [depth + meanPathLength(to - from)])
      return node
    }
    const threshold = low[0]! + random.next() * (high[0]! - low[0]!)
    const { middle, missingLeft } = part(values, rows, { from, to, column, width, threshold })
    const left = grow(from, middle, depth + 1)
    const right = grow(middle, to, depth + 1)
    builder.setSplit(node, { feature: column, threshold, missingLeft, left, right })
    return node
  }

  builder.startTree()
  grow(0, rows.length, 0)
}

/** Orders rows from..to so that those going left come first. */
function part(
  values: Float32Array,
  rows: Int32Array,
  {
    from,
    to,
    column,
    width,
    threshold,
  }: { from: number; to: number; column: number; width: number; threshold: number },
): { middle: number; missingLeft: boolean } {
  let below = 0
  let above = 0
  for (let i = from; i < to; i++) {
    const value = values[rows[i]! * width + column]!
    if (value <= threshold) below++
    else if (value > threshold) above++
  }
  const missingLeft = below >= above
  let middle = from
  for (let i = from; i < to; i++) {
    const row = rows[i]!
    const value = values[row * width + column]!
    if (!(value <= threshold || (missingLeft && Number.isNaN(value)))) continue
    rows[i] = rows[middle]!
    rows[middle++] = row
  }
  return { middle, missingLeft }
}
