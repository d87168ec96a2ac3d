/** What a person needs to say once which column is which: the columns, some rows, and what Guardian would guess. */
import type { ByteSource } from '../base/source.ts'
import { cicLayout } from './cic.ts'
import { type ColumnMapping, isComplete, mapByNames } from './columns.ts'
import { readDelimitedHead } from './delimited.ts'
import { readJsonHead } from './json.ts'
import { createFinder } from './names.ts'
import { previewParquet } from './parquet.ts'
import { proposeMapping } from './proposal.ts'
import { isParquet, readTableHead } from './table.ts'
import { nameUnswColumns } from './unsw.ts'
import { readZeekHead } from './zeek.ts'

/** Rows that a preview shows. */
export const PREVIEW_ROWS = 20

export interface TablePreview {
  readonly columns: readonly string[]
  readonly sampleRows: readonly (readonly string[])[]
  /** Role -> column, by names and, where these say nothing, by the values. */
  readonly proposal: ColumnMapping
  /** True when the names alone say all that is needed, so that nobody has to be asked. */
  readonly complete: boolean
}

/** Throws InputError for what is no table. What comes out of `proposal`, changed by a person, goes to `openTable`. */
export async function previewTable(source: ByteSource): Promise<TablePreview> {
  const { columns, sampleRows, isKnown } = await readColumns(source)
  const find = createFinder(columns, sampleRows)
  const complete = isKnown || isComplete(mapByNames(find)) || cicLayout(find) !== undefined
  return { columns, sampleRows: sampleRows.slice(0, PREVIEW_ROWS), proposal: proposeMapping(find), complete }
}

interface Columns {
  readonly columns: readonly string[]
  readonly sampleRows: readonly (readonly string[])[]
  /** The form says itself what its columns are. */
  readonly isKnown: boolean
}

async function readColumns(source: ByteSource): Promise<Columns> {
  const { head, isWhole } = await readTableHead(source)
  if (isParquet(head)) return { ...(await previewParquet(source)), isKnown: false }
  const zeek = readZeekHead(head)
  if (zeek) return { columns: zeek.columns, sampleRows: [], isKnown: zeek.columns.includes('orig_pkts') }
  const json = readJsonHead(head, isWhole)
  return json
    ? { ...json, isKnown: json.isEve }
    : { ...nameUnswColumns(readDelimitedHead(head, isWhole)), isKnown: false }
}
