/**
 * The page's copy of the relay: readable offline, gone with the log-out. It is a database of its own because nothing in it is the only
 * one of its kind but the queue of changes that wait for the relay.
 */
import Dexie, { type EntityTable, liveQuery } from 'dexie'
import type { Alert } from '#core/alert/wire.ts'
import type { WatchedDevice } from '#core/device/wire.ts'
import type { Verdict } from '#core/live/wire.ts'
import type { Rule } from '#core/prevent/wire.ts'
import type { SyncAnswer } from '#core/sync/wire.ts'
import type { IndexedDbParts } from './schema.ts'
import type { Watch } from './watch.ts'

/** Copies of alerts and verdicts, the newest; more would be a second archive. */
export const MAX_ALERTS = 1000
export const MAX_VERDICTS = 20_000

export type ChangedKind = 'devices' | 'alerts' | 'rules'

/** A change that waits to be sent, or was refused because somebody else's came first. */
export interface QueuedChange {
  id: number
  kind: ChangedKind
  /** Of the device, alert or rule; '' for a new one. */
  of: string
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Under /api/v1/. */
  path: string
  body: Readonly<Record<string, unknown>> | undefined
  /** What it does, for the person: "Acknowledge: Camera talked to …". */
  words: string
  /** ms since 1970. */
  at: number
  /** Why it stands still: a sentence, after the relay refused it. */
  refused?: string
}

interface Meta {
  key: 'sync'
  alerts: number
  verdicts: number
  /** ms since 1970 of the last answer. */
  at: number
  gap: boolean
  user: { readonly id: string; readonly name: string; readonly role: string }
}

export interface RelayCopy {
  readonly syncedAt: number | undefined
  /** Older alerts or verdicts were left out of the copy. */
  readonly gap: boolean
  readonly user: Meta['user'] | undefined
  readonly devices: readonly WatchedDevice[]
  readonly rules: readonly Rule[]
  /** The newest first. */
  readonly alerts: readonly Alert[]
  readonly queue: readonly QueuedChange[]
}

class CopyDatabase extends Dexie {
  declare devices: EntityTable<WatchedDevice, 'id'>
  declare rules: EntityTable<Rule, 'id'>
  declare alerts: EntityTable<Alert, 'id'>
  declare verdicts: EntityTable<Verdict, 'id'>
  declare queue: EntityTable<QueuedChange, 'id'>
  declare meta: EntityTable<Meta, 'key'>

  constructor(parts: IndexedDbParts | undefined) {
    super('iot-guardian-relay', { ...parts, chromeTransactionDurability: 'strict' })
    this.version(1).stores({
      devices: 'id',
      rules: 'id',
      alerts: 'id, changedMicros',
      verdicts: 'id, [device+id], atMicros',
      queue: '++id',
      meta: 'key',
    })
  }
}

let database: CopyDatabase | undefined
const copy = () => (database ??= new CopyDatabase(undefined))

/** For tests: a database of their own. */
export function useRelayDatabase(parts: IndexedDbParts): void {
  database?.close()
  database = new CopyDatabase(parts)
}

export async function syncedTo(): Promise<{ readonly alerts: number; readonly verdicts: number }> {
  const meta = await copy().meta.get('sync')
  return { alerts: meta?.alerts ?? 0, verdicts: meta?.verdicts ?? 0 }
}

/** Takes an answer over whole, or not at all. What waits in the queue is laid over it again by `readCopy`. */
export async function applySync(answer: SyncAnswer, now = Date.now()): Promise<void> {
  const db = copy()
  const { id, name, role } = answer.me
  await db.transaction('rw', [db.devices, db.rules, db.alerts, db.verdicts, db.meta], async () => {
    const before = await db.meta.get('sync')
    await replaceAll(db.devices, answer.devices)
    await replaceAll(db.rules, answer.rules)
    await db.alerts.bulkPut([...answer.alerts])
    await db.verdicts.bulkPut([...answer.verdicts])
    await keepNewest(db.alerts, 'changedMicros', MAX_ALERTS)
    await keepNewest(db.verdicts, ':id', MAX_VERDICTS)
    await db.meta.put({
      key: 'sync',
      ...answer.next,
      at: now,
      gap: answer.gap || (before?.gap ?? false),
      user: { id, name, role },
    })
  })
}

