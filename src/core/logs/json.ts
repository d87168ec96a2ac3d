/** Flow tables as JSON Lines or a JSON array: any of the CSV tables, Zeek's JSON logs, Suricata's eve.json. */
import { InputError } from '../base/errors.ts'
import type { ByteSource } from '../base/source.ts'
import type { FlowBatch } from '../flow/batch.ts'
import type { FlowInput } from '../flow/input.ts'
import { cutChunk } from './chunk-buffer.ts'
import { type ColumnMapping, isComplete, mapByNames } from './columns.ts'
import { isCut, SAMPLE_ROWS } from './delimited.ts'
import { EVE_LAYOUT, EvePicker, isEve } from './eve.ts'
import { layoutByMapping, layoutByNames } from './flow-layout.ts'
import { JsonElements } from './json-elements.ts'
import { type Layout, READ_SKIP } from './layout.ts'
import { createFinder } from './names.ts'
import { FlowRows, textOf } from './rows.ts'
import { createTableInput, type TableRun } from './table-input.ts'
import { applyOptions, type TableOptions } from './table-options.ts'
import { otherZeekLogText, ZEEK_CONN_FIELDS, zeekLayout, zeekLogName } from './zeek.ts'

/** Read on between two steps. */
const STEP_BYTES = 1 << 19
const MAX_COLUMNS = 400

export interface JsonTable {
  readonly isLines: boolean
  readonly columns: readonly string[]
  /** Keys from the object down to each column's value. */
  readonly paths: readonly (readonly string[])[]
  readonly sampleRows: readonly (readonly string[])[]
  readonly isEve: boolean
}

/** Undefined when the bytes do not begin like JSON. */
export function readJsonHead(head: Uint8Array, isWhole: boolean): JsonTable | undefined {
  const text = new TextDecoder('utf-8').decode(head).trimStart()
  if (!/^(?:\{|\[\s*[{\]])/.test(text)) return undefined
  const isLines = text.startsWith('{') && isRecord(parse(text.split('\n', 1)[0] ?? ''))
  const records: Record<string, unknown>[] = []
  const elements = new JsonElements(isLines, head.length, {
    element: (element) => {
      const value = records.length < SAMPLE_ROWS ? parse(element) : undefined
      if (isRecord(value)) records.push(value)
    },
    junk: () => {},
  })
  elements.add(head)
  if (isWhole) elements.finish()
  if (records.length === 0)
    throw new InputError(
      'This looks like JSON, but holds no whole object. One object for each flow was expected, a line each or in a list.',
    )
  const paths = new Map<string, readonly string[]>()
  for (const record of records) collectPaths(record, [], paths)
  const columns = [...paths.keys()]
  const sampleRows = records.map((record) => columns.map((name) => textOf(valueAt(record, paths.get(name)!))))
  return { isLines, columns, paths: [...paths.values()], sampleRows, isEve: isEve(columns) }
}

export function openJson(
  source: ByteSource,
  table: JsonTable,
  mapping: ColumnMapping | undefined,
  options: TableOptions,
): FlowInput {
  const { layout: plain, paths } = layOut(table, mapping)
  const layout = applyOptions(plain, options)
  return createTableInput(layout.kind, layout.remarks, (run, signal) =>
    readJson({ source, table, layout, paths, run }, signal),
  )
}

function layOut(table: JsonTable, mapping?: ColumnMapping): { layout: Layout; paths: readonly (readonly string[])[] } {
  // No paths: its records are picked apart by EvePicker.
  if (table.isEve && !mapping) return { layout: EVE_LAYOUT, paths: [] }
  const find = createFinder(table.columns, table.sampleRows)
  if (mapping) return { layout: layoutByMapping(find, mapping), paths: table.paths }
  const log = zeekLogName(table.columns, find.samples(find.first(['_path']))[0])
  if (log !== 'conn' || !find.has('orig_pkts')) {
    if (log !== undefined && log !== 'conn' && !isComplete(mapByNames(find)))
      throw new InputError(otherZeekLogText(log))
    return { layout: layoutByNames(find), paths: table.paths }
  }
  // Zeek leaves out what is unset, so a field may first come after the rows looked at.
  const more = ZEEK_CONN_FIELDS.filter((field) => !find.has(field) && !find.has(field.replace('.', '_')))
  const layout = zeekLayout([...table.columns, ...more], { timeSamples: find.samples(find.first(['ts'])) })
  return { layout, paths: [...table.paths, ...more.map((field) => [field])] }
}

interface Reading {
  readonly source: ByteSource
  readonly table: JsonTable
  readonly layout: Layout
  readonly paths: readonly (readonly string[])[]
  readonly run: TableRun
}

async function* readJson(
  { source, table, layout, paths, run }: Reading,
  signal?: AbortSignal,
): AsyncGenerator<FlowBatch[]> {
  const rows = new FlowRows(layout, run.stats, run.progress)
  const used = paths.flatMap((path, column) => (layout.reading[column] === READ_SKIP ? [] : [{ path, column }]))
  const eve = paths.length === 0 ? new EvePicker(rows) : undefined
  const elements = new JsonElements(table.isLines, Math.min(source.sizeBytes ?? STEP_BYTES, STEP_BYTES), {
    element(text) {
      const record = parse(text)
      if (record === undefined) rows.skipRow('broken JSON')
      else if (!isRecord(record)) rows.skipRow('something that is no JSON object')
      else if (eve) eve.read(record)
      else {
        for (const { path, column } of used) rows.setValue(column, valueAt(record, path))
        rows.endRow()
      }
    },
    junk: (reason) => rows.skipRow(reason),
  })
  let sinceStep = 0
  for await (const chunk of source.chunks(signal)) {
    for (const piece of cutChunk(chunk, STEP_BYTES)) {
      run.stats.bytesRead += piece.length
      elements.add(piece)
      sinceStep += piece.length
      if (sinceStep < STEP_BYTES) continue
      sinceStep = 0
      yield rows.takeReady()
      signal?.throwIfAborted()
    }
  }
  if (isCut(source) && elements.waitingBytes > 0) rows.skipRow('cut off in the middle')
  else elements.finish()
  yield rows.finish()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function valueAt(record: Record<string, unknown>, path: readonly string[]): unknown {
  let value: unknown = record
  for (const key of path) {
    if (!isRecord(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value
}

/** Two levels of objects become names with a dot, as `flow.pkts_toserver`. */
function collectPaths(
  record: Record<string, unknown>,
  above: readonly string[],
  paths: Map<string, readonly string[]>,
): void {
  for (const [key, value] of Object.entries(record)) {
    const path = [...above, key]
    if (isRecord(value) && path.length < 3) collectPaths(value, path, paths)
    else if (!paths.has(path.join('.')) && paths.size < MAX_COLUMNS && key.length <= 200)
      paths.set(path.join('.'), path)
  }
}
