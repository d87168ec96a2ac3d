/** Benign time in blocks: how long a block is, by how much was watched, the highest score of each, and how many a week has. */
import { FEWEST_SCORES } from './conformal.ts'
import type { FlowDataset } from './dataset.ts'
import { ASSUMED_WINDOWS_PER_WEEK } from './threshold.ts'

const MINUTE = 60e6
const WEEK = 7 * 24 * 60 * MINUTE
/** The longest of which there are enough. Shorter ones promise more than asked for: an hour of six odd stretches counts six times. */
const TIMES = [
  ['hour', 60 * MINUTE],
  ['ten minutes', 10 * MINUTE],
  ['minute', MINUTE],
] as const
/** Without times; as many rows apart findings are no longer one case (alert/gather.ts). */
const ROWS = [
  ['hundred flows', 100],
  ['flow', 1],
] as const
export type BlockName = (typeof TIMES)[number][0] | (typeof ROWS)[number][0]
export const BLOCK_NAMES: readonly BlockName[] = [...TIMES.map(([name]) => name), ...ROWS.map(([name]) => name)]

/** A block of which less was watched says too little of a whole one. */
const WATCHED_SHARE = 0.5

export type BenignRows = Pick<FlowDataset, 'rows' | 'device' | 'devices' | 'capture' | 'startMicros' | 'row' | 'labels'>

export interface Blocks {
  readonly block: BlockName
  readonly peaks: readonly Peak[]
  /** By device. */
  readonly perWeek: readonly number[]
}

/** `scores` has a number for each benign row that was kept out, NaN for all others. */
export function gatherBlocks(data: BenignRows, scores: ArrayLike<number>): Blocks {
  const watch = watchRows(data, scores)
  for (const [block, micros] of watch.hasTimes ? TIMES : []) {
    const peaks = peaksOf(data, scores, (row) => watch.blockOf(row, micros))
    const whole = peaks.filter((peak) => watch.timeIn(peak.row, peak.block, micros) >= WATCHED_SHARE * micros)
    if (whole.length >= FEWEST_SCORES && 2 * whole.length >= peaks.length)
      return { block, peaks, perWeek: heardBlocks(data, micros, watch) }
  }
  for (const [block, rows] of ROWS) {
    const peaks = peaksOf(data, scores, (row) => Math.floor(data.row[row]! / rows))
    if (peaks.length >= FEWEST_SCORES || rows === 1) return { block, peaks, perWeek: shareOfRows(data, rows) }
  }
  throw new Error('a flow by itself is always a block')
}

/** Of a device that was never met, as of one that is always heard in a home of so many. */
export function blocksOfStranger(block: BlockName, devices: number): number {
  const time = TIMES.find(([name]) => name === block)
  if (time) return WEEK / time[1]
  const rows = ROWS.find(([name]) => name === block)?.[1] ?? 1
  return ASSUMED_WINDOWS_PER_WEEK / rows / Math.max(1, devices)
}

export interface Peak {
  /** The row that is the peak. */
  readonly row: number
  readonly block: number
}

function peaksOf(
  { rows, device, capture }: BenignRows,
  scores: ArrayLike<number>,
  blockOf: (row: number) => number,
): Peak[] {
  const peaks = new Map<string, Peak>()
  for (let row = 0; row < rows; row++) {
    if (Number.isNaN(scores[row]!)) continue
    const block = blockOf(row)
    const key = `${capture[row]} ${device[row]} ${block}`
    const known = peaks.get(key)
    if (!known || scores[row]! > scores[known.row]!) peaks.set(key, { row, block })
  }
  return [...peaks.values()]
}

/**
 * Which time was watched and kept out: of a device from its first kept-out flow to the end of the recording. Blocks begin with the
 * recording, for clock hours would cut a short one in two.
 */
function watchRows({ rows, device, capture, startMicros }: BenignRows, scores: ArrayLike<number>) {
  const spans = new Map<number, { first: number; last: number }>()
  const keptFrom = new Map<string, number>()
  let hasTimes = true
  for (let row = 0; row < rows; row++) {
    const at = startMicros[row]!
    const isKept = !Number.isNaN(scores[row]!)
    if (isKept && Number.isNaN(at)) hasTimes = false
    if (Number.isNaN(at)) continue
    const span = spans.get(capture[row]!)
    if (!span) spans.set(capture[row]!, { first: at, last: at })
    else {
      span.first = Math.min(span.first, at)
      span.last = Math.max(span.last, at)
    }
    const key = `${capture[row]} ${device[row]}`
    if (isKept) keptFrom.set(key, Math.min(keptFrom.get(key) ?? at, at))
  }
  return {
    hasTimes,
    blockOf: (row: number, micros: number) =>
      Math.floor((startMicros[row]! - spans.get(capture[row]!)!.first) / micros),
    blocksIn(at: number, micros: number): number {
      const { first, last } = spans.get(at)!
      return Math.floor((last - first) / micros) + 1
    },
    timeIn(row: number, block: number, micros: number): number {
      const { first, last } = spans.get(capture[row]!)!
      const from = first + block * micros
      const begun = keptFrom.get(`${capture[row]} ${device[row]}`) ?? from
      return Math.min(last, from + micros) - Math.max(begun, from)
    },
  }
}

type Watch = ReturnType<typeof watchRows>

/** By device, in how many blocks a week it is heard: as in the captures that it is in. */
function heardBlocks(
  { rows, device, devices, capture, startMicros, labels }: BenignRows,
  micros: number,
  watch: Watch,
): number[] {
  const heard = devices.map(() => new Map<number, Set<number>>())
  for (let row = 0; row < rows; row++) {
    const own = heard[device[row]!]
    if (!own || Number.isNaN(startMicros[row]!) || (labels && labels[row] !== 0)) continue
    const at = capture[row]!
    own.set(at, (own.get(at) ?? new Set()).add(watch.blockOf(row, micros)))
  }
  return heard.map((captures) => {
    let [blocks, watched] = [0, 0]
    for (const [at, { size }] of captures) {
      blocks += size
      watched += watch.blocksIn(at, micros)
    }
    return (WEEK / micros) * (watched > 0 ? blocks / watched : 1)
  })
}

/** By device its part of the blocks of a busy home, by its part of the flows. */
function shareOfRows({ rows, device, devices }: BenignRows, perBlock: number): number[] {
  const counts = new Float64Array(devices.length)
  for (let row = 0; row < rows; row++) if (device[row]! >= 0) counts[device[row]!]!++
  return Array.from(counts, (count) => Math.max(1, ((ASSUMED_WINDOWS_PER_WEEK / perBlock) * count) / Math.max(1, rows)))
}
