/**
 * What a flow's source says of it as columns of numbers, for detectors over tables. Sources of the 78 features give these; others the
 * counts, what follows from them, and frozen categories. Never an address, a port, a time or an identifier.
 */
import { COUNT_COLUMNS, type FlowBatch } from '../flow/batch.ts'
import { FEATURE_COUNT, FEATURE_NAMES } from '../flow/features.ts'

export interface FlowColumns {
  readonly names: readonly string[]
  /** length × names, row-major; NaN: the source does not say. */
  readonly values: Float32Array
}

/** Position of Destination Port, the one identifier among the 78. */
const PORT_FEATURE = 0
const FLOW_FEATURES = FEATURE_NAMES.filter((_, at) => at !== PORT_FEATURE)

const DERIVED = [
  ...COUNT_COLUMNS,
  'duration',
  'orig_bytes_per_pkt',
  'resp_bytes_per_pkt',
  'pkts_per_s',
  'bytes_per_s',
  'resp_share_of_pkts',
  'resp_share_of_bytes',
] as const

/** Values that become a 0/1 column each, by the category's name. A value that is none of them is 0 in all, as is a missing one. */
const CATEGORIES: Readonly<Record<string, readonly string[]>> = {
  service: 'dns http ssl ssh dhcp ntp mqtt smtp ftp ftp-data irc snmp pop3 radius telnet'.split(' '),
  conn_state: 'S0 S1 SF REJ S2 S3 RSTO RSTR RSTOS0 RSTRH SH SHR OTH'.split(' '),
  state: 'FIN INT CON REQ RST ECO ACC CLO'.split(' '),
}

const PROTOCOLS: readonly (readonly [name: string, numbers: readonly number[]])[] = [
  ['proto=tcp', [6]],
  ['proto=udp', [17]],
  ['proto=icmp', [1, 58]],
]

export function flowColumns(batch: FlowBatch): FlowColumns {
  return batch.features ? featureColumns(batch.features, batch.length) : derivedColumns(batch)
}

function featureColumns(features: ArrayLike<number>, length: number): FlowColumns {
  const values = new Float32Array(length * FLOW_FEATURES.length)
  for (let row = 0, to = 0; row < length; row++) {
    const from = row * FEATURE_COUNT
    for (let at = 0; at < FEATURE_COUNT; at++) if (at !== PORT_FEATURE) values[to++] = features[from + at]!
  }
  return { names: FLOW_FEATURES, values }
}

function derivedColumns(batch: FlowBatch): FlowColumns {
  const categories = batch.categories.flatMap(({ name, values, code }) => {
    const key = name.toLowerCase()
    const known = Object.hasOwn(CATEGORIES, key) ? CATEGORIES[key]! : []
    const places = values.map((value) => known.findIndex((one) => one.toLowerCase() === value.toLowerCase()))
    return known.length > 0 ? [{ names: known.map((value) => `${key}=${value}`), places, code }] : []
  })
  const own = batch.numbers?.names ?? []
  const names = [
    ...DERIVED,
    ...PROTOCOLS.map(([name]) => name),
    ...categories.flatMap((category) => category.names),
    ...own.filter((name) => !isDerived(name)),
  ]
  const width = names.length
  const values = new Float32Array(batch.length * width)
  for (let row = 0; row < batch.length; row++) {
    let to = row * width
    writeDerived(batch, row, values, to)
    to += DERIVED.length
    const protocol = batch.protocol[row]!
    for (const [, numbers] of PROTOCOLS) values[to++] = protocol < 0 ? Number.NaN : Number(numbers.includes(protocol))
    for (const category of categories) {
      const place = category.places[category.code[row]!] ?? -1
      if (place >= 0) values[to + place] = 1
      to += category.names.length
    }
    for (let k = 0; k < own.length; k++) {
      if (!isDerived(own[k]!)) values[to++] = batch.numbers!.values[row * own.length + k]!
    }
  }
  return { names, values }
}

const isDerived = (name: string): boolean => (DERIVED as readonly string[]).includes(name)

function writeDerived({ counts, startMicros, endMicros }: FlowBatch, row: number, to: Float32Array, at: number): void {
  const [origPackets, respPackets] = [counts[row * 4]!, counts[row * 4 + 1]!]
  const [origBytes, respBytes] = [counts[row * 4 + 2]!, counts[row * 4 + 3]!]
  const seconds = (endMicros[row]! - startMicros[row]!) / 1e6
  const packets = origPackets + respPackets
  const bytes = origBytes + respBytes
  to[at] = origPackets
  to[at + 1] = respPackets
  to[at + 2] = origBytes
  to[at + 3] = respBytes
  to[at + 4] = seconds
  to[at + 5] = origPackets > 0 ? origBytes / origPackets : 0
  to[at + 6] = respPackets > 0 ? respBytes / respPackets : 0
  // A flow without duration has no rate; 0 keeps it apart from the fast ones. NaN where there are no times.
  to[at + 7] = seconds > 0 ? packets / seconds : 0 * seconds
  to[at + 8] = seconds > 0 ? bytes / seconds : 0 * seconds
  to[at + 9] = packets > 0 ? respPackets / packets : 0
  to[at + 10] = bytes > 0 ? respBytes / bytes : 0
}
