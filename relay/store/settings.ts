/** Settings as JSON under a name: of the relay, or of one user. */
import type { Kysely, Transaction } from 'kysely'
import * as v from 'valibot'
import type { Tables } from './schema.ts'

/** Whose: the relay's own. */
export const RELAY = ''

/** Undefined when it was never set, or is of a form that this version does not know. */
export async function readSetting<Schema extends v.GenericSchema>(
  db: Kysely<Tables>,
  key: string,
  schema: Schema,
  userId = RELAY,
): Promise<v.InferOutput<Schema> | undefined> {
  const row = await db
    .selectFrom('settings')
    .select('value')
    .where('user_id', '=', userId)
    .where('key', '=', key)
    .executeTakeFirst()
  if (!row) return undefined
  const read = v.safeParse(schema, JSON.parse(row.value))
  return read.success ? read.output : undefined
}

export async function writeSetting(
  trx: Transaction<Tables>,
  key: string,
  value: unknown,
  nowMicros: number,
  userId = RELAY,
): Promise<void> {
  const row = { value: JSON.stringify(value), changed_micros: nowMicros }
  await trx
    .insertInto('settings')
    .values({ user_id: userId, key, revision: 1, ...row })
    .onConflict((conflict) =>
      conflict.columns(['user_id', 'key']).doUpdateSet((eb) => ({ ...row, revision: eb('settings.revision', '+', 1) })),
    )
    .execute()
}
