/** Claim, log-in, users, keys, passkeys and tickets over HTTP. */
import { randomUUID } from 'node:crypto'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import * as v from 'valibot'
import {
  claimRequest,
  logInRequest,
  newApiKeyRequest,
  newUserRequest,
  password,
  role,
  type User,
} from '#core/account/wire.ts'
import { appendAudit } from '../audit/append.ts'
import { describeRoute } from '../http/docs.ts'
import { RefusedError } from '../http/errors.ts'
import type { Store } from '../store/store.ts'
import type { Actor } from './actor.ts'
import { claim, type LoggedIn, logIn } from './log-in.ts'
import { Passkeys, type Site } from './passkeys.ts'
import { hashPassword, verifyPassword } from './password.ts'
import {
  addUser,
  asUser,
  countUsers,
  endSession,
  endSessionsOf,
  findKey,
  findSession,
  findUser,
  issueTicket,
  listUsers,
  removeUser,
  seeKey,
  seeSession,
  type UserRow,
} from './store.ts'
import { hashToken, newToken } from './tokens.ts'

/** Over TLS, also that of a proxy on this host, browsers hold the cookie to this one host (`__Host-`); plain HTTP is for loopback. */
export const cookieName = ({ protocol }: Pick<FastifyRequest, 'protocol'>) =>
  protocol === 'https' ? '__Host-guardian' : 'guardian'
/** Keys say what they are, so that a leaked one can be found by scanners. */
const KEY_PREFIX = 'gdn_'
const SHOWN_OF_KEY = 8
const KEY_SEEN_EVERY_MICROS = 60e6

export interface AuthOptions {
  readonly store: Store
  /** Undefined when the relay has an owner. */
  readonly claimCode: () => string | undefined
  readonly now: () => number
}

/** As long as a session lives at most. */
const COOKIE_SECONDS = 90 * 86_400

const tag = 'accounts'
const strictly = { rateLimit: { max: 20, timeWindow: '1 minute' } }
const passkeyName = v.strictObject({
  name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(64)),
  response: v.looseObject({}),
})
const passkeyLogIn = v.strictObject({ response: v.looseObject({ id: v.string() }) })
const changePassword = v.strictObject({ current: v.optional(v.string()), password })
const changeUser = v.strictObject({ role })

/** By cookie, or by key in `Authorization: Bearer`. */
export function actorFinder({ store, now }: AuthOptions): (request: FastifyRequest) => Promise<Actor | undefined> {
  return async (request) => {
    const bearer = /^Bearer (\S{1,200})$/.exec(request.headers.authorization ?? '')?.[1]
    if (bearer !== undefined) return byKey(store, bearer, now())
    const token = request.cookies[cookieName(request)]
    if (!token) return undefined
    const found = await findSession(store.db, token, now())
    if (!found) return undefined
    if (found.isStale) await store.write((trx) => seeSession(trx, token, now()))
    const { id, name, role } = asUser(found.user, now())
    return { id, name, role, kind: 'user' }
  }
}

async function byKey(store: Store, key: string, nowMicros: number): Promise<Actor | undefined> {
  const row = await findKey(store.db, key)
  if (!row) return undefined
  if (nowMicros - (row.last_used_micros ?? 0) > KEY_SEEN_EVERY_MICROS)
    await store.write((trx) => seeKey(trx, row.id, nowMicros))
  const roles = { read: 'viewer', ingest: 'ingest', operate: 'operator' } as const
  return { id: row.id, name: row.name, role: roles[row.scope as keyof typeof roles], kind: 'key' }
}

