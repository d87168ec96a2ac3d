/**
 * Distance to the nearest benign flow: numbers through sign · log1p, less the mean, over the deviation, and weighted by how alike
 * benign neighbours are in them (docs/decisions/020-tree-and-nearest-detectors.md). Benign rows within a radius of one kept are not kept, so memory is bounded.
 */
import { InputError, ModelError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
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
import { buildIndex, createSearch, type Found, type NearestIndex, squaredDistance } from './nearest-index.ts'
import { exactLog1p } from './tree/exact-math.ts'

export interface NearestOptions {
  /** Most benign rows that are kept. */
  readonly references: number
  /** Whether features in which benign neighbours agree count more. */
  readonly weighted: boolean
}

export interface NearestModel extends DetectorModel {
  /** Feature at each place of the kept rows: the heaviest first, so that most distances are known to be too long early. */
  readonly order: Int32Array
  readonly means: Float64Array
  /** What a deviation from the mean is multiplied by; 0 for a feature that no training row has. */
  readonly factors: Float64Array
  readonly index: NearestIndex
  /** Benign training rows have a kept one within it. */
  readonly radius: number
}

const KIND = 'nearest'
const NEIGHBOUR_ROWS = 4096
/** Of a deviation: keeps features in which neighbours agree exactly from outweighing all others. */
const LEAST_DIFFERENCE = 0.05
/** Lengths are rounded: by no more than this share of them. */
const LENGTH_SLACK = 1e-9

export const nearest: Detector<NearestModel, NearestOptions> = {
  kind: KIND,
  supervised: false,

  async fit(training, { seed, onProgress, signal }, { references = 2048, weighted = true } = {}) {
    checkTraining(training, false)
    const data = benignRows(training)
    const { features, rows } = data
    const width = features.length
    const random = createRandom(seed)
    const shuffled = Int32Array.from({ length: rows }, (_, i) => i)
    for (let i = rows - 1; i > 0; i--) {
      const j = random.int(i + 1)
      const swapped = shuffled[i]!
      shuffled[i] = shuffled[j]!
      shuffled[j] = swapped
    }
    const columns = measureColumns(data)
    signal?.throwIfAborted()
    if (weighted) weighColumns(data, shuffled.subarray(0, NEIGHBOUR_ROWS), columns)
    await onProgress?.(1, 3)
    const { kept, radius } = condense(data, shuffled, { columns, most: references })
    await onProgress?.(2, 3)
    const index = buildIndex(kept, width)
    await onProgress?.(3, 3)
    return { features: [...features], typical: benignMedians(training), ...columns, index, radius }
  },

  /** The squared distance, over the part of the features that the row has. */
  score(model, data) {
    checkFeatures(model, data)
    const width = model.features.length
    const find = createFinder(model)
    const scores = new Float64Array(data.rows)
    for (let row = 0; row < data.rows; row++) {
      scores[row] = find(data.values.subarray(row * width, (row + 1) * width)).squared
    }
    return scores
  },

  explain(model, data, row) {
    checkFeatures(model, data)
    const { order, means, factors, index } = model
    const values = rowOf(data, row)
    const width = values.length
    const { row: reference, squared } = createFinder(model)(values)
    const shares = new Float64Array(width)
    const scale = presentScale(values, factors)
    for (let place = 0; place < width; place++) {
      const i = order[place]!
      if (Number.isNaN(values[i]!)) continue
      const here = Math.fround(standardise(values[i]!, means[i]!, factors[i]!))
      const difference = index.rows[reference * width + place]! - here
      shares[i] = difference * difference * scale
    }
    return {
      scale: 'squared distance from the nearest benign flow',
      score: squared,
      base: 0,
      contributions: listContributions(model, values, shares),
    }
  },

  save({ features, typical, order, means, factors, index, radius }) {
    const { rows, starts, fromCentre } = index
    return packModel({
      kind: KIND,
      fields: { features, radius },
      arrays: { typical, order, means, factors, rows, starts, fromCentre },
    })
  },

  load(bytes) {
    const reader = new ModelReader(bytes, KIND)
    const features = reader.texts('features')
    const width = features.length
    const rows = reader.float32('rows')
    const count = rows.length / width
    const starts = reader.int32('starts')
    const fine =
      Number.isInteger(count) &&
      count > 0 &&
      starts[0] === 0 &&
      starts[starts.length - 1] === count &&
      starts.every((start, i) => i === 0 || start > starts[i - 1]!) &&
      rows.every((value) => Number.isFinite(value))
    if (!fine) throw new ModelError('the benign flows of the model are damaged')
    return {
      features,
      typical: reader.float32('typical', width),
      order: readOrder(reader, width),
      means: reader.float64('means', width),
      factors: reader.float64('factors', width),
      index: { width, rows, starts, fromCentre: reader.float32('fromCentre', count) },
      radius: reader.number('radius'),
    }
  },
}

function readOrder(reader: ModelReader, width: number): Int32Array {
  const order = reader.int32('order', width)
  if ([...order].sort((a, b) => a - b).some((feature, i) => feature !== i)) {
    throw new ModelError('the order of the features in the model is damaged')
  }
  return order
}

/** Rows beyond any measured value, so that an infinite rate counts as a very high one. */
const HIGHEST = 1e30

function signLog(value: number): number {
  const size = Math.min(Math.abs(value), HIGHEST)
  return value < 0 ? -exactLog1p(size) : exactLog1p(size)
}

function standardise(value: number, mean: number, factor: number): number {
  return factor === 0 ? 0 : (signLog(value) - mean) * factor
}

/** Features over features present: what a squared distance over the present ones is multiplied by. */
export function presentScale(values: Float32Array, factors: Float64Array): number {
  let used = 0
  let present = 0
  for (let i = 0; i < values.length; i++) {
    if (factors[i] === 0) continue
    used++
    if (!Number.isNaN(values[i]!)) present++
  }
  if (present === 0) throw new InputError('a row has no number in any column that the model knows')
  return used / present
}

/** Rows without a value in training stand at the mean. */
export function standardiseRow(
  values: Float32Array,
  start: number,
  { order, means, factors }: Columns,
  row: Float32Array,
): void {
  for (let place = 0; place < row.length; place++) {
    const i = order[place]!
    const value = values[start + i]!
    row[place] = Number.isNaN(value) ? 0 : standardise(value, means[i]!, factors[i]!)
  }
}

interface Columns {
  readonly order: Int32Array
  readonly means: Float64Array
  readonly factors: Float64Array
}

/** The model's nearest row; of rows that lack values by going through all, over the features that they have. */
function createFinder(model: NearestModel): (values: Float32Array) => Found {
  const { order, factors, index } = model
  const search = createSearch(index)
  const row = new Float32Array(index.width)
  return (values) => {
    standardiseRow(values, 0, model, row)
    let lacking = false
    for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i]!) && factors[i] !== 0) lacking = true
    if (!lacking) return search(row)
    const present: number[] = []
    for (let place = 0; place < order.length; place++) if (!Number.isNaN(values[order[place]!]!)) present.push(place)
    return findAmongPresent(index, present, row, presentScale(values, factors))
  }
}

