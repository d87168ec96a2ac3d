/** Tables of CICFlowMeter: the 78 features, and the four counts out of them, also where a cleaned copy of a data set has left columns out. */
import { FEATURE_NAMES } from '../flow/features.ts'
import { CIC_NAMES } from './cic-names.ts'
import { type CountRule, column, finishLayout, type Layout, RATE_OF_DURATION } from './layout.ts'
import type { ColumnFinder } from './names.ts'
import { detectTimeUnit, isMonthFirst, MICROS_PER, parseTime } from './time.ts'

const place = (name: string): number => {
  const at = FEATURE_NAMES.indexOf(name)
  if (at < 0) throw new Error(`no feature ${name}`)
  return at
}

const DURATION = place('Flow Duration')
const RATES = [place('Flow Bytes/s'), place('Flow Packets/s')]
const HEADER_LENGTH = place('Fwd Header Length')
const HEADER_LENGTH_AGAIN = place('Fwd Header Length.1')

/** What the counts of one direction are, or can be worked out from. */
interface Side {
  readonly packets: number
  readonly bytes: number
  readonly lengthMean: number
  readonly packetRate: number
  readonly subflowPackets: number
}

const FORWARD: Side = {
  packets: place('Total Fwd Packets'),
  bytes: place('Total Length of Fwd Packets'),
  lengthMean: place('Fwd Packet Length Mean'),
  packetRate: place('Fwd Packets/s'),
  subflowPackets: place('Subflow Fwd Packets'),
}
const BACKWARD: Side = {
  packets: place('Total Backward Packets'),
  bytes: place('Total Length of Bwd Packets'),
  lengthMean: place('Bwd Packet Length Mean'),
  packetRate: place('Bwd Packets/s'),
  subflowPackets: place('Subflow Bwd Packets'),
}

/** Fewer of the 78 than this, and the table is judged by the names of its four counts instead. */
const ENOUGH_FEATURES = 20

/** Undefined when the columns are not CICFlowMeter's, or the four counts cannot be had from them. */
export function cicLayout(find: ColumnFinder): Layout | undefined {
  const features = Int32Array.from(CIC_NAMES, (names) => find.first(names))
  if (features.filter((at) => at >= 0).length < ENOUGH_FEATURES || features[DURATION]! < 0) return undefined
  // The second "Fwd Header Length" is a copy of the first by definition (#56 of 78), and absent from all but one layout.
  if (features[HEADER_LENGTH_AGAIN]! < 0) features[HEADER_LENGTH_AGAIN] = features[HEADER_LENGTH]!
  const remarks: string[] = []
  const origPackets = packetRule(features, FORWARD, remarks)
  const respPackets = packetRule(features, BACKWARD, remarks)
  const origBytes = byteRule(features, FORWARD, origPackets, remarks)
  const respBytes = byteRule(features, BACKWARD, respPackets, remarks)
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
    duration: { column: features[DURATION]!, scale: 1 },
    timeTexts: unit === 'text' ? [start] : [],
    parseTime: (text) => laterOn(parseTime(text, monthFirst), afternoon),
    origAddress: origAddress >= 0 ? origAddress : device,
    respAddress: find.first(['Destination IP', 'Dst IP']),
    origPort: find.first(['Source Port', 'Src Port']),
    respPort: features[0]!,
    protocol: find.first(['Protocol']),
    label: find.first(['Label', 'Attack Type', 'Class', 'Attack']),
    categories: ['Device', 'Run', 'Capture'].map((name) => find.first([name])).filter((at) => at >= 0),
    policies: RATES.map((rate) => [features[rate]!, RATE_OF_DURATION] as const),
    remarks,
  })
}

function packetRule(features: Int32Array, side: Side, remarks: string[]): CountRule | undefined {
  const own = features[side.packets]!
  if (own >= 0) return column(own)
  const duration = features[DURATION]!
  const rate = features[side.packetRate]!
  const subflow = features[side.subflowPackets]!
  const missing = FEATURE_NAMES[side.packets]
  if (rate >= 0) {
    remarks.push(
      `The table has no column ${missing}: it was worked out as ${FEATURE_NAMES[side.packetRate]} × Flow Duration.`,
    )
    return { columns: [rate, duration], of: (n) => Math.round((n[rate]! * Math.max(0, n[duration]!)) / 1e6) }
  }
  if (subflow < 0) return undefined
  remarks.push(`The table has no column ${missing}: ${FEATURE_NAMES[side.subflowPackets]} was taken for it.`)
  return column(subflow)
}

function byteRule(
  features: Int32Array,
  side: Side,
  packets: CountRule | undefined,
  remarks: string[],
): CountRule | undefined {
  const own = features[side.bytes]!
  if (own >= 0) return column(own)
  const mean = features[side.lengthMean]!
  if (mean < 0 || packets === undefined) return undefined
  const { columns, of } = packets
  const count = of ?? ((n: Float64Array) => n[columns[0]!]!)
  remarks.push(
    `The table has no column ${FEATURE_NAMES[side.bytes]}: it was worked out as ${FEATURE_NAMES[side.lengthMean]} × packets.`,
  )
  return { columns: [mean, ...columns], of: (n) => Math.round(n[mean]! * count(n)) }
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
