/** Reads the flow tables that the model is trained and judged on: gzip text with a header, one flow a row. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** Flows of one file, in file order. */
export interface FlowTable {
  readonly length: number
  /** Whose flow it is; '' everywhere when the table has no addresses. */
  readonly device: readonly string[]
  /** Capture within the file; windows never span two. */
  readonly capture: readonly string[]
  /** µs since 1970; NaN when the table has no times (then file order is time order). */
  readonly startMicros: Float64Array
  /** length × 4. */
  readonly counts: Float64Array
  /** Raw text of the label. */
  readonly label: readonly string[]
}

type Row = (column: string) => string

interface Layout {
  readonly counts: readonly [string, string, string, string]
  readonly device: (row: Row) => string
  readonly capture: (row: Row) => string
  readonly startMicros: (row: Row) => number
  readonly label: (row: Row) => string
}

const LAYOUTS = {
  zeek: {
    counts: ['orig_pkts', 'resp_pkts', 'orig_bytes', 'resp_bytes'],
    device: (row) => localSide(row('id.orig_h'), row('id.resp_h'), row('local_orig') === 'T'),
    capture: () => '',
    startMicros: (row) => Number(row('ts')) * 1e6,
    label: (row) => row('label'),
  },
  sentinel: {
    counts: ['Total Fwd Packet', 'Total Bwd packets', 'Total Length of Fwd Packet', 'Total Length of Bwd Packet'],
    device: (row) => localSide(row('Src IP'), row('Dst IP'), false),
    capture: (row) => `${row('Device')}/${row('Run')}`,
    startMicros: (row) => parseDayFirst(row('Timestamp')),
    label: () => 'BENIGN',
  },
  cic: {
    counts: [
      'Total Fwd Packets',
      'Total Backward Packets',
      'Total Length of Fwd Packets',
      'Total Length of Bwd Packets',
    ],
    device: () => '',
    capture: () => '',
    startMicros: () => Number.NaN,
    label: (row) => row('Label'),
  },
  unsw: {
    counts: ['spkts', 'dpkts', 'sbytes', 'dbytes'],
    device: () => '',
    capture: () => '',
    startMicros: () => Number.NaN,
    label: (row) => row('attack_cat'),
  },
} as const satisfies Record<string, Layout>

export type LayoutName = keyof typeof LAYOUTS

export function readTable(path: string, layoutName: LayoutName): FlowTable {
  const layout: Layout = LAYOUTS[layoutName]
  const { columns, rows } = parse(gunzipSync(readFileSync(path)).toString('utf8'))
  const position = new Map(columns.map((name, index) => [name, index]))
  const device: string[] = []
  const capture: string[] = []
  const label: string[] = []
  const startMicros = new Float64Array(rows.length)
  const counts = new Float64Array(rows.length * 4)
  for (const [index, fields] of rows.entries()) {
    const row: Row = (column) => fields[position.get(column) ?? -1] ?? ''
    device.push(layout.device(row))
    capture.push(layout.capture(row))
    label.push(layout.label(row))
    startMicros[index] = layout.startMicros(row)
    for (const [k, column] of layout.counts.entries()) {
      const value = Number(row(column))
      counts[index * 4 + k] = Number.isFinite(value) ? value : 0
    }
  }
  return { length: rows.length, device, capture, startMicros, counts, label }
}

/** Zeek's tab-separated log with its `#fields`, or comma-separated text (none of these tables quotes its fields). */
function parse(text: string): { columns: string[]; rows: string[][] } {
  const lines = text.split(/\r?\n/).filter((line) => line !== '')
  const fields = lines.find((line) => line.startsWith('#fields'))
  // The labelled logs of IoT-23 set their last three fields apart by three blanks.
  if (fields !== undefined) {
    const columns = fields.split(/\t| {3}/).slice(1)
    return { columns, rows: lines.filter((line) => !line.startsWith('#')).map((line) => line.split(/\t| {3}/)) }
  }
  const [header = '', ...rest] = lines
  return { columns: header.split(',').map((name) => name.trim()), rows: rest.map((line) => line.split(',')) }
}

/** The side inside the home. */
function localSide(originator: string, responder: string, originatorIsLocal: boolean): string {
  if (originatorIsLocal || isPrivate(originator)) return originator
  return isPrivate(responder) || !isPrivate(originator) ? responder : originator
}

function isPrivate(address: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|fe80:|f[cd])/i.test(address)
}

/** CICFlowMeter's `09/06/2016 01:15:44 PM` (day first), taken as UTC: only the order matters. */
function parseDayFirst(text: string): number {
  const match = /^(\d+)\/(\d+)\/(\d+) (\d+):(\d+):(\d+) ([AP])M$/.exec(text)
  if (!match) return Number.NaN
  const [day = 0, month = 0, year = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number)
  return Date.UTC(year, month - 1, day, (hour % 12) + (match[7] === 'P' ? 12 : 0), minute, second) * 1000
}
