/** CSV and TSV with a header line: bytes -> columns, sample rows and a FlowInput. */
import Papa from 'papaparse'
import { InputError } from '../base/errors.ts'
import type { ByteSource } from '../base/source.ts'
import type { FlowBatch } from '../flow/batch.ts'
import type { FlowInput } from '../flow/input.ts'
import { ChunkBuffer, cutChunk } from './chunk-buffer.ts'
import { CsvReader, type CsvShape, lineAfter, type RowSink } from './csv-reader.ts'
import type { Layout } from './layout.ts'
import { FlowRows } from './rows.ts'
import { createTableInput, type TableRun } from './table-input.ts'

/** A longer row is no row of a flow table. */
export const MAX_ROW_BYTES = 1 << 20
/** Enough read before rows are looked for, so that a long row is not scanned again for each small chunk. */
const READ_BYTES = 1 << 18
/** At most read between two steps. */
export const STEP_BYTES = 1 << 20
export const SAMPLE_ROWS = 200

export interface DelimitedTable {
  readonly columns: readonly string[]
  readonly sampleRows: readonly (readonly string[])[]
  readonly shape: CsvShape
  /** Bytes before the header line: the byte order mark, Excel's `sep=`. */
  readonly preludeBytes: number
  /** Bytes before the first data row. */
  readonly headerBytes: number
}

const SEPARATORS: readonly string[] = [',', ';', '\t', '|']
const LF = 10
const CR = 13
const QUOTE = 34

/** What the first bytes of a delimited file say; `isWhole` when they are all there is. */
export function readDelimitedHead(head: Uint8Array, isWhole: boolean): DelimitedTable {
  const bom = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0
  const lineEnd = head.includes(LF) || !head.includes(CR) ? LF : CR
  const whole = new TextDecoder('utf-8').decode(head.subarray(bom))
  // Excel reads and writes a first line that names the separator.
  const hint = /^sep=(.)\r?\n/.exec(whole)
  const text = hint ? whole.slice(hint[0].length) : whole
  const hintBytes = bom + (hint?.[0].length ?? 0)
  const newline = lineEnd === LF ? '\n' : '\r'
  const wholeText = isWhole ? text : text.slice(0, text.lastIndexOf(newline) + 1)
  if (wholeText.trim() === '') {
    throw new InputError(
      isWhole
        ? 'This file holds nothing but blanks. A table with column names was expected.'
        : `The first line of this file is longer than ${head.length} bytes, so it is no table.`,
    )
  }
  const separator = hint && SEPARATORS.includes(hint[1]!) ? hint[1]! : guessSeparator(wholeText)
  const parsed = Papa.parse<string[]>(wholeText, {
    delimiter: separator,
    newline,
    preview: SAMPLE_ROWS + 1,
    skipEmptyLines: 'greedy',
  })
  const [header = [], ...sampleRows] = parsed.data
  return {
    columns: header.map((name) => name.trim()),
    sampleRows: sampleRows.map((row) => row.map((cell) => cell.trim())),
    shape: { separator: separator.charCodeAt(0), lineEnd, quote: QUOTE, comment: -1 },
    preludeBytes: hintBytes,
    headerBytes: hintBytes + headerLength(head.subarray(hintBytes), lineEnd),
  }
}

/** The separator that cuts the first lines into the same number of parts, and into most. */
function guessSeparator(text: string): string {
  const lines = text.split(/\r\n|\n|\r/, 12).filter((line) => line.trim() !== '')
  let best = ','
  let bestScore = 0
  for (const separator of SEPARATORS) {
    const counts = lines.map((line) => cutCount(line, separator))
    const first = counts[0] ?? 0
    const same = counts.filter((count) => count === first).length / Math.max(1, counts.length)
    const score = first * (0.5 + same)
    if (score > bestScore) {
      best = separator
      bestScore = score
    }
  }
  return best
}

function cutCount(line: string, separator: string): number {
  let count = 0
  let quoted = false
  for (const sign of line) {
    if (sign === '"') quoted = !quoted
    else if (sign === separator && !quoted) count++
  }
  return count
}

/** Blank lines before the header, and the header line, which may hold quoted line ends. */
function headerLength(bytes: Uint8Array, lineEnd: number): number {
  let quoted = false
  let seen = false
  for (let at = 0; at < bytes.length; at++) {
    const code = bytes[at]!
    if (code === QUOTE) quoted = !quoted
    if (code === lineEnd && !quoted && seen) return at + 1
    if (code > 32) seen = true
  }
  return bytes.length
}

export function openDelimited(source: ByteSource, table: DelimitedTable, layout: Layout): FlowInput {
  return createTableInput(layout.kind, layout.remarks, (run, signal) =>
    readDelimited({ source, table, layout, run }, signal),
  )
}

interface Reading {
  readonly source: ByteSource
  readonly table: DelimitedTable
  readonly layout: Layout
  readonly run: TableRun
}

async function* readDelimited(
  { source, table, layout, run }: Reading,
  signal?: AbortSignal,
): AsyncGenerator<FlowBatch[]> {
  const rows = new FlowRows(layout, run.stats, run.progress)
  const reader = new CsvReader(table.shape, layout.reading, rows)
  const buffer = new ChunkBuffer(Math.min(source.sizeBytes ?? READ_BYTES, READ_BYTES * 4))
  let toSkip = table.headerBytes
  for await (const chunk of source.chunks(signal)) {
    for (const part of cutChunk(chunk, STEP_BYTES)) {
      run.stats.bytesRead += part.length
      const skipped = Math.min(toSkip, part.length)
      toSkip -= skipped
      buffer.add(part.subarray(skipped))
      if (buffer.length < READ_BYTES) continue
      readRows(buffer, { reader, rows, lineEnd: table.shape.lineEnd, final: false })
      yield rows.takeReady()
      signal?.throwIfAborted()
    }
  }
  readRows(buffer, { reader, rows, lineEnd: table.shape.lineEnd, final: !isCut(source) })
  if (isCut(source) && buffer.length > 0) rows.skipRow('cut off in the middle')
  yield rows.finish()
}

interface RowReading {
  readonly reader: CsvReader
  readonly rows: RowSink
  readonly lineEnd: number
  readonly final: boolean
}

/** Reads all whole rows in the buffer, and gets past a row that is too long to be one. */
export function readRows(buffer: ChunkBuffer, { reader, rows, lineEnd, final }: RowReading): void {
  for (;;) {
    buffer.bytes[buffer.end] = lineEnd
    buffer.start = reader.read(buffer.bytes, buffer.start, buffer.end, final)
    if (final || reader.atComment || buffer.length <= MAX_ROW_BYTES) return
    rows.skipRow(`longer than ${MAX_ROW_BYTES} bytes`)
    buffer.start = Math.min(buffer.end, lineAfter(buffer.bytes, buffer.start, lineEnd))
  }
}

/** An archive that breaks off leaves half a row, which must not be taken for a whole one (scan/unpack.ts). */
export function isCut(source: ByteSource): boolean {
  return 'cut' in source && source.cut === true
}
