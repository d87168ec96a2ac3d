/** Accounts, sessions, keys and tickets in the store. */
import { randomUUID } from 'node:crypto'
import type { Kysely, Selectable, Transaction } from 'kysely'
import type { Role, User } from '#core/account/wire.ts'
import type { Tables } from '../store/schema.ts'
import { hashToken, newToken } from './tokens.ts'

/** A session ends after this long without use, and in any case after the second. */
const IDLE_MICROS = 14 * 86_400e6
const SESSION_MICROS = 90 * 86_400e6
/** Seen again is written down at most this often. */
const SEEN_EVERY_MICROS = 60e6
const TICKET_MICROS = 30e6

export type UserRow = Selectable<Tables['users']>

export function asUser({ id, name, role, created_micros, locked_until_micros }: UserRow, nowMicros: number): User {
  const isLocked = locked_until_micros !== null && locked_until_micros > nowMicros
  return {
    id,
    name,
    role: role as Role,
    createdMicros: created_micros,
    ...(isLocked ? { lockedUntilMicros: locked_until_micros } : {}),
  }
}

export async function countUsers(db: Kysely<Tables>): Promise<number> {
  const { count } = await db
    .selectFrom('users')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

export async function addUser(
  trx: Transaction<Tables>,
  { name, role, password }: { name: string; role: Role; password: string | null },
  nowMicros: number,
): Promise<UserRow> {
  const row = {
    id: randomUUID(),
    name,
    role,
    password,
    failures: 0,
    locked_until_micros: null,
    created_micros: nowMicros,
  }
  await trx.insertInto('users').values(row).execute()
  return row
}

export function findUser(db: Kysely<Tables>, by: { id: string } | { name: string }): Promise<UserRow | undefined> {
  const users = db.selectFrom('users').selectAll()
  return ('id' in by ? users.where('id', '=', by.id) : users.where('name', '=', by.name)).executeTakeFirst()
}

export function listUsers(db: Kysely<Tables>): Promise<UserRow[]> {
  return db.selectFrom('users').selectAll().orderBy('created_micros').execute()
}

/** With the sessions, keys, passkeys and push subscriptions that hang on it. */
export async function removeUser(trx: Transaction<Tables>, id: string): Promise<void> {
  for (const table of ['sessions', 'tickets', 'passkeys', 'push_subscriptions'] as const)
    await trx.deleteFrom(table).where('user_id', '=', id).execute()
  await trx.deleteFrom('api_keys').where('created_by', '=', id).execute()
  await trx.deleteFrom('users').where('id', '=', id).execute()
}

/** Returns the token for the cookie, which is kept nowhere else. */
export async function openSession(trx: Transaction<Tables>, userId: string, nowMicros: number): Promise<string> {
  const token = newToken()
  await trx.deleteFrom('sessions').where('expires_micros', '<', nowMicros).execute()
  await trx
    .insertInto('sessions')
    .values({
      hash: hashToken(token),
      user_id: userId,
      created_micros: nowMicros,
      expires_micros: nowMicros + SESSION_MICROS,
      last_seen_micros: nowMicros,
    })
    .execute()
  return token
}

export interface FoundSession {
  readonly user: UserRow
  /** Whether it is time to write down that it was seen. */
  readonly isStale: boolean
}

export async function findSession(
  db: Kysely<Tables>,
  token: string,
  nowMicros: number,
): Promise<FoundSession | undefined> {
  const row = await db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .selectAll('users')
    .select('sessions.last_seen_micros')
    .where('sessions.hash', '=', hashToken(token))
    .where('sessions.expires_micros', '>', nowMicros)
    .where('sessions.last_seen_micros', '>', nowMicros - IDLE_MICROS)
    .executeTakeFirst()
  return row && { user: row, isStale: nowMicros - row.last_seen_micros > SEEN_EVERY_MICROS }
}

export async function seeSession(trx: Transaction<Tables>, token: string, nowMicros: number): Promise<void> {
  await trx.updateTable('sessions').set({ last_seen_micros: nowMicros }).where('hash', '=', hashToken(token)).execute()
}

export async function endSession(trx: Transaction<Tables>, token: string): Promise<void> {
  await trx.deleteFrom('sessions').where('hash', '=', hashToken(token)).execute()
}

export async function endSessionsOf(trx: Transaction<Tables>, userId: string): Promise<void> {
  for (const table of ['sessions', 'tickets'] as const)
    await trx.deleteFrom(table).where('user_id', '=', userId).execute()
}

export async function findKey(db: Kysely<Tables>, key: string): Promise<Selectable<Tables['api_keys']> | undefined> {
  return db.selectFrom('api_keys').selectAll().where('hash', '=', hashToken(key)).executeTakeFirst()
}

export async function seeKey(trx: Transaction<Tables>, id: string, nowMicros: number): Promise<void> {
  await trx.updateTable('api_keys').set({ last_used_micros: nowMicros }).where('id', '=', id).execute()
}

/** For one WebSocket of this user, within 30 s. */
export async function issueTicket(trx: Transaction<Tables>, userId: string, nowMicros: number): Promise<string> {
  const ticket = newToken()
  await trx.deleteFrom('tickets').where('expires_micros', '<', nowMicros).execute()
  await trx
    .insertInto('tickets')
    .values({ hash: hashToken(ticket), user_id: userId, expires_micros: nowMicros + TICKET_MICROS })
    .execute()
  return ticket
}

/** The user whose ticket it is; of two that come with the same one, one gets undefined. */
export async function useTicket(
  trx: Transaction<Tables>,
  ticket: string,
  nowMicros: number,
): Promise<UserRow | undefined> {
  const used = await trx
    .deleteFrom('tickets')
    .where('hash', '=', hashToken(ticket))
    .where('expires_micros', '>', nowMicros)
    .returning('user_id')
    .executeTakeFirst()
  return used && findUser(trx, { id: used.user_id })
}
