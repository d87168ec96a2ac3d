/** Cases: what a person reads and decides about. */
import { hiddenScanIds } from './scans.ts'
import type { CaseRecord, CaseState } from './schema.ts'
import { store } from './store.ts'
import type { Watch } from './watch.ts'

export interface CaseQuery {
  readonly scanId?: string | undefined
  /** All states when absent. */
  readonly states?: readonly CaseState[] | undefined
  readonly limit: number
}

/** The loudest first, then the newest; without those of deleted scans. */
export function watchCases(query: CaseQuery): Watch<CaseRecord[]> {
  return store().watchQuery(() => readCases(query))
}

export async function readCases(query: CaseQuery): Promise<CaseRecord[]> {
  const hidden = await hiddenScanIds()
  const matches = (row: CaseRecord) =>
    (query.scanId === undefined || row.scanId === query.scanId) &&
    (query.states === undefined || query.states.includes(row.state)) &&
    !hidden.has(row.scanId)
  return store().read({
    table: 'cases',
    stored: ({ cases }) => {
      const { scanId } = query
      const rows =
        scanId === undefined
          ? cases.orderBy('order')
          : cases.where('[scanId+order]').between([scanId, -Infinity], [scanId, Infinity])
      return rows.reverse().filter(matches).limit(query.limit).toArray()
    },
    matches,
    compare: (a, b) => b.order - a.order,
    limit: query.limit,
  })
}

/** `null` when there is no such case. */
export function watchCase(key: string): Watch<CaseRecord | null> {
  return store().watchQuery(async () => {
    const above = store().memory.rows('cases').get(key)
    return above ?? (await store().readDisk((database) => database.cases.get(key), undefined)) ?? null
  })
}

/** Resolves, once it is on disk, to a function that puts the former state back. */
export async function setCaseState(key: string, state: CaseState, note?: string): Promise<() => Promise<void>> {
  const before = await changeCase(key, (row) => withState(row, { state, note, changedAt: Date.now() }))
  return async () => {
    await changeCase(key, (row) =>
      withState(row, { state: before.state, note: before.stateNote, changedAt: before.changedAt }),
    )
  }
}

function withState(
  row: CaseRecord,
  next: { state: CaseState; note: string | undefined; changedAt: number },
): CaseRecord {
  const { stateNote: _, ...rest } = row
  return {
    ...rest,
    state: next.state,
    changedAt: next.changedAt,
    ...(next.note === undefined ? undefined : { stateNote: next.note }),
  }
}

/** Resolves to the record as it was. */
function changeCase(key: string, change: (row: CaseRecord) => CaseRecord): Promise<CaseRecord> {
  return store().write(['cases'], 'strict', async (tables) => {
    const row = await tables.cases.get(key)
    if (!row) throw new Error(`no case ${key}`)
    await tables.cases.bulkPut([change(row)])
    return row
  })
}
