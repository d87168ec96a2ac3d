/** What a person called normal, for how long and how widely; a case that is no more than that is stored as quieted. */
import { findQuiet, type Quiet, type QuietScope, quietOf } from '#core/alert/quiet.ts'
import type { CaseRecord } from './schema.ts'
import { store } from './store.ts'
import type { Watch } from './watch.ts'

/** More are not read: a home that called this many things normal has the newest heard. */
const MOST_QUIETS = 1000

export interface QuietChoice {
  readonly scope: QuietScope
  /** Undefined: for ever. */
  readonly days: number | undefined
}

/** The newest first, those that are over too. */
export function readQuiets(): Promise<Quiet[]> {
  return store().read({
    table: 'quiets',
    stored: ({ quiets }) => quiets.orderBy('createdAt').reverse().limit(MOST_QUIETS).toArray(),
    matches: () => true,
    compare: (a, b) => b.createdAt - a.createdAt,
    limit: MOST_QUIETS,
  })
}

export function watchQuiets(): Watch<Quiet[]> {
  return store().watchQuery(readQuiets)
}

/** Notes the case as normal and quiets later ones like it. Resolves, once it is on disk, to a function that takes both back. */
export async function callNormal(key: string, choice: QuietChoice): Promise<() => Promise<void>> {
  const now = Date.now()
  const id = crypto.randomUUID()
  const before = await store().write(['cases', 'quiets'], 'strict', async (tables) => {
    const row = await tables.cases.get(key)
    if (!row) throw new Error(`no case ${key}`)
    await tables.quiets.bulkPut([quietOf(row.value, { id, now, ...choice })])
    await tables.cases.bulkPut([{ ...row, state: 'normal', quietedBy: id, changedAt: now }])
    return row
  })
  return async () => {
    await removeQuiet(id)
    await store().write(['cases'], 'strict', (tables) => tables.cases.bulkPut([before]))
  }
}

/** What it alone had quieted is open again. Resolves to a function that puts it back. */
export async function removeQuiet(id: string): Promise<() => Promise<void>> {
  const rest = (await readQuiets()).filter((quiet) => quiet.id !== id)
  const now = Date.now()
  const quieted = await store().read({
    table: 'cases',
    stored: ({ cases }) => cases.filter((row) => row.quietedBy === id).toArray(),
    matches: (row) => row.quietedBy === id,
    compare: () => 0,
    limit: Number.MAX_SAFE_INTEGER,
  })
  const removed = await store().write(['cases', 'quiets'], 'strict', async (tables) => {
    const quiet = await tables.quiets.get(id)
    await tables.cases.bulkPut(quieted.map((row) => withQuiet(row, rest, now)))
    return quiet
  })
  await store().remove('quiets', [id])
  return async () => {
    if (!removed) return
    await store().write(['cases', 'quiets'], 'strict', async (tables) => {
      await tables.quiets.bulkPut([removed])
      await tables.cases.bulkPut(quieted)
    })
  }
}

/** Quieted or open, by what is called normal now; what a person decided about the case itself stands. */
export function withQuiet(row: CaseRecord, quiets: readonly Quiet[], now: number): CaseRecord {
  if (row.state !== 'open' && row.state !== 'quieted') return row
  const { quietedBy: _, ...rest } = row
  const quiet = findQuiet(row.value, quiets, now)
  return quiet ? { ...rest, state: 'quieted', quietedBy: quiet.id } : { ...rest, state: 'open' }
}
