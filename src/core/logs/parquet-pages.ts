/**
 * What a Parquet file says about its pages, held against limits before hyparquet makes anything of that size: its run-length reader
 * repeats a value as often as the file says, past the end of the page (8 s and 3 GB for a damaged file of 3 kB, 2026-11-21).
 * Flat columns only; pages as in parquet.thrift, runs as in Encodings.md of apache/parquet-format.
 */
import { gunzipSync } from 'fflate'
import { parquetHeader } from 'hyparquet/src/column.js'
import type { parquetMetadata } from 'hyparquet/src/metadata.js'
import { InputError } from '../base/errors.ts'
import { unpackSnappy } from './snappy.ts'
import { endOfThrift } from './thrift-check.ts'

/** A page of 1 MiB is usual; DuckDB writes whole row groups of 122,880 rows. */
export const MAX_PAGE_BYTES = 1 << 28
export const MAX_PAGE_VALUES = 1 << 24
/** DEFLATE packs to a 1032nd at best, Snappy less. */
const MAX_PAGE_RATIO = 1032

export type ParquetMetadata = ReturnType<typeof parquetMetadata>
type Page = ReturnType<typeof parquetHeader>

export const COMPRESSORS = {
  SNAPPY: unpackSnappy,
  GZIP: (input: Uint8Array, outputLength: number): Uint8Array =>
    gunzipSync(input, { out: new Uint8Array(outputLength) }),
}

export interface GroupPages {
  readonly metadata: ParquetMetadata
  readonly group: number
  /** Columns that will be read: whether they may hold nulls. */
  readonly isOptional: ReadonlyMap<string, boolean>
  readonly slice: (start: number, end: number) => ArrayBuffer
}

/** Throws InputError where the pages of a row group cannot be what they say. */
export function checkPages({ metadata, group, isOptional, slice }: GroupPages): void {
  const rowGroup = metadata.row_groups[group]
  const rows = Math.min(Number(rowGroup?.num_rows ?? 0), Number(metadata.num_rows))
  for (const { meta_data: meta } of rowGroup?.columns ?? []) {
    const optional = isOptional.get(meta?.path_in_schema.join('.') ?? '')
    if (!meta || optional === undefined) continue
    const start = Number(meta.dictionary_page_offset ?? meta.data_page_offset)
    const bytes = slice(start, start + Number(meta.total_compressed_size))
    const whole = new Uint8Array(bytes)
    const reader = { view: new DataView(bytes), offset: 0 }
    let values = 0
    while (reader.offset < bytes.byteLength - 1) {
      if (endOfThrift(whole, reader.offset) < 0) refuse()
      const page = parquetHeader(reader)
      values += valuesOf(page)
      if (!hasSoundSize(page) || values > rows) refuse()
      const data = new Uint8Array(bytes, reader.offset, page.compressed_page_size)
      checkRuns(page, data, { optional, codec: meta.codec, isBoolean: meta.type === 'BOOLEAN' })
      reader.offset += page.compressed_page_size
    }
  }
}

const valuesOf = (page: Page): number => page.data_page_header?.num_values ?? page.data_page_header_v2?.num_values ?? 0

function hasSoundSize(page: Page): boolean {
  const { compressed_page_size: packed, uncompressed_page_size: unpacked } = page
  const values = valuesOf(page)
  const dictionary = page.dictionary_page_header?.num_values ?? 0
  return (
    packed >= 0 &&
    unpacked >= 0 &&
    unpacked <= Math.min(MAX_PAGE_BYTES, packed * MAX_PAGE_RATIO + 1024) &&
    values >= 0 &&
    values <= MAX_PAGE_VALUES &&
    // Each value of a dictionary takes at least a byte, but for booleans, which have none.
    dictionary >= 0 &&
    dictionary <= unpacked
  )
}

interface PageColumn {
  readonly optional: boolean
  readonly codec: string
  readonly isBoolean: boolean
}

function checkRuns(page: Page, data: Uint8Array, { optional, codec, isBoolean }: PageColumn): void {
  const first = page.data_page_header
  const second = page.data_page_header_v2
  if (first) {
    const unpacked = unpack(data, codec, page.uncompressed_page_size)
    let at = 0
    if (optional) {
      const view = new DataView(unpacked.buffer, unpacked.byteOffset, unpacked.byteLength)
      if (unpacked.length < 4) refuse()
      walkRuns(unpacked, 4, { width: 1, values: first.num_values })
      at = 4 + view.getUint32(0, true)
    }
    checkValues(unpacked, at, { encoding: first.encoding, values: first.num_values, isBoolean })
  } else if (second) {
    const levels = second.repetition_levels_byte_length + second.definition_levels_byte_length
    if (optional) walkRuns(data, second.repetition_levels_byte_length, { width: 1, values: second.num_values })
    const packed = data.subarray(levels)
    const unpacked = second.is_compressed ? unpack(packed, codec, page.uncompressed_page_size - levels) : packed
    checkValues(unpacked, 0, { encoding: second.encoding, values: second.num_values, isBoolean })
  }
}

interface Values {
  readonly encoding: string | undefined
  readonly values: number
  readonly isBoolean: boolean
}

function checkValues(bytes: Uint8Array, at: number, { encoding, values, isBoolean }: Values): void {
  if (encoding === 'RLE' && isBoolean) walkRuns(bytes, at + 4, { width: 1, values })
  else if (encoding === 'RLE' || encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY') {
    const width = bytes[at] ?? 0
    if (width > 32) refuse()
    if (width > 0) walkRuns(bytes, at + 1, { width, values })
  }
}

/** No run may repeat more often than there are values left; packed groups of eight may go past the last value. */
function walkRuns(bytes: Uint8Array, from: number, { width, values }: { width: number; values: number }): void {
  let at = from
  let seen = 0
  while (seen < values && at < bytes.length) {
    let header = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined) return
      if (shift > 28) refuse()
      header |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    const count = header >>> 1
    if (header & 1) {
      seen += count * 8
      at += count * width
    } else {
      if (seen + count > values) refuse()
      seen += count
      at += (width + 7) >> 3
    }
  }
}

function unpack(data: Uint8Array, codec: string, size: number): Uint8Array {
  if (codec === 'SNAPPY' || codec === 'GZIP') return COMPRESSORS[codec](data, size)
  if (codec === 'UNCOMPRESSED') return data
  throw new InputError(
    `This Parquet file is packed by ${codec.slice(0, 20)}. Guardian reads Snappy, gzip and unpacked: write it again with one of these.`,
  )
}

function refuse(): never {
  throw new InputError('This Parquet file is damaged: it holds a page whose size cannot be right.')
}
