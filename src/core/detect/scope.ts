/**
 * "This is not the kind of traffic I know": blocks of flows against the distribution that a model was trained on. Each feature's share of the
 * block below the training's deciles is compared (Kolmogorov–Smirnov), and what lies outside everything seen is counted. How far the
 * training's own stretches of time are apart says what is too far, so a home of changing habits is not called foreign to itself.
 */
import { InputError } from '../base/errors.ts'
import { quantile } from '../base/stats.ts'
import { checkFeatures, type FeatureMatrix } from './detector.ts'
import { ModelReader, packModel } from './detector-file.ts'

export interface ScopeModel {
  readonly features: readonly string[]
  /** features × CUTS: values that equal shares of the training lie at or below; NaN for a feature without numbers. */
  readonly cuts: Float64Array
  /** features × CUTS: the share that does, of rows that have the feature. */
  readonly below: Float64Array
  /** Share of rows without the feature. */
  readonly missing: Float64Array
  readonly low: Float64Array
  readonly high: Float64Array
  readonly blockRows: number
  /** A block beyond either is not what was trained on. */
  readonly shiftLine: number
  readonly noveltyLine: number
}

export interface ScopeVerdict {
  readonly blocks: number
  /** Blocks beyond a line. */
  readonly outside: number
  /** Whether most blocks are. False for sets shorter than a block: nothing can be said. */
  readonly isForeign: boolean
  /** Mean over blocks of the distance and of the share of numbers outside everything seen. */
  readonly shift: number
  readonly novelty: number
  /** Features farthest from the training in the blocks outside, at most FARTHEST. */
  readonly farthest: readonly string[]
}

const KIND = 'scope'
const CUTS = 11
const MOST_ROWS = 20_000
const MOST_BLOCK = 100
export const FEWEST_SCOPE_ROWS = 80
/** Stretches of the training, each held against the others. */
const STRETCHES = 8
/** Beyond the farthest own block: with few of them it is not the farthest that will come. */
const MARGIN = 1.2
/** Own stretches may be as alike as copies; a block of so few rows still strays by chance. */
const LEAST_SHIFT = 0.12
const LEAST_NOVELTY = 0.02
const FARTHEST = 4

/** `data` holds benign rows in time order. Throws InputError for fewer than FEWEST_SCOPE_ROWS. */
export function fitScope(data: FeatureMatrix): ScopeModel {
  if (data.rows < FEWEST_SCOPE_ROWS)
    throw new InputError(`${data.rows} flows are too few to know a kind of traffic by; it takes ${FEWEST_SCOPE_ROWS}`)
  const blockRows = Math.min(MOST_BLOCK, Math.floor(data.rows / STRETCHES))
  const ends = Array.from({ length: STRETCHES + 1 }, (_, i) => Math.floor((i * data.rows) / STRETCHES))
  let shift = 0
  let novelty = 0
  for (let stretch = 0; stretch < STRETCHES; stretch++) {
    const [from, to] = [ends[stretch]!, ends[stretch + 1]!]
    const others = describeRows(data, (row) => row < from || row >= to)
    for (let start = from; start + blockRows <= to; start += blockRows) {
      const block = measureBlock(others, data, { start, end: start + blockRows })
      shift = Math.max(shift, block.shift)
      novelty = Math.max(novelty, block.novelty)
    }
  }
  return {
    features: [...data.features],
    ...describeRows(data, () => true),
    blockRows,
    shiftLine: Math.max(LEAST_SHIFT, MARGIN * shift),
    noveltyLine: Math.max(LEAST_NOVELTY, MARGIN * novelty),
  }
}

/** `data` in the order in which it came. Throws InputError for other features than the model's. */
export function judgeScope(model: ScopeModel, data: FeatureMatrix): ScopeVerdict {
  checkFeatures({ features: model.features, typical: new Float32Array(0) }, data)
  const { blockRows } = model
  const distances = new Float64Array(model.features.length)
  let [blocks, outside, shift, novelty] = [0, 0, 0, 0]
  for (let start = 0; start + blockRows <= data.rows; start += blockRows) {
    const block = measureBlock(model, data, { start, end: start + blockRows })
    blocks++
    shift += block.shift
    novelty += block.novelty
    if (block.shift <= model.shiftLine && block.novelty <= model.noveltyLine) continue
    outside++
    for (let f = 0; f < distances.length; f++) distances[f] = distances[f]! + block.distances[f]!
  }
  const order = model.features.map((_, f) => f).sort((a, b) => distances[b]! - distances[a]! || a - b)
  return {
    blocks,
    outside,
    isForeign: 2 * outside > blocks,
    shift: shift / Math.max(1, blocks),
    novelty: novelty / Math.max(1, blocks),
    farthest: order
      .filter((f) => distances[f]! > 0)
      .slice(0, FARTHEST)
      .map((f) => model.features[f]!),
  }
}

