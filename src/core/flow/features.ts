/**
 * The 78 features of CIC-IDS2017 (cic78 §4, "corrected"): name as in the data set's header, unit, and what it is.
 * Lengths are TCP or UDP payload, header bytes are those of TCP or UDP alone, times are µs.
 */
import { KEY } from '../packet/packet.ts'
import { DIRECTION_DOUBLES, DIRECTION_INTS, DOUBLES, INTS } from './layout.ts'
import {
  durationMicros,
  type FlowRow,
  writeBulks,
  writeExtremesFirst,
  writeGaps,
  writeMeanFirst,
  writeMoments,
} from './series.ts'

// Local copies: see table.ts.
const D = DOUBLES
const I = INTS
const FORWARD_BYTES = DOUBLES.forward + DIRECTION_DOUBLES.sum
const BACKWARD_BYTES = DOUBLES.backward + DIRECTION_DOUBLES.sum
const FORWARD_SQUARES = DOUBLES.forward + DIRECTION_DOUBLES.squares
const BACKWARD_SQUARES = DOUBLES.backward + DIRECTION_DOUBLES.squares
const FORWARD = INTS.forward
const BACKWARD = INTS.backward
const DI = DIRECTION_INTS

export type Unit = 'port' | 'µs' | 'packets' | 'B' | 'B²' | '1/s' | 'B/s' | 'ratio'
export type Column = readonly [name: string, unit: Unit]

/** Neighbouring columns and the code that writes them from `at` on, straight from the flow's row: no number is returned or kept in an object, which would box it. */
interface Group {
  readonly columns: readonly Column[]
  readonly write: (to: Float64Array, at: number, row: FlowRow) => void
}

