/** Stored flows as rows for a table: only the batches that can hold a wanted row are read. */
import { COUNT_COLUMNS } from '#core/flow/batch.ts'
import type { FlowRecord, FlowSpanRecord } from './schema.ts'
import { store } from './store.ts'

export interface FlowFilter {
  readonly scanId: string
  readonly device?: string | undefined
  /** Flows that overlap [fromMicros, toMicros]; flows without times match only when neither is given. */
  readonly fromMicros?: number | undefined
  readonly toMicros?: number | undefined
  /** Numbers in the file, from 1, both included. */
  readonly fromRow?: number | undefined
  readonly toRow?: number | undefined
}

export interface FlowQuery extends FlowFilter {
  readonly limit: number
  readonly offset?: number | undefined
  /** Also the 78 features of each flow, where the source has them. */
  readonly features?: boolean | undefined
}

export interface FlowRow {
  readonly row: number
  readonly startMicros: number
  readonly endMicros: number
  readonly device: string
  /** True when the device began it. */
  readonly outward: boolean
  /** '' unknown. */
  readonly origAddress: string
  readonly respAddress: string
  /** -1 unknown, as are respPort and protocol. */
  readonly origPort: number
  readonly respPort: number
  readonly protocol: number
  readonly origPkts: number
  readonly respPkts: number
  readonly origBytes: number
  readonly respBytes: number
  readonly label: string | undefined
  readonly categories: Readonly<Record<string, string>>
  readonly features: Float32Array | undefined
}

/** In the order of the file. */
export async function readFlows(query: FlowQuery): Promise<FlowRow[]> {
  const rows: FlowRow[] = []
  let skip = query.offset ?? 0
  for (const span of await readSpans(query)) {
    const whole = wholeCount(span, query)
    if (whole !== undefined && whole <= skip) {
      skip -= whole
      continue
    }
    const record = await readFlow(span.key)
    if (!record) continue
    const features = query.features ? await readFeatures(span.key) : undefined
    for (let i = 0; i < record.length; i++) {
      if (!matches(record, i, query)) continue
      if (skip > 0) {
        skip--
        continue
      }
      rows.push(rowAt(record, i, features))
      if (rows.length === query.limit) return rows
    }
  }
  return rows
}

export async function countFlows(filter: FlowFilter): Promise<number> {
  let count = 0
  for (const span of await readSpans(filter)) {
    const whole = wholeCount(span, filter)
    if (whole !== undefined) {
      count += whole
      continue
    }
    const record = await readFlow(span.key)
    if (!record) continue
    for (let i = 0; i < record.length; i++) if (matches(record, i, filter)) count++
  }
  return count
}

/** Spans that can hold a wanted row, in order of arrival. */
async function readSpans(filter: FlowFilter): Promise<FlowSpanRecord[]> {
  const spans = await spansOfScan(filter.scanId)
  return spans.filter(
    (span) =>
      (filter.device === undefined || (span.devices[filter.device] ?? 0) > 0) &&
      !(span.lastRow < (filter.fromRow ?? Number.NEGATIVE_INFINITY)) &&
      !(span.firstRow > (filter.toRow ?? Number.POSITIVE_INFINITY)) &&
      !(filter.fromMicros !== undefined && !(span.lastMicros >= filter.fromMicros)) &&
      !(filter.toMicros !== undefined && !(span.firstMicros <= filter.toMicros)),
  )
}

/** How many rows of the span match, when the span alone can tell. */
function wholeCount(span: FlowSpanRecord, filter: FlowFilter): number | undefined {
  const inTime = filter.fromMicros === undefined && filter.toMicros === undefined
  const inRows =
    span.firstRow >= (filter.fromRow ?? Number.NEGATIVE_INFINITY) &&
    span.lastRow <= (filter.toRow ?? Number.POSITIVE_INFINITY)
  if (!inTime || !inRows) return undefined
  return filter.device === undefined ? span.length : (span.devices[filter.device] ?? 0)
}

function matches(record: FlowRecord, i: number, filter: FlowFilter): boolean {
  if (filter.device !== undefined && record.deviceIds[record.device[i]!] !== filter.device) return false
  const row = record.row[i]!
  if (filter.fromRow !== undefined && row < filter.fromRow) return false
  if (filter.toRow !== undefined && row > filter.toRow) return false
  if (filter.fromMicros !== undefined && !(record.endMicros[i]! >= filter.fromMicros)) return false
  return !(filter.toMicros !== undefined && !(record.startMicros[i]! <= filter.toMicros))
}

async function readFlow(key: string): Promise<FlowRecord | undefined> {
  return store().memory.rows('flows').get(key) ?? store().readDisk((d) => d.flows.get(key), undefined)
}

async function readFeatures(key: string): Promise<Float32Array | undefined> {
  const above = store().memory.rows('flowFeatures').get(key)
  return (above ?? (await store().readDisk((d) => d.flowFeatures.get(key), undefined)))?.features
}

function rowAt(record: FlowRecord, i: number, features: Float32Array | undefined): FlowRow {
  const at = i * COUNT_COLUMNS.length
  const categories: Record<string, string> = {}
  for (const { name, values, code } of record.categories) {
    const value = values[code[i]!]
    if (value !== undefined) categories[name] = value
  }
  const width = features ? features.length / record.length : 0
  return {
    row: record.row[i]!,
    startMicros: record.startMicros[i]!,
    endMicros: record.endMicros[i]!,
    device: record.deviceIds[record.device[i]!] ?? '',
    outward: record.outward[i] === 1,
    origAddress: record.addresses[record.origAddress[i]!] ?? '',
    respAddress: record.addresses[record.respAddress[i]!] ?? '',
    origPort: record.origPort[i]!,
    respPort: record.respPort[i]!,
    protocol: record.protocol[i]!,
    origPkts: record.counts[at]!,
    respPkts: record.counts[at + 1]!,
    origBytes: record.counts[at + 2]!,
    respBytes: record.counts[at + 3]!,
    label: record.label && record.labels[record.label[i]!],
    categories,
    features: features?.slice(i * width, (i + 1) * width),
  }
}

/** What the stored batches of a scan hold, in the order of arrival. */
export function spansOfScan(scanId: string): Promise<FlowSpanRecord[]> {
  return store().read({
    table: 'flowSpans',
    stored: ({ flowSpans }) => flowSpans.where('scanId').equals(scanId).sortBy('key'),
    matches: (span) => span.scanId === scanId,
    compare: (a, b) => (a.key < b.key ? -1 : 1),
    limit: Number.POSITIVE_INFINITY,
  })
}
