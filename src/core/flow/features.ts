/**
 * The 78 features of CIC-IDS2017 (cic78 §4, "corrected"): name as in the data set's header, unit, and what it is.
 * Lengths are TCP or UDP payload, header bytes are those of TCP or UDP alone, times are µs.
 */
import type { FlowView } from './view.ts'

export type Unit = 'port' | 'µs' | 'packets' | 'B' | 'B²' | '1/s' | 'B/s' | 'ratio'
export type Feature = readonly [name: string, unit: Unit, value: (flow: FlowView) => number]

/** Subflows are the gaps longer than a second, not the parts between them, so a flow without one has none (cic78 §5). */
const perGap = (f: FlowView, value: number) => (f.longGaps > 0 ? value / f.longGaps : 0)
/** A flow without duration has no rate: the tool writes -1. */
const perSecond = (f: FlowView, value: number) => (f.seconds > 0 ? value / f.seconds : -1)

export const FEATURES: readonly Feature[] = [
  ['Destination Port', 'port', (f) => f.destinationPort],
  ['Flow Duration', 'µs', (f) => f.durationMicros],
  ['Total Fwd Packets', 'packets', (f) => f.forward.packets],
  ['Total Backward Packets', 'packets', (f) => f.backward.packets],
  ['Total Length of Fwd Packets', 'B', (f) => f.forward.bytes],
  ['Total Length of Bwd Packets', 'B', (f) => f.backward.bytes],
  ['Fwd Packet Length Max', 'B', (f) => f.forward.lengths.max],
  ['Fwd Packet Length Min', 'B', (f) => f.forward.lengths.min],
  ['Fwd Packet Length Mean', 'B', (f) => f.forward.lengths.mean],
  ['Fwd Packet Length Std', 'B', (f) => f.forward.lengths.deviation],
  ['Bwd Packet Length Max', 'B', (f) => f.backward.lengths.max],
  ['Bwd Packet Length Min', 'B', (f) => f.backward.lengths.min],
  ['Bwd Packet Length Mean', 'B', (f) => f.backward.lengths.mean],
  ['Bwd Packet Length Std', 'B', (f) => f.backward.lengths.deviation],
  ['Flow Bytes/s', 'B/s', (f) => perSecond(f, f.bytes)],
  ['Flow Packets/s', '1/s', (f) => perSecond(f, f.packets)],
  ['Flow IAT Mean', 'µs', (f) => f.gaps.mean],
  ['Flow IAT Std', 'µs', (f) => f.gaps.deviation],
  ['Flow IAT Max', 'µs', (f) => f.gaps.max],
  ['Flow IAT Min', 'µs', (f) => f.gaps.min],
  ['Fwd IAT Total', 'µs', (f) => f.forward.gaps.sum],
  ['Fwd IAT Mean', 'µs', (f) => f.forward.gaps.mean],
  ['Fwd IAT Std', 'µs', (f) => f.forward.gaps.deviation],
  ['Fwd IAT Max', 'µs', (f) => f.forward.gaps.max],
  ['Fwd IAT Min', 'µs', (f) => f.forward.gaps.min],
  ['Bwd IAT Total', 'µs', (f) => f.backward.gaps.sum],
  ['Bwd IAT Mean', 'µs', (f) => f.backward.gaps.mean],
  ['Bwd IAT Std', 'µs', (f) => f.backward.gaps.deviation],
  ['Bwd IAT Max', 'µs', (f) => f.backward.gaps.max],
  ['Bwd IAT Min', 'µs', (f) => f.backward.gaps.min],
  ['Fwd PSH Flags', 'packets', (f) => f.forward.psh],
  ['Bwd PSH Flags', 'packets', (f) => f.backward.psh],
  ['Fwd URG Flags', 'packets', (f) => f.forward.urg],
  ['Bwd URG Flags', 'packets', (f) => f.backward.urg],
  ['Fwd Header Length', 'B', (f) => f.forward.headerBytes],
  ['Bwd Header Length', 'B', (f) => f.backward.headerBytes],
  ['Fwd Packets/s', '1/s', (f) => f.forward.perSecond],
  ['Bwd Packets/s', '1/s', (f) => f.backward.perSecond],
  ['Min Packet Length', 'B', (f) => f.lengths.min],
  ['Max Packet Length', 'B', (f) => f.lengths.max],
  ['Packet Length Mean', 'B', (f) => f.lengths.mean],
  ['Packet Length Std', 'B', (f) => f.lengths.deviation],
  ['Packet Length Variance', 'B²', (f) => f.lengths.variance],
  ['FIN Flag Count', 'packets', (f) => f.forward.fin + f.backward.fin],
  ['SYN Flag Count', 'packets', (f) => f.syn],
  ['RST Flag Count', 'packets', (f) => f.rst],
  ['PSH Flag Count', 'packets', (f) => f.forward.psh + f.backward.psh],
  ['ACK Flag Count', 'packets', (f) => f.ack],
  ['URG Flag Count', 'packets', (f) => f.forward.urg + f.backward.urg],
  // The flag is CWR; the misprint is the data set's.
  ['CWE Flag Count', 'packets', (f) => f.cwr],
  ['ECE Flag Count', 'packets', (f) => f.ece],
  ['Down/Up Ratio', 'ratio', (f) => (f.forward.packets > 0 ? f.backward.packets / f.forward.packets : 0)],
  ['Average Packet Size', 'B', (f) => f.lengths.mean],
  ['Avg Fwd Segment Size', 'B', (f) => f.forward.lengths.mean],
  ['Avg Bwd Segment Size', 'B', (f) => f.backward.lengths.mean],
  ['Fwd Header Length.1', 'B', (f) => f.forward.headerBytes],
  ['Fwd Avg Bytes/Bulk', 'B', (f) => f.forward.bulkBytes],
  ['Fwd Avg Packets/Bulk', 'packets', (f) => f.forward.bulkPackets],
  ['Fwd Avg Bulk Rate', 'B/s', (f) => f.forward.bulkRate],
  ['Bwd Avg Bytes/Bulk', 'B', (f) => f.backward.bulkBytes],
  ['Bwd Avg Packets/Bulk', 'packets', (f) => f.backward.bulkPackets],
  ['Bwd Avg Bulk Rate', 'B/s', (f) => f.backward.bulkRate],
  ['Subflow Fwd Packets', 'packets', (f) => perGap(f, f.forward.packets)],
  ['Subflow Fwd Bytes', 'B', (f) => perGap(f, f.forward.bytes)],
  ['Subflow Bwd Packets', 'packets', (f) => perGap(f, f.backward.packets)],
  ['Subflow Bwd Bytes', 'B', (f) => perGap(f, f.backward.bytes)],
  ['Init_Win_bytes_forward', 'B', (f) => f.windowForward],
  ['Init_Win_bytes_backward', 'B', (f) => f.windowBackward],
  ['act_data_pkt_fwd', 'packets', (f) => f.dataForward],
  ['min_seg_size_forward', 'B', (f) => f.headerMinForward],
  ['Active Mean', 'µs', (f) => f.active.mean],
  ['Active Std', 'µs', (f) => f.active.deviation],
  ['Active Max', 'µs', (f) => f.active.max],
  ['Active Min', 'µs', (f) => f.active.min],
  ['Idle Mean', 'µs', (f) => f.idle.mean],
  ['Idle Std', 'µs', (f) => f.idle.deviation],
  ['Idle Max', 'µs', (f) => f.idle.max],
  ['Idle Min', 'µs', (f) => f.idle.min],
]

export const FEATURE_COUNT = 78
/** In the order of FEATURES. */
export const FEATURE_NAMES: readonly string[] = FEATURES.map(([name]) => name)

const VALUES = FEATURES.map(([, , value]) => value)

/** Writes the 78 numbers of a flow at `target[at…]`. */
export function writeFeatures(target: Float64Array, at: number, flow: FlowView): void {
  for (let index = 0; index < FEATURE_COUNT; index++) target[at + index] = VALUES[index]!(flow)
}
