/** Tables that name the four counts, under the names that flow tools use; also UNSW-NB15 and what a person mapped by hand. */
import { InputError } from '../base/errors.ts'
import { COUNT_COLUMNS } from '../flow/batch.ts'
import { cicLayout } from './cic.ts'
import { column, finishLayout, type Layout, MISSING_IS_ZERO } from './layout.ts'
import { type ColumnFinder, tidyName } from './names.ts'
import { parseNumber } from './number.ts'
import { detectTimeUnit, isMonthFirst, MICROS_PER, parseTime, type TimeUnit } from './time.ts'

export const ROLES = [
  ...COUNT_COLUMNS,
  'ts',
  'end',
  'duration',
  'orig_address',
  'resp_address',
  'orig_port',
  'resp_port',
  'protocol',
  'label',
] as const
export type Role = (typeof ROLES)[number]

/** Which column of the table has which role. */
export type ColumnMapping = Readonly<Partial<Record<Role, string>>>

/** Known names by role, the product's own first. Zeek, NFStream, Argus and UNSW-NB15, NetFlow v9, ToN_IoT, BoT-IoT. */
export const SYNONYMS: Readonly<Record<Role, readonly string[]>> = {
  orig_pkts: [
    'orig_pkts',
    'spkts',
    'src_pkts',
    'src2dst_packets',
    'fwd_pkts',
    'fwd_packets',
    'pkts_toserver',
    'flow.pkts_toserver',
    'in_pkts',
    'packets_sent',
    'sent_pkts',
    'out_packets',
    'tx_packets',
    'Total Fwd Packets',
    'Tot Fwd Pkts',
    'Total Fwd Packet',
  ],
  resp_pkts: [
    'resp_pkts',
    'dpkts',
    'dst_pkts',
    'dst2src_packets',
    'bwd_pkts',
    'bwd_packets',
    'pkts_toclient',
    'flow.pkts_toclient',
    'out_pkts',
    'packets_received',
    'received_pkts',
    'in_packets',
    'rx_packets',
    'Total Backward Packets',
    'Tot Bwd Pkts',
    'Total Bwd packets',
  ],
  orig_bytes: [
    'orig_bytes',
    'sbytes',
    'src_bytes',
    'src2dst_bytes',
    'fwd_bytes',
    'bytes_toserver',
    'flow.bytes_toserver',
    'in_bytes',
    'bytes_sent',
    'sent_bytes',
    'tx_bytes',
    'Total Length of Fwd Packets',
    'TotLen Fwd Pkts',
    'Total Length of Fwd Packet',
  ],
  resp_bytes: [
    'resp_bytes',
    'dbytes',
    'dst_bytes',
    'dst2src_bytes',
    'bwd_bytes',
    'bytes_toclient',
    'flow.bytes_toclient',
    'out_bytes',
    'bytes_received',
    'received_bytes',
    'rx_bytes',
    'Total Length of Bwd Packets',
    'TotLen Bwd Pkts',
    'Total Length of Bwd Packet',
  ],
  ts: [
    'ts',
    'start',
    'start_time',
    'stime',
    'timestamp',
    'time',
    'bidirectional_first_seen_ms',
    'flow.start',
    'first_seen',
    'flow_start',
    'date',
    'datetime',
    '@timestamp',
    'FLOW_START_MILLISECONDS',
  ],
  end: [
    'end',
    'end_time',
    'ltime',
    'bidirectional_last_seen_ms',
    'flow.end',
    'last_seen',
    'flow_end',
    'FLOW_END_MILLISECONDS',
  ],
  duration: [
    'duration',
    'dur',
    'flow_duration',
    'bidirectional_duration_ms',
    'FLOW_DURATION_MILLISECONDS',
    'duration_ms',
  ],
  orig_address: [
    'id.orig_h',
    'id_orig_h',
    'src_ip',
    'srcip',
    'source_ip',
    'saddr',
    'src',
    'src_addr',
    'source',
    'IPV4_SRC_ADDR',
    'IPV6_SRC_ADDR',
    'client_ip',
    'device',
    'device_id',
    'host',
    'mac',
    'src_mac',
  ],
  resp_address: [
    'id.resp_h',
    'id_resp_h',
    'dst_ip',
    'dstip',
    'dest_ip',
    'destination_ip',
    'daddr',
    'dst',
    'dst_addr',
    'destination',
    'IPV4_DST_ADDR',
    'IPV6_DST_ADDR',
    'server_ip',
    'dst_mac',
  ],
  orig_port: ['id.orig_p', 'id_orig_p', 'src_port', 'sport', 'source_port', 'srcport', 'L4_SRC_PORT'],
  resp_port: [
    'id.resp_p',
    'id_resp_p',
    'dst_port',
    'dport',
    'dsport',
    'dest_port',
    'destination_port',
    'dstport',
    'L4_DST_PORT',
  ],
  protocol: ['proto', 'protocol', 'ip_proto'],
  label: ['label', 'attack_cat', 'attack type', 'attack', 'class', 'type', 'category', 'is_attack'],
}

