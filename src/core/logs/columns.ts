/** The roles that columns of a table can have, the names that flow tools give them, and what is missing when a table lacks one. */
import { COUNT_COLUMNS } from '../flow/batch.ts'
import type { ColumnFinder } from './names.ts'
import { parseNumber } from './number.ts'

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
