/** Records, cursors, verdicts and cases of live traffic in the store. */
import type { Kysely, Selectable, Transaction } from 'kysely'
import * as v from 'valibot'
import type { Case } from '#core/alert/case.ts'
import type { ReceivedRecord } from '#core/live/record.ts'
import { type FlowRecord, reason, type Verdict, verdict } from '#core/live/wire.ts'
import type { LiveCase, LiveVerdict } from '#core/scan/live.ts'
import type { Tables } from '../store/schema.ts'

type Db = Kysely<Tables>
type Trx = Transaction<Tables>

/** Rows in one statement: PostgreSQL takes 65,535 values, SQLite 32,766. */
const ROWS_AT_ONCE = 500

export interface Cursor {
  readonly device: string
  /** The last record that was judged. */
  readonly record: number
}

const asRecord = ({ id, device, at_micros, body }: Selectable<Tables['records']>): ReceivedRecord => ({
  id,
  device,
  atMicros: at_micros,
  // Written by this relay, or its neighbour, after the schema had read it.
  record: JSON.parse(body) as FlowRecord,
})

export async function newestRecord(db: Db): Promise<number> {
  const { id } = await db
    .selectFrom('records')
    .select((eb) => eb.fn.max('id').as('id'))
    .executeTakeFirstOrThrow()
  return Number(id ?? 0)
}

/** After `after`, in the order of the log. */
export async function readRecords(db: Db, after: number, limit: number): Promise<ReceivedRecord[]> {
  const rows = await db.selectFrom('records').selectAll().where('id', '>', after).orderBy('id').limit(limit).execute()
  return rows.map(asRecord)
}

export async function readRecordsOf(
  db: Db,
  { device, after, through, limit }: { device: string; after: number; through: number; limit: number },
): Promise<ReceivedRecord[]> {
  const rows = await db
    .selectFrom('records')
    .selectAll()
    .where('device', '=', device)
    .where('id', '>', after)
    .where('id', '<=', through)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(asRecord)
}

/** The last `count` records of a device through `through`, in the order of the log. */
export async function lastRecordsOf(db: Db, device: string, through: number, count: number): Promise<ReceivedRecord[]> {
  const rows = await db
    .selectFrom('records')
    .selectAll()
    .where('device', '=', device)
    .where('id', '<=', through)
    .orderBy('id', 'desc')
    .limit(count)
    .execute()
  return rows.reverse().map(asRecord)
}

/** Cases of a device that may still grow. */
export async function openCasesOf(db: Db, device: string, sinceMicros: number): Promise<Case[]> {
  const rows = await db
    .selectFrom('cases')
    .select('body')
    .where('device', '=', device)
    .where('end_micros', '>=', sinceMicros)
    .execute()
  return rows.map(({ body }) => JSON.parse(body) as Case)
}

/**
 * Takes or keeps the devices that nobody else holds, until `untilMicros`; returns those that are this relay's now, with where to go on.
 * Whoever asks for devices it holds already gets them again.
 */
export async function claimDevices(
  trx: Trx,
  { devices, relay, nowMicros, untilMicros }: ClaimOptions,
): Promise<Cursor[]> {
  if (devices.length === 0) return []
  return trx
    .insertInto('cursors')
    .values(devices.map((device) => ({ device, record: 0, relay, until_micros: untilMicros })))
    .onConflict((conflict) =>
      conflict
        .column('device')
        .doUpdateSet({ relay, until_micros: untilMicros })
        .where((eb) => eb.or([eb('cursors.relay', '=', relay), eb('cursors.until_micros', '<', nowMicros)])),
    )
    .returning(['device', 'record'])
    .execute()
}

interface ClaimOptions {
  readonly devices: readonly string[]
  readonly relay: string
  readonly nowMicros: number
  readonly untilMicros: number
}

export async function releaseDevices(trx: Trx, devices: readonly string[], relay: string): Promise<void> {
  if (devices.length === 0) return
  await trx
    .updateTable('cursors')
    .set({ until_micros: 0 })
    .where('device', 'in', [...devices])
    .where('relay', '=', relay)
    .execute()
}