/** Text columns that name one flow, not a kind of flow. */
const IDENTIFIERS = new Set([
  'id',
  'uid',
  'flowid',
  'flowuid',
  'communityid',
  'index',
  'unnamed0',
  'pkseqid',
  'rowid',
  'tunnelparents',
  'history',
])

/** Duration columns are in seconds unless their name says otherwise. */
const durationScale = (name: string): number => {
  if (/(?:_us|micros|microseconds)$/i.test(name)) return 1
  return /(?:_ms|millis|milliseconds)$/i.test(name) ? 1e3 : 1e6
}

/** The layout that the names alone say. Throws InputError naming what is expected and what came. */
export function layoutByNames(find: ColumnFinder): Layout {
  const cic = cicLayout(find)
  if (cic) return cic
  const mapping = mapByNames(find)
  if (isComplete(mapping)) return layoutByMapping(find, mapping)
  throw new InputError(missingColumnsText(find.columns, mapping))
}

export function mapByNames(find: ColumnFinder): ColumnMapping {
  const mapping: Partial<Record<Role, string>> = {}
  for (const role of ROLES) {
    const at = find.first(SYNONYMS[role])
    if (at >= 0) mapping[role] = find.columns[at]!
  }
  return mapping
}

export const isComplete = (mapping: ColumnMapping): boolean =>
  COUNT_COLUMNS.every((count) => mapping[count] !== undefined)

export function layoutByMapping(find: ColumnFinder, mapping: ColumnMapping): Layout {
  const at = (role: Role): number => {
    const name = mapping[role]
    if (name === undefined) return -1
    const exact = find.columns.indexOf(name)
    return exact >= 0 ? exact : find.first([name])
  }
  const counts = COUNT_COLUMNS.map(at)
  if (counts.some((count) => count < 0)) throw new InputError(missingColumnsText(find.columns, mapping))
  const kind = kindOf(find)
  const times = (['ts', 'end'] as const).map((role) => ({ role, at: at(role) })).filter((time) => time.at >= 0)
  const units = new Map<string, TimeUnit>(times.map((time) => [time.role, detectTimeUnit(find.samples(time.at))]))
  const scaled = (role: 'ts' | 'end') => {
    const unit = units.get(role)
    return unit === undefined ? undefined : { column: at(role), scale: unit === 'text' ? 1 : MICROS_PER[unit] }
  }
  const start = scaled('ts')
  const end = scaled('end')
  const duration = at('duration')
  const dateSamples = times.flatMap((time) => find.samples(time.at))
  const monthFirst = isMonthFirst(dateSamples) ? 'month-first' : undefined
  const protocol = at('protocol')
  const label = kind === 'unsw-csv' ? find.first(['attack_cat', 'label']) : at('label')
  const labelDetail = find.first(['detailed-label', 'detailedlabel', 'detailed_label'])
  const used = new Set([...counts, ...times.map((time) => time.at), duration, protocol, label, labelDetail])
  for (const role of ['orig_address', 'resp_address', 'orig_port', 'resp_port'] as const) used.add(at(role))
  for (const name of SYNONYMS.label) used.add(find.first([name]))
  const remarks = remarksOf(find, kind)
  if (times.length === 0) remarks.push('The table has no times; its rows are taken in the order of the file.')
  return finishLayout({
    kind,
    columns: find.columns,
    counts: counts.map(column),
    ...(start ? { start } : {}),
    ...(end ? { end } : {}),
    ...(duration >= 0 ? { duration: { column: duration, scale: durationScale(find.columns[duration]!) } } : {}),
    timeTexts: times.filter((time) => units.get(time.role) === 'text').map((time) => time.at),
    parseTime: (text) => parseTime(text, monthFirst),
    origAddress: at('orig_address'),
    respAddress: at('resp_address'),
    origPort: at('orig_port'),
    respPort: at('resp_port'),
    protocol,
    label,
    labelDetail: label < 0 ? -1 : labelDetail,
    tidyLabel: kind === 'unsw-csv' ? (text) => text.trim() || 'Normal' : (text) => text.trim(),
    categories: categoryColumns(find, used, protocol),
    policies: [[duration, MISSING_IS_ZERO], ...zeekPolicies(kind, counts)],
    remarks,
  })
}

