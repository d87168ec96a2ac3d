/** What people call the numbers that detectors look at. */
import { formatBytes, formatNumber } from '../base/format.ts'
import { FEATURES, type Unit } from '../flow/features.ts'

export interface Words {
  /** Goes after "its" and before "was": `time between packets sent, at most`. */
  readonly name: string
  readonly write: (value: number) => string
}

/** Of the 78 by their name in the data set; forward is what the device that opened the connection sent. */
const NAMES: Readonly<Record<string, string>> = {
  'Destination Port': 'port',
  'Flow Duration': 'duration',
  'Total Fwd Packets': 'number of packets sent',
  'Total Backward Packets': 'number of packets received',
  'Total Length of Fwd Packets': 'amount of data sent',
  'Total Length of Bwd Packets': 'amount of data received',
  'Fwd Packet Length Max': 'largest packet sent',
  'Fwd Packet Length Min': 'smallest packet sent',
  'Fwd Packet Length Mean': 'average packet sent',
  'Fwd Packet Length Std': 'difference in size between packets sent',
  'Bwd Packet Length Max': 'largest packet received',
  'Bwd Packet Length Min': 'smallest packet received',
  'Bwd Packet Length Mean': 'average packet received',
  'Bwd Packet Length Std': 'difference in size between packets received',
  'Flow Bytes/s': 'amount of data a second',
  'Flow Packets/s': 'number of packets a second',
  'Flow IAT Mean': 'average pause between packets',
  'Flow IAT Std': 'difference between pauses',
  'Flow IAT Max': 'longest pause between packets',
  'Flow IAT Min': 'shortest pause between packets',
  'Fwd IAT Total': 'time from first to last packet sent',
  'Fwd IAT Mean': 'average pause between packets sent',
  'Fwd IAT Std': 'difference between pauses in sending',
  'Fwd IAT Max': 'longest pause between packets sent',
  'Fwd IAT Min': 'shortest pause between packets sent',
  'Bwd IAT Total': 'time from first to last packet received',
  'Bwd IAT Mean': 'average pause between packets received',
  'Bwd IAT Std': 'difference between pauses in receiving',
  'Bwd IAT Max': 'longest pause between packets received',
  'Bwd IAT Min': 'shortest pause between packets received',
  'Fwd PSH Flags': 'number of packets sent to be read at once',
  'Bwd PSH Flags': 'number of packets received to be read at once',
  'Fwd URG Flags': 'number of packets sent as urgent',
  'Bwd URG Flags': 'number of packets received as urgent',
  'Fwd Header Length': 'amount of headers sent',
  'Bwd Header Length': 'amount of headers received',
  'Fwd Packets/s': 'number of packets sent a second',
  'Bwd Packets/s': 'number of packets received a second',
  'Min Packet Length': 'smallest packet',
  'Max Packet Length': 'largest packet',
  'Packet Length Mean': 'average packet size',
  'Packet Length Std': 'difference in size between packets',
  'Packet Length Variance': 'squared difference in size between packets',
  'FIN Flag Count': 'number of packets that say goodbye',
  'SYN Flag Count': 'number of packets that ask to connect',
  'RST Flag Count': 'number of packets that refuse or break off',
  'PSH Flag Count': 'number of packets to be read at once',
  'ACK Flag Count': 'number of packets that confirm others',
  'URG Flag Count': 'number of urgent packets',
  'CWE Flag Count': 'number of packets that report sending less',
  'ECE Flag Count': 'number of packets that report a jam',
  'Down/Up Ratio': 'ratio of packets received to packets sent',
  'Average Packet Size': 'average packet size',
  'Avg Fwd Segment Size': 'average packet sent',
  'Avg Bwd Segment Size': 'average packet received',
  'Fwd Header Length.1': 'amount of headers sent',
  'Fwd Avg Bytes/Bulk': 'amount of data sent in one go',
  'Fwd Avg Packets/Bulk': 'number of packets sent in one go',
  'Fwd Avg Bulk Rate': 'speed of sending in one go',
  'Bwd Avg Bytes/Bulk': 'amount of data received in one go',
  'Bwd Avg Packets/Bulk': 'number of packets received in one go',
  'Bwd Avg Bulk Rate': 'speed of receiving in one go',
  'Subflow Fwd Packets': 'number of packets sent without a pause',
  'Subflow Fwd Bytes': 'amount of data sent without a pause',
  'Subflow Bwd Packets': 'number of packets received without a pause',
  'Subflow Bwd Bytes': 'amount of data received without a pause',
  Init_Win_bytes_forward: 'space offered for answers at the start',
  Init_Win_bytes_backward: 'space offered by the other side at the start',
  act_data_pkt_fwd: 'number of packets with data sent',
  min_seg_size_forward: 'smallest header sent',
  'Active Mean': 'average time busy',
  'Active Std': 'difference between busy times',
  'Active Max': 'longest time busy',
  'Active Min': 'shortest time busy',
  'Idle Mean': 'average time at rest',
  'Idle Std': 'difference between times at rest',
  'Idle Max': 'longest time at rest',
  'Idle Min': 'shortest time at rest',
  orig_pkts: 'number of packets sent',
  resp_pkts: 'number of packets received',
  orig_bytes: 'amount of data sent',
  resp_bytes: 'amount of data received',
  duration: 'duration',
  orig_bytes_per_pkt: 'average packet sent',
  resp_bytes_per_pkt: 'average packet received',
  pkts_per_s: 'number of packets a second',
  bytes_per_s: 'amount of data a second',
  resp_share_of_pkts: 'share of answers among its packets',
  resp_share_of_bytes: 'share of answers in its data',
  host_gap: 'time since the device last spoke to this host',
  host_gap_variation: 'irregularity of its contacts with this host',
  host_bytes_out_vs_own: 'amount of data sent, compared with its own day',
}

