/** The relay: the only place where its features meet (docs/decisions/030). */

import type { KeyObject } from 'node:crypto'
import cookie from '@fastify/cookie'
import rateLimit from '@fastify/rate-limit'
import websocket from '@fastify/websocket'
import fastify, { type FastifyInstance, type FastifyRequest, LogController, type RouteOptions } from 'fastify'
import { registerAudit } from './audit/routes.ts'
import { guard } from './auth/actor.ts'
import { actorFinder, isClaimed, registerAuth } from './auth/routes.ts'
import { registerDevices } from './devices/routes.ts'
import { serveDocs } from './http/docs.ts'
import { answerErrors } from './http/errors.ts'
import { Measures } from './http/measures.ts'
import { answerSite, refuseSiteRequest } from './site.ts'
import type { StaticSite } from './static.ts'
import type { Store } from './store/store.ts'

export interface RelayOptions {
  readonly store: Store
  readonly site: StaticSite
  readonly signingKey: KeyObject
  /** What the owner types to claim the relay. */
  readonly claimCode: string
  /** Names besides localhost. */
  readonly hosts: ReadonlySet<string>
  /** Certificate chain and key, PEM; undefined: plain HTTP, for loopback or behind a proxy. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer } | undefined
  readonly requestsPerMinute: number
  readonly logLevel: string
  readonly version: string
  /** µs since 1970. */
  readonly now?: () => number
  /** Hears every route that there is. */
  readonly onRoute?: (route: RouteOptions) => void
  /** Adds routes of the caller's own. */
  readonly extend?: (app: FastifyInstance) => void
}

const BODY_LIMIT_BYTES = 8 << 20
const REQUEST_TIMEOUT_MS = 30_000

export async function createRelay(options: RelayOptions): Promise<FastifyInstance> {
  const { store, now = () => Date.now() * 1000 } = options
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    trustProxy: '127.0.0.1',
    // Requests are not logged one by one: their addresses are of people.
    logController: new LogController({ disableRequestLogging: true }),
    logger: {
      level: options.logLevel,
      redact: ['req.headers.cookie', 'req.headers.authorization', '*.password', '*.secret'],
    },
    ...(options.tls ? { https: options.tls } : {}),
  })
  const auth = {
    store,
    now,
    isSecure: options.tls !== undefined,
    claimCode: () => options.claimCode,
  }
  const measures = new Measures()

  if (options.onRoute) app.addHook('onRoute', options.onRoute)
  answerErrors(app)
  await app.register(cookie)
  await app.register(rateLimit, {
    max: options.requestsPerMinute,
    timeWindow: '1 minute',
    // After the guard: by account where there is one.
    hook: 'preHandler',
    keyGenerator: (request: FastifyRequest) => request.knownActor?.id ?? request.ip,
  })
  await app.register(websocket, { options: { maxPayload: 64 << 10 } })
  guard(app, { find: actorFinder(auth), hosts: options.hosts })
  measures.watch(app)
  await serveDocs(app, options.version)

  app.get('/healthz', { config: { role: 'public', rateLimit: false }, schema: { hide: true } }, async () => ({
    alive: true,
  }))
  app.get('/readyz', { config: { role: 'public', rateLimit: false }, schema: { hide: true } }, async () => {
    await store.db.selectFrom('devices').select('id').limit(1).execute()
    return { ready: true }
  })
  app.get('/metrics', { config: { role: 'viewer' }, schema: { hide: true } }, async (_request, reply) => {
    const { type, text } = await measures.read()
    return reply.type(type).send(text)
  })
  app.get('/api/v1/status', { config: { role: 'public' } }, async () => ({
    name: 'iot-guardian',
    version: options.version,
    claimed: await isClaimed(store),
    atMicros: now(),
  }))

  registerAuth(app, auth)
  registerAudit(app, { store, key: options.signingKey })
  registerDevices(app, {
    store,
    now,
    changed: () => store.notify('devices', ''),
    removed: () => store.notify('devices', ''),
    state: async () => ({}),
  })
  options.extend?.(app)

  app.route({
    method: ['GET', 'HEAD'],
    url: '/*',
    config: { role: 'public', rateLimit: false },
    schema: { hide: true },
    async handler(request, reply) {
      reply.hijack()
      await answerSite(request.raw, reply.raw, { site: options.site })
    },
  })
  app.setNotFoundHandler((request, reply) => {
    reply.hijack()
    refuseSiteRequest(reply.raw, request.url.startsWith('/api/') ? 404 : 405)
  })
  return app
}