/** Moves cursors of devices that this relay still holds; returns which those are. */
export async function moveCursors(trx: Trx, cursors: ReadonlyMap<string, number>, relay: string): Promise<Set<string>> {
  const held = await trx
    .selectFrom('cursors')
    .select('device')
    .where('relay', '=', relay)
    .where('device', 'in', [...cursors.keys()])
    .execute()
  if (held.length === 0) return new Set()
  await trx
    .insertInto('cursors')
    .values(held.map(({ device }) => ({ device, record: cursors.get(device) ?? 0, relay, until_micros: 0 })))
    .onConflict((conflict) => conflict.column('device').doUpdateSet((eb) => ({ record: eb.ref('excluded.record') })))
    .execute()
  return new Set(held.map(({ device }) => device))
}

/** Flows from now on are judged, those before are not: a device is watched (again). */
export async function skipToNow(trx: Trx, device: string): Promise<void> {
  const record = await newestRecord(trx)
  await trx.updateTable('cursors').set({ record, until_micros: 0 }).where('device', '=', device).execute()
}

export async function addVerdicts(
  trx: Trx,
  verdicts: readonly LiveVerdict[],
  { model, atMicros }: { model: string; atMicros: number },
): Promise<Verdict[]> {
  const added: Verdict[] = []
  for (let at = 0; at < verdicts.length; at += ROWS_AT_ONCE) {
    const part = verdicts.slice(at, at + ROWS_AT_ONCE)
    const ids = await trx
      .insertInto('verdicts')
      .values(
        part.map((one) => ({
          device: one.device,
          start_micros: Math.round(one.startMicros),
          end_micros: Math.round(one.endMicros),
          at_micros: atMicros,
          first_record: one.rows[0],
          last_record: one.rows[1],
          score: one.score,
          threshold: one.threshold,
          severity: one.severity,
          one_in: one.oneIn,
          reasons: JSON.stringify(one.reasons),
          model,
        })),
      )
      .returning('id')
      .execute()
    for (const [i, one] of part.entries()) {
      const { device, startMicros, endMicros, score, threshold, severity, oneIn, reasons } = one
      const label = one.isOdd ? 'odd' : 'usual'
      const id = ids[i]!.id
      added.push({
        ...{ id, device, startMicros, endMicros, atMicros, score, threshold, label, severity, oneIn, model },
        reasons: [...reasons],
      })
    }
  }
  return added
}

const reasons = v.array(reason)

export function asVerdict(row: Selectable<Tables['verdicts']>): Verdict {
  return v.parse(verdict, {
    id: row.id,
    device: row.device,
    startMicros: row.start_micros,
    endMicros: row.end_micros,
    atMicros: row.at_micros,
    score: row.score,
    threshold: row.threshold,
    label: row.score > row.threshold ? 'odd' : 'usual',
    severity: row.severity,
    ...(row.one_in === null ? {} : { oneIn: row.one_in }),
    reasons: v.parse(reasons, JSON.parse(row.reasons)),
    model: row.model,
  })
}

/** The newest after `since`, at most `limit`, in rising order. */
export async function verdictsSince(db: Db, since: number, limit: number): Promise<Verdict[]> {
  const rows = await db
    .selectFrom('verdicts')
    .selectAll()
    .where('id', '>', since)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.reverse().map(asVerdict)
}

export async function verdictsBetween(db: Db, first: number, last: number): Promise<Verdict[]> {
  const rows = await db
    .selectFrom('verdicts')
    .selectAll()
    .where('id', '>=', first)
    .where('id', '<=', last)
    .orderBy('id')
    .execute()
  return rows.map(asVerdict)
}

export async function keepCases(trx: Trx, cases: readonly LiveCase[]): Promise<void> {
  for (const { case: told } of cases) {
    const { id, device, severity } = told
    const row = {
      severity,
      start_micros: Math.round(told.startMicros),
      end_micros: Math.round(told.endMicros),
      body: JSON.stringify(told),
    }
    await trx
      .insertInto('cases')
      .values({ id, device, revision: 1, ...row })
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet((eb) => ({ ...row, revision: eb('cases.revision', '+', 1) })),
      )
      .execute()
  }
}