const WRITERS: Readonly<Record<Unit, (value: number) => string>> = {
  port: (value) => String(Math.round(value)),
  µs: formatTime,
  packets: formatNumber,
  B: formatBytes,
  'B²': formatNumber,
  '1/s': formatNumber,
  'B/s': (value) => `${formatBytes(value)} a second`,
  ratio: formatNumber,
}

const UNITS: ReadonlyMap<string, Unit> = new Map(FEATURES)

/** Of what is not one of the 78. */
const OTHER_WRITERS: readonly (readonly [pattern: RegExp, write: (value: number) => string])[] = [
  [/=/, formatYes],
  [/^resp_share_of_|^host_(unanswered|alike)_/, formatShare],
  [/^duration$|^host_gap$/, (seconds) => formatTime(seconds * 1e6)],
  [/^bytes_per_s$/, WRITERS['B/s']],
  [/bytes(?!_out_vs)/, formatBytes],
]

/** `proto=udp`: what a flow is or is not. */
const KIND_WORDS: Readonly<Record<string, string>> = {
  proto: 'use of',
  service: 'use of',
  conn_state: 'end in state',
  state: 'end in state',
}

/** `host_unanswered_10min`: what of the device's other flows, and over how long. */
const HOST_WORDS: Readonly<Record<string, string>> = {
  flows: 'number of connections of the device',
  hosts: 'number of hosts the device reached',
  services: 'number of services the device tried',
  unanswered: 'share of tries of the device without an answer',
  alike: 'share of connections of the device just like this one',
  bytes_out: 'amount of data the device sent',
  bytes_in: 'amount of data the device received',
}
const SPANS: Readonly<Record<string, string>> = {
  '10s': 'ten seconds',
  '1min': 'one minute',
  '10min': 'ten minutes',
  '1h': 'an hour',
}

/** Columns that are not known keep their own name. */
export function wordsFor(feature: string): Words {
  const [, what = '', span = ''] = /^host_(\w+?)_(10s|1min|10min|1h)$/.exec(feature) ?? []
  const [kind = '', is] = feature.split('=')
  const host = HOST_WORDS[what]
  const name = host
    ? `${host} within ${SPANS[span]}`
    : is !== undefined && KIND_WORDS[kind]
      ? `${KIND_WORDS[kind]} ${is.toUpperCase()}`
      : NAMES[feature]
  const unit = UNITS.get(feature)
  const write = unit ? WRITERS[unit] : (OTHER_WRITERS.find(([pattern]) => pattern.test(feature))?.[1] ?? formatNumber)
  return { name: name ?? `“${feature}”`, write }
}

/** Of several flows it may be something between. */
function formatYes(value: number): string {
  return value === 0 ? 'no' : value === 1 ? 'yes' : formatShare(value)
}

function formatShare(value: number): string {
  return `${formatNumber(100 * value)} %`
}

/** Of µs: `12 ms`, `3.5 s`, `20 minutes`. */
function formatTime(micros: number): string {
  if (!Number.isFinite(micros)) return 'an unknown time'
  if (Math.abs(micros) < 1000) return `${formatNumber(micros)} µs`
  if (Math.abs(micros) < 1e6) return `${formatNumber(micros / 1000)} ms`
  if (Math.abs(micros) < 120e6) return `${formatNumber(micros / 1e6)} s`
  return `${formatNumber(micros / 60e6)} minutes`
}
