/**
 * The 78 features of CIC-IDS2017 (cic78 §4, "corrected"): name as in the data set's header, unit, and what it is.
 * Lengths are TCP or UDP payload, header bytes are those of TCP or UDP alone, times are µs.
 */
import { KEY } from '../packet/packet.ts'
import { DIRECTION_DOUBLES, DIRECTION_INTS, DOUBLES, INTS } from './layout.ts'
import { type FlowRow, writeMeanFirst, writeMoments } from './series.ts'

// Local copies: see table.ts.
const D = DOUBLES
const I = INTS
const DD = DIRECTION_DOUBLES
const DI = DIRECTION_INTS
const PORTS = KEY.ports

export type Unit = 'port' | 'µs' | 'packets' | 'B' | 'B²' | '1/s' | 'B/s' | 'ratio'
export type Column = readonly [name: string, unit: Unit]

/** Name and unit, in the data set's order. */
export const FEATURES: readonly Column[] = [
  ['Destination Port', 'port'],
  ['Flow Duration', 'µs'],
  ['Total Fwd Packets', 'packets'],
  ['Total Backward Packets', 'packets'],
  ['Total Length of Fwd Packets', 'B'],
  ['Total Length of Bwd Packets', 'B'],
  ['Fwd Packet Length Max', 'B'],
  ['Fwd Packet Length Min', 'B'],
  ['Fwd Packet Length Mean', 'B'],
  ['Fwd Packet Length Std', 'B'],
  ['Bwd Packet Length Max', 'B'],
  ['Bwd Packet Length Min', 'B'],
  ['Bwd Packet Length Mean', 'B'],
  ['Bwd Packet Length Std', 'B'],
  ['Flow Bytes/s', 'B/s'],
  ['Flow Packets/s', '1/s'],
  ['Flow IAT Mean', 'µs'],
  ['Flow IAT Std', 'µs'],
  ['Flow IAT Max', 'µs'],
  ['Flow IAT Min', 'µs'],
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
  ['Fwd PSH Flags', 'packets'],
  ['Bwd PSH Flags', 'packets'],
  ['Fwd URG Flags', 'packets'],
  ['Bwd URG Flags', 'packets'],
  ['Fwd Header Length', 'B'],
  ['Bwd Header Length', 'B'],
  ['Fwd Packets/s', '1/s'],
  ['Bwd Packets/s', '1/s'],
  ['Min Packet Length', 'B'],
  ['Max Packet Length', 'B'],
  ['Packet Length Mean', 'B'],
  ['Packet Length Std', 'B'],
  ['Packet Length Variance', 'B²'],
  ['FIN Flag Count', 'packets'],
  ['SYN Flag Count', 'packets'],
  ['RST Flag Count', 'packets'],
  ['PSH Flag Count', 'packets'],
  ['ACK Flag Count', 'packets'],
  ['URG Flag Count', 'packets'],
  // The flag is CWR; the misprint is the data set's.
  ['CWE Flag Count', 'packets'],
  ['ECE Flag Count', 'packets'],
  ['Down/Up Ratio', 'ratio'],
  ['Average Packet Size', 'B'],
  ['Avg Fwd Segment Size', 'B'],
  ['Avg Bwd Segment Size', 'B'],
  ['Fwd Header Length.1', 'B'],
  ['Fwd Avg Bytes/Bulk', 'B'],
  ['Fwd Avg Packets/Bulk', 'packets'],
  ['Fwd Avg Bulk Rate', 'B/s'],
  ['Bwd Avg Bytes/Bulk', 'B'],
  ['Bwd Avg Packets/Bulk', 'packets'],
  ['Bwd Avg Bulk Rate', 'B/s'],
  ['Subflow Fwd Packets', 'packets'],
  ['Subflow Fwd Bytes', 'B'],
  ['Subflow Bwd Packets', 'packets'],
  ['Subflow Bwd Bytes', 'B'],
  ['Init_Win_bytes_forward', 'B'],
  ['Init_Win_bytes_backward', 'B'],
  ['act_data_pkt_fwd', 'packets'],
  ['min_seg_size_forward', 'B'],
  ['Active Mean', 'µs'],
  ['Active Std', 'µs'],
  ['Active Max', 'µs'],
  ['Active Min', 'µs'],
  ['Idle Mean', 'µs'],
  ['Idle Std', 'µs'],
  ['Idle Max', 'µs'],
  ['Idle Min', 'µs'],
]
export const FEATURE_COUNT = 78
export const FEATURE_NAMES: readonly string[] = FEATURES.map(([name]) => name)

