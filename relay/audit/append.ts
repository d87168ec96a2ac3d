/** Writes the audit log, in the same transaction as what it tells of. */
import type { KeyObject } from 'node:crypto'
import type { Kysely, Transaction } from 'kysely'
import type { Tables } from '../store/schema.ts'
import { type AuditEntry, type AuditExport, hashEntry, REMOVED, signHead, type Tombstone } from './chain.ts'

export interface AuditNote {
  /** Who: the name of a user, key or device, or 'relay'. */
  readonly actor: string
  /** `noun.verb`: `device.created`. */
  readonly action: string
  readonly target: string
  readonly detail?: unknown
}

export async function appendAudit(
  trx: Transaction<Tables>,
  note: AuditNote,
  atMicros = Date.now() * 1000,
): Promise<void> {
  const last = await trx.selectFrom('audit').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst()
  const entry = {
    seq: (last?.seq ?? 0) + 1,
    atMicros,
    actor: note.actor,
    action: note.action,
    target: note.target,
    detail: note.detail === undefined ? '' : JSON.stringify(note.detail),
  }
  const { seq, actor, action, target, detail } = entry
  const hash = hashEntry(last?.hash ?? '', entry)
  await trx.insertInto('audit').values({ seq, at_micros: atMicros, actor, action, target, detail, hash }).execute()
}

/** The newest first, those before `before` (a number of an entry). */
export async function readAudit(
  db: Kysely<Tables>,
  { before, limit }: { before: number | undefined; limit: number },
): Promise<AuditEntry[]> {
  const all = db.selectFrom('audit').selectAll().orderBy('seq', 'desc').limit(limit)
  const rows = await (before === undefined ? all : all.where('seq', '<', before)).execute()
  return rows.map(asEntry)
}

export async function exportAudit(db: Kysely<Tables>, key: KeyObject): Promise<AuditExport> {
  const rows = await db.selectFrom('audit').selectAll().orderBy('seq').execute()
  const entries = rows.map(asEntry)
  const last = entries.at(-1)
  return { entries, head: signHead(key, { seq: last?.seq ?? 0, hash: last?.hash ?? '' }) }
}

/** Removes entries from before `beforeMicros` and leaves an entry that says so, by which the rest can still be verified. Returns how many. */
export async function shortenAudit(trx: Transaction<Tables>, actor: string, beforeMicros: number): Promise<number> {
  const last = await trx
    .selectFrom('audit')
    .select(['seq', 'hash'])
    .where('at_micros', '<', beforeMicros)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!last) return 0
  const tombstone: Tombstone = { through: last.seq, hash: last.hash }
  await appendAudit(trx, { actor, action: REMOVED, target: 'audit', detail: tombstone })
  const { numDeletedRows } = await trx.deleteFrom('audit').where('seq', '<=', last.seq).executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}

function asEntry({ at_micros, ...row }: Tables['audit']): AuditEntry {
  return { ...row, atMicros: at_micros }
}
