/**
 * How far a flow is from the nearest benign one, told by two distances of which the louder speaks: the sum of differences finds what is a
 * little odd in much, the largest difference what is very odd in one thing. Each number outside all that training saw adds the whole again
 * (docs/decisions/020-tree-and-nearest-detectors.md). Columns, weights and kept flows are those of nearest.ts.
 */
import { ModelError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import { quantile } from '../base/stats.ts'
import {
  benignRows,
  checkFeatures,
  type Detector,
  type DetectorModel,
  type FeatureMatrix,
  listContributions,
  rowOf,
} from './detector.ts'
import { ModelReader, packModel } from './detector-file.ts'
import { type NearestModel, type NearestOptions, nearest, presentScale, standardiseRow } from './nearest.ts'
import type { NearestIndex } from './nearest-index.ts'

export interface FusedNearestModel extends DetectorModel {
  readonly base: NearestModel
  /** Of each feature over the benign training rows; NaN for one that none has. */
  readonly low: Float32Array
  readonly high: Float32Array
  /** Sum and largest difference that one benign flow in a hundred passes, seen from another: what makes the two comparable. */
  readonly sumScale: number
  readonly largestScale: number
}

const KIND = 'nearest-fused'
const QUERY_ROWS = 1024
const NEIGHBOUR_ROWS = 4096
const SCALE_QUANTILE = 0.99
/** Distances are rounded: bounds may be off by this share of them. */
const SLACK = 1e-5

export const fusedNearest: Detector<FusedNearestModel, NearestOptions> = {
  kind: KIND,
  supervised: false,

  async fit(training, control, options) {
    const base = await nearest.fit(training, control, options)
    const data = benignRows(training)
    return {
      features: base.features,
      typical: base.typical,
      base,
      ...limitsOf(data),
      ...scalesOf(data, base, control.seed),
    }
  },

  score(model, data) {
    checkFeatures(model, data)
    const width = model.features.length
    const locate = createLocator(model)
    return Float64Array.from({ length: data.rows }, (_, row) => {
      const { nearness, outside } = locate(data.values.subarray(row * width, (row + 1) * width))
      return nearness * (1 + outside)
    })
  },

  explain(model, data, row) {
    checkFeatures(model, data)
    const values = rowOf(data, row)
    const { nearness, outside, speaks, isSum, row: here, present } = createLocator(model)(values)
    const { order, index } = model.base
    const differences = Array.from(present, (place) =>
      Math.abs(index.rows[speaks * values.length + place]! - here[place]!),
    )
    const most = differences.indexOf(Math.max(...differences))
    const total = isSum ? differences.reduce((sum, difference) => sum + difference, 0) : differences[most]!
    const shares = new Float64Array(values.length)
    present.forEach((place, i) => {
      const f = order[place]!
      const part = isSum || i === most ? differences[i]! : 0
      const share = total > 0 ? (nearness * part) / total : 0
      shares[f] = share + (isOutside(model, values, f) ? nearness : 0)
    })
    const score = nearness * (1 + outside)
    return {
      scale: 'distance from the nearest benign flow',
      score,
      base: 0,
      contributions: listContributions(model, values, shares),
    }
  },

  save({ base, low, high, sumScale, largestScale }) {
    return packModel({
      kind: KIND,
      fields: { sumScale, largestScale },
      arrays: { low, high, base: nearest.save(base) },
    })
  },

  load(bytes) {
    const reader = new ModelReader(bytes, KIND)
    const base = nearest.load(reader.uint8('base'))
    const width = base.features.length
    const [sumScale, largestScale] = [reader.number('sumScale'), reader.number('largestScale')]
    if (!(sumScale > 0 && largestScale > 0)) throw new ModelError('the scales of the model are damaged')
    const [low, high] = [reader.float32('low', width), reader.float32('high', width)]
    return { features: base.features, typical: base.typical, base, low, high, sumScale, largestScale }
  },
}

interface Located {
  /** The louder distance; the score is as many times more as numbers lie outside. */
  readonly nearness: number
  readonly outside: number
  /** The kept row that is nearest by the louder distance, and whether that is the sum. */
  readonly speaks: number
  readonly isSum: boolean
  /** The flow as the kept rows are, and the places at which it has a number. Valid until the next call. */
  readonly row: Float32Array
  readonly present: Int32Array
}

/** Flows come in runs that are alike: the row nearest to the last one is where a search begins. */
function createLocator(model: FusedNearestModel): (values: Float32Array) => Located {
  const { base, sumScale, largestScale } = model
  const { index, order, factors } = base
  const { width } = index
  const { bySum, byLargest } = findersOf(index)
  const row = new Float32Array(width)
  const places = Int32Array.from(order, (_, place) => place)
  let last = 0
  return (values) => {
    const scale = presentScale(values, factors)
    standardiseRow(values, 0, base, row)
    let outside = 0
    let lacking = false
    for (let f = 0; f < width; f++) {
      if (isOutside(model, values, f)) outside++
      if (factors[f] !== 0 && Number.isNaN(values[f]!)) lacking = true
    }
    const present = lacking ? places.filter((place) => !Number.isNaN(values[order[place]!]!)) : places
    const sum = bySum(row, last, present)
    last = sum.row
    const ofSum = (sum.distance * scale) / sumScale
    // No nearer than needed to know that the sum is louder
    const largest = byLargest(row, last, present, ofSum * largestScale)
    const ofLargest = largest.distance / largestScale
    const isSum = ofSum >= ofLargest
    const speaks = isSum ? sum.row : largest.row
    return { nearness: isSum ? ofSum : ofLargest, outside, speaks, isSum, row, present }
  }
}

/** Beyond what any benign training row had. */
function isOutside({ base, low, high }: FusedNearestModel, values: Float32Array, f: number): boolean {
  return base.factors[f] !== 0 && (values[f]! < low[f]! || values[f]! > high[f]!)
}

type Distance = (rows: Float32Array, start: number, row: Float32Array, places: Int32Array, enough: number) => number

type Finder = ReturnType<typeof createFinder>
/** Their tables take milliseconds, more than a few rows do. */
const known = new WeakMap<NearestIndex, { readonly bySum: Finder; readonly byLargest: Finder }>()

function findersOf(index: NearestIndex): { readonly bySum: Finder; readonly byLargest: Finder } {
  const made = known.get(index) ?? { bySum: createFinder(index, sumOf), byLargest: createFinder(index, largestOf) }
  known.set(index, made)
  return made
}

/**
 * The nearest by a distance, exactly. The balls of the plain detector's index serve any distance once the rows' own from their centre is
 * known: a ball farther than its radius and the best so far, and a row as much nearer or farther from the centre, are ruled out by the
 * triangle inequality; so are most centres, by how far they are from the nearest one. Rows that lack values are held against all.
 */
function createFinder({ rows, width, starts }: NearestIndex, distance: Distance) {
  const count = rows.length / width
  const balls = starts.length - 1
  const all = Int32Array.from({ length: width }, (_, place) => place)
  const far = Number.POSITIVE_INFINITY
  const centres = new Float32Array(balls * width)
  const ballOf = new Int32Array(count)
  const fromCentre = new Float64Array(count)
  const radius = new Float64Array(balls)
  for (let ball = 0; ball < balls; ball++) {
    const centre = rows.subarray(starts[ball]! * width, (starts[ball]! + 1) * width)
    centres.set(centre, ball * width)
    for (let at = starts[ball]!; at < starts[ball + 1]!; at++) {
      ballOf[at] = ball
      fromCentre[at] = distance(rows, at * width, centre, all, far)
      radius[ball] = Math.max(radius[ball]!, fromCentre[at]!)
    }
  }
  const between = new Float64Array(balls * balls)
  for (let a = 0; a < balls; a++) {
    for (let b = 0; b < balls; b++) {
      const centre = centres.subarray(b * width, (b + 1) * width)
      between[a * balls + b] = distance(centres, a * width, centre, all, far)
    }
  }
  /** No less than this from each centre. */
  const atLeast = new Float64Array(balls)
  let best = 0
  let least = far

  const searchBall = (row: Float32Array, ball: number, away: number): void => {
    const end = starts[ball + 1]!
    const slack = SLACK * away
    for (let at = starts[ball]!; at < end; at++) {
      if (Math.abs(fromCentre[at]! - away) > least + slack) continue
      const here = distance(rows, at * width, row, all, least)
      if (here >= least) continue
      least = here
      best = at
    }
  }

  return (row: Float32Array, first: number, places: Int32Array, enough = 0): { row: number; distance: number } => {
    best = first
    least = distance(rows, first * width, row, places, far)
    if (places.length < width) {
      for (let at = 0; at < count && least > enough; at++) {
        const here = distance(rows, at * width, row, places, least)
        if (here >= least) continue
        least = here
        best = at
      }
      return { row: best, distance: least }
    }
    if (least <= enough) return { row: best, distance: least }
    let nearestBall = ballOf[first]!
    let nearest = distance(centres, nearestBall * width, row, all, far)
    for (let ball = 0; ball < balls; ball++) {
      const apart = between[nearestBall * balls + ball]! - nearest
      if (apart > nearest * (1 + SLACK)) {
        atLeast[ball] = apart
        continue
      }
      const here = distance(centres, ball * width, row, all, nearest)
      atLeast[ball] = here
      if (here >= nearest) continue
      nearest = here
      nearestBall = ball
    }
    searchBall(row, nearestBall, nearest)
    for (let ball = 0; ball < balls && least > enough; ball++) {
      if (ball === nearestBall) continue
      const reach = (least + radius[ball]!) * (1 + SLACK)
      if (atLeast[ball]! > reach || between[nearestBall * balls + ball]! - nearest > reach) continue
      const away = distance(centres, ball * width, row, all, reach)
      if (away <= reach) searchBall(row, ball, away)
    }
    return { row: best, distance: least }
  }
}

function sumOf(rows: Float32Array, start: number, row: Float32Array, places: Int32Array, enough: number): number {
  let sum = 0
  let i = 0
  if (places.length === row.length) {
    for (; i + 4 <= row.length && sum < enough; i += 4) {
      const at = start + i
      sum +=
        Math.abs(rows[at]! - row[i]!) +
        Math.abs(rows[at + 1]! - row[i + 1]!) +
        Math.abs(rows[at + 2]! - row[i + 2]!) +
        Math.abs(rows[at + 3]! - row[i + 3]!)
    }
  }
  for (; i < places.length && sum < enough; i++) sum += Math.abs(rows[start + places[i]!]! - row[places[i]!]!)
  return sum
}

function largestOf(rows: Float32Array, start: number, row: Float32Array, places: Int32Array, enough: number): number {
  let largest = 0
  if (places.length === row.length) {
    for (let i = 0; i < row.length && largest < enough; i++) {
      const difference = Math.abs(rows[start + i]! - row[i]!)
      if (difference > largest) largest = difference
    }
    return largest
  }
  for (let i = 0; i < places.length && largest < enough; i++) {
    const difference = Math.abs(rows[start + places[i]!]! - row[places[i]!]!)
    if (difference > largest) largest = difference
  }
  return largest
}

function limitsOf({ features, rows, values }: FeatureMatrix): Pick<FusedNearestModel, 'low' | 'high'> {
  const width = features.length
  const low = new Float32Array(width).fill(Number.NaN)
  const high = new Float32Array(width).fill(Number.NaN)
  for (let row = 0; row < rows; row++) {
    for (let f = 0; f < width; f++) {
      const value = values[row * width + f]!
      if (!(value >= low[f]!) && !Number.isNaN(value)) low[f] = value
      if (!(value <= high[f]!) && !Number.isNaN(value)) high[f] = value
    }
  }
  return { low, high }
}

/** From benign rows to others, so that a kept row is not its own nearest. */
function scalesOf(
  { rows, values, features }: FeatureMatrix,
  base: NearestModel,
  seed: number,
): Pick<FusedNearestModel, 'sumScale' | 'largestScale'> {
  const width = features.length
  const random = createRandom(seed)
  const chosen = Array.from({ length: Math.min(rows, NEIGHBOUR_ROWS) }, (_, i) =>
    rows <= NEIGHBOUR_ROWS ? i : random.int(rows),
  )
  const sample = new Float32Array(chosen.length * width)
  for (const [i, from] of chosen.entries())
    standardiseRow(values, from * width, base, sample.subarray(i * width, (i + 1) * width))
  const all = Int32Array.from({ length: width }, (_, place) => place)
  const step = Math.max(1, Math.floor(chosen.length / QUERY_ROWS))
  const quantileOf = (distance: Distance): number => {
    const found: number[] = []
    const middle = new Float32Array(width)
    const far = Number.POSITIVE_INFINITY
    const fromMiddle = Float64Array.from(chosen, (_, i) => distance(sample, i * width, middle, all, far))
    for (let i = 0; i < chosen.length; i += step) {
      const row = sample.subarray(i * width, (i + 1) * width)
      let least = far
      for (let j = 0; j < chosen.length && least > 0; j++) {
        // Triangle inequality, as in the search
        if (Math.abs(fromMiddle[j]! - fromMiddle[i]!) > least + SLACK * fromMiddle[i]!) continue
        if (chosen[j] !== chosen[i]) least = Math.min(least, distance(sample, j * width, row, all, least))
      }
      found.push(least)
    }
    const scale = quantile(Float64Array.from(found).sort(), SCALE_QUANTILE)
    return scale > 0 && Number.isFinite(scale) ? scale : 1
  }
  return { sumScale: quantileOf(sumOf), largestScale: quantileOf(largestOf) }
}
