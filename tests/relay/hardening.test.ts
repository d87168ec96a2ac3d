/** What OWASP's ASVS 5.0 asks of accounts and answers, beyond tests/relay/accounts.test.ts (docs/asvs.json counts both). */
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { type ConnectionOptions, connect } from 'node:tls'
import { expect, it } from 'vitest'
import { hashPassword, verifyPassword } from '../../relay/auth/password.ts'
import { openStore } from '../../relay/store/database.ts'
import { makeCertificates } from './certificates.ts'
import { call, claimRelay, join, openRelay, PASSWORD } from './relays.ts'
import { forEachStore } from './stores.ts'

const overTls = { headers: { 'x-forwarded-proto': 'https' } }
const ann = { name: 'ann', password: PASSWORD }

forEachStore((stores) => {
  const open = async () => openRelay(await stores.open())

  it('holds the cookie to this one host over TLS, and has browsers stay with TLS', async () => {
    const relay = await open()
    await claimRelay(relay)
    const answer = await call(relay, overTls, 'POST', '/api/v1/login', ann)
    expect(answer.cookies[0]).toMatchObject({ name: '__Host-guardian', secure: true, path: '/', httpOnly: true })
    expect(answer.headers['strict-transport-security']).toMatch(/max-age=31536000/)
    const cookie = `__Host-guardian=${answer.cookies[0]?.value}`
    const caller = { headers: { ...overTls.headers, cookie, origin: 'https://localhost' } }
    expect((await call(relay, caller, 'GET', '/api/v1/me')).statusCode).toBe(200)
    // The other name is not taken over TLS: whoever may set it is not this host.
    const other = { headers: { ...caller.headers, cookie: cookie.replace('__Host-', '') } }
    expect((await call(relay, other, 'GET', '/api/v1/me')).statusCode).toBe(401)
    expect((await call(relay, undefined, 'GET', '/api/v1/status')).headers).not.toHaveProperty(
      'strict-transport-security',
    )
  })

  it('lets no answer be taken for something else, framed, shared or kept', async () => {
    const relay = await open()
    for (const url of ['/api/v1/status', '/api/v1/devices', '/docs', '/docs/json', '/healthz']) {
      const { headers } = await call(relay, undefined, 'GET', url)
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'cross-origin-resource-policy': 'same-origin',
      })
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
      expect(headers['content-type']).toMatch(/; charset=utf-8$/)
      expect(headers).not.toHaveProperty('access-control-allow-origin')
    }
  })

  it('ends the session before when somebody logs in again', async () => {
    const relay = await open()
    const first = await claimRelay(relay)
    expect((await call(relay, first, 'POST', '/api/v1/login', ann)).statusCode).toBe(200)
    expect((await call(relay, first, 'GET', '/api/v1/me')).statusCode).toBe(401)
  })

  it('ends the sessions of an account that is removed, and changes a role at once', async () => {
    const relay = await open()
    const admin = await claimRelay(relay)
    const olga = await join(relay, admin, 'operator', 'olga')
    const users = (await call(relay, admin, 'GET', '/api/v1/users')).json<{ id: string; name: string }[]>()
    const path = `/api/v1/users/${users.find(({ name }) => name === 'olga')?.id}`
    const add = async () => (await call(relay, olga, 'POST', '/api/v1/devices', { name: 'x' })).statusCode
    expect(await add()).toBe(201)
    await call(relay, admin, 'PATCH', path, { role: 'viewer' })
    expect(await add()).toBe(403)
    await call(relay, admin, 'DELETE', path)
    expect(await add()).toBe(401)
  })

  it('changes a password only with the current one, and then everybody logs in anew', async () => {
    const relay = await open()
    const admin = await claimRelay(relay)
    const change = (given: object) => call(relay, admin, 'POST', '/api/v1/me/password', given)
    const password = 'ähnlich 長い pass 🐙'
    expect((await change({ password })).statusCode).toBe(403)
    expect((await change({ current: 'wrong', password })).statusCode).toBe(403)
    expect((await change({ current: PASSWORD, password: 'short' })).statusCode).toBe(400)
    expect((await change({ current: PASSWORD, password })).statusCode).toBe(204)
    expect((await call(relay, admin, 'GET', '/api/v1/me')).statusCode).toBe(401)
    expect((await call(relay, undefined, 'POST', '/api/v1/login', { name: 'ann', password })).statusCode).toBe(200)
  })

  it('takes text for text in queries, and refuses fields that it does not know', async () => {
    const relay = await open()
    const admin = await claimRelay(relay)
    await call(relay, admin, 'POST', '/api/v1/devices', { id: 'cam', name: "O'Hara'); DROP TABLE devices; --" })
    const search = async (text: string) =>
      (await call(relay, admin, 'GET', `/api/v1/devices?search=${encodeURIComponent(text)}`)).json<{ total: number }>()
        .total
    expect(await search("' OR '1'='1")).toBe(0)
    expect(await search('%')).toBe(0)
    expect(await search("o'hara')")).toBe(1)
    const more = await call(relay, admin, 'POST', '/api/v1/devices', { name: 'x', secret: 'mine', status: 'online' })
    expect(more.statusCode).toBe(400)
    expect((await call(relay, admin, 'GET', '/api/v1/devices/cam')).json()).not.toHaveProperty('secret')
  })

  it('makes no page out of what devices are called', async () => {
    const relay = await open()
    const admin = await claimRelay(relay)
    await call(relay, admin, 'POST', '/api/v1/devices', { id: 'cam', name: '<script>alert(1)</script>' })
    const answer = await call(relay, admin, 'GET', '/api/v1/devices')
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  })

  it('says of an unknown route of the API that there is none, instead of showing the page', async () => {
    const answer = await call(await open(), undefined, 'GET', '/api/v1/nothing')
    expect([answer.statusCode, answer.body]).toEqual([404, 'There is no such route here.\n'])
  })

  it('refuses what is larger than a route takes', async () => {
    const relay = await open()
    const admin = await claimRelay(relay)
    const answer = await call(relay, admin, 'POST', '/api/v1/devices', { name: 'x'.repeat(9 << 20) })
    expect(answer.statusCode).toBe(413)
  })

  it('documents every route with the schemas that it reads by', async () => {
    const relay = await open()
    const { paths } = (await call(relay, undefined, 'GET', '/docs/json')).json<{
      paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: object }> } }>>
    }>()
    expect(Object.keys(paths).length).toBeGreaterThan(40)
    const schema = paths['/api/v1/devices']?.post?.requestBody?.content['application/json']?.schema
    expect(schema).toMatchObject({ properties: { name: { maxLength: 100 } }, additionalProperties: false })
  })

  it('changes nothing by a GET', async () => {
    const relay = await open()
    const admin = await claimRelay(relay)
    const count = async () => (await relay.store.db.selectFrom('audit').selectAll().execute()).length
    const before = await count()
    for (const url of ['/api/v1/devices', '/api/v1/users', '/api/v1/keys', '/api/v1/audit', '/api/v1/sync'])
      expect((await call(relay, admin, 'GET', url)).statusCode).toBe(200)
    expect(await count()).toBe(before)
  })
})

