/** Removes what is older than its owner wants kept, in small transactions, so that nobody waits for it. */
import * as v from 'valibot'
import { readSetting } from '../store/settings.ts'
import type { Store } from '../store/store.ts'

const days = (usual: number) => v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3650)), usual)

export const RETENTION = 'retention'
/** Days for which each is kept. */
export const retention = v.strictObject({ records: days(30), verdicts: days(90), alerts: days(365), scans: days(365) })
export type Retention = v.InferOutput<typeof retention>

const AT_ONCE = 2000

export async function readRetention(store: Store): Promise<Retention> {
  return (await readSetting(store.db, RETENTION, retention)) ?? v.parse(retention, {})
}

/** Returns how many rows went. Records that are still to be judged stay, as do alerts that are open. */
export async function cleanUp(
  store: Store,
  nowMicros: number,
): Promise<{ readonly [Kind in keyof Retention]: number }> {
  const kept = await readRetention(store)
  const before = (kind: keyof Retention) => nowMicros - kept[kind] * 86_400e6
  const records = await inParts(store, 'records', () =>
    store.db
      .selectFrom('records')
      .select('records.id')
      .where('records.at_micros', '<', before('records'))
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('cursors')
              .innerJoin('devices', 'devices.id', 'cursors.device')
              .select('cursors.device')
              .where('devices.monitored', '=', 1)
              .whereRef('cursors.device', '=', 'records.device')
              .whereRef('cursors.record', '<', 'records.id'),
          ),
        ),
      )
      .limit(AT_ONCE)
      .execute(),
  )
  const verdicts = await inParts(store, 'verdicts', () =>
    store.db.selectFrom('verdicts').select('id').where('at_micros', '<', before('verdicts')).limit(AT_ONCE).execute(),
  )
  const alerts = await inParts(store, 'alerts', () =>
    store.db
      .selectFrom('alerts')
      .select('id')
      .where('changed_micros', '<', before('alerts'))
      .where('state', '!=', 'open')
      .limit(AT_ONCE)
      .execute(),
  )
  const scans = await inParts(store, 'scans', () =>
    store.db.selectFrom('scans').select('id').where('at_micros', '<', before('scans')).limit(AT_ONCE).execute(),
  )
  return { records, verdicts, alerts, scans }
}

async function inParts(
  store: Store,
  table: keyof Retention,
  find: () => Promise<{ readonly id: number }[]>,
): Promise<number> {
  for (let removed = 0; ; ) {
    const ids = (await find()).map(({ id }) => id)
    if (ids.length === 0) return removed
    await store.write((trx) => trx.deleteFrom(table).where('id', 'in', ids).execute())
    removed += ids.length
  }
}
