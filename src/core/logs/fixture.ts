/** For tests: a table given as text or bytes, read to its end. */
import { bytesSource } from '../base/source.ts'
import type { FlowBatch } from '../flow/batch.ts'
import type { ColumnMapping } from './columns.ts'
import { openTable } from './table.ts'

export interface ReadTable {
  readonly kind: string
  readonly rows: number
  readonly skipped: Record<string, number>
  readonly remarks: readonly string[]
  readonly batches: readonly FlowBatch[]
  readonly flows: readonly FlowRow[]
}

export interface FlowRow {
  readonly row: number
  readonly start: number
  readonly end: number
  readonly counts: readonly number[]
  readonly orig: string | undefined
  readonly resp: string | undefined
  readonly ports: readonly [number, number]
  readonly protocol: number
  readonly label: string | undefined
  readonly categories: Readonly<Record<string, string | undefined>>
  readonly features: readonly number[] | undefined
}

export interface ReadOptions {
  readonly chunkBytes?: number
  readonly mapping?: ColumnMapping
}

export async function readTable(content: string | Uint8Array, options: ReadOptions = {}): Promise<ReadTable> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  const input = await openTable(bytesSource('table', bytes, options.chunkBytes ?? 1 << 20), options.mapping)
  const batches: FlowBatch[] = []
  for await (const step of input.steps()) batches.push(...step.flows)
  const { stats } = input
  const flows = batches.flatMap((batch) => Array.from({ length: batch.length }, (_, i) => flowAt(batch, i)))
  return {
    kind: input.kind,
    rows: stats.rows,
    skipped: stats.skipped.toObject(),
    remarks: stats.remarks,
    batches,
    flows,
  }
}

export function flowAt(batch: FlowBatch, i: number): FlowRow {
  return {
    row: batch.row[i]!,
    start: batch.startMicros[i]!,
    end: batch.endMicros[i]!,
    counts: [...batch.counts.subarray(4 * i, 4 * i + 4)],
    orig: batch.addresses[batch.origAddress[i]!],
    resp: batch.addresses[batch.respAddress[i]!],
    ports: [batch.origPort[i]!, batch.respPort[i]!],
    protocol: batch.protocol[i]!,
    label: batch.label && batch.labels[batch.label[i]!],
    categories: Object.fromEntries(batch.categories.map(({ name, values, code }) => [name, values[code[i]!]])),
    features: batch.features && [...batch.features.subarray(78 * i, 78 * i + 78)],
  }
}

/** `count` lines, and a line end behind each. */
export const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('')
