/** The names and units of what detectors look at, for people. */
import { wordsFor } from '#core/explain/words.ts'
import { formatBytes, formatNumber } from './format.ts'

const WORDS: Readonly<Record<string, string>> = {
  orig_pkts: 'Packets sent',
  resp_pkts: 'Packets received',
  orig_bytes: 'Data sent',
  resp_bytes: 'Data received',
  packets: 'Packets a minute',
  bytes: 'Data a minute',
  'packets per minute': 'Packets a minute',
  'bytes per minute': 'Data a minute',
  'hosts per minute': 'Hosts reached a minute',
  'fan-out': 'Hosts reached a minute',
}

/** "Data sent" for `orig_bytes`, "Use of UDP" for `proto=udp`; unknown names stay readable. */
export function measureName(feature: string): string {
  const known = WORDS[feature]
  if (known) return known
  const { name } = wordsFor(feature)
  const words = name === `“${feature}”` ? feature.replaceAll('_', ' ').trim() : name
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export function formatMeasure(feature: string, value: number): string {
  if (WORDS[feature] === undefined && Number.isFinite(value)) return wordsFor(feature).write(value)
  return /byte/i.test(feature) ? formatBytes(value) : formatNumber(value)
}

const PROTOCOLS: Readonly<Record<number, string>> = {
  1: 'ICMP',
  2: 'IGMP',
  6: 'TCP',
  17: 'UDP',
  47: 'GRE',
  58: 'ICMPv6',
  132: 'SCTP',
}

/** Name of an IANA protocol number; '–' when unknown. */
export function protocolName(protocol: number): string {
  return protocol < 0 ? '–' : (PROTOCOLS[protocol] ?? String(protocol))
}

const KINDS: Readonly<Record<string, string>> = {
  pcap: 'Capture (pcap)',
  pcapng: 'Capture (pcapng)',
  'flow-csv': 'Table of flows',
  'cic-csv': 'CIC flow table',
  'zeek-conn': 'Zeek connection log',
  'suricata-eve': 'Suricata event log',
  'unsw-csv': 'UNSW-NB15 table',
}

export function kindName(kind: string): string {
  return KINDS[kind] ?? kind
}
