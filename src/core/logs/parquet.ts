/** Flow tables as Apache Parquet, by hyparquet. The file is held in memory, because its directory stands at its end. */
import { parquetMetadata, parquetSchema } from 'hyparquet/src/metadata.js'
import { parquetScan } from 'hyparquet/src/scan.js'
import { InputError } from '../base/errors.ts'
import type { ByteSource } from '../base/source.ts'
import type { FlowBatch } from '../flow/batch.ts'
import type { FlowInput } from '../flow/input.ts'
import type { ColumnMapping } from './columns.ts'
import { SAMPLE_ROWS } from './delimited.ts'
import { layoutByMapping, layoutByNames } from './flow-layout.ts'
import { READ_SKIP } from './layout.ts'
import { createFinder } from './names.ts'
import { COMPRESSORS, checkPages, type ParquetMetadata } from './parquet-pages.ts'
import { FlowRows, textOf } from './rows.ts'
import { createTableInput, type TableRun } from './table-input.ts'
import { applyOptions, type TableOptions } from './table-options.ts'
import { endOfThrift } from './thrift-check.ts'

export const MAX_PARQUET_BYTES = 1 << 30
/** Values decoded at a time, all columns together: 128 MB as doubles. */
const MAX_CELLS = 1 << 24
/** Rows that one byte may stand for: a column of one value packs well, a million rows in a few bytes are a bomb. */
const MAX_ROWS_PER_BYTE = 1000

type Scan = Awaited<ReturnType<typeof parquetScan>>
type Column = Awaited<ReturnType<Scan['readColumn']>>

interface Parquet {
  readonly file: { readonly byteLength: number; slice(start: number, end?: number): ArrayBuffer }
  readonly metadata: ParquetMetadata
  /** Flat columns alone: a list or a record is no cell. */
  readonly columns: readonly string[]
  readonly isOptional: ReadonlyMap<string, boolean>
  readonly rows: number
}

export interface ParquetHead {
  readonly columns: readonly string[]
  readonly sampleRows: readonly (readonly string[])[]
}

export async function previewParquet(source: ByteSource): Promise<ParquetHead> {
  return readSamples(await readParquet(source))
}

export async function openParquet(
  source: ByteSource,
  mapping: ColumnMapping | undefined,
  options: TableOptions,
): Promise<FlowInput> {
  const parquet = await readParquet(source)
  const { columns, sampleRows } = await readSamples(parquet)
  const find = createFinder(columns, sampleRows)
  const layout = applyOptions(mapping ? layoutByMapping(find, mapping) : layoutByNames(find), options)
  return createTableInput(layout.kind, layout.remarks, (run, signal) => readRows({ parquet, layout, run }, signal))
}

async function readParquet(source: ByteSource): Promise<Parquet> {
  const bytes = await readAll(source)
  const file = {
    byteLength: bytes.length,
    slice: (start: number, end = bytes.length) => bytes.slice(Math.max(0, start), Math.max(0, end)).buffer,
  }
  checkFooter(bytes)
  const metadata = guarded(() => parquetMetadata(bytes.buffer))
  const flat = guarded(() =>
    parquetSchema(metadata)
      .children.filter(({ children, element }) => children.length === 0 && element.repetition_type !== 'REPEATED')
      .map(({ element }) => [String(element.name), element.repetition_type === 'OPTIONAL'] as const),
  )
  const rows = Number(metadata.num_rows)
  const groupRows = metadata.row_groups.map((group) => Number(group.num_rows))
  const isSound = rows <= bytes.length * MAX_ROWS_PER_BYTE && groupRows.every((count) => count > 0)
  if (!isSound || groupRows.reduce((sum, count) => sum + count, 0) !== rows) {
    throw new InputError(`This Parquet file of ${bytes.length} bytes says it holds ${rows} rows; that cannot be.`)
  }
  return { file, metadata, columns: flat.map(([name]) => name), isOptional: new Map(flat), rows }
}

/** The directory stands before its length and the mark at the end. */
function checkFooter(bytes: Uint8Array): void {
  const tail = new DataView(bytes.buffer, Math.max(0, bytes.length - 8))
  const start = bytes.length < 12 ? -1 : bytes.length - 8 - tail.getUint32(0, true)
  if (start < 4 || endOfThrift(bytes.subarray(0, -8), start) < 0) {
    throw new InputError('This Parquet file is damaged: its directory, which stands at its end, cannot be read.')
  }
}

