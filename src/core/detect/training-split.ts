/**
 * Which rows teach and which set the alarm line: of benign rows the last captures of each device as a whole, where it is in several, else the
 * end of its time in each.
 */
import { InputError } from '../base/errors.ts'
import type { FlowDataset } from './dataset.ts'

export interface TrainingSplit {
  /** Row numbers in ascending order. Attack rows are all here. */
  readonly train: Int32Array
  /** Benign rows kept out, one list for each device of each capture, in time order. */
  readonly calibration: readonly Int32Array[]
  readonly benignRows: number
  readonly calibrationRows: number
}

export const FEWEST_CALIBRATION_ROWS = 100
export const FEWEST_BENIGN_ROWS = 150
const CALIBRATION_SHARE = 0.2
/** Captures of a device from which on whole ones are kept out. */
const FEWEST_CAPTURES = 4
const KEPT_CAPTURES = 0.25
/** With less of what would be kept out of the ends, devices in too few captures would have no line of their own. */
const LEAST_OF_SHARE = 0.6

/** `window` rows at the start of each kept-out stretch are not judged: their windows would reach into what was learnt. Throws InputError. */
export function splitForTraining(data: FlowDataset, window: number, fewest = FEWEST_BENIGN_ROWS): TrainingSplit {
  const groups = groupBenign(data)
  const benignRows = groups.reduce((sum, { length }) => sum + length, 0)
  if (benignRows < fewest) {
    const which = data.labels ? ` labelled ${data.classes[0]}` : ''
    throw new InputError(
      `this model needs at least ${fewest} benign flows, ${FEWEST_CALIBRATION_ROWS} of them to set its alarm line by; there are ${benignRows}${which}`,
    )
  }
  const whole = keepLastCaptures(data, groups)
  if (
    whole.reduce((sum, { length }) => sum + length, 0) >=
    Math.max(FEWEST_CALIBRATION_ROWS, CALIBRATION_SHARE * benignRows * LEAST_OF_SHARE)
  )
    return splitAt(data, whole, benignRows)
  const share = Math.max(CALIBRATION_SHARE, FEWEST_CALIBRATION_ROWS / benignRows)
  const kept: Int32Array[] = []
  let owed = 0
  for (const group of groups) {
    // What rounding down withheld from small groups is taken from a later one.
    owed += group.length * share
    const count = countKeptOut(group.length, owed, window)
    owed -= count
    if (count === 0) continue
    kept.push(group.subarray(group.length - count))
  }
  const split = splitAt(data, kept, benignRows, window > 1 ? window : 0)
  if (split.calibrationRows >= FEWEST_CALIBRATION_ROWS) return split
  throw new InputError(
    `the benign flows are spread over too many devices: ${split.calibrationRows} could be kept out to set the alarm line by, ${FEWEST_CALIBRATION_ROWS} are needed; give more of them`,
  )
}

/** The first `unjudged` rows of each stretch neither teach nor set the line. */
function splitAt(data: FlowDataset, kept: readonly Int32Array[], benignRows: number, unjudged = 0): TrainingSplit {
  const isKept = new Uint8Array(data.rows)
  for (const rows of kept) for (const row of rows) isKept[row] = 1
  const train: number[] = []
  for (let row = 0; row < data.rows; row++) if (isKept[row] === 0) train.push(row)
  const calibration = kept.map((rows) => rows.subarray(unjudged)).filter(({ length }) => length > 0)
  const calibrationRows = calibration.reduce((sum, { length }) => sum + length, 0)
  return { train: Int32Array.from(train), calibration, benignRows, calibrationRows }
}

/**
 * The end of a capture is not like its beginning, and what is kept out shall be like what will be judged: of each device that is in several
 * captures the last ones as a whole.
 */
function keepLastCaptures({ device, capture }: FlowDataset, groups: readonly Int32Array[]): Int32Array[] {
  const byDevice = new Map<number, Int32Array[]>()
  for (const group of [...groups].sort((a, b) => capture[a[0]!]! - capture[b[0]!]!)) {
    const list = byDevice.get(device[group[0]!]!)
    if (list) list.push(group)
    else byDevice.set(device[group[0]!]!, [group])
  }
  return [...byDevice.values()].flatMap((list) =>
    list.length < FEWEST_CAPTURES ? [] : list.slice(-Math.round(KEPT_CAPTURES * list.length)),
  )
}

/** A stretch must hold more than a window, and leave more than one; a group too short for that goes as a whole when its turn has come. */
function countKeptOut(length: number, owed: number, window: number): number {
  const due = Math.floor(owed + 1e-9)
  const count = Math.min(due, length - window)
  if (window === 1) return Math.max(0, count)
  if (count > window) return count
  return length > window && due >= length ? length : 0
}

/** Benign rows by device and capture, each in the order of the dataset, which is that of time. */
function groupBenign({ rows, device, capture, labels }: FlowDataset): Int32Array[] {
  const groups = new Map<string, number[]>()
  for (let row = 0; row < rows; row++) {
    if (labels && labels[row] !== 0) continue
    const key = `${capture[row]} ${device[row]}`
    const group = groups.get(key)
    if (group) group.push(row)
    else groups.set(key, [row])
  }
  return Array.from(groups.values(), (group) => Int32Array.from(group))
}