function findAmongPresent(
  { rows, width }: NearestIndex,
  present: readonly number[],
  row: Float32Array,
  scale: number,
): Found {
  const found: Found = { row: 0, squared: Number.POSITIVE_INFINITY }
  for (let start = 0; start < rows.length; start += width) {
    let sum = 0
    for (let i = 0; i < present.length && sum < found.squared; i++) {
      const difference = rows[start + present[i]!]! - row[present[i]!]!
      sum += difference * difference
    }
    if (sum >= found.squared) continue
    found.row = start / width
    found.squared = sum
  }
  found.squared *= scale
  return found
}

/** Mean and 1 / deviation after sign · log1p; a column that is the same everywhere counts as if its deviation were 1. */
function measureColumns({ features, rows, values }: FeatureMatrix): Columns {
  const width = features.length
  const order = Int32Array.from({ length: width }, (_, i) => i)
  const means = new Float64Array(width)
  const factors = new Float64Array(width)
  for (let column = 0; column < width; column++) {
    let count = 0
    let mean = 0
    let squares = 0
    for (let row = 0; row < rows; row++) {
      const value = values[row * width + column]!
      if (Number.isNaN(value)) continue
      const log = signLog(value)
      count++
      const delta = log - mean
      mean += delta / count
      squares += delta * (log - mean)
    }
    if (count === 0) continue
    const deviation = Math.sqrt(squares / count)
    means[column] = mean
    factors[column] = deviation > 1e-9 ? 1 / deviation : 1
  }
  return { order, means, factors }
}

