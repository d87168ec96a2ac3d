/** Flows as rows of the windowed table: what each column shows, and the order by any of them. */
import { formatBytes, formatCount, formatMoment } from './format.ts'
import { protocolName } from './measures.ts'
import type { TableColumn } from './virtual-window.ts'

/** The part of a stored flow that the table shows. */
export interface FlowLine {
  readonly row: number
  readonly startMicros: number
  readonly origAddress: string
  readonly respAddress: string
  readonly respPort: number
  readonly protocol: number
  readonly origPkts: number
  readonly respPkts: number
  readonly origBytes: number
  readonly respBytes: number
}

export type FlowColumn = keyof FlowLine

export const FLOW_COLUMNS: readonly TableColumn<FlowColumn>[] = [
  { key: 'row', label: 'No.', width: '5rem', number: true },
  { key: 'startMicros', label: 'Time', width: '9rem' },
  { key: 'origAddress', label: 'From', width: 'minmax(9rem, 14rem)', mono: true, wide: true },
  { key: 'respAddress', label: 'To', width: 'minmax(9rem, 14rem)', mono: true, wide: true },
  { key: 'respPort', label: 'Port', width: '4.5rem', number: true },
  { key: 'protocol', label: 'Kind', width: '5rem' },
  { key: 'origPkts', label: 'Pkts sent', width: '6rem', number: true },
  { key: 'respPkts', label: 'Pkts back', width: '6rem', number: true },
  { key: 'origBytes', label: 'Sent', width: '6rem', number: true },
  { key: 'respBytes', label: 'Back', width: '6rem', number: true },
]

export function flowCell(flow: FlowLine, column: FlowColumn, zone?: string): string {
  switch (column) {
    case 'startMicros':
      return formatMoment(flow.startMicros, zone)
    case 'origAddress':
    case 'respAddress':
      return flow[column] || '–'
    case 'respPort':
      return flow.respPort < 0 ? '–' : String(flow.respPort)
    case 'protocol':
      return protocolName(flow.protocol)
    case 'origBytes':
    case 'respBytes':
      return formatBytes(flow[column])
    default:
      return formatCount(flow[column])
  }
}

/** Columns without a single value are left out: tables of counts have no addresses. */
export function usedColumns(flows: readonly FlowLine[]): readonly TableColumn<FlowColumn>[] {
  const used = (column: FlowColumn) =>
    flows.some((flow) => {
      const value = flow[column]
      if (typeof value === 'string') return value !== ''
      return column === 'respPort' || column === 'protocol' ? value >= 0 : Number.isFinite(value)
    })
  return FLOW_COLUMNS.filter(({ key }) => used(key))
}

/** Indices in the order of a column; equal values keep the order of the file. */
export function orderFlows(flows: readonly FlowLine[], by: { column: FlowColumn; descending: boolean }): Uint32Array {
  const sign = by.descending ? -1 : 1
  const keys = sortKeys(flows, by.column)
  return Uint32Array.from(flows.keys()).sort((a, b) => sign * (keys[a]! - keys[b]!) || a - b)
}

/** Numbers as they are (missing last), texts by their rank. */
function sortKeys(flows: readonly FlowLine[], column: FlowColumn): Float64Array {
  if (column !== 'origAddress' && column !== 'respAddress') {
    return Float64Array.from(flows, (flow) => (Number.isNaN(flow[column]) ? Number.MAX_VALUE : flow[column]))
  }
  const compare = new Intl.Collator('en', { numeric: true }).compare
  const ranks = new Map([...new Set(flows.map((flow) => flow[column]))].sort(compare).map((text, rank) => [text, rank]))
  return Float64Array.from(flows, (flow) => ranks.get(flow[column])!)
}