/**
 * Writes the 78 numbers of a flow at `to[at…]`, in the order above. One function, which the engine compiles once and which reads each
 * sum once; written in place, since a fraction that is passed or returned would be put into a box.
 */
export function writeFeatures(to: Float64Array, at: number, { doubles, ints, d, i }: FlowRow): void {
  const df = d + D.forward
  const db = d + D.backward
  const fi = i + I.forward
  const bi = i + I.backward
  const forwardPackets = ints[fi + DI.count]!
  const backwardPackets = ints[bi + DI.count]!
  const packets = forwardPackets + backwardPackets
  const forwardBytes = doubles[df + DD.sum]!
  const backwardBytes = doubles[db + DD.sum]!
  const bytes = forwardBytes + backwardBytes
  const span = doubles[d + D.last]! - doubles[d + D.start]!
  const seconds = span / 1e6

  to[at] = ints[i + PORTS]! & 0xffff
  // Never negative, though a capture out of order may end a flow before it began.
  to[at + 1] = Math.max(0, span)
  to[at + 2] = forwardPackets
  to[at + 3] = backwardPackets
  to[at + 4] = forwardBytes
  to[at + 5] = backwardBytes

  to[at + 6] = ints[fi + DI.max]!
  to[at + 7] = ints[fi + DI.min]!
  to[at + 8] = forwardBytes
  to[at + 9] = doubles[df + DD.squares]!
  writeMeanFirst(to, at + 8, forwardPackets)
  to[at + 10] = ints[bi + DI.max]!
  to[at + 11] = ints[bi + DI.min]!
  to[at + 12] = backwardBytes
  to[at + 13] = doubles[db + DD.squares]!
  writeMeanFirst(to, at + 12, backwardPackets)

  // A flow without duration has no rate: the tool writes -1.
  to[at + 14] = seconds > 0 ? bytes / seconds : -1
  to[at + 15] = seconds > 0 ? packets / seconds : -1

  to[at + 16] = span
  to[at + 17] = doubles[d + D.gapSquares]!
  writeMeanFirst(to, at + 16, packets - 1)
  to[at + 18] = packets > 1 ? doubles[d + D.gapMax]! : 0
  to[at + 19] = packets > 1 ? doubles[d + D.gapMin]! : 0

  const forwardSpan = doubles[df + DD.last]! - doubles[df + DD.first]!
  to[at + 20] = forwardSpan
  to[at + 21] = forwardSpan
  to[at + 22] = doubles[df + DD.gapSquares]!
  writeMeanFirst(to, at + 21, forwardPackets - 1)
  to[at + 23] = doubles[df + DD.gapMax]!
  to[at + 24] = doubles[df + DD.gapMin]!
  const backwardSpan = doubles[db + DD.last]! - doubles[db + DD.first]!
  to[at + 25] = backwardSpan
  to[at + 26] = backwardSpan
  to[at + 27] = doubles[db + DD.gapSquares]!
  writeMeanFirst(to, at + 26, backwardPackets - 1)
  to[at + 28] = doubles[db + DD.gapMax]!
  to[at + 29] = doubles[db + DD.gapMin]!

  const forwardPsh = ints[fi + DI.psh]!
  const backwardPsh = ints[bi + DI.psh]!
  const forwardUrg = ints[fi + DI.urg]!
  const backwardUrg = ints[bi + DI.urg]!
  to[at + 30] = forwardPsh
  to[at + 31] = backwardPsh
  to[at + 32] = forwardUrg
  to[at + 33] = backwardUrg
  to[at + 34] = ints[fi + DI.header]!
  to[at + 35] = ints[bi + DI.header]!
  to[at + 36] = seconds > 0 ? forwardPackets / seconds : 0
  to[at + 37] = seconds > 0 ? backwardPackets / seconds : 0

  // A direction without packets has no least length.
  const from = forwardPackets === 0 ? bi : fi
  const other = backwardPackets === 0 ? from : bi
  to[at + 38] = Math.min(ints[from + DI.min]!, ints[other + DI.min]!)
  to[at + 39] = Math.max(ints[from + DI.max]!, ints[other + DI.max]!)
  to[at + 40] = bytes
  to[at + 41] = doubles[df + DD.squares]! + doubles[db + DD.squares]!
  writeMoments(to, at + 40, packets)
  to[at + 42] = to[at + 41]!
  to[at + 41] = Math.sqrt(to[at + 42]!)

  to[at + 43] = ints[fi + DI.fin]! + ints[bi + DI.fin]!
  to[at + 44] = ints[i + I.syn]!
  to[at + 45] = ints[i + I.rst]!
  to[at + 46] = forwardPsh + backwardPsh
  to[at + 47] = ints[i + I.ack]!
  to[at + 48] = forwardUrg + backwardUrg
  to[at + 49] = ints[i + I.cwr]!
  to[at + 50] = ints[i + I.ece]!

  to[at + 51] = forwardPackets > 0 ? backwardPackets / forwardPackets : 0
  to[at + 52] = bytes / packets
  to[at + 53] = to[at + 8]!
  to[at + 54] = to[at + 12]!
  to[at + 55] = ints[fi + DI.header]!

  writeBulks(to, at + 56, doubles, ints, df, fi)
  writeBulks(to, at + 59, doubles, ints, db, bi)

  // Subflows are the gaps longer than a second, not the parts between them: a flow without one has none (cic78 §5).
  const longGaps = ints[i + I.longGaps]!
  to[at + 62] = longGaps > 0 ? forwardPackets / longGaps : 0
  to[at + 63] = longGaps > 0 ? forwardBytes / longGaps : 0
  to[at + 64] = longGaps > 0 ? backwardPackets / longGaps : 0
  to[at + 65] = longGaps > 0 ? backwardBytes / longGaps : 0

  to[at + 66] = ints[i + I.windowForward]!
  to[at + 67] = ints[i + I.windowBackward]!
  to[at + 68] = ints[i + I.dataForward]!
  to[at + 69] = ints[i + I.headerMinForward]!

  const pauses = ints[i + I.idles]!
  if (pauses === 0) {
    for (let feature = 70; feature < FEATURE_COUNT; feature++) to[at + feature] = 0
    return
  }
  to[at + 70] = doubles[d + D.activeSum]!
  to[at + 71] = doubles[d + D.activeSquares]!
  writeMeanFirst(to, at + 70, ints[i + I.actives]!)
  to[at + 72] = doubles[d + D.activeMax]!
  to[at + 73] = doubles[d + D.activeMin]!
  to[at + 74] = doubles[d + D.idleSum]!
  to[at + 75] = doubles[d + D.idleSquares]!
  writeMeanFirst(to, at + 74, pauses)
  to[at + 76] = doubles[d + D.idleMax]!
  to[at + 77] = doubles[d + D.idleMin]!
}

/** Of a direction's bulks: mean bytes, mean packets, bytes per second. */
function writeBulks(to: Float64Array, at: number, doubles: Float64Array, ints: Int32Array, d: number, i: number): void {
  const bulks = ints[i + DI.bulks]!
  if (bulks === 0) {
    to[at] = 0
    to[at + 1] = 0
    to[at + 2] = 0
    return
  }
  const micros = doubles[d + DD.bulkMicros]!
  to[at] = doubles[d + DD.bulkBytes]! / bulks
  to[at + 1] = ints[i + DI.bulkPackets]! / bulks
  to[at + 2] = micros > 0 ? doubles[d + DD.bulkBytes]! / (micros / 1e6) : 0
}