/** Undefined when the traffic is known. */
export function scopeRemark({ isForeign, blocks, outside, farthest }: ScopeVerdict): string | undefined {
  if (!isForeign) return undefined
  const share = Math.round((100 * outside) / blocks)
  return `This is not the kind of traffic that the model knows: ${share} % of it looks like nothing it was trained on (most of all ${farthest.join(', ')}). What the model says of it is held back; rules and baseline still speak.`
}

export function saveScope({
  features,
  blockRows,
  shiftLine,
  noveltyLine,
  ...arrays
}: ScopeModel): Uint8Array<ArrayBuffer> {
  return packModel({ kind: KIND, fields: { features, blockRows, shiftLine, noveltyLine }, arrays })
}

/** Throws ModelError for bytes that are no such model, or not whole. */
export function loadScope(bytes: Uint8Array): ScopeModel {
  const reader = new ModelReader(bytes, KIND)
  const features = reader.texts('features')
  const width = features.length
  return {
    features,
    cuts: reader.float64('cuts', width * CUTS),
    below: reader.float64('below', width * CUTS),
    missing: reader.float64('missing', width),
    low: reader.float64('low', width),
    high: reader.float64('high', width),
    blockRows: reader.count('blockRows', 1, MOST_BLOCK),
    shiftLine: reader.number('shiftLine'),
    noveltyLine: reader.number('noveltyLine'),
  }
}

type Description = Pick<ScopeModel, 'cuts' | 'below' | 'missing' | 'low' | 'high'>

function describeRows({ features, rows, values }: FeatureMatrix, counts: (row: number) => boolean): Description {
  const width = features.length
  const step = Math.max(1, Math.ceil(rows / MOST_ROWS))
  const used: number[] = []
  for (let row = 0; row < rows; row++) if (row % step === 0 && counts(row)) used.push(row)
  const cuts = new Float64Array(width * CUTS)
  const below = new Float64Array(width * CUTS)
  const missing = new Float64Array(width)
  const low = new Float64Array(width)
  const high = new Float64Array(width)
  for (let f = 0; f < width; f++) {
    const sorted = Float64Array.from(used, (row) => values[row * width + f]!)
      .filter((value) => !Number.isNaN(value))
      .sort()
    missing[f] = 1 - sorted.length / Math.max(1, used.length)
    low[f] = sorted[0] ?? Number.NaN
    high[f] = sorted.at(-1) ?? Number.NaN
    for (let c = 0; c < CUTS; c++) {
      const cut = quantile(sorted, c / (CUTS - 1))
      cuts[f * CUTS + c] = cut
      below[f * CUTS + c] = countUpTo(sorted, cut) / Math.max(1, sorted.length)
    }
  }
  return { cuts, below, missing, low, high }
}

interface BlockDistance {
  readonly shift: number
  readonly novelty: number
  readonly distances: Float64Array
}

function measureBlock(
  { cuts, below, missing, low, high }: Description,
  { features, values }: FeatureMatrix,
  { start, end }: { readonly start: number; readonly end: number },
): BlockDistance {
  const width = features.length
  const distances = new Float64Array(width)
  const at = new Float64Array(CUTS)
  let novel = 0
  for (let f = 0; f < width; f++) {
    at.fill(0)
    let present = 0
    // Rates differ in the last places of single precision from one reading to another
    const slack = 1e-4 * (high[f]! - low[f]!) + 1e-9
    for (let row = start; row < end; row++) {
      const value = values[row * width + f]!
      if (Number.isNaN(value)) continue
      present++
      if (!(value >= low[f]! - slack && value <= high[f]! + slack)) novel++
      for (let c = CUTS - 1; c >= 0 && value <= cuts[f * CUTS + c]!; c--) at[c] = at[c]! + 1
    }
    let farthest = Math.abs(1 - present / (end - start) - missing[f]!)
    if (present > 0 && missing[f]! < 1) {
      for (let c = 0; c < CUTS; c++) farthest = Math.max(farthest, Math.abs(at[c]! / present - below[f * CUTS + c]!))
    }
    distances[f] = farthest
  }
  return {
    shift: distances.reduce((sum, distance) => sum + distance, 0) / width,
    novelty: novel / ((end - start) * width),
    distances,
  }
}

function countUpTo(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low
}