/** Divides by the mean difference of a benign row from its nearest benign neighbour, so that 1 is the mean weight. */
function weighColumns(data: FeatureMatrix, sample: Int32Array, columns: Columns): void {
  const width = data.features.length
  const rows = new Float32Array(sample.length * width)
  for (let i = 0; i < sample.length; i++) {
    standardiseRow(data.values, sample[i]! * width, columns, rows.subarray(i * width, (i + 1) * width))
  }
  const differences = new Float64Array(width)
  const norms = Float64Array.from(sample, (_, i) => lengthOf(rows, i * width, width))
  for (let i = 0; i < sample.length; i++) {
    const row = rows.subarray(i * width, (i + 1) * width)
    const norm = norms[i]!
    let best = Number.POSITIVE_INFINITY
    let reach = Number.POSITIVE_INFINITY
    let bestRow = -1
    for (let j = 0; j < sample.length && best > 0; j++) {
      if (j === i || Math.abs(norms[j]! - norm) > reach) continue
      const squared = squaredDistance(rows, j * width, row, best)
      if (squared >= best) continue
      best = squared
      reach = Math.sqrt(best) + LENGTH_SLACK * norm
      bestRow = j
    }
    for (let f = 0; f < width; f++) differences[f] = differences[f]! + Math.abs(row[f]! - rows[bestRow * width + f]!)
  }
  const { order, factors } = columns
  const weights = differences.map((sum) => 1 / (sum / sample.length + LEAST_DIFFERENCE))
  let total = 0
  let used = 0
  for (let f = 0; f < width; f++) {
    if (factors[f] === 0) continue
    total += weights[f]!
    used++
  }
  for (let f = 0; f < width; f++) factors[f] = (factors[f]! * weights[f]! * used) / Math.max(total, Number.MIN_VALUE)
  order.sort((a, b) => weights[b]! * Number(factors[b] !== 0) - weights[a]! * Number(factors[a] !== 0) || a - b)
}

/** Rows whose lengths differ by more than a distance are farther apart than it: most need not be compared. */
function lengthOf(rows: Float32Array, start: number, width: number): number {
  let sum = 0
  for (let i = start; i < start + width; i++) sum += rows[i]! * rows[i]!
  return Math.sqrt(sum)
}

/**
 * Leaders (Hartigan 1975): a row is kept when no kept one lies within the radius. The radius starts at 0 and grows, and the kept
 * ones are thinned by it, whenever there are more than `most`.
 */
function condense(
  { features, values }: FeatureMatrix,
  shuffled: Int32Array,
  { columns, most }: { readonly columns: Columns; readonly most: number },
): { kept: Float32Array; radius: number } {
  const width = features.length
  let kept = new Float32Array((most + 1) * width)
  let lengths = new Float64Array(most + 1)
  let count = 0
  let squaredRadius = 0
  const row = new Float32Array(width)
  const isNear = (among: Float32Array, ofLength: Float64Array, length: number, number: number): boolean => {
    const reach = Math.sqrt(squaredRadius) + LENGTH_SLACK * length
    for (let k = number - 1; k >= 0; k--) {
      if (Math.abs(ofLength[k]! - length) > reach) continue
      if (squaredDistance(among, k * width, row, squaredRadius) <= squaredRadius) return true
    }
    return false
  }
  for (let i = 0; i < shuffled.length; i++) {
    standardiseRow(values, shuffled[i]! * width, columns, row)
    const length = lengthOf(row, 0, width)
    if (isNear(kept, lengths, length, count)) continue
    kept.set(row, count * width)
    lengths[count] = length
    count++
    while (count > most) {
      squaredRadius = squaredRadius === 0 ? 1e-4 : squaredRadius * 2
      const thinned = new Float32Array(kept.length)
      const ofThinned = new Float64Array(lengths.length)
      let left = 0
      for (let k = 0; k < count; k++) {
        row.set(kept.subarray(k * width, (k + 1) * width))
        if (isNear(thinned, ofThinned, lengths[k]!, left)) continue
        thinned.set(row, left * width)
        ofThinned[left] = lengths[k]!
        left++
      }
      kept = thinned
      lengths = ofThinned
      count = left
    }
  }
  return { kept: kept.slice(0, count * width), radius: Math.sqrt(squaredRadius) }
}
