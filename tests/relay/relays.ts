/** A relay in this process on an empty store, and people and keys that call it. */
import { generateKeyPairSync } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import { afterEach } from 'vitest'
import type { Role } from '#core/account/wire.ts'
import { createRelay, type Relay, type RelayOptions } from '../../relay/app.ts'
import type { StaticSite } from '../../relay/static.ts'
import type { Store } from '../../relay/store/store.ts'

export const CLAIM_CODE = 'bcdfg-hjkmn-pqrst-vwxyz'
export const PASSWORD = 'correct horse battery'

const site: StaticSite = {
  answer: async () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from('the page') }),
}

export interface TestRelay extends Relay {
  readonly store: Store
  /** µs since 1970; add to it to let time pass. */
  readonly clock: { micros: number }
}

/** Somebody who may call the relay: their cookie, or their key. */
export interface Caller {
  readonly headers: Readonly<Record<string, string>>
}

export function testOptions(store: Store): RelayOptions {
  return {
    store,
    site,
    signingKey: generateKeyPairSync('ed25519').privateKey,
    claimCode: CLAIM_CODE,
    relay: 'test',
    timeZone: 'UTC',
    hosts: new Set(),
    requestsPerMinute: 1_000_000,
    logLevel: 'silent',
    version: '0.0.0',
  }
}

const opened: Relay[] = []
afterEach(() => Promise.all(opened.splice(0).map((relay) => relay.close())).then(() => undefined))

export async function openRelay(store: Store, options: Partial<RelayOptions> = {}): Promise<TestRelay> {
  const clock = { micros: 1_763_000_000_000_000 }
  const relay = await createRelay({ ...testOptions(store), now: () => clock.micros, ...options })
  await relay.app.ready()
  opened.push(relay)
  return { ...relay, store, clock }
}

export async function claimRelay({ app }: TestRelay): Promise<Caller> {
  const answer = await app.inject({
    method: 'POST',
    url: '/api/v1/claim',
    headers: { host: 'localhost' },
    payload: { code: CLAIM_CODE, name: 'ann', password: PASSWORD },
  })
  if (answer.statusCode !== 200) throw new Error(answer.body)
  return callerOf(answer.cookies[0]?.value ?? '')
}

/** An account of that role, logged in. */
export async function join({ app }: TestRelay, admin: Caller, role: Role, name: string): Promise<Caller> {
  const ask = (url: string, payload: object, headers: Caller['headers']) =>
    app.inject({ method: 'POST', url, headers: { host: 'localhost', ...headers }, payload })
  await ask('/api/v1/users', { name, password: PASSWORD, role }, admin.headers)
  const answer = await ask('/api/v1/login', { name, password: PASSWORD }, {})
  return callerOf(answer.cookies[0]?.value ?? '')
}

export async function makeKey(relay: TestRelay, admin: Caller, scope: 'read' | 'ingest' | 'operate'): Promise<Caller> {
  const answer = await call(relay, admin, 'POST', '/api/v1/keys', { name: scope, scope })
  return { headers: { authorization: `Bearer ${answer.json<{ key: string }>().key}` } }
}

export function call(
  { app }: TestRelay,
  caller: Caller | undefined,
  method: NonNullable<InjectOptions['method']>,
  url: string,
  payload?: object,
) {
  const headers = { host: 'localhost', ...caller?.headers }
  return app.inject({ method, url, headers, ...(payload ? { payload } : {}) })
}

function callerOf(token: string): Caller {
  // As a browser does it: the cookie, and where the page comes from.
  return { headers: { cookie: `guardian=${token}`, origin: 'http://localhost' } }
}
