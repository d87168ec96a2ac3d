/** Flow tables as Apache Parquet, by hyparquet. The file is held in memory, because its directory stands at its end. */
import { gunzipSync } from 'fflate'
import { parquetHeader } from 'hyparquet/src/column.js'
import { parquetMetadata, parquetSchema } from 'hyparquet/src/metadata.js'
import { parquetScan } from 'hyparquet/src/scan.js'
import { InputError } from '../base/errors.ts'
import type { ByteSource } from '../base/source.ts'
import type { FlowBatch } from '../flow/batch.ts'
import type { FlowInput } from '../flow/input.ts'
import { type ColumnMapping, layoutByMapping, layoutByNames } from './columns.ts'
import { SAMPLE_ROWS } from './delimited.ts'
import { READ_SKIP } from './layout.ts'
import { createFinder } from './names.ts'
import { FlowRows, textOf } from './rows.ts'
import { createTableInput, type TableRun } from './table-input.ts'

export const MAX_PARQUET_BYTES = 1 << 30
/** A page of 1 MiB is usual; DuckDB writes whole row groups of 122,880 rows. */
export const MAX_PAGE_BYTES = 1 << 28
export const MAX_PAGE_VALUES = 1 << 24
/** DEFLATE packs to a 1032nd at best, Snappy less. */
const MAX_PAGE_RATIO = 1032
/** Values decoded at a time, all columns together: 128 MB as doubles. */
const MAX_CELLS = 1 << 24
/** Rows that one byte may stand for: a column of one value packs well, a million rows in a few bytes are a bomb. */
const MAX_ROWS_PER_BYTE = 1000

type Metadata = ReturnType<typeof parquetMetadata>
type Scan = Awaited<ReturnType<typeof parquetScan>>
type Column = Awaited<ReturnType<Scan['readColumn']>>

interface Parquet {
  readonly file: { readonly byteLength: number; slice(start: number, end?: number): ArrayBuffer }
  readonly metadata: Metadata
  readonly columns: readonly string[]
  readonly rows: number
}

export interface ParquetHead {
  readonly columns: readonly string[]
  readonly sampleRows: readonly (readonly string[])[]
}

export async function previewParquet(source: ByteSource): Promise<ParquetHead> {
  return readSamples(await readParquet(source))
}

export async function openParquet(source: ByteSource, mapping?: ColumnMapping): Promise<FlowInput> {
  const parquet = await readParquet(source)
  const { columns, sampleRows } = await readSamples(parquet)
  const find = createFinder(columns, sampleRows)
  const layout = mapping ? layoutByMapping(find, mapping) : layoutByNames(find)
  return createTableInput(layout.kind, layout.remarks, (run, signal) => readRows({ parquet, layout, run }, signal))
}

async function readParquet(source: ByteSource): Promise<Parquet> {
  const bytes = await readAll(source)
  const file = {
    byteLength: bytes.length,
    slice: (start: number, end = bytes.length) => bytes.slice(Math.max(0, start), Math.max(0, end)).buffer,
  }
  const metadata = guarded(() => parquetMetadata(bytes.buffer))
  const columns = guarded(() =>
    parquetSchema(metadata)
      .children.filter((child) => child.children.length === 0)
      .map((child) => String(child.element.name)),
  )
  const rows = Number(metadata.num_rows)
  if (!(rows <= bytes.length * MAX_ROWS_PER_BYTE))
    throw new InputError(`This Parquet file of ${bytes.length} bytes says it holds ${rows} rows; that cannot be.`)
  return { file, metadata, columns, rows }
}

async function readSamples({ file, metadata, columns, rows }: Parquet): Promise<ParquetHead> {
  if (rows === 0 || columns.length === 0) return { columns, sampleRows: [] }
  const first = Math.min(SAMPLE_ROWS, Number(metadata.row_groups[0]?.num_rows ?? 0))
  const data = await guardedAsync(async () => {
    checkPages(metadata, 0, file)
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
  const { file, metadata, columns } = parquet
  const rows = new FlowRows(layout, run.stats, run.progress)
  const used = columns.flatMap((name, column) => (layout.reading[column] === READ_SKIP ? [] : [{ name, column }]))
  const scan = await guardedAsync(() =>
    parquetScan({ file, metadata, columns: used.map(({ name }) => name), compressors: COMPRESSORS, parsers: PARSERS }),
  )
  const stepRows = Math.max(1, Math.floor(MAX_CELLS / Math.max(1, used.length)))
  let group = 0
  for (const range of scan.ranges) {
    guarded(() => checkPages(metadata, group, file))
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
    run.stats.bytesRead = Math.floor((file.byteLength * ++group) / scan.ranges.length)
  }
  yield rows.finish()
}

/** Page headers say how much they hold; what they say is held against limits before anything is made of that size. */
function checkPages(metadata: Metadata, group: number, file: Parquet['file']): void {
  const rowGroup = metadata.row_groups[group]
  const rowsInGroup = Math.min(Number(rowGroup?.num_rows ?? 0), Number(metadata.num_rows))
  for (const { meta_data: meta } of rowGroup?.columns ?? []) {
    if (!meta) continue
    const start = Number(meta.dictionary_page_offset ?? meta.data_page_offset)
    const bytes = file.slice(start, start + Number(meta.total_compressed_size))
    const reader = { view: new DataView(bytes), offset: 0 }
    let values = 0
    while (reader.offset < bytes.byteLength - 1) {
      const page = parquetHeader(reader)
      const count = page.data_page_header?.num_values ?? page.data_page_header_v2?.num_values ?? 0
      const dictionary = page.dictionary_page_header?.num_values ?? 0
      values += count
      const { compressed_page_size: packed, uncompressed_page_size: unpacked } = page
      const isSound =
        packed >= 0 &&
        unpacked >= 0 &&
        unpacked <= Math.min(MAX_PAGE_BYTES, packed * MAX_PAGE_RATIO + 1024) &&
        count >= 0 &&
        count <= MAX_PAGE_VALUES &&
        // Each value of a dictionary takes at least a byte.
        dictionary >= 0 &&
        dictionary <= unpacked &&
        values <= rowsInGroup
      if (!isSound) throw new InputError('This Parquet file holds a page whose size cannot be right.')
      reader.offset += page.compressed_page_size
    }
  }
}

/** Times as µs: a number, not a Date, which would lose the last three digits. */
const PARSERS = {
  timestampFromMilliseconds: (millis: bigint) => Number(millis) * 1000,
  timestampFromMicroseconds: (micros: bigint) => Number(micros),
  timestampFromNanoseconds: (nanos: bigint) => Number(nanos / 1000n),
}

const COMPRESSORS = {
  GZIP: (input: Uint8Array, outputLength: number) => gunzipSync(input, { out: new Uint8Array(outputLength) }),
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
