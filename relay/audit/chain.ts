/**
 * The audit log as a chain: each entry's hash covers the one before, so no entry can be changed, taken out or put in without breaking
 * all that follow; the signed head says where the chain ends, so none can be cut off. Anyone can verify an export without the relay.
 */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'

export interface AuditEntry {
  readonly seq: number
  readonly atMicros: number
  readonly actor: string
  readonly action: string
  readonly target: string
  /** JSON or a sentence; never a secret. */
  readonly detail: string
  /** SHA-256, hex. */
  readonly hash: string
}

export interface AuditExport {
  readonly entries: readonly AuditEntry[]
  /** Ed25519 over `seq hash`, base64, and the key in SPKI PEM. */
  readonly head: { readonly seq: number; readonly hash: string; readonly signature: string; readonly publicKey: string }
}

/** What retention leaves in the log: entries through `through` are gone, the last of them had `hash`. */
export const REMOVED = 'audit.removed'
export interface Tombstone {
  readonly through: number
  readonly hash: string
}

export function hashEntry(before: string, entry: Omit<AuditEntry, 'hash'>): string {
  const { seq, atMicros, actor, action, target, detail } = entry
  return createHash('sha256')
    .update(JSON.stringify([before, seq, atMicros, actor, action, target, detail]))
    .digest('hex')
}

export function signHead(key: KeyObject, { seq, hash }: { seq: number; hash: string }): AuditExport['head'] {
  const signature = sign(null, headBytes(seq, hash), key).toString('base64')
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
  return { seq, hash, signature, publicKey }
}

/** Undefined when the export is whole and true; otherwise a sentence that says where it is not. */
export function findFlaw({ entries, head }: AuditExport): string | undefined {
  let before = ''
  const first = entries[0]
  if (first && first.seq !== 1) {
    const tombstone = entries.map(readTombstone).findLast((found) => found?.through === first.seq - 1)
    if (!tombstone) return `Entries before number ${first.seq} are missing, and no entry says that they were removed.`
    before = tombstone.hash
  }
  let seq = first ? first.seq - 1 : 0
  for (const entry of entries) {
    if (entry.seq !== seq + 1) return `After entry ${seq} comes ${entry.seq}.`
    if (entry.hash !== hashEntry(before, entry)) return `Entry ${entry.seq} was changed, or the one before it.`
    before = entry.hash
    seq = entry.seq
  }
  if (head.seq !== seq || head.hash !== before) return `The log ends at entry ${seq}, its signed head at ${head.seq}.`
  return isSigned(head) ? undefined : 'The signature of the head does not fit.'
}

function isSigned({ seq, hash, signature, publicKey }: AuditExport['head']): boolean {
  try {
    return verify(null, headBytes(seq, hash), createPublicKey(publicKey), Buffer.from(signature, 'base64'))
  } catch {
    return false // no key at all
  }
}

function readTombstone({ action, detail }: AuditEntry): Tombstone | undefined {
  return action === REMOVED ? (JSON.parse(detail) as Tombstone) : undefined
}

const headBytes = (seq: number, hash: string) => Buffer.from(`${seq} ${hash}`)
