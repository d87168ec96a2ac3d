/** Claiming a new relay and logging in with a password: lock-out after wrong ones, the same answer whatever was wrong. */

import { appendAudit } from '../audit/append.ts'
import { RefusedError } from '../http/errors.ts'
import type { Store } from '../store/store.ts'
import { hashPassword, verifyPassword } from './password.ts'
import { addUser, countUsers, findUser, openSession, type UserRow } from './store.ts'

/** Wrong passwords that are let pass; each one after locks the account, the first time for this long, then twice as long. */
export const FREE_FAILURES = 4
const FIRST_LOCK_MICROS = 30e6
const LONGEST_LOCK_MICROS = 86_400e6

export interface LoggedIn {
  readonly user: UserRow
  readonly token: string
}

/** Throws RefusedError: 403 for a wrong code, 409 when somebody has claimed it already. */
export async function claim(
  store: Store,
  given: { code: string; name: string; password: string },
  expectedCode: string | undefined,
  nowMicros: number,
): Promise<LoggedIn> {
  if (expectedCode === undefined || (await countUsers(store.db)) > 0) throw alreadyClaimed()
  if (!isSameCode(given.code, expectedCode))
    throw new RefusedError(403, 'That is not the code that the relay printed when it started.')
  const password = await hashPassword(given.password)
  return store.write(async (trx) => {
    // Again inside the transaction: of two claims at once one wins.
    if ((await countUsers(trx)) > 0) throw alreadyClaimed()
    await appendAudit(trx, { actor: given.name, action: 'relay.claimed', target: given.name }, nowMicros)
    const user = await addUser(trx, { name: given.name, role: 'admin', password }, nowMicros)
    return { user, token: await openSession(trx, user.id, nowMicros) }
  })
}

/** Throws RefusedError: 401 for a wrong name or password, 429 while the account is locked. */
export async function logIn(
  store: Store,
  given: { name: string; password: string },
  nowMicros: number,
): Promise<LoggedIn> {
  const user = await findUser(store.db, { name: given.name })
  refuseLocked(user, nowMicros)
  const isRight = await verifyPassword(given.password, user?.password ?? null)
  if (!user || !isRight) {
    await noteFailure(store, given.name, user, nowMicros)
    throw new RefusedError(401, 'The name or the password is wrong.')
  }
  return store.write(async (trx) => {
    refuseLocked(await findUser(trx, { id: user.id }), nowMicros)
    await appendAudit(trx, { actor: user.name, action: 'user.logged-in', target: user.name }, nowMicros)
    await trx.updateTable('users').set({ failures: 0, locked_until_micros: null }).where('id', '=', user.id).execute()
    return { user, token: await openSession(trx, user.id, nowMicros) }
  })
}

export function lockMicros(failures: number): number {
  if (failures <= FREE_FAILURES) return 0
  return Math.min(LONGEST_LOCK_MICROS, FIRST_LOCK_MICROS * 2 ** (failures - FREE_FAILURES - 1))
}

function noteFailure(store: Store, name: string, user: UserRow | undefined, nowMicros: number): Promise<void> {
  return store.write(async (trx) => {
    // Names that nobody has are not written down: people type passwords into the wrong field.
    await appendAudit(
      trx,
      { actor: user ? name : '?', action: 'user.log-in-refused', target: user ? name : '?' },
      nowMicros,
    )
    if (!user) return
    const { failures } = await trx
      .updateTable('users')
      .set((eb) => ({ failures: eb('failures', '+', 1) }))
      .where('id', '=', user.id)
      .returning('failures')
      .executeTakeFirstOrThrow()
    const lock = lockMicros(failures)
    if (lock === 0) return
    await appendAudit(
      trx,
      { actor: 'relay', action: 'user.locked', target: name, detail: { seconds: lock / 1e6 } },
      nowMicros,
    )
    await trx
      .updateTable('users')
      .set({ locked_until_micros: nowMicros + lock })
      .where('id', '=', user.id)
      .execute()
  })
}

function refuseLocked(user: UserRow | undefined, nowMicros: number): void {
  const until = user?.locked_until_micros ?? 0
  if (until <= nowMicros) return
  const seconds = Math.ceil((until - nowMicros) / 1e6)
  throw new RefusedError(429, `Too many wrong passwords. Try again in ${seconds} seconds.`, {
    retryAfterSeconds: seconds,
  })
}

function alreadyClaimed(): RefusedError {
  return new RefusedError(409, 'This relay has an owner. Log in, or ask them for an account.')
}

const isSameCode = (given: string, expected: string) => normal(given) === normal(expected)
const normal = (code: string) => code.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
