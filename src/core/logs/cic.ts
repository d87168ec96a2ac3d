/**
 * CICFlowMeter's columns under the names of its builds: MachineLearningCVE and GeneratedLabelledFlows (CIC-IDS2017), the tool's own
 * present header (E), and the short names of CSE-CIC-IDS2018. Order and names: CIC-IDS2017, "The 78 columns".
 */
import { type CountRule, column, finishLayout, type Layout, RATE_OF_DURATION } from './layout.ts'
import type { ColumnFinder } from './names.ts'
import { detectTimeUnit, isMonthFirst, MICROS_PER, parseTime } from './time.ts'

const SIDES = ['Fwd', 'Bwd'] as const
const stats = (prefix: string, short = prefix): string[][] =>
  ['Mean', 'Std', 'Max', 'Min'].map((stat) => [`${prefix} ${stat}`, `${short} ${stat}`])

/** 78 lists of names, the first one that of MachineLearningCVE. */
export const CIC_NAMES: readonly (readonly string[])[] = [
  ['Destination Port', 'Dst Port'],
  ['Flow Duration'],
  ['Total Fwd Packets', 'Total Fwd Packet', 'Tot Fwd Pkts'],
  ['Total Backward Packets', 'Total Bwd packets', 'Tot Bwd Pkts', 'Total Bwd Packet'],
  ['Total Length of Fwd Packets', 'Total Length of Fwd Packet', 'TotLen Fwd Pkts', 'Fwd Packets Length Total'],
  ['Total Length of Bwd Packets', 'Total Length of Bwd Packet', 'TotLen Bwd Pkts', 'Bwd Packets Length Total'],
  ...SIDES.flatMap((side) =>
    ['Max', 'Min', 'Mean', 'Std'].map((stat) => [`${side} Packet Length ${stat}`, `${side} Pkt Len ${stat}`]),
  ),
  ['Flow Bytes/s', 'Flow Byts/s'],
  ['Flow Packets/s', 'Flow Pkts/s'],
  ...stats('Flow IAT'),
  ...SIDES.flatMap((side) => [[`${side} IAT Total`, `${side} IAT Tot`], ...stats(`${side} IAT`)]),
  ['Fwd PSH Flags'],
  ['Bwd PSH Flags'],
  ['Fwd URG Flags'],
  ['Bwd URG Flags'],
  ['Fwd Header Length', 'Fwd Header Len'],
  ['Bwd Header Length', 'Bwd Header Len'],
  ['Fwd Packets/s', 'Fwd Pkts/s'],
  ['Bwd Packets/s', 'Bwd Pkts/s'],
  ['Min Packet Length', 'Packet Length Min', 'Pkt Len Min'],
  ['Max Packet Length', 'Packet Length Max', 'Pkt Len Max'],
  ['Packet Length Mean', 'Pkt Len Mean'],
  ['Packet Length Std', 'Pkt Len Std'],
  ['Packet Length Variance', 'Pkt Len Var'],
  ...['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'].map((flag) => [`${flag} Flag Count`, `${flag} Flag Cnt`]),
  ['CWE Flag Count', 'CWR Flag Count', 'CWE Flag Cnt', 'CWR Flag Cnt'],
  ['ECE Flag Count', 'ECE Flag Cnt'],
  ['Down/Up Ratio'],
  ['Average Packet Size', 'Pkt Size Avg', 'Avg Packet Size'],
  ['Avg Fwd Segment Size', 'Fwd Segment Size Avg', 'Fwd Seg Size Avg'],
  ['Avg Bwd Segment Size', 'Bwd Segment Size Avg', 'Bwd Seg Size Avg'],
  ['Fwd Header Length.1'],
  ...SIDES.flatMap((side) => [
    [`${side} Avg Bytes/Bulk`, `${side} Bytes/Bulk Avg`, `${side} Byts/b Avg`],
    [`${side} Avg Packets/Bulk`, `${side} Packet/Bulk Avg`, `${side} Pkts/b Avg`],
    [`${side} Avg Bulk Rate`, `${side} Bulk Rate Avg`, `${side} Blk Rate Avg`],
  ]),
  ...SIDES.flatMap((side) => [
    [`Subflow ${side} Packets`, `Subflow ${side} Pkts`],
    [`Subflow ${side} Bytes`, `Subflow ${side} Byts`],
  ]),
  ['Init_Win_bytes_forward', 'FWD Init Win Bytes', 'Init Fwd Win Byts', 'Init Fwd Win Bytes'],
  ['Init_Win_bytes_backward', 'Bwd Init Win Bytes', 'Init Bwd Win Byts', 'Init Bwd Win Bytes'],
  ['act_data_pkt_fwd', 'Fwd Act Data Pkts', 'Fwd Act Data Packets'],
  ['min_seg_size_forward', 'Fwd Seg Size Min'],
  ...stats('Active'),
  ...stats('Idle'),
]

/** Places in the 78 that are needed here by meaning, from 0. */
const AT = {
  duration: 1,
  packets: [2, 3],
  bytes: [4, 5],
  lengthMean: [8, 12],
  bytesRate: 14,
  rate: 15,
  sideRate: [36, 37],
} as const
const HEADER_LENGTH = 34
const HEADER_LENGTH_AGAIN = 55
const SUBFLOW_PACKETS = [62, 64] as const

