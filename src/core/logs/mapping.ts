/** What a person needs to say once which column is which: the columns, some rows, and what Guardian would guess. */
import type { ByteSource } from '../base/source.ts'
import { type ColumnMapping, isComplete, mapByNames } from './columns.ts'
import { readDelimitedHead } from './delimited.ts'
import { readJsonHead } from './json.ts'
import { createFinder } from './names.ts'
import { previewParquet } from './parquet.ts'
import { isParquet, readTableHead } from './table.ts'

export interface TablePreview {
  readonly columns: readonly string[]
  readonly sampleRows: readonly (readonly string[])[]
  /** Role -> column, by names and, where these say nothing, by the values. */
  readonly proposal: ColumnMapping
  /** True when the names alone say all that is needed, so that nobody has to be asked. */
  readonly complete: boolean
}

export async function previewTable(source: ByteSource): Promise<TablePreview> {
  const { head, isWhole } = await readTableHead(source)
  const { columns, sampleRows } = isParquet(head)
    ? await previewParquet(source)
    : (readJsonHead(head, isWhole) ?? readDelimitedHead(head, isWhole))
  const proposal = mapByNames(createFinder(columns, sampleRows))
  return { columns, sampleRows, proposal, complete: isComplete(proposal) }
}
