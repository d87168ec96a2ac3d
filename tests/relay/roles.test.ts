/** Every route against every role (threat model P6): made from the routes that the relay has, so a new one is in it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import type { RouteOptions } from 'fastify'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Access } from '../../relay/auth/actor.ts'
import { openStore } from '../../relay/store/database.ts'
import type { Store } from '../../relay/store/store.ts'
import { type Caller, call, claimRelay, join, makeKey, openRelay, type TestRelay } from './relays.ts'

interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly role: Access
  readonly peopleOnly: boolean
}

/** Who may call what, written down apart from the guard. */
const MAY: Readonly<Record<string, readonly Access[]>> = {
  nobody: ['public'],
  ingest: ['public', 'ingest'],
  read: ['public', 'viewer'],
  viewer: ['public', 'viewer'],
  operate: ['public', 'viewer', 'operator', 'ingest'],
  operator: ['public', 'viewer', 'operator', 'ingest'],
  admin: ['public', 'viewer', 'operator', 'ingest', 'admin'],
}

const KEYS = new Set(['ingest', 'read', 'operate'])

const directory = mkdtempSync(joinPath(tmpdir(), 'guardian-roles-'))
let store: Store
let relay: TestRelay
const routes: Route[] = []
const callers: Record<string, Caller | undefined> = {}

beforeAll(async () => {
  store = await openStore(joinPath(directory, 'relay.db'))
  relay = await openRelay(store, {
    onRoute: ({ method, url, config }: RouteOptions) => {
      for (const one of [method].flat())
        if (one !== 'HEAD' && one !== 'OPTIONS' && !url.includes('*'))
          routes.push({
            method: one as Route['method'],
            url,
            role: config?.role ?? 'public',
            peopleOnly: config?.peopleOnly ?? false,
          })
    },
  })
  const admin = await claimRelay(relay)
  Object.assign(callers, {
    nobody: undefined,
    ingest: await makeKey(relay, admin, 'ingest'),
    read: await makeKey(relay, admin, 'read'),
    viewer: await join(relay, admin, 'viewer', 'vic'),
    operate: await makeKey(relay, admin, 'operate'),
    operator: await join(relay, admin, 'operator', 'olga'),
    admin,
  })
})

afterAll(async () => {
  await store.close()
  rmSync(directory, { recursive: true })
})

it('lets everyone call what their role may, and nothing else', async () => {
  expect(routes.length).toBeGreaterThan(25)
  const wrong: string[] = []
  for (const { method, url, role, peopleOnly } of routes) {
    // What ends the caller's own session would change the rows after it.
    if (/\/(logout|me\/password)/.test(url)) continue
    const path = url.replaceAll(/:\w+/g, 'no-such-thing')
    for (const [name, caller] of Object.entries(callers)) {
      const { statusCode } = await call(relay, caller, method, path, method === 'GET' ? undefined : {})
      const isRefused = statusCode === 401 || statusCode === 403
      const should = (MAY[name]?.includes(role) ?? false) && !(peopleOnly && KEYS.has(name))
      // Public routes refuse wrong passwords and codes with the same numbers.
      if (role === 'public' ? isRefused && !/(claim|login)/.test(url) : isRefused === should)
        wrong.push(`${method} ${url} (${role}) answers ${name} with ${statusCode}`)
    }
  }
  expect(wrong).toEqual([])
})

it('does not start with a route that says nothing of who may call it', async () => {
  await expect(openRelay(store, { extend: (app) => void app.get('/open', () => 'x') })).rejects.toThrow(
    /does not say who may call it/,
  )
})