/** Zeek leaves its byte counts unset ('-') where it saw no payload. */
const zeekPolicies = (kind: Layout['kind'], counts: readonly number[]): (readonly [number, number])[] =>
  kind === 'zeek-conn'
    ? [
        [counts[2]!, MISSING_IS_ZERO],
        [counts[3]!, MISSING_IS_ZERO],
      ]
    : []

function kindOf(find: ColumnFinder): Layout['kind'] {
  if (find.has('event_type') && find.has('flow.pkts_toserver')) return 'suricata-eve'
  if (find.has('sttl') && find.has('ct_srv_src') && find.has('spkts')) return 'unsw-csv'
  return find.has('conn_state') && find.has('orig_ip_bytes') && find.has('orig_pkts') ? 'zeek-conn' : 'flow-csv'
}

function remarksOf(find: ColumnFinder, kind: Layout['kind']): string[] {
  if (kind === 'unsw-csv' || kind === 'suricata-eve' || find.has('src2dst_bytes')) {
    return ['The byte counts of this table include packet headers, so they are higher than payload bytes.']
  }
  return []
}

/** Text columns of few values; protocol first, because a model may want it one-hot. */
function categoryColumns(find: ColumnFinder, used: ReadonlySet<number>, protocol: number): number[] {
  const extra = find.columns.flatMap((name, at) => {
    if (used.has(at) || IDENTIFIERS.has(tidyName(name))) return []
    const samples = find.samples(at)
    const texts = samples.filter((text) => Number.isNaN(parseNumber(text)))
    const distinct = new Set(texts).size
    const isCategory = texts.length > samples.length / 2 && (distinct <= 16 || distinct <= texts.length / 4)
    return isCategory && Number.isNaN(parseTime(texts[0] ?? '')) ? [at] : []
  })
  return protocol >= 0 ? [protocol, ...extra] : extra
}

const SHOWN_COLUMNS = 12

export function missingColumnsText(columns: readonly string[], mapping: ColumnMapping): string {
  const missing = COUNT_COLUMNS.filter((count) => mapping[count] === undefined)
  const shown = columns.slice(0, SHOWN_COLUMNS).map((name) => name.trim().slice(0, 40) || '(no name)')
  const more = columns.length - shown.length
  const found = `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
  const header =
    columns.length > 1 && columns.filter((name) => !Number.isNaN(parseNumber(name))).length * 2 > columns.length
  if (header) {
    return `The first line should name the columns (${COUNT_COLUMNS.join(', ')}), but it holds values: ${found}.`
  }
  const needs = missing.length === 1 ? 'a column' : 'columns'
  return `This table needs ${needs} for ${missing.join(', ')}. Its columns are ${found}. Say which columns they are, or give them these names.`
}
