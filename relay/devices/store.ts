/** Watched devices in the store. */
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import * as v from 'valibot'
import { type WatchedDevice, watchedDevice } from '#core/device/wire.ts'
import { RefusedError } from '../http/errors.ts'
import type { Tables } from '../store/schema.ts'

type Row = Selectable<Tables['devices']>

export interface DeviceQuery {
  /** Part of the name, id, address or notes. */
  readonly search: string | undefined
  readonly status: WatchedDevice['status'] | undefined
  /** From 1. */
  readonly page: number
  readonly size: number
}

export function asDevice(row: Row): WatchedDevice {
  const { monitored, secret: _, created_micros, last_seen_micros, ...rest } = row
  return v.parse(watchedDevice, {
    ...rest,
    monitored: monitored === 1,
    createdMicros: created_micros,
    ...(last_seen_micros === null ? {} : { lastSeenMicros: last_seen_micros }),
  })
}

export async function listDevices(
  db: Kysely<Tables>,
  { search, status, page, size }: DeviceQuery,
): Promise<{ devices: WatchedDevice[]; total: number }> {
  let all = db.selectFrom('devices')
  if (status !== undefined) all = all.where('status', '=', status)
  if (search !== undefined && search !== '') {
    const part = `%${search.toLowerCase().replaceAll(/[\\%_]/g, (special) => `\\${special}`)}%`
    all = all.where((eb) =>
      eb.or(
        (['name', 'id', 'address', 'notes'] as const).map(
          (column) => sql<boolean>`lower(${sql.ref(column)}) like ${part} escape '\\'`,
        ),
      ),
    )
  }
  const [rows, { total }] = await Promise.all([
    all
      .selectAll()
      .orderBy('name')
      .orderBy('id')
      .limit(size)
      .offset((page - 1) * size)
      .execute(),
    all.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
  ])
  return { devices: rows.map(asDevice), total: Number(total) }
}

export async function allDevices(db: Kysely<Tables>): Promise<WatchedDevice[]> {
  return (await db.selectFrom('devices').selectAll().orderBy('name').execute()).map(asDevice)
}

export async function findDevice(db: Kysely<Tables>, id: string): Promise<WatchedDevice | undefined> {
  const row = await db.selectFrom('devices').selectAll().where('id', '=', id).executeTakeFirst()
  return row && asDevice(row)
}

/** Throws RefusedError 409 when the id is taken. */
export async function addDevice(
  trx: Transaction<Tables>,
  device: Omit<WatchedDevice, 'status' | 'monitored' | 'createdMicros' | 'revision' | 'lastSeenMicros'>,
  nowMicros: number,
): Promise<WatchedDevice> {
  if (await findDevice(trx, device.id))
    throw new RefusedError(409, `There is a device with the id ${device.id} already.`)
  const row: Row = {
    ...device,
    status: 'offline',
    monitored: 1,
    secret: null,
    created_micros: nowMicros,
    last_seen_micros: null,
    revision: 1,
  }
  await trx.insertInto('devices').values(row).execute()
  return asDevice(row)
}

type Changed =
  | 'name'
  | 'type'
  | 'address'
  | 'protocol'
  | 'port'
  | 'source'
  | 'notes'
  | 'monitored'
  | 'status'
  | 'secret'
/** What is undefined stays as it is. */
type Change = { readonly [Name in Changed]?: Row[Name] | undefined }

/** A `seen` revision that is not the newest is refused with what there is now; undefined changes whatever there is. */
export async function changeDevice(
  trx: Transaction<Tables>,
  id: string,
  change: Change,
  seen?: number,
): Promise<WatchedDevice> {
  const before = await findDevice(trx, id)
  if (!before) throw noDevice()
  if (seen !== undefined && seen !== before.revision)
    throw new RefusedError(409, 'Somebody changed this device meanwhile.', { now: before })
  const row = await trx
    .updateTable('devices')
    .set((eb) => ({ ...change, revision: eb('revision', '+', 1) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return asDevice(row)
}

/** With all that was kept of it. */
export async function removeDevice(trx: Transaction<Tables>, id: string): Promise<void> {
  for (const table of ['records', 'cursors', 'verdicts', 'cases', 'alerts'] as const)
    await trx.deleteFrom(table).where('device', '=', id).execute()
  const { numDeletedRows } = await trx.deleteFrom('devices').where('id', '=', id).executeTakeFirstOrThrow()
  if (Number(numDeletedRows) === 0) throw noDevice()
}

export const noDevice = () => new RefusedError(404, 'There is no such device.')
