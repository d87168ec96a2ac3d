/**
 * The 78 features of CIC-IDS2017 (cic78 §4, "corrected"): name as in the data set's header, unit, and what it is.
 * Lengths are TCP or UDP payload, header bytes are those of TCP or UDP alone, times are µs.
 */
import type { DirectionView, FlowView, Series } from './view.ts'

export type Unit = 'port' | 'µs' | 'packets' | 'B' | 'B²' | '1/s' | 'B/s' | 'ratio'
export type Column = readonly [name: string, unit: Unit]

/** Neighbouring columns and the code that writes them from `at` on. Writing instead of returning keeps numbers out of boxes (1 µs per flow). */
interface Group {
  readonly columns: readonly Column[]
  readonly write: (to: Float64Array, at: number, flow: FlowView) => void
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
    write(to, at, flow) {
      to[at] = flow.destinationPort
      to[at + 1] = flow.durationMicros
      to[at + 2] = flow.forward.packets
      to[at + 3] = flow.backward.packets
      to[at + 4] = flow.forward.bytes
      to[at + 5] = flow.backward.bytes
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
    write(to, at, { forward, backward }) {
      writeExtremesFirst(to, at, forward.lengths)
      writeExtremesFirst(to, at + 4, backward.lengths)
    },
  },
  {
    columns: [
      ['Flow Bytes/s', 'B/s'],
      ['Flow Packets/s', '1/s'],
    ],
    // A flow without duration has no rate: the tool writes -1.
    write(to, at, { seconds, bytes, packets }) {
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
    write: (to, at, { gaps }) => writeMeanFirst(to, at, gaps),
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
    write(to, at, { forward, backward }) {
      to[at] = forward.gaps.sum
      writeMeanFirst(to, at + 1, forward.gaps)
      to[at + 5] = backward.gaps.sum
      writeMeanFirst(to, at + 6, backward.gaps)
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
    write(to, at, { forward, backward }) {
      to[at] = forward.psh
      to[at + 1] = backward.psh
      to[at + 2] = forward.urg
      to[at + 3] = backward.urg
      to[at + 4] = forward.headerBytes
      to[at + 5] = backward.headerBytes
      to[at + 6] = forward.perSecond
      to[at + 7] = backward.perSecond
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
    write(to, at, { lengths }) {
      to[at] = lengths.min
      to[at + 1] = lengths.max
      to[at + 2] = lengths.mean
      to[at + 3] = lengths.deviation
      to[at + 4] = lengths.variance
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
    write(to, at, flow) {
      const { forward, backward } = flow
      to[at] = forward.fin + backward.fin
      to[at + 1] = flow.syn
      to[at + 2] = flow.rst
      to[at + 3] = forward.psh + backward.psh
      to[at + 4] = flow.ack
      to[at + 5] = forward.urg + backward.urg
      to[at + 6] = flow.cwr
      to[at + 7] = flow.ece
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
    write(to, at, { forward, backward, lengths }) {
      to[at] = forward.packets > 0 ? backward.packets / forward.packets : 0
      to[at + 1] = lengths.mean
      to[at + 2] = forward.lengths.mean
      to[at + 3] = backward.lengths.mean
      to[at + 4] = forward.headerBytes
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
    write(to, at, { forward, backward }) {
      writeBulks(to, at, forward)
      writeBulks(to, at + 3, backward)
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
    write(to, at, { forward, backward, longGaps }) {
      to[at] = longGaps > 0 ? forward.packets / longGaps : 0
      to[at + 1] = longGaps > 0 ? forward.bytes / longGaps : 0
      to[at + 2] = longGaps > 0 ? backward.packets / longGaps : 0
      to[at + 3] = longGaps > 0 ? backward.bytes / longGaps : 0
    },
  },
  {
    columns: [
      ['Init_Win_bytes_forward', 'B'],
      ['Init_Win_bytes_backward', 'B'],
      ['act_data_pkt_fwd', 'packets'],
      ['min_seg_size_forward', 'B'],
    ],
    write(to, at, flow) {
      to[at] = flow.windowForward
      to[at + 1] = flow.windowBackward
      to[at + 2] = flow.dataForward
      to[at + 3] = flow.headerMinForward
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
    write(to, at, { active, idle }) {
      writeMeanFirst(to, at, active)
      writeMeanFirst(to, at + 4, idle)
    },
  },
]

/** Name and unit, in the data set's order. */
export const FEATURES: readonly Column[] = GROUPS.flatMap(({ columns }) => columns)
export const FEATURE_COUNT = 78
export const FEATURE_NAMES: readonly string[] = FEATURES.map(([name]) => name)

/** Writes the 78 numbers of a flow at `to[at…]`. */
export function writeFeatures(to: Float64Array, at: number, flow: FlowView): void {
  let next = at
  for (const group of GROUPS) {
    group.write(to, next, flow)
    next += group.columns.length
  }
}

function writeExtremesFirst(to: Float64Array, at: number, series: Series): void {
  to[at] = series.max
  to[at + 1] = series.min
  to[at + 2] = series.mean
  to[at + 3] = series.deviation
}

function writeMeanFirst(to: Float64Array, at: number, series: Series): void {
  to[at] = series.mean
  to[at + 1] = series.deviation
  to[at + 2] = series.max
  to[at + 3] = series.min
}

function writeBulks(to: Float64Array, at: number, direction: DirectionView): void {
  to[at] = direction.bulkBytes
  to[at + 1] = direction.bulkPackets
  to[at + 2] = direction.bulkRate
}
