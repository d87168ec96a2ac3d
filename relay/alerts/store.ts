/** Alerts in the store. */
import type { Kysely, Selectable, Transaction } from 'kysely'
import * as v from 'valibot'
import { type Alert, alert } from '#core/alert/wire.ts'
import type { Tables } from '../store/schema.ts'

type Row = Selectable<Tables['alerts']>
type Db = Kysely<Tables>

export interface AlertQuery {
  readonly state: Alert['state'] | undefined
  readonly severity: Alert['severity'] | undefined
  readonly type: Alert['type'] | undefined
  readonly device: string | undefined
  readonly page: number
  readonly size: number
}

export function asAlert(row: Row & { name: string | null }): Alert {
  return v.parse(alert, {
    id: row.id,
    device: row.device,
    deviceName: row.name ?? row.device,
    type: row.type,
    severity: row.severity,
    state: row.state,
    title: row.title,
    text: row.text,
    advice: JSON.parse(row.advice),
    case: row.case_id,
    openedMicros: row.opened_micros,
    changedMicros: row.changed_micros,
    ...(row.changed_by === null ? {} : { by: row.changed_by }),
    folded: row.folded,
    unread: row.unread === 1,
    notes: JSON.parse(row.notes),
    revision: row.revision,
  })
}

const select = (db: Db) =>
  db.selectFrom('alerts').leftJoin('devices', 'devices.id', 'alerts.device').selectAll('alerts').select('devices.name')

export async function findAlert(db: Db, id: number): Promise<Alert | undefined> {
  const row = await select(db).where('alerts.id', '=', id).executeTakeFirst()
  return row && asAlert(row)
}

export async function listAlerts(db: Db, query: AlertQuery): Promise<{ alerts: Alert[]; total: number }> {
  const { state, severity, type, device, page, size } = query
  const wanted = { state, severity, type, device }
  let rows = select(db)
  let count = db.selectFrom('alerts').select((eb) => eb.fn.countAll<number>().as('total'))
  for (const [column, value] of Object.entries(wanted) as [keyof typeof wanted, string | undefined][]) {
    if (value === undefined) continue
    rows = rows.where(`alerts.${column}`, '=', value)
    count = count.where(column, '=', value)
  }
  const [found, { total }] = await Promise.all([
    rows
      .orderBy('alerts.id', 'desc')
      .limit(size)
      .offset((page - 1) * size)
      .execute(),
    count.executeTakeFirstOrThrow(),
  ])
  return { alerts: found.map(asAlert), total: Number(total) }
}

/** The newest changes after `sinceMicros`, at most `limit`, in rising order. */
export async function alertsSince(db: Db, sinceMicros: number, limit: number): Promise<Alert[]> {
  const rows = await select(db)
    .where('alerts.changed_micros', '>', sinceMicros)
    .orderBy('alerts.changed_micros', 'desc')
    .orderBy('alerts.id', 'desc')
    .limit(limit)
    .execute()
  return rows.reverse().map(asAlert)
}

export async function countUnread(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('alerts')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('unread', '=', 1)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/**
 * What `revises` makes a new revision, and what somebody did on an older one a conflict. An alert that grows by itself does not: who
 * acknowledges it means the case, not its newest figures.
 */
export async function updateAlert(
  trx: Transaction<Tables>,
  id: number,
  change: Partial<Omit<Row, 'id' | 'revision'>>,
  { revises }: { readonly revises: boolean },
): Promise<void> {
  await trx
    .updateTable('alerts')
    .set((eb) => ({ ...change, ...(revises ? { revision: eb('revision', '+', 1) } : {}) }))
    .where('id', '=', id)
    .execute()
}
