/** Which rows teach and which set the alarm line: benign rows of the end of each device's time in each capture are kept out. */
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
  const share = Math.max(CALIBRATION_SHARE, FEWEST_CALIBRATION_ROWS / benignRows)
  const isKept = new Uint8Array(data.rows)
  const calibration: Int32Array[] = []
  let owed = 0
  for (const group of groups) {
    // What rounding down withheld from small groups is taken from a later one.
    owed += group.length * share
    const count = countKeptOut(group.length, owed, window)
    owed -= count
    if (count === 0) continue
    const tail = group.subarray(group.length - count)
    for (const row of tail) isKept[row] = 1
    calibration.push(window > 1 ? tail.subarray(window) : tail)
  }
  const calibrationRows = calibration.reduce((sum, { length }) => sum + length, 0)
  if (calibrationRows < FEWEST_CALIBRATION_ROWS) {
    throw new InputError(
      `the benign flows are spread over too many devices: ${calibrationRows} could be kept out to set the alarm line by, ${FEWEST_CALIBRATION_ROWS} are needed; give more of them`,
    )
  }
  const train: number[] = []
  for (let row = 0; row < data.rows; row++) if (isKept[row] === 0) train.push(row)
  return { train: Int32Array.from(train), calibration, benignRows, calibrationRows }
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
