/** What the broker reads and writes in the store: devices' passwords and rights, names that they announce, refusals in the audit log. */
import type { Kysely } from 'kysely'
import * as v from 'valibot'
import { type MqttRights, mqttRights } from '#core/mqtt/wire.ts'
import { appendAudit } from '../audit/append.ts'
import { hashToken, isSameHash } from '../auth/tokens.ts'
import type { Tables } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import type { NamedDevice } from './discovery.ts'
import type { Refusal } from './refusals.ts'

/** Compared with when there is no device, so that both take the same time. */
const NOBODY = hashToken('')

export async function identifyDevice(db: Kysely<Tables>, device: string, password: string): Promise<boolean> {
  const row = await db.selectFrom('devices').select('secret').where('id', '=', device).executeTakeFirst()
  return isSameHash(hashToken(password), row?.secret ?? NOBODY) && row?.secret != null
}

export async function readStatus(db: Kysely<Tables>, device: string): Promise<string | undefined> {
  const row = await db.selectFrom('devices').select('status').where('id', '=', device).executeTakeFirst()
  return row?.status
}

const rightsKey = (device: string): string => `mqtt:${device}`

export async function readRights(db: Kysely<Tables>, device: string): Promise<MqttRights> {
  const row = await db
    .selectFrom('settings')
    .select('value')
    .where('user_id', '=', '')
    .where('key', '=', rightsKey(device))
    .executeTakeFirst()
  return row ? v.parse(mqttRights, JSON.parse(row.value)) : { announces: [], reads: [] }
}

export async function writeRights(
  db: Kysely<Tables>,
  { device, rights, nowMicros }: { device: string; rights: MqttRights; nowMicros: number },
): Promise<void> {
  const value = JSON.stringify(rights)
  await db
    .insertInto('settings')
    .values({ user_id: '', key: rightsKey(device), value, changed_micros: nowMicros, revision: 1 })
    .onConflict((conflict) =>
      conflict
        .columns(['user_id', 'key'])
        .doUpdateSet((eb) => ({ value, changed_micros: nowMicros, revision: eb('settings.revision', '+', 1) })),
    )
    .execute()
}

/**
 * Gives a watched device the name that was announced for it, as long as nobody gave it one (its name is its id). It is found by its id, by its address
 * (the announcement tells devices apart by MAC or IEEE address), or as the announcer itself. Resolves to its id, undefined when there is none to name.
 */
export async function nameDevice(
  store: Store,
  { announcer, id, name, model, vendor }: NamedDevice & { announcer: string; id: string },
): Promise<string | undefined> {
  const plain = plainAddress(id)
  const candidates = await store.db
    .selectFrom('devices')
    .select(['id', 'name', 'address', 'type'])
    .where((eb) => eb.or([eb('id', 'in', [id, announcer]), eb('address', '<>', '')]))
    .execute()
  const found =
    candidates.find((device) => device.id === id) ??
    candidates.find(({ address }) => plain !== '' && plainAddress(address) === plain) ??
    // A gateway announces others, not itself.
    candidates.find((device) => device.id === announcer && device.type !== 'gateway')
  if (!found || found.name !== found.id) return undefined
  const made = [vendor, model].filter((part) => part !== undefined).join(' ')
  await store.write(async (trx) => {
    await appendAudit(trx, { actor: announcer, action: 'device.named', target: found.id, detail: { name, made } })
    await trx
      .updateTable('devices')
      .set((eb) => ({ name, revision: eb('revision', '+', 1) }))
      .where('id', '=', found.id)
      .execute()
    if (made !== '')
      await trx.updateTable('devices').set({ notes: made }).where('id', '=', found.id).where('notes', '=', '').execute()
  })
  return found.id
}

/** Hex digits of a MAC or IEEE address in lower case; '' for anything else. */
function plainAddress(text: string): string {
  const digits = text.toLowerCase().replace(/^0x/, '').replaceAll(/[:.-]/g, '')
  return /^(?:[\da-f]{12}|[\da-f]{16})$/.test(digits) ? digits : ''
}

const QUIET_MS = 60_000

/** Writes refusals to the audit log: the first of a device and reason at once, further ones as a sum each minute. */
export function refusalAuditor(
  store: Store,
  failed: (error: unknown) => void,
): (refusals: readonly Refusal[], nowMs?: number) => void {
  const quiet = new Map<string, { sinceMs: number; count: number }>()
  return (refusals, nowMs = Date.now()) => {
    const due: Refusal[] = []
    for (const refusal of refusals) {
      const key = `${refusal.reason} ${refusal.device}`
      const kept = quiet.get(key)
      if (kept && nowMs - kept.sinceMs < QUIET_MS) kept.count += refusal.count
      else {
        due.push({ ...refusal, count: refusal.count + (kept?.count ?? 0) })
        quiet.set(key, { sinceMs: nowMs, count: 0 })
      }
    }
    for (const [key, { sinceMs, count }] of quiet) if (count === 0 && nowMs - sinceMs >= QUIET_MS) quiet.delete(key)
    if (due.length === 0) return
    store
      .write(async (trx) => {
        for (const { device, reason, count, detail } of due)
          await appendAudit(trx, {
            actor: device === '' ? 'unknown' : device,
            action: 'mqtt.refused',
            target: reason,
            detail: { count, detail },
          })
      })
      .catch(failed)
  }
}
