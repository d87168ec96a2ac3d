/** Suricata's eve.json (https://docs.suricata.io/en/latest/output/eve/eve-json-format.html): flow records, or netflow where there are none. */
import { column, finishLayout, type Layout } from './layout.ts'
import type { FlowRows } from './rows.ts'
import { parseTime } from './time.ts'

const FLOW_FIELDS = [
  'src_ip',
  'src_port',
  'dest_ip',
  'dest_port',
  'proto',
  'app_proto',
  'flow.start',
  'flow.end',
  'flow.pkts_toserver',
  'flow.pkts_toclient',
  'flow.bytes_toserver',
  'flow.bytes_toclient',
  'flow.state',
] as const
const at = (name: (typeof FLOW_FIELDS)[number]): number => FLOW_FIELDS.indexOf(name)

export const EVE_LAYOUT: Layout = finishLayout({
  kind: 'suricata-eve',
  columns: FLOW_FIELDS,
  counts: [
    column(at('flow.pkts_toserver')),
    column(at('flow.pkts_toclient')),
    column(at('flow.bytes_toserver')),
    column(at('flow.bytes_toclient')),
  ],
  start: { column: at('flow.start'), scale: 1 },
  end: { column: at('flow.end'), scale: 1 },
  timeTexts: [at('flow.start'), at('flow.end')],
  parseTime: (text) => parseTime(text),
  origAddress: at('src_ip'),
  respAddress: at('dest_ip'),
  origPort: at('src_port'),
  respPort: at('dest_port'),
  protocol: at('proto'),
  categories: [at('proto'), at('app_proto'), at('flow.state')],
  remarks: ['The byte counts of this table include packet headers, so they are higher than payload bytes.'],
})

export const isEve = (columns: readonly string[]): boolean =>
  columns.includes('event_type') && columns.includes('timestamp')

export class EvePicker {
  readonly #rows: FlowRows
  /** The first of the two kinds that comes: netflow tells each flow again, once per direction. */
  #kind: 'flow' | 'netflow' | undefined

  constructor(rows: FlowRows) {
    this.#rows = rows
  }

  read(record: Record<string, unknown>): void {
    const rows = this.#rows
    const type = typeof record.event_type === 'string' ? record.event_type.slice(0, 40) : 'none'
    const isFlow = type === 'flow' || type === 'netflow'
    if (isFlow) this.#kind ??= type
    if (!isFlow || type !== this.#kind) {
      rows.skipRow(`event type ${type}`)
      return
    }
    const counts = record[type]
    const flow: Record<string, unknown> = typeof counts === 'object' && counts !== null ? { ...counts } : {}
    for (const name of ['src_ip', 'src_port', 'dest_ip', 'dest_port', 'proto', 'app_proto'] as const)
      rows.setValue(at(name), record[name])
    rows.setValue(at('flow.start'), flow.start ?? record.timestamp)
    rows.setValue(at('flow.end'), flow.end ?? record.timestamp)
    rows.setValue(at('flow.pkts_toserver'), type === 'flow' ? flow.pkts_toserver : flow.pkts)
    rows.setValue(at('flow.pkts_toclient'), type === 'flow' ? flow.pkts_toclient : 0)
    rows.setValue(at('flow.bytes_toserver'), type === 'flow' ? flow.bytes_toserver : flow.bytes)
    rows.setValue(at('flow.bytes_toclient'), type === 'flow' ? flow.bytes_toclient : 0)
    rows.setValue(at('flow.state'), flow.state)
    rows.endRow()
  }
}
