/** A case as it is stored: what the scan says, and beside it what a person decided. */
import type { Case } from '#core/alert/case.ts'
import type { Quiet } from '#core/alert/quiet.ts'
import { withQuiet } from './quiets.ts'
import { type CaseRecord, orderOf } from './schema.ts'
import type { TablePort } from './store.ts'

/** Records for new and grown cases; what a person decided about a case stays when it grows, and what grew past a quiet speaks again. */
export async function caseRecords(input: {
  scanId: string
  cases: readonly Case[]
  table: TablePort<CaseRecord>
  quiets: readonly Quiet[]
  now: number
}): Promise<CaseRecord[]> {
  const { scanId, cases, table, quiets, now } = input
  const keys = cases.map((value) => `${scanId}/${value.id}`)
  const known = await table.bulkGet(keys)
  return cases.map((value, i) => {
    const record = known[i] ?? { key: keys[i]!, scanId, state: 'open' as const, changedAt: now }
    return withQuiet({ ...record, order: orderOf(value), value }, quiets, now)
  })
}
