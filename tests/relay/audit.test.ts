import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { appendAudit, exportAudit, shortenAudit } from '../../relay/audit/append.ts'
import { type AuditEntry, type AuditExport, findFlaw, signHead } from '../../relay/audit/chain.ts'
import type { Store } from '../../relay/store/store.ts'
import { forEachStore } from './stores.ts'

const { privateKey } = generateKeyPairSync('ed25519')

async function fill(store: Store, count: number): Promise<void> {
  const notes = Array.from({ length: count }, (_, i) => ({ actor: 'ann', action: 'device.added', target: `d${i}` }))
  await Promise.all(notes.map((note, i) => store.write((trx) => appendAudit(trx, note, (i + 1) * 1e6))))
}

forEachStore((stores) => {
  it('verifies as it was written', async () => {
    const store = await stores.open()
    await fill(store, 50)
    const log = await exportAudit(store.db, privateKey)
    expect(log.entries).toHaveLength(50)
    expect(findFlaw(log)).toBeUndefined()
  })

  it('verifies after its beginning was removed, and not when the entry that says so is gone', async () => {
    const store = await stores.open()
    await fill(store, 20)
    expect(await store.write((trx) => shortenAudit(trx, 'ann', 11e6))).toBe(10)
    const log = await exportAudit(store.db, privateKey)
    expect(findFlaw(log)).toBeUndefined()
    const kept = log.entries.filter(({ action }) => action !== 'audit.removed')
    expect(findFlaw({ ...log, entries: kept })).toMatch(/missing/)
    await fill(store, 3)
    expect(await store.write((trx) => shortenAudit(trx, 'ann', 15e6))).toBeGreaterThan(0)
    expect(findFlaw(await exportAudit(store.db, privateKey))).toBeUndefined()
  })

  it('is undone with the change that it tells of', async () => {
    const store = await stores.open()
    const failing = store.write(async (trx) => {
      await appendAudit(trx, { actor: 'ann', action: 'device.added', target: 'd' })
      throw new RangeError('no')
    })
    await expect(failing).rejects.toThrow(RangeError)
    expect((await exportAudit(store.db, privateKey)).entries).toEqual([])
  })

  it('shows every one of 10,000 changes, cuts and insertions', { timeout: 120_000 }, async () => {
    const store = await stores.open()
    await fill(store, 40)
    const log = await exportAudit(store.db, privateKey)
    const random = createRandom(7)
    const below = (limit: number) => random.int(limit)
    const missed: unknown[] = []
    for (let i = 0; i < 10_000; i++) {
      const changed = tamper(log, below)
      if (findFlaw(changed) === undefined) missed.push(changed)
    }
    expect(missed).toEqual([])
  })
})

function tamper(log: AuditExport, below: (limit: number) => number): AuditExport {
  const entries = log.entries.map((entry) => ({ ...entry }))
  const at = below(entries.length)
  const entry = entries[at]!
  const kind = below(6)
  if (kind === 0) flip(entry, below)
  if (kind === 1) entries.splice(at, 1)
  if (kind === 2) entries.splice(at, 0, { ...entry })
  if (kind === 3) entries.push(...entries.splice(at === entries.length - 1 ? 0 : at, 1))
  if (kind === 4) entries.length = at
  // Whoever has another key signs a shorter log.
  if (kind === 5) {
    entries.length = at
    const last = entries.at(-1) ?? { seq: 0, hash: '' }
    const forged = signHead(generateKeyPairSync('ed25519').privateKey, last)
    return { entries, head: { ...forged, publicKey: log.head.publicKey } }
  }
  return { ...log, entries }
}

type Writable = { -readonly [Name in keyof AuditEntry]: AuditEntry[Name] }

function flip(entry: Writable, below: (limit: number) => number): void {
  const names = ['seq', 'atMicros', 'actor', 'action', 'target', 'detail', 'hash'] as const
  const name = names[below(names.length)]!
  if (name === 'seq' || name === 'atMicros') entry[name] += 1 + below(100)
  else entry[name] = `${entry[name]}${String.fromCharCode(97 + below(26))}`
}