const GROUPS: readonly Group[] = [
  {
    columns: [
      ['Destination Port', 'port'],
      ['Flow Duration', 'µs'],
      ['Total Fwd Packets', 'packets'],
      ['Total Backward Packets', 'packets'],
      ['Total Length of Fwd Packets', 'B'],
      ['Total Length of Bwd Packets', 'B'],
    ],
    write(to, at, row) {
      const { doubles, ints, d, i } = row
      to[at] = ints[i + KEY.ports]! & 0xffff
      to[at + 1] = durationMicros(row)
      to[at + 2] = ints[i + FORWARD + DI.count]!
      to[at + 3] = ints[i + BACKWARD + DI.count]!
      to[at + 4] = doubles[d + FORWARD_BYTES]!
      to[at + 5] = doubles[d + BACKWARD_BYTES]!
    },
  },
  {
    columns: [
      ['Fwd Packet Length Max', 'B'],
      ['Fwd Packet Length Min', 'B'],
      ['Fwd Packet Length Mean', 'B'],
      ['Fwd Packet Length Std', 'B'],
      ['Bwd Packet Length Max', 'B'],
      ['Bwd Packet Length Min', 'B'],
      ['Bwd Packet Length Mean', 'B'],
      ['Bwd Packet Length Std', 'B'],
    ],
    write(to, at, { doubles, ints, d, i }) {
      writeExtremesFirst(to, at, doubles, ints, d + D.forward, i + FORWARD)
      writeExtremesFirst(to, at + 4, doubles, ints, d + D.backward, i + BACKWARD)
    },
  },
  {
    columns: [
      ['Flow Bytes/s', 'B/s'],
      ['Flow Packets/s', '1/s'],
    ],
    // A flow without duration has no rate: the tool writes -1.
    write(to, at, row) {
      const { doubles, ints, d, i } = row
      const seconds = durationMicros(row) / 1e6
      const bytes = doubles[d + FORWARD_BYTES]! + doubles[d + BACKWARD_BYTES]!
      const packets = ints[i + FORWARD + DI.count]! + ints[i + BACKWARD + DI.count]!
      to[at] = seconds > 0 ? bytes / seconds : -1
      to[at + 1] = seconds > 0 ? packets / seconds : -1
    },
  },
  {
    columns: [
      ['Flow IAT Mean', 'µs'],
      ['Flow IAT Std', 'µs'],
      ['Flow IAT Max', 'µs'],
      ['Flow IAT Min', 'µs'],
    ],
    write(to, at, { doubles, ints, d, i }) {
      const packets = ints[i + FORWARD + DI.count]! + ints[i + BACKWARD + DI.count]!
      to[at] = doubles[d + D.last]! - doubles[d + D.start]!
      to[at + 1] = doubles[d + D.gapSquares]!
      writeMeanFirst(to, at, packets - 1)
      to[at + 2] = doubles[d + D.gapMax]!
      to[at + 3] = doubles[d + D.gapMin]!
    },
  },
  {
    columns: [
      ['Fwd IAT Total', 'µs'],
      ['Fwd IAT Mean', 'µs'],
      ['Fwd IAT Std', 'µs'],
      ['Fwd IAT Max', 'µs'],
      ['Fwd IAT Min', 'µs'],
      ['Bwd IAT Total', 'µs'],
      ['Bwd IAT Mean', 'µs'],
      ['Bwd IAT Std', 'µs'],
      ['Bwd IAT Max', 'µs'],
      ['Bwd IAT Min', 'µs'],
    ],
    write(to, at, { doubles, ints, d, i }) {
      writeGaps(to, at, doubles, ints, d + D.forward, i + FORWARD)
      writeGaps(to, at + 5, doubles, ints, d + D.backward, i + BACKWARD)
    },
  },
  {
    columns: [
      ['Fwd PSH Flags', 'packets'],
      ['Bwd PSH Flags', 'packets'],
      ['Fwd URG Flags', 'packets'],
      ['Bwd URG Flags', 'packets'],
      ['Fwd Header Length', 'B'],
      ['Bwd Header Length', 'B'],
      ['Fwd Packets/s', '1/s'],
      ['Bwd Packets/s', '1/s'],
    ],
    write(to, at, row) {
      const { ints, i } = row
      const seconds = durationMicros(row) / 1e6
      to[at] = ints[i + FORWARD + DI.psh]!
      to[at + 1] = ints[i + BACKWARD + DI.psh]!
      to[at + 2] = ints[i + FORWARD + DI.urg]!
      to[at + 3] = ints[i + BACKWARD + DI.urg]!
      to[at + 4] = ints[i + FORWARD + DI.header]!
      to[at + 5] = ints[i + BACKWARD + DI.header]!
      to[at + 6] = seconds > 0 ? ints[i + FORWARD + DI.count]! / seconds : 0
      to[at + 7] = seconds > 0 ? ints[i + BACKWARD + DI.count]! / seconds : 0
    },
  },
  {
    columns: [
      ['Min Packet Length', 'B'],
      ['Max Packet Length', 'B'],
      ['Packet Length Mean', 'B'],
      ['Packet Length Std', 'B'],
      ['Packet Length Variance', 'B²'],
    ],
    write(to, at, { doubles, ints, d, i }) {
      const forwardPackets = ints[i + FORWARD + DI.count]!
      const backwardPackets = ints[i + BACKWARD + DI.count]!
      // A direction without packets has no least length.
      const from = i + (forwardPackets === 0 ? BACKWARD : FORWARD)
      const other = backwardPackets === 0 ? from : i + BACKWARD
      to[at] = Math.min(ints[from + DI.min]!, ints[other + DI.min]!)
      to[at + 1] = Math.max(ints[from + DI.max]!, ints[other + DI.max]!)
      to[at + 2] = doubles[d + FORWARD_BYTES]! + doubles[d + BACKWARD_BYTES]!
      to[at + 3] = doubles[d + FORWARD_SQUARES]! + doubles[d + BACKWARD_SQUARES]!
      writeMoments(to, at + 2, forwardPackets + backwardPackets)
      to[at + 4] = to[at + 3]!
      to[at + 3] = Math.sqrt(to[at + 4]!)
    },
  },
  {
    columns: [
      ['FIN Flag Count', 'packets'],
      ['SYN Flag Count', 'packets'],
      ['RST Flag Count', 'packets'],
      ['PSH Flag Count', 'packets'],
      ['ACK Flag Count', 'packets'],
      ['URG Flag Count', 'packets'],
      // The flag is CWR; the misprint is the data set's.
      ['CWE Flag Count', 'packets'],
      ['ECE Flag Count', 'packets'],
    ],
    write(to, at, { ints, i }) {
      to[at] = ints[i + FORWARD + DI.fin]! + ints[i + BACKWARD + DI.fin]!
      to[at + 1] = ints[i + I.syn]!
      to[at + 2] = ints[i + I.rst]!
      to[at + 3] = ints[i + FORWARD + DI.psh]! + ints[i + BACKWARD + DI.psh]!
      to[at + 4] = ints[i + I.ack]!
      to[at + 5] = ints[i + FORWARD + DI.urg]! + ints[i + BACKWARD + DI.urg]!
      to[at + 6] = ints[i + I.cwr]!
      to[at + 7] = ints[i + I.ece]!
    },
  },
  {
    columns: [
      ['Down/Up Ratio', 'ratio'],
      ['Average Packet Size', 'B'],
      ['Avg Fwd Segment Size', 'B'],
      ['Avg Bwd Segment Size', 'B'],
      ['Fwd Header Length.1', 'B'],
    ],
    write(to, at, { doubles, ints, d, i }) {
      const forwardPackets = ints[i + FORWARD + DI.count]!
      const backwardPackets = ints[i + BACKWARD + DI.count]!
      const forwardBytes = doubles[d + FORWARD_BYTES]!
      const backwardBytes = doubles[d + BACKWARD_BYTES]!
      to[at] = forwardPackets > 0 ? backwardPackets / forwardPackets : 0
      to[at + 1] = (forwardBytes + backwardBytes) / (forwardPackets + backwardPackets)
      to[at + 2] = forwardPackets > 0 ? forwardBytes / forwardPackets : 0
      to[at + 3] = backwardPackets > 0 ? backwardBytes / backwardPackets : 0
      to[at + 4] = ints[i + FORWARD + DI.header]!
    },
  },
  {
    columns: [
      ['Fwd Avg Bytes/Bulk', 'B'],
      ['Fwd Avg Packets/Bulk', 'packets'],
      ['Fwd Avg Bulk Rate', 'B/s'],
      ['Bwd Avg Bytes/Bulk', 'B'],
      ['Bwd Avg Packets/Bulk', 'packets'],
      ['Bwd Avg Bulk Rate', 'B/s'],
    ],
    write(to, at, { doubles, ints, d, i }) {
      writeBulks(to, at, doubles, ints, d + D.forward, i + FORWARD)
      writeBulks(to, at + 3, doubles, ints, d + D.backward, i + BACKWARD)
    },
  },
  {
    columns: [
      ['Subflow Fwd Packets', 'packets'],
      ['Subflow Fwd Bytes', 'B'],
      ['Subflow Bwd Packets', 'packets'],
      ['Subflow Bwd Bytes', 'B'],
    ],
    // Subflows are the gaps longer than a second, not the parts between them: a flow without one has none (cic78 §5).
    write(to, at, { doubles, ints, d, i }) {
      const longGaps = ints[i + I.longGaps]!
      to[at] = longGaps > 0 ? ints[i + FORWARD + DI.count]! / longGaps : 0
      to[at + 1] = longGaps > 0 ? doubles[d + FORWARD_BYTES]! / longGaps : 0
      to[at + 2] = longGaps > 0 ? ints[i + BACKWARD + DI.count]! / longGaps : 0
      to[at + 3] = longGaps > 0 ? doubles[d + BACKWARD_BYTES]! / longGaps : 0
    },
  },
  {
    columns: [
      ['Init_Win_bytes_forward', 'B'],
      ['Init_Win_bytes_backward', 'B'],
      ['act_data_pkt_fwd', 'packets'],
      ['min_seg_size_forward', 'B'],
    ],
    write(to, at, { ints, i }) {
      to[at] = ints[i + I.windowForward]!
      to[at + 1] = ints[i + I.windowBackward]!
      to[at + 2] = ints[i + I.dataForward]!
      to[at + 3] = ints[i + I.headerMinForward]!
    },
  },
  {
    columns: [
      ['Active Mean', 'µs'],
      ['Active Std', 'µs'],
      ['Active Max', 'µs'],
      ['Active Min', 'µs'],
      ['Idle Mean', 'µs'],
      ['Idle Std', 'µs'],
      ['Idle Max', 'µs'],
      ['Idle Min', 'µs'],
    ],
    write(to, at, { doubles, ints, d, i }) {
      to[at] = doubles[d + D.activeSum]!
      to[at + 1] = doubles[d + D.activeSquares]!
      writeMeanFirst(to, at, ints[i + I.actives]!)
      to[at + 2] = doubles[d + D.activeMax]!
      to[at + 3] = doubles[d + D.activeMin]!
      to[at + 4] = doubles[d + D.idleSum]!
      to[at + 5] = doubles[d + D.idleSquares]!
      writeMeanFirst(to, at + 4, ints[i + I.idles]!)
      to[at + 6] = doubles[d + D.idleMax]!
      to[at + 7] = doubles[d + D.idleMin]!
    },
  },
]

/** Name and unit, in the data set's order. */
export const FEATURES: readonly Column[] = GROUPS.flatMap(({ columns }) => columns)
export const FEATURE_COUNT = 78
export const FEATURE_NAMES: readonly string[] = FEATURES.map(([name]) => name)

/** Writes the 78 numbers of a flow at `to[at…]`. */
export function writeFeatures(to: Float64Array, at: number, row: FlowRow): void {
  let next = at
  for (const group of GROUPS) {
    group.write(to, next, row)
    next += group.columns.length
  }
}