export function registerAuth(app: FastifyInstance, options: AuthOptions): void {
  const { store, now } = options
  const passkeys = new Passkeys(store)
  const enter = async ({ user, token }: LoggedIn, reply: FastifyReply): Promise<User> => {
    const { request } = reply
    const name = cookieName(request)
    const before = request.cookies[name]
    if (before) await store.write((trx) => endSession(trx, before))
    const secure = request.protocol === 'https'
    reply.setCookie(name, token, { path: '/', httpOnly: true, sameSite: 'strict', secure, maxAge: COOKIE_SECONDS })
    return asUser(user, now())
  }

  app.post(
    '/api/v1/claim',
    {
      config: { role: 'public', ...strictly },
      schema: describeRoute('Make a new relay yours', { body: claimRequest, tag }),
    },
    async (request, reply) =>
      enter(await claim(store, v.parse(claimRequest, request.body), options.claimCode(), now()), reply),
  )
  app.post(
    '/api/v1/login',
    {
      config: { role: 'public', ...strictly },
      schema: describeRoute('Log in with a password', { body: logInRequest, tag }),
    },
    async (request, reply) => enter(await logIn(store, v.parse(logInRequest, request.body), now()), reply),
  )
  app.post(
    '/api/v1/logout',
    { config: { role: 'viewer', peopleOnly: true }, schema: describeRoute('End this session', { tag }) },
    async (request, reply) => {
      const token = request.cookies[cookieName(request)]
      if (token) await store.write((trx) => endSession(trx, token))
      return leave(reply).code(204).send()
    },
  )
  app.post(
    '/api/v1/logout/everywhere',
    {
      config: { role: 'viewer', peopleOnly: true },
      schema: describeRoute('End all sessions of this account', { tag }),
    },
    async (request, reply) => {
      await store.write(async (trx) => {
        await appendAudit(trx, {
          actor: request.actor.name,
          action: 'user.logged-out-everywhere',
          target: request.actor.name,
        })
        await endSessionsOf(trx, request.actor.id)
      })
      return leave(reply).code(204).send()
    },
  )
  app.get(
    '/api/v1/me',
    { config: { role: 'viewer' }, schema: describeRoute('Who I am', { tag }) },
    async ({ actor }) => actor,
  )
  app.post(
    '/api/v1/me/password',
    {
      config: { role: 'viewer', peopleOnly: true, ...strictly },
      schema: describeRoute('Change my password', { body: changePassword, tag }),
    },
    async (request, reply) => {
      const { current, password } = v.parse(changePassword, request.body)
      const user = await ownUser(store, request.actor)
      if (user.password !== null && !(await verifyPassword(current ?? '', user.password)))
        throw new RefusedError(403, 'The current password is wrong.')
      const hash = await hashPassword(password)
      await store.write(async (trx) => {
        await appendAudit(trx, { actor: user.name, action: 'user.password-changed', target: user.name })
        await trx.updateTable('users').set({ password: hash }).where('id', '=', user.id).execute()
        // Whoever had learnt the old one is out.
        await endSessionsOf(trx, user.id)
      })
      return leave(reply).code(204).send()
    },
  )
  app.post(
    '/api/v1/tickets',
    {
      config: { role: 'viewer', peopleOnly: true },
      schema: describeRoute('A ticket for one WebSocket, good for 30 seconds', { tag }),
    },
    async ({ actor }) => {
      const user = await ownUser(store, actor)
      return { ticket: await store.write((trx) => issueTicket(trx, user.id, now())) }
    },
  )

  registerPasskeys(app, { store, now, passkeys, enter })
  registerUsers(app, options)
  registerKeys(app, options)
}

interface PasskeyParts {
  readonly store: Store
  readonly now: () => number
  readonly passkeys: Passkeys
  readonly enter: (entered: LoggedIn, reply: FastifyReply) => Promise<User>
}

function registerPasskeys(app: FastifyInstance, { store, now, passkeys, enter }: PasskeyParts): void {
  app.post(
    '/api/v1/passkeys/options',
    {
      config: { role: 'viewer', peopleOnly: true, ...strictly },
      schema: describeRoute('Begin to add a passkey', { tag }),
    },
    async (request) => passkeys.registrationOptions(await ownUser(store, request.actor), siteOf(request)),
  )
  app.post(
    '/api/v1/passkeys',
    {
      config: { role: 'viewer', peopleOnly: true, ...strictly },
      schema: describeRoute('Add a passkey', { body: passkeyName, tag }),
    },
    async (request, reply) => {
      const { name, response } = v.parse(passkeyName, request.body)
      const user = await ownUser(store, request.actor)
      await passkeys.register(user, name, response as unknown as RegistrationResponseJSON, siteOf(request), now())
      return reply.code(204).send()
    },
  )
  app.post(
    '/api/v1/login/passkey/options',
    { config: { role: 'public', ...strictly }, schema: describeRoute('Begin to log in with a passkey', { tag }) },
    async (request) => passkeys.logInOptions(siteOf(request)),
  )
  app.post(
    '/api/v1/login/passkey',
    {
      config: { role: 'public', ...strictly },
      schema: describeRoute('Log in with a passkey', { body: passkeyLogIn, tag }),
    },
    async (request, reply) => {
      const { response } = v.parse(passkeyLogIn, request.body)
      return enter(
        await passkeys.logIn(response as unknown as AuthenticationResponseJSON, siteOf(request), now()),
        reply,
      )
    },
  )
}

