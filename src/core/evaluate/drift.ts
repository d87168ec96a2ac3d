/**
 * Whether traffic still is what the detector learnt from: per feature and for the score a two-sample test with control for how many
 * are tested, an effect that matters, since when, on which device, and what it most probably means.
 */
import { InputError } from '../base/errors.ts'
import { formatNumber } from '../base/format.ts'
import { quantile } from '../base/stats.ts'
import { type FlowDataset, takeRows } from '../detect/dataset.ts'
import { adjustPs, compareSamples, expectedIndex, stabilityIndex } from './samples.ts'

export interface DriftInput {
  /** What was usual: benign flows of the time in which the detector learnt. */
  readonly before: FlowDataset
  /** What came since; the same features. */
  readonly now: FlowDataset
  /** Scores of the running detector on both; NaN is left out. */
  readonly scores?: { readonly before: Float64Array; readonly now: Float64Array }
}

export interface FeatureShift {
  readonly feature: string
  /** Adjusted over all features and the score (Benjamini–Hochberg). */
  readonly p: number
  /** Population stability index, less what samples of this size differ by chance. */
  readonly psi: number
  /** Medians. */
  readonly was: number
  readonly is: number
}

/** What the banner shows. */
export interface Drift {
  /** µs since 1970: start of the first window from which on traffic stayed different; undefined without times. */
  readonly since: number | undefined
  /** The one device that explains it; undefined when several changed. */
  readonly device: string | undefined
  /** The largest effect first. */
  readonly features: readonly FeatureShift[]
  /** Of the score, when it moved. */
  readonly score: FeatureShift | undefined
  /** One or two sentences. */
  readonly cause: string
  /** False: it is there, and since it began the effect on what changed is too small to act on. */
  readonly sure: boolean
}

const FEWEST_ROWS = 50
const MOST_ROWS = 5000
const FALSE_FINDS = 0.01
/** Usual words for a PSI: below the first no change, above the second a large one. */
const SMALL_PSI = 0.1
const LARGE_PSI = 0.25
const WINDOWS = 12
/** A device that makes this share of the rows that changed is named alone. */
const NAMED_SHARE = 0.8
const SCORE = 'the score'

/** Undefined: nothing moved. Throws InputError when there are too few rows to tell, or other features. */
export function findDrift({ before, now, scores }: DriftInput): Drift | undefined {
  const fewest = Math.min(before.rows, now.rows)
  if (fewest < FEWEST_ROWS) {
    throw new InputError(`telling drift needs ${FEWEST_ROWS} flows of before and of now; there are ${fewest}`)
  }
  const { features } = before.matrix
  if (features.length !== now.matrix.features.length || features.some((name, at) => name !== now.matrix.features[at])) {
    throw new InputError('telling drift needs the same features before and now')
  }
  const shifts = shiftsOf({ before, now, ...(scores && { scores }) })
  const moved = shifts.filter(({ p, psi }) => p <= FALSE_FINDS && psi >= SMALL_PSI).sort((a, b) => b.psi - a.psi)
  const [strongest] = moved
  if (!strongest) return undefined
  const device = findDevice(before, now, moved)
  const name = device === undefined ? undefined : now.devices[device]
  const stretch = findBeginning(
    columnAbout({ data: before, scores: scores?.before }, strongest.feature, name),
    columnAbout({ data: now, scores: scores?.now }, strongest.feature, name),
  )
  return {
    since: stretch.since,
    device: name,
    features: moved.filter(({ feature }) => feature !== SCORE),
    score: moved.find(({ feature }) => feature === SCORE),
    cause: nameCause(before, moved, name),
    sure: stretch.psi >= LARGE_PSI,
  }
}

function shiftsOf({ before, now, scores }: DriftInput): FeatureShift[] {
  const pairs = before.matrix.features.map((feature) => ({
    feature,
    first: columnOf(before, feature),
    second: columnOf(now, feature),
  }))
  if (scores) pairs.push({ feature: SCORE, first: thin(scores.before), second: thin(scores.now) })
  const ps = adjustPs(pairs.map(({ first, second }) => compareSamples(first, second).p))
  return pairs.map(({ feature, first, second }, at) => ({
    feature,
    p: ps[at]!,
    psi: excess(first, second),
    was: medianOf(first),
    is: medianOf(second),
  }))
}

