import { describe, expect, it } from 'vitest'
import { FREE_FAILURES, lockMicros } from '../../relay/auth/log-in.ts'
import { call, claimRelay, join, makeKey, openRelay, PASSWORD } from './relays.ts'
import { forEachStore } from './stores.ts'

forEachStore((stores) => {
  const relay = async () => openRelay(await stores.open())

  it('is claimed once, with the code that it printed', async () => {
    const r = await relay()
    const given = { name: 'eve', password: PASSWORD }
    expect((await call(r, undefined, 'POST', '/api/v1/claim', { ...given, code: 'wrong' })).statusCode).toBe(403)
    expect((await call(r, undefined, 'GET', '/api/v1/status')).json()).toMatchObject({ claimed: false })
    const code = 'BCDFG HJKMN PQRST VWXYZ'
    const claims = await Promise.all(
      ['ann', 'bob'].map((name) => call(r, undefined, 'POST', '/api/v1/claim', { ...given, name, code })),
    )
    expect(claims.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409])
    expect((await call(r, undefined, 'GET', '/api/v1/status')).json()).toMatchObject({ claimed: true })
  })

  it('keeps no password and no token in the clear', async () => {
    const r = await relay()
    const ann = await claimRelay(r)
    const kept = JSON.stringify([
      await r.store.db.selectFrom('users').selectAll().execute(),
      await r.store.db.selectFrom('sessions').selectAll().execute(),
    ])
    expect(kept).not.toContain(PASSWORD)
    expect(kept).not.toContain(ann.headers.cookie?.slice('guardian='.length))
    expect(kept).toContain('$argon2id$v=19$m=19456,t=2,p=1$')
  })

  it('gives the session in a cookie that scripts and other sites do not get', async () => {
    const r = await relay()
    await claimRelay(r)
    const answer = await call(r, undefined, 'POST', '/api/v1/login', { name: 'ann', password: PASSWORD })
    expect(answer.cookies[0]).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' })
    expect(answer.body).not.toContain(answer.cookies[0]?.value)
  })

  it('locks an account after wrong passwords, and lets it in again when the time is over', async () => {
    const r = await relay()
    await claimRelay(r)
    const logIn = (password: string) => call(r, undefined, 'POST', '/api/v1/login', { name: 'ann', password })
    for (let i = 0; i <= FREE_FAILURES; i++) expect((await logIn('no')).statusCode).toBe(401)
    const locked = await logIn(PASSWORD)
    expect(locked.statusCode).toBe(429)
    expect(locked.json()).toMatchObject({ retryAfterSeconds: 30 })
    r.clock.micros += 31e6
    expect((await logIn(PASSWORD)).statusCode).toBe(200)
  })

  it('says the same of a wrong password and of a name that nobody has', async () => {
    const r = await relay()
    await claimRelay(r)
    const answers = await Promise.all(
      ['ann', 'nobody'].map((name) => call(r, undefined, 'POST', '/api/v1/login', { name, password: 'no' })),
    )
    expect(answers[0]?.json()).toEqual(answers[1]?.json())
  })

  it('ends sessions: one, all of an account, and those that were not used', async () => {
    const r = await relay()
    const ann = await claimRelay(r)
    const bob = await join(r, ann, 'viewer', 'bob')
    const me = async (caller = bob) => (await call(r, caller, 'GET', '/api/v1/me')).statusCode
    expect(await me()).toBe(200)
    await call(r, bob, 'POST', '/api/v1/logout')
    expect(await me()).toBe(401)
    await call(r, ann, 'POST', '/api/v1/logout/everywhere')
    expect(await me(ann)).toBe(401)
  })

  it('forgets a session that nobody used for two weeks', async () => {
    const r = await relay()
    const ann = await claimRelay(r)
    r.clock.micros += 15 * 86_400e6
    expect((await call(r, ann, 'GET', '/api/v1/me')).statusCode).toBe(401)
  })

  it('keeps the last admin', async () => {
    const r = await relay()
    const ann = await claimRelay(r)
    const [{ id }] = (await call(r, ann, 'GET', '/api/v1/users')).json<[{ id: string }]>()
    expect((await call(r, ann, 'DELETE', `/api/v1/users/${id}`)).statusCode).toBe(409)
    expect((await call(r, ann, 'PATCH', `/api/v1/users/${id}`, { role: 'viewer' })).statusCode).toBe(409)
  })

  it('gives a ticket that opens one WebSocket, once, within half a minute', async () => {
    const r = await relay()
    const ann = await claimRelay(r)
    const { useTicket } = await import('../../relay/auth/store.ts')
    const ticket = async () => (await call(r, ann, 'POST', '/api/v1/tickets')).json<{ ticket: string }>().ticket
    const use = (given: string) => r.store.write((trx) => useTicket(trx, given, r.clock.micros))
    const first = await ticket()
    const used = await Promise.all([use(first), use(first), use(first)])
    expect(used.filter((user) => user !== undefined)).toHaveLength(1)
    const late = await ticket()
    r.clock.micros += 31e6
    expect(await use(late)).toBeUndefined()
  })

  it('lets a key do what its scope says, until it is taken back', async () => {
    const r = await relay()
    const ann = await claimRelay(r)
    const read = await makeKey(r, ann, 'read')
    const ingest = await makeKey(r, ann, 'ingest')
    const status = async (caller: typeof read, url: string) => (await call(r, caller, 'GET', url)).statusCode
    expect(await status(read, '/api/v1/devices')).toBe(200)
    expect(await status(read, '/api/v1/users')).toBe(403)
    expect(await status(ingest, '/api/v1/devices')).toBe(403)
    const keys = (await call(r, ann, 'GET', '/api/v1/keys')).json<{ id: string }[]>()
    for (const { id } of keys) await call(r, ann, 'DELETE', `/api/v1/keys/${id}`)
    expect(await status(read, '/api/v1/devices')).toBe(401)
  })

  it('refuses what another site sends with the cookie', async () => {
    const r = await relay()
    const ann = await claimRelay(r)
    const foreign = { headers: { ...ann.headers, origin: 'http://evil.example' } }
    expect((await call(r, foreign, 'POST', '/api/v1/devices', { name: 'x' })).statusCode).toBe(403)
    const { origin: _, ...silent } = ann.headers
    expect((await call(r, { headers: silent }, 'POST', '/api/v1/devices', { name: 'x' })).statusCode).toBe(403)
    expect((await call(r, ann, 'POST', '/api/v1/devices', { name: 'x' })).statusCode).toBe(201)
  })

  it('does not answer to a foreign name', async () => {
    const r = await relay()
    const answer = await r.app.inject({ url: '/api/v1/status', headers: { host: 'rebound.example' } })
    expect(answer.statusCode).toBe(421)
  })
})

describe('the lock after wrong passwords', () => {
  it('doubles from half a minute to a day', () => {
    expect(lockMicros(FREE_FAILURES)).toBe(0)
    expect([1, 2, 3].map((more) => lockMicros(FREE_FAILURES + more) / 1e6)).toEqual([30, 60, 120])
    expect(lockMicros(100) / 1e6).toBe(86_400)
  })
})