/** Fewer of the 78 than this, and the table is judged by the names of its four counts instead. */
const ENOUGH_FEATURES = 20

/** Undefined when the columns are not CICFlowMeter's, or the four counts cannot be had from them. */
export function cicLayout(find: ColumnFinder): Layout | undefined {
  const features = Int32Array.from(CIC_NAMES, (names) => find.first(names))
  if (features.filter((at) => at >= 0).length < ENOUGH_FEATURES || features[AT.duration]! < 0) return undefined
  // The second "Fwd Header Length" is a copy of the first by definition (#56 of 78), and absent from all but one layout.
  if (features[HEADER_LENGTH_AGAIN]! < 0) features[HEADER_LENGTH_AGAIN] = features[HEADER_LENGTH]!
  const remarks: string[] = []
  const packets = [0, 1].map((side) => packetRule(features, side, remarks))
  const bytes = [0, 1].map((side) => byteRule(features, side, packets[side], remarks))
  const [origPackets, respPackets] = packets
  const [origBytes, respBytes] = bytes
  if (!origPackets || !respPackets || !origBytes || !respBytes) return undefined
  const start = find.first(['Timestamp'])
  const samples = start < 0 ? [] : find.samples(start)
  const unit = detectTimeUnit(samples)
  const afternoon = start >= 0 && isTwelveHourClock(samples)
  if (afternoon) remarks.push('The times have a 12-hour clock without AM or PM; hours 1 to 7 were read as afternoon.')
  if (start < 0) remarks.push('The table has no times; its rows are taken in the order of the file.')
  const monthFirst = isMonthFirst(samples) ? 'month-first' : undefined
  const origAddress = find.first(['Source IP', 'Src IP'])
  const device = find.first(['Device'])
  return finishLayout({
    kind: 'cic-csv',
    columns: find.columns,
    counts: [origPackets, respPackets, origBytes, respBytes],
    features,
    ...(start >= 0 ? { start: { column: start, scale: unit === 'text' ? 1 : MICROS_PER[unit] } } : {}),
    duration: { column: features[AT.duration]!, scale: 1 },
    timeTexts: unit === 'text' ? [start] : [],
    parseTime: (text) => laterOn(parseTime(text, monthFirst), afternoon),
    origAddress: origAddress >= 0 ? origAddress : device,
    respAddress: find.first(['Destination IP', 'Dst IP']),
    origPort: find.first(['Source Port', 'Src Port']),
    respPort: features[0]!,
    protocol: find.first(['Protocol']),
    label: find.first(['Label', 'Attack Type', 'Class', 'Attack']),
    categories: ['Device', 'Run', 'Capture'].map((name) => find.first([name])).filter((at) => at >= 0),
    policies: [AT.bytesRate, AT.rate].map((rate) => [features[rate]!, RATE_OF_DURATION] as const),
    remarks,
  })
}

function packetRule(features: Int32Array, side: number, remarks: string[]): CountRule | undefined {
  const own = features[AT.packets[side]!]!
  if (own >= 0) return column(own)
  const duration = features[AT.duration]!
  const rate = features[AT.sideRate[side]!]!
  const subflow = features[SUBFLOW_PACKETS[side]!]!
  const missing = CIC_NAMES[AT.packets[side]!]![0]!
  if (rate >= 0) {
    remarks.push(
      `The table has no column ${missing}: it was worked out as ${CIC_NAMES[AT.sideRate[side]!]![0]} × Flow Duration.`,
    )
    return { columns: [rate, duration], of: (n) => Math.round((n[rate]! * Math.max(0, n[duration]!)) / 1e6) }
  }
  if (subflow < 0) return undefined
  remarks.push(`The table has no column ${missing}: ${CIC_NAMES[SUBFLOW_PACKETS[side]!]![0]} was taken for it.`)
  return column(subflow)
}

function byteRule(
  features: Int32Array,
  side: number,
  packets: CountRule | undefined,
  remarks: string[],
): CountRule | undefined {
  const own = features[AT.bytes[side]!]!
  if (own >= 0) return column(own)
  const mean = features[AT.lengthMean[side]!]!
  if (mean < 0 || packets === undefined) return undefined
  remarks.push(
    `The table has no column ${CIC_NAMES[AT.bytes[side]!]![0]}: it was worked out as ${CIC_NAMES[AT.lengthMean[side]!]![0]} × packets.`,
  )
  const [first] = packets.columns
  const count = packets.of ?? ((n: Float64Array) => (first === undefined ? 0 : n[first]!))
  return { columns: [mean, ...packets.columns], of: (n) => Math.round(n[mean]! * count(n)) }
}

/** GeneratedLabelledFlows of CIC-IDS2017 (3 to 7 July 2017, recorded 9:00 to 17:00) writes 1:30 for half past one in the afternoon. */
function isTwelveHourClock(samples: readonly string[]): boolean {
  return (
    samples.length > 0 &&
    samples.every((text) => /^0?[3-7]\/0?7\/2017 /.test(text.trim()) && !/[AP]M$/i.test(text.trim()))
  )
}

function laterOn(micros: number, afternoon: boolean): number {
  const hour = Math.floor(micros / 3600e6) % 24
  return afternoon && hour >= 1 && hour <= 7 ? micros + 12 * 3600e6 : micros
}