/** The device whose rows, taken out, leave nothing that moved; a new one first. */
function findDevice(before: FlowDataset, now: FlowDataset, moved: readonly FeatureShift[]): number | undefined {
  const counts = new Map<number, number>()
  for (const device of now.device) if (device >= 0) counts.set(device, (counts.get(device) ?? 0) + 1)
  if (counts.size === 1) return [...counts.keys()][0]
  const names = moved.slice(0, 3).map(({ feature }) => feature)
  const wholeOf = (rows: readonly number[]) => {
    const rest = takeRows(now, rows)
    return names.reduce(
      (sum, feature) =>
        sum +
        (feature === SCORE || rest.rows < FEWEST_ROWS ? 0 : excess(columnOf(before, feature), columnOf(rest, feature))),
      0,
    )
  }
  const all = wholeOf(Array.from(now.device, (_, row) => row))
  if (all === 0) return undefined
  for (const [device, rows] of [...counts].sort((a, b) => b[1] - a[1])) {
    if (now.rows - rows < FEWEST_ROWS) continue
    const rest = wholeOf(Array.from(now.device, (_, row) => row).filter((row) => now.device[row] !== device))
    if (rest <= (1 - NAMED_SHARE) * all) return device
  }
  return undefined
}

interface Column {
  readonly values: Float64Array
  /** µs since 1970 of each. */
  readonly times: Float64Array
}

/** Of the rows of one device; of all where it is none, or where it was hardly there. */
function columnAbout(
  { data, scores }: { readonly data: FlowDataset; readonly scores: Float64Array | undefined },
  feature: string,
  device: string | undefined,
): Column {
  const wanted = device === undefined ? -1 : data.devices.indexOf(device)
  const own = Array.from(data.device, (_, row) => row).filter((row) => data.device[row] === wanted)
  const rows = wanted >= 0 && own.length >= FEWEST_ROWS ? own : Array.from(data.device, (_, row) => row)
  const width = data.matrix.features.length
  const at = data.matrix.features.indexOf(feature)
  const readOne = (row: number) =>
    feature === SCORE && scores ? scores[row]! : data.matrix.values[row * width + Math.max(0, at)]!
  return {
    values: Float64Array.from(rows, readOne),
    times: Float64Array.from(rows, (row) => data.startMicros[row]!),
  }
}

/**
 * Windows of equally many rows in time: the start of the earliest from which on every one differs, and how far the rows from there on
 * are from what was usual.
 */
function findBeginning(usual: Column, now: Column): { since: number | undefined; psi: number } {
  const order = Array.from(now.times, (_, row) => row).filter((row) => Number.isFinite(now.times[row]!))
  if (order.length < FEWEST_ROWS) return { since: undefined, psi: excess(usual.values, now.values) }
  order.sort((a, b) => now.times[a]! - now.times[b]! || a - b)
  const windows = Math.max(1, Math.min(WINDOWS, Math.floor(order.length / FEWEST_ROWS)))
  let first = order.length
  for (let window = windows - 1; window >= 0; window--) {
    const from = Math.floor((window * order.length) / windows)
    const to = Math.floor(((window + 1) * order.length) / windows)
    const values = Float64Array.from(order.slice(from, to), (row) => now.values[row]!)
    const { p } = compareSamples(usual.values, values)
    if (p > FALSE_FINDS / windows || excess(usual.values, values) < SMALL_PSI) break
    first = from
  }
  // It came and went: then it is told of the whole stretch.
  const rows = order.slice(first < order.length ? first : 0)
  return {
    since: now.times[rows[0]!],
    psi: excess(
      usual.values,
      Float64Array.from(rows, (row) => now.values[row]!),
    ),
  }
}

function nameCause(before: FlowDataset, moved: readonly FeatureShift[], device: string | undefined): string {
  const features = moved.filter(({ feature }) => feature !== SCORE)
  if (features.length === 0) return 'The scores moved while no single feature did: features changed together.'
  const list = features
    .slice(0, 3)
    .map(({ feature, was, is }) => `${feature} (${formatNumber(was)} → ${formatNumber(is)})`)
  const tail = `Most changed: ${list.join(', ')}.`
  if (device === undefined) {
    return `Several devices changed at once, as after a new router, provider or recording point. ${tail}`
  }
  const known = before.devices.indexOf(device)
  if (known < 0 || !before.device.includes(known)) {
    return `${device} is new: the detector has not learnt its traffic. ${tail}`
  }
  return features.length > before.matrix.features.length / 3
    ? `${device} changed in much of what it does, as after a firmware update or a new use. ${tail}`
    : `${device} does one thing differently. ${tail}`
}

function columnOf({ matrix, rows }: FlowDataset, feature: string): Float64Array {
  const width = matrix.features.length
  const at = matrix.features.indexOf(feature)
  const step = Math.max(1, Math.ceil(rows / MOST_ROWS))
  return Float64Array.from({ length: Math.ceil(rows / step) }, (_, i) => matrix.values[i * step * width + at]!)
}

/** Every so manyth, so that long captures cost no more than MOST_ROWS. */
function thin(values: Float64Array): Float64Array {
  const step = Math.max(1, Math.ceil(values.length / MOST_ROWS))
  return values.filter((_, at) => at % step === 0)
}

function excess(first: Float64Array, second: Float64Array): number {
  return Math.max(0, stabilityIndex(first, second) - expectedIndex(first.length, second.length))
}

function medianOf(values: Float64Array): number {
  return quantile(values.filter((value) => !Number.isNaN(value)).sort(), 0.5)
}