it('tells passwords apart by every character, however long', async () => {
  const long = `${'x'.repeat(200)}A`
  const kept = await hashPassword(long)
  expect(await verifyPassword(long, kept)).toBe(true)
  expect(await verifyPassword(`${'x'.repeat(200)}a`, kept)).toBe(false)
  expect(await verifyPassword('x'.repeat(200), kept)).toBe(false)
})

it('speaks TLS 1.2 or newer', async () => {
  const certificates = await makeCertificates()
  const directory = mkdtempSync(joinPath(tmpdir(), 'guardian-tls-'))
  const store = await openStore(joinPath(directory, 'relay.db'))
  const { cert, key, ca } = certificates
  const relay = await openRelay(store, { tls: { cert, key } })
  await relay.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = relay.app.server.address() as AddressInfo
  const protocol = (options: ConnectionOptions) =>
    new Promise<string | null>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, ca, ...options })
      socket.once('secureConnect', () => {
        resolve(socket.getProtocol())
        socket.destroy()
      })
      socket.once('error', () => resolve('refused'))
      socket.once('close', () => resolve('refused'))
    })
  expect(await protocol({})).toBe('TLSv1.3')
  expect(await protocol({ maxVersion: 'TLSv1.2' })).toBe('TLSv1.2')
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  expect(await protocol(old)).toBe('refused')
  relay.app.server.closeAllConnections()
  await relay.close()
  await store.close()
  await certificates.close()
  rmSync(directory, { recursive: true })
})
