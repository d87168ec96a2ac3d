/** Any flow table, by its content, as a FlowInput. */
import { InputError } from '../base/errors.ts'
import type { ByteSource } from '../base/source.ts'
import type { FlowInput } from '../flow/input.ts'
import type { ColumnMapping } from './columns.ts'
import { openDelimited, readDelimitedHead } from './delimited.ts'
import { layoutByMapping, layoutByNames } from './flow-layout.ts'
import { openJson, readJsonHead } from './json.ts'
import { createFinder } from './names.ts'
import { openParquet } from './parquet.ts'
import { applyOptions, type TableOptions } from './table-options.ts'
import { nameUnswColumns } from './unsw.ts'
import { openZeek, readZeekHead } from './zeek.ts'

/** What is read to know the form and the columns. */
export const HEAD_BYTES = 1 << 17

/** Throws InputError with a sentence when the source is no flow table; the last checks come when it is read. */
export async function openTable(
  source: ByteSource,
  mapping?: ColumnMapping,
  options: TableOptions = {},
): Promise<FlowInput> {
  const { head, isWhole } = await readTableHead(source)
  if (head.length === 0) throw new InputError('This file is empty: 0 bytes.')
  if (isParquet(head)) return openParquet(source, mapping, options)
  const zeek = readZeekHead(head)
  if (zeek) return openZeek(source, zeek, options)
  const json = readJsonHead(head, isWhole)
  if (json) return openJson(source, json, mapping, options)
  const table = nameUnswColumns(readDelimitedHead(head, isWhole))
  const find = createFinder(table.columns, table.sampleRows)
  const layout = mapping ? layoutByMapping(find, mapping) : layoutByNames(find)
  return openDelimited(source, table, applyOptions(layout, options))
}

/** `PAR1` */
export const isParquet = (head: Uint8Array): boolean =>
  head[0] === 0x50 && head[1] === 0x41 && head[2] === 0x52 && head[3] === 0x31

export async function readTableHead(source: ByteSource): Promise<{ head: Uint8Array; isWhole: boolean }> {
  const parts: Uint8Array[] = []
  let length = 0
  let isWhole = true
  for await (const chunk of source.chunks()) {
    parts.push(chunk.slice(0, HEAD_BYTES - length))
    length += chunk.length
    if (length >= HEAD_BYTES) {
      isWhole = false
      break
    }
  }
  const head = new Uint8Array(Math.min(length, HEAD_BYTES))
  let at = 0
  for (const part of parts) {
    head.set(part, at)
    at += part.length
  }
  return { head, isWhole }
}
