/**
 * The relay's tables, the same in SQLite and PostgreSQL. Times are µs since 1970 (whole numbers, 53 bits are enough until 2255), flags are
 * 0 or 1, structured values are JSON text read back by the schemas of core's wire files. Migrations: migrations.ts.
 */
import type { Generated } from 'kysely'

export interface Tables {
  users: {
    id: string
    name: string
    role: string
    /** argon2id in PHC form; null while the account has passkeys only. */
    password: string | null
    failures: number
    locked_until_micros: number | null
    created_micros: number
  }
  passkeys: {
    id: string
    user_id: string
    public_key: string
    counter: number
    transports: string
    name: string
    created_micros: number
  }
  /** Opaque sessions: the SHA-256 of the cookie's token. */
  sessions: { hash: string; user_id: string; created_micros: number; expires_micros: number; last_seen_micros: number }
  /** SHA-256 of the key; its first characters show in lists. */
  api_keys: {
    id: string
    hash: string
    name: string
    scope: string
    created_by: string
    created_micros: number
    last_used_micros: number | null
  }
  /** One use each, at most 30 s old: hash, who, and the channel they open. */
  tickets: { hash: string; user_id: string; expires_micros: number }
  audit: {
    seq: number
    at_micros: number
    actor: string
    action: string
    target: string
    detail: string
    /** SHA-256 over the previous hash and this entry. */
    hash: string
  }
  devices: {
    id: string
    name: string
    type: string
    address: string
    protocol: string
    port: number
    source: string
    notes: string
    status: string
    monitored: number
    /** SHA-256 of the device's MQTT password, which the relay made up (256 random bits); null: may not connect. */
    secret: string | null
    created_micros: number
    last_seen_micros: number | null
    revision: number
  }
  /** The log of flow records: what is acknowledged stands here first. Ids follow the order of commits. */
  records: { id: Generated<number>; device: string; at_micros: number; source: string; body: string }
  /** How far the records of a device are judged, by which relay, until when that relay's claim holds. */
  cursors: { device: string; record: number; relay: string; until_micros: number }
  verdicts: {
    id: Generated<number>
    device: string
    start_micros: number
    end_micros: number
    at_micros: number
    first_record: number
    last_record: number
    score: number
    threshold: number
    severity: string
    one_in: number | null
    reasons: string
    model: string
  }
  /** Cases of live traffic as JSON (core/alert/case.ts). */
  cases: {
    id: string
    device: string
    start_micros: number
    end_micros: number
    severity: string
    body: string
    revision: number
  }
  alerts: {
    id: Generated<number>
    device: string
    type: string
    severity: string
    state: string
    title: string
    text: string
    advice: string
    case_id: string
    opened_micros: number
    changed_micros: number
    changed_by: string | null
    folded: number
    unread: number
    notes: string
    revision: number
  }
  /** Messages owed to channels. `due_micros` moves on with each failed try; a relay that works on one holds its lease. */
  outbox: {
    id: Generated<number>
    alert: number | null
    channel: string
    body: string
    created_micros: number
    due_micros: number
    tries: number
    lease: string | null
    lease_until_micros: number
    done_micros: number | null
    error: string | null
  }
  push_subscriptions: { endpoint: string; user_id: string; keys: string; created_micros: number }
  rules: {
    id: string
    body: string
    enabled: number
    created_micros: number
    fired_micros: number | null
    revision: number
  }
  actions: {
    id: Generated<number>
    rule: string
    device: string
    alert: number | null
    action: string
    target: string
    at_micros: number
    expires_micros: number | null
    undone_micros: number | null
    success: number
    detail: string
  }
  /** Settings of the relay ('' as user) and of each user, as JSON. */
  settings: { user_id: string; key: string; value: string; changed_micros: number; revision: number }
  /** File scans that scripts sent: the scan's JSON. */
  scans: { id: Generated<number>; name: string; at_micros: number; by: string; summary: string; body: string }
  /** Models that a page promoted and sent here: the model folder's archive. */
  models: { sha256: string; name: string; version: string; archive: Uint8Array; at_micros: number; active: number }
}