async function readSamples({ file, metadata, columns, isOptional, rows }: Parquet): Promise<ParquetHead> {
  if (rows === 0 || columns.length === 0) return { columns, sampleRows: [] }
  const first = Math.min(SAMPLE_ROWS, Number(metadata.row_groups[0]?.num_rows ?? 0))
  const data = await guardedAsync(async () => {
    checkPages({ metadata, group: 0, isOptional, slice: file.slice })
    const scan = await parquetScan({
      file,
      metadata,
      columns: [...columns],
      compressors: COMPRESSORS,
      parsers: PARSERS,
    })
    const read: Column[] = []
    for (const column of columns) read.push(await scan.readColumn({ column, rowStart: 0, rowEnd: first }))
    return read
  })
  const sampleRows = Array.from({ length: first }, (_, row) => data.map((values) => textOf(values[row])))
  return { columns, sampleRows }
}

interface Reading {
  readonly parquet: Parquet
  readonly layout: ReturnType<typeof layoutByNames>
  readonly run: TableRun
}

async function* readRows({ parquet, layout, run }: Reading, signal?: AbortSignal): AsyncGenerator<FlowBatch[]> {
  const { file, metadata, columns, isOptional } = parquet
  const rows = new FlowRows(layout, run.stats, run.progress)
  const used = columns.flatMap((name, column) => (layout.reading[column] === READ_SKIP ? [] : [{ name, column }]))
  const scan = await guardedAsync(() =>
    parquetScan({ file, metadata, columns: used.map(({ name }) => name), compressors: COMPRESSORS, parsers: PARSERS }),
  )
  const stepRows = Math.max(1, Math.floor(MAX_CELLS / Math.max(1, used.length)))
  const isRead = new Map(used.map(({ name }) => [name, isOptional.get(name) ?? false]))
  for (const [group, range] of scan.ranges.entries()) {
    guarded(() => checkPages({ metadata, group, isOptional: isRead, slice: file.slice }))
    for (let rowStart = range.rowStart; rowStart < range.rowEnd; rowStart += stepRows) {
      const rowEnd = Math.min(range.rowEnd, rowStart + stepRows)
      const data: { column: number; values: Column }[] = []
      for (const { name, column } of used) {
        signal?.throwIfAborted()
        const values = await guardedAsync(() => scan.readColumn({ column: name, rowStart, rowEnd }))
        data.push({ column, values })
      }
      for (let row = 0; row < rowEnd - rowStart; row++) {
        for (const { column, values } of data) rows.setValue(column, values[row])
        rows.endRow()
      }
      yield rows.takeReady()
    }
    run.stats.bytesRead = Math.floor((file.byteLength * (group + 1)) / scan.ranges.length)
  }
  yield rows.finish()
}

/** Times as µs: a number, not a Date, which would lose the last three digits. */
const PARSERS = {
  timestampFromMilliseconds: (millis: bigint) => Number(millis) * 1000,
  timestampFromMicroseconds: (micros: bigint) => Number(micros),
  timestampFromNanoseconds: (nanos: bigint) => Number(nanos / 1000n),
}

async function readAll(source: ByteSource): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of source.chunks()) {
    length += chunk.length
    if (length > MAX_PARQUET_BYTES) {
      throw new InputError(
        `This Parquet file is larger than ${MAX_PARQUET_BYTES / 2 ** 30} GiB, which is more than is read here. Write it as several files, or as CSV.`,
      )
    }
    parts.push(chunk.slice())
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** hyparquet throws plain errors for damaged files; to the person they are one sentence. */
function guarded<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw refusal(error)
  }
}

async function guardedAsync<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw refusal(error)
  }
}

function refusal(error: unknown): InputError {
  if (error instanceof InputError) return error
  const why = error instanceof Error ? error.message : String(error)
  const codec = /unsupported compression codec: (\w+)/.exec(why)?.[1]
  if (codec)
    return new InputError(
      `This Parquet file is packed by ${codec}. Guardian reads Snappy, gzip and unpacked: write it again with one of these.`,
    )
  return new InputError(`This Parquet file is damaged and cannot be read: ${why.slice(0, 200)}.`)
}