function registerUsers(app: FastifyInstance, { store, now }: AuthOptions): void {
  app.get('/api/v1/users', { config: { role: 'admin' }, schema: describeRoute('All accounts', { tag }) }, async () =>
    (await listUsers(store.db)).map((row) => asUser(row, now())),
  )
  app.post(
    '/api/v1/users',
    { config: { role: 'admin', ...strictly }, schema: describeRoute('Add an account', { body: newUserRequest, tag }) },
    async (request, reply) => {
      const given = v.parse(newUserRequest, request.body)
      const hash = await hashPassword(given.password)
      const user = await store.write(async (trx) => {
        if (await findUser(trx, { name: given.name })) throw new RefusedError(409, `There is a ${given.name} already.`)
        await appendAudit(trx, {
          actor: request.actor.name,
          action: 'user.added',
          target: given.name,
          detail: { role: given.role },
        })
        return addUser(trx, { ...given, password: hash }, now())
      })
      return reply.code(201).send(asUser(user, now()))
    },
  )
  app.patch<{ Params: { id: string } }>(
    '/api/v1/users/:id',
    { config: { role: 'admin' }, schema: describeRoute('Give an account another role', { body: changeUser, tag }) },
    async (request) => {
      const { role } = v.parse(changeUser, request.body)
      return store.write(async (trx) => {
        const user = await findUser(trx, request.params)
        if (!user) throw noUser()
        if (user.role === 'admin' && role !== 'admin') await keepAnAdmin(trx)
        await appendAudit(trx, {
          actor: request.actor.name,
          action: 'user.role-changed',
          target: user.name,
          detail: { role },
        })
        await trx.updateTable('users').set({ role }).where('id', '=', user.id).execute()
        return asUser({ ...user, role }, now())
      })
    },
  )
  app.delete<{ Params: { id: string } }>(
    '/api/v1/users/:id',
    { config: { role: 'admin' }, schema: describeRoute('Remove an account with its sessions and keys', { tag }) },
    async (request, reply) => {
      await store.write(async (trx) => {
        const user = await findUser(trx, request.params)
        if (!user) throw noUser()
        if (user.role === 'admin') await keepAnAdmin(trx)
        await appendAudit(trx, { actor: request.actor.name, action: 'user.removed', target: user.name })
        await removeUser(trx, user.id)
      })
      return reply.code(204).send()
    },
  )
}

function registerKeys(app: FastifyInstance, { store, now }: AuthOptions): void {
  app.get(
    '/api/v1/keys',
    { config: { role: 'admin' }, schema: describeRoute('API keys, without the keys', { tag }) },
    async () =>
      (await store.db.selectFrom('api_keys').selectAll().orderBy('created_micros').execute()).map(
        ({ id, name, scope, created_micros, last_used_micros }) => ({
          id,
          name,
          scope,
          createdMicros: created_micros,
          ...(last_used_micros === null ? {} : { lastUsedMicros: last_used_micros }),
        }),
      ),
  )
  app.post(
    '/api/v1/keys',
    {
      config: { role: 'admin', peopleOnly: true },
      schema: describeRoute('Make an API key; it is shown once', { body: newApiKeyRequest, tag }),
    },
    async (request, reply) => {
      const { name, scope } = v.parse(newApiKeyRequest, request.body)
      const owner = await ownUser(store, request.actor)
      const key = KEY_PREFIX + newToken()
      const id = randomUUID()
      await store.write(async (trx) => {
        await appendAudit(trx, { actor: owner.name, action: 'key.made', target: name, detail: { scope } })
        await trx
          .insertInto('api_keys')
          .values({
            id,
            hash: hashToken(key),
            name,
            scope,
            created_by: owner.id,
            created_micros: now(),
            last_used_micros: null,
          })
          .execute()
      })
      return reply.code(201).send({ id, name, scope, key, shown: key.slice(0, SHOWN_OF_KEY) })
    },
  )
  app.delete<{ Params: { id: string } }>(
    '/api/v1/keys/:id',
    { config: { role: 'admin' }, schema: describeRoute('Take an API key back', { tag }) },
    async (request, reply) => {
      await store.write(async (trx) => {
        const gone = await trx
          .deleteFrom('api_keys')
          .where('id', '=', request.params.id)
          .returning('name')
          .executeTakeFirst()
        if (!gone) throw new RefusedError(404, 'There is no such key.')
        await appendAudit(trx, { actor: request.actor.name, action: 'key.taken-back', target: gone.name })
      })
      return reply.code(204).send()
    },
  )
}

function leave(reply: FastifyReply): FastifyReply {
  const secure = reply.request.protocol === 'https'
  return reply.clearCookie(cookieName(reply.request), { path: '/', secure })
}

async function ownUser(store: Store, actor: Actor): Promise<UserRow> {
  const user = await findUser(store.db, actor)
  if (!user) throw new RefusedError(401, 'This account was removed meanwhile.')
  return user
}

async function keepAnAdmin(db: Store['db']): Promise<void> {
  const admins = await db.selectFrom('users').select('id').where('role', '=', 'admin').limit(2).execute()
  if (admins.length < 2) throw new RefusedError(409, 'This is the last admin. Make another one first.')
}

function siteOf(request: FastifyRequest): Site {
  return { rpId: request.hostname.replace(/:\d+$/, ''), origin: `${request.protocol}://${request.host}` }
}

export async function isClaimed(store: Store): Promise<boolean> {
  return (await countUsers(store.db)) > 0
}

const noUser = () => new RefusedError(404, 'There is no such account.')