/** One verdict as it happens, between two syncs. */
export async function addVerdicts(verdicts: readonly Verdict[]): Promise<void> {
  await copy().verdicts.bulkPut([...verdicts])
}

export function watchRelay(): Watch<RelayCopy> {
  return watchQuery(readCopy)
}

/** Of one device, or of all; in rising order, the newest `limit`. */
export function watchVerdicts(device: string | undefined, limit: number): Watch<Verdict[]> {
  return watchQuery(async () => {
    const { verdicts } = copy()
    const all =
      device === undefined
        ? verdicts.orderBy(':id')
        : verdicts.where('[device+id]').between([device, Dexie.minKey], [device, Dexie.maxKey])
    return (await all.reverse().limit(limit).toArray()).reverse()
  })
}

/** Resolves when the change is on disk: it will be sent, however long the relay is away. */
export async function queueChange(
  change: Omit<QueuedChange, 'id' | 'at' | 'refused'>,
  now = Date.now(),
): Promise<void> {
  await copy().queue.add({ ...change, at: now })
}

/** Those that still may be sent, the oldest first. */
export async function waitingChanges(): Promise<QueuedChange[]> {
  return (await copy().queue.orderBy('id').toArray()).filter(({ refused }) => refused === undefined)
}

/** The relay has it, or the person threw it away. */
export async function dropChange(id: number): Promise<void> {
  await copy().queue.delete(id)
}

export async function refuseChange(id: number, why: string): Promise<void> {
  await copy().queue.update(id, { refused: why })
}

/** Sends a refused change again over what the relay has now: without the revision that it was made for. */
export async function insistOnChange(id: number): Promise<void> {
  const { queue } = copy()
  const change = await queue.get(id)
  if (!change) return
  const { revision: _, ...body } = change.body ?? {}
  const { refused: __, ...rest } = change
  await queue.put({ ...rest, body: change.body && body })
}

/** After the log-out nothing of the relay stays in the browser. */
export async function forgetRelay(): Promise<void> {
  const db = copy()
  await db.transaction('rw', db.tables, () => Promise.all(db.tables.map((table) => table.clear())))
}

async function readCopy(): Promise<RelayCopy> {
  const db = copy()
  const [meta, devices, rules, alerts, queue] = await Promise.all([
    db.meta.get('sync'),
    db.devices.toArray(),
    db.rules.toArray(),
    db.alerts.orderBy('changedMicros').reverse().toArray(),
    db.queue.orderBy('id').toArray(),
  ])
  const lay = <Row extends { readonly id: string | number }>(kind: ChangedKind, rows: Row[]) =>
    layChanges(rows, queue, kind)
  return {
    syncedAt: meta?.at,
    gap: meta?.gap ?? false,
    user: meta?.user,
    devices: lay('devices', devices).sort((a, b) => a.name.localeCompare(b.name)),
    rules: lay('rules', rules).sort((a, b) => a.createdMicros - b.createdMicros),
    alerts: lay('alerts', alerts),
    queue,
  }
}

/** What the person changed shows at once, before the relay has heard of it. */
function layChanges<Row extends { readonly id: string | number }>(
  rows: Row[],
  queue: readonly QueuedChange[],
  kind: ChangedKind,
): Row[] {
  let laid = rows
  for (const change of queue) {
    if (change.kind !== kind || change.refused !== undefined || change.of === '') continue
    if (change.method === 'DELETE') laid = laid.filter(({ id }) => String(id) !== change.of)
    else {
      const { revision: _, note: __, read, ...fields } = change.body ?? {}
      const laidOver = read === undefined ? fields : { ...fields, unread: !read }
      laid = laid.map((row) => (String(row.id) === change.of ? { ...row, ...laidOver } : row))
    }
  }
  return laid
}

async function replaceAll<Row>(table: Dexie.Table<Row, string>, rows: readonly Row[]): Promise<void> {
  await table.clear()
  await table.bulkPut([...rows])
}

async function keepNewest(table: Dexie.Table, index: string, most: number): Promise<void> {
  const extra = (await table.count()) - most
  if (extra > 0) await table.orderBy(index).limit(extra).delete()
}

function watchQuery<T>(query: () => Promise<T>): Watch<T> {
  return {
    subscribe(run) {
      const subscription = liveQuery(query).subscribe({ next: run, error: () => run(undefined) })
      return () => subscription.unsubscribe()
    },
  }
}
