/** The relay: the only place where its features meet (docs/decisions/030). */
import type { KeyObject } from 'node:crypto'
import { Server as TlsServer } from 'node:tls'
import cookie from '@fastify/cookie'
import rateLimit from '@fastify/rate-limit'
import websocket from '@fastify/websocket'
import fastify, { type FastifyInstance, type FastifyRequest, LogController, type RouteOptions } from 'fastify'
import { draftOfQuarantine } from '#core/alert/alert.ts'
import type { Alert } from '#core/alert/wire.ts'
import type { FlowRecord, RecordSource } from '#core/live/wire.ts'
import { registerAlerts } from './alerts/routes.ts'
import { alertsSince } from './alerts/store.ts'
import { registerAudit } from './audit/routes.ts'
import { guard } from './auth/actor.ts'
import { actorFinder, isClaimed, registerAuth } from './auth/routes.ts'
import { asUser, findUser } from './auth/store.ts'
import { registerDashboard } from './dashboard/routes.ts'
import { Registry } from './devices/registry.ts'
import { registerDevices } from './devices/routes.ts'
import { allDevices, findDevice } from './devices/store.ts'
import { Housekeeping } from './housekeeping.ts'
import { serveDocs } from './http/docs.ts'
import { answerErrors, RefusedError } from './http/errors.ts'
import { addHeaders } from './http/headers.ts'
import { Measures } from './http/measures.ts'
import { Live } from './live/live.ts'
import { ModelShelf } from './live/models.ts'
import { registerLive } from './live/routes.ts'
import { asVerdict, verdictsSince } from './live/store.ts'
import type { Broker } from './mqtt/broker.ts'
import type { EmbeddedBroker, EmbeddedOptions } from './mqtt/embedded.ts'
import type { ExternalOptions } from './mqtt/external.ts'
import { type Ports, type TlsFiles, takeUpgrades } from './mqtt/listeners.ts'
import { openBroker } from './mqtt/open.ts'
import { storePorts } from './mqtt/ports.ts'
import { registerMqtt } from './mqtt/routes.ts'
import { Outbox } from './outbox/outbox.ts'
import { registerChannels } from './outbox/routes.ts'
import { ChannelBook } from './outbox/settings.ts'
import { registerPredict } from './predict/routes.ts'
import { createActionPort } from './prevent/action-port.ts'
import type { Firewall } from './prevent/firewall.ts'
import { blockable, hostAddresses, PeoplesAddresses } from './prevent/kept-open.ts'
import { Prevention } from './prevent/prevention.ts'
import { registerPrevent } from './prevent/routes.ts'
import { occasionOf, oweForRule, withRuleWebhooks } from './rule-messages.ts'
import { registerScans } from './scans/routes.ts'
import { registerSettings } from './settings/routes.ts'
import { answerSite, refuseSiteRequest } from './site.ts'
import type { StaticSite } from './static.ts'
import type { Store } from './store/store.ts'
import { registerSync } from './sync/routes.ts'
import { allRules } from './sync/store.ts'
import { Telling } from './telling.ts'
import { registerTraffic } from './traffic/routes.ts'

export interface RelayOptions {
  readonly store: Store
  readonly site: StaticSite
  readonly signingKey: KeyObject
  /** What the owner types to claim the relay. */
  readonly claimCode: string
  /** The same after a restart, another for each relay on a store. */
  readonly relay: string
  /** Names besides localhost. */
  readonly hosts: ReadonlySet<string>
  /** Certificate chain and key, PEM; undefined: plain HTTP, for loopback or behind a proxy. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer } | undefined
  /** Proxies whose word about the caller's address counts; undefined: one on this host. */
  readonly trustProxy?: string | undefined
  /** Where MQTT devices connect; undefined: nowhere. */
  readonly mqtt?: MqttOptions | undefined
  /** Of the host, where the relay is the gateway; undefined: blocks are left to others. */
  readonly firewall?: Firewall | undefined
  readonly requestsPerMinute: number
  readonly logLevel: string
  readonly version: string
  readonly timeZone?: string
  /** µs since 1970. */
  readonly now?: () => number
  /** Hears every route that there is. */
  readonly onRoute?: (route: RouteOptions) => void
  /** Adds routes of the caller's own. */
  readonly extend?: (app: FastifyInstance) => void
}

export type MqttOptions =
  | Pick<EmbeddedOptions, 'listen'>
  | Pick<ExternalOptions, 'url' | 'username' | 'password' | 'ca'>

export interface Relay {
  readonly app: FastifyInstance
  readonly live: Live
  readonly prevention: Prevention
  readonly broker: Broker | undefined
  /** The embedded broker's ports. */
  readonly ports: Ports | undefined
  /** Shows another certificate to connections from now on. */
  renewTls(tls: TlsFiles): void
  close(): Promise<void>
}

const BODY_LIMIT_BYTES = 8 << 20
const REQUEST_TIMEOUT_MS = 30_000

/** Opens everything but the HTTP port: `relay.app.listen` does that. */
export async function createRelay(options: RelayOptions): Promise<Relay> {
  const { store, now = () => Date.now() * 1000, relay } = options
  const timeZone = options.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  const app = openHttp(options)
  const log = (error: unknown) => app.log.error(error)
  const auth = { store, now, claimCode: () => options.claimCode }
  const measures = new Measures()
  const registry = new Registry(store)
  await registry.open()
  const shelf = new ModelShelf(store, now)
  const book = new ChannelBook(store, { now, timeZone })
  const outbox = new Outbox({ store, relay, now, channels: () => withRuleWebhooks(store, book, now), log })
  const tellPages = ({ id, revision }: Alert) => store.notify('alerts', `${id} ${revision}`)
  const telling: Telling = new Telling({
    store,
    book,
    now,
    timeZone,
    raised: (trx, noticed) => prevention.consider(trx, occasionOf(noticed, now())),
    changed: tellPages,
  })
  const live = new Live({
    store,
    relay,
    now,
    timeZone,
    devices: registry,
    model: await shelf.open(log),
    onCase: (trx, told) => telling.hearCase(trx, told),
    onDevice: (trx, news) => telling.hearDevice(trx, news),
    committed() {
      telling.committed()
      prevention.wake()
    },
    log,
  })
  const ingest = (device: string, records: readonly FlowRecord[], source: RecordSource) =>
    live.ingest(device, records, source)
  const broker = await openMqtt(options, { store, relay, registry, ingest, log })
  const people = new PeoplesAddresses()
  const kept = async () => new Map([...people.kept(now()), ...(await hostAddresses())])
  const prevention: Prevention = new Prevention({
    store,
    now,
    port: createActionPort({
      broker,
      firewall: options.firewall,
      addressOf: async (device) => blockable((await findDevice(store.db, device))?.address, await kept()),
    }),
    kept,
    async quarantined(trx, id, why) {
      await registry.setStatus(trx, id, 'quarantined', ['offline', 'online', 'under_attack'])
      await telling.tell(trx, draftOfQuarantine({ id, name: registry.nameOf(id) }, why))
    },
    // Online again with its next flow.
    released: async (trx, id) => void (await registry.setStatus(trx, id, 'offline', ['quarantined'])),
    owe: (trx, decision, occasion) => oweForRule(trx, { decision, occasion, telling }),
    committed() {
      telling.committed()
      registry.tell()
    },
    log,
  })

  if (options.onRoute) app.addHook('onRoute', options.onRoute)
  answerErrors(app)
  addHeaders(app)
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
  measures.gauge('records', 'Flow records taken since the start', () => live.records)
  measures.gauge('devices_held', 'Devices that this relay judges', () => live.scorer.held.size)
  measures.gauge('readers', 'Pages connected by WebSocket', () => live.hub.size)
  if (broker) measures.gauge('mqtt_connected', 'MQTT clients connected', () => broker.stats().connected)
  await serveDocs(app, options.version)

  registerHealth(app, { store, measures, live, version: options.version, now })
  registerAuth(app, auth)
  registerAudit(app, { store, key: options.signingKey })
  registerDevices(app, {
    store,
    now,
    changed: async ({ id, monitored }) => {
      if (monitored && !registry.watched.has(id)) await live.watch(id)
      registry.tell()
    },
    removed: async (id) => {
      registry.tell()
      await broker?.disconnect(id)
    },
    secretChanged: async (id) => void (await broker?.disconnect(id)),
  })
  registerMqtt(app, {
    store,
    now,
    stats: () => broker?.stats(),
    // Its rights are those that it comes in with.
    changed: (id) => void broker?.disconnect(id).catch(log),
  })
  registerLive(app, { store, live, shelf, now })
  registerTraffic(app, { store, now, device: (id) => registry.get(id), ingest })
  registerPredict(app, { store, model: () => live.model, threshold: () => live.threshold, read: asVerdict })
  registerDashboard(app, { store, devices: () => allDevices(store.db), now })
  registerAlerts(app, { store, now, changed: tellPages })
  registerChannels(app, { store, book, outbox, now })
  registerPrevent(app, { store, prevention, people, kept, device: (id) => findDevice(store.db, id), timeZone, now })
  registerScans(app, { store, model: () => live.model, now, timeZone })
  registerSettings(app, { store, now, log })
  registerSync(app, {
    devices: () => allDevices(store.db),
    rules: () => allRules(store.db),
    alerts: (since, limit) => alertsSince(store.db, since, limit),
    verdicts: (since, limit) => verdictsSince(store.db, since, limit),
    user: async (id) => {
      const row = await findUser(store.db, { id })
      if (!row) throw new RefusedError(401, 'This account was removed meanwhile.')
      return asUser(row, now())
    },
  })
  options.extend?.(app)
  serveSite(app, options.site)

  const embedded = broker && 'ports' in broker ? (broker as EmbeddedBroker) : undefined
  // MQTT over WebSocket is at the page's own port too, with its certificate.
  if (embedded) app.addHook('onReady', async () => takeUpgrades(app.server, embedded.upgrade))
  const endNews = store.listen('alerts', (news) => {
    const [id = 0, revision = 0] = news.split(' ').map(Number)
    live.hub.send([{ kind: 'alert', id, revision }])
  })
  const housekeeping = new Housekeeping({ store, book, now, log })
  await prevention.start()
  await live.start()
  outbox.start()
  housekeeping.start()
  return {
    app,
    live,
    prevention,
    broker,
    ports: embedded?.ports,
    renewTls(tls) {
      if (app.server instanceof TlsServer) app.server.setSecureContext(tls)
      embedded?.renew(tls)
    },
    async close() {
      // First, since a server waits for those who are connected.
      await broker?.close()
      await app.close()
      await live.close()
      await prevention.close()
      await housekeeping.close()
      await outbox.close()
      endNews()
      registry.close()
    },
  }
}

function openHttp({ logLevel, tls, trustProxy = '127.0.0.1' }: RelayOptions): FastifyInstance {
  return fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    trustProxy,
    // Requests are not logged one by one: their addresses are of people.
    logController: new LogController({ disableRequestLogging: true }),
    logger: {
      level: logLevel,
      redact: ['req.headers.cookie', 'req.headers.authorization', '*.password', '*.secret'],
    },
    ...(tls ? { https: tls } : {}),
  })
}

interface BrokerParts {
  readonly store: Store
  readonly relay: string
  readonly registry: Registry
  readonly ingest: (device: string, records: readonly FlowRecord[], source: RecordSource) => Promise<void>
  readonly log: (error: unknown) => void
}

async function openMqtt(options: RelayOptions, parts: BrokerParts): Promise<Broker | undefined> {
  const { store, relay, registry, ingest, log } = parts
  if (!options.mqtt) return undefined
  const ports = storePorts({
    store,
    ingest,
    seen: () => {},
    statusOf: (id) => registry.get(id)?.status,
    named: () => registry.tell(),
    failed: log,
  })
  const broker =
    'url' in options.mqtt
      ? await openBroker({ ...ports, ...options.mqtt, clientId: `guardian-${relay}` })
      : await openBroker({ ...ports, ...options.mqtt })
  // Quarantine outlives a restart.
  for (const { id, status } of registry.all()) if (status === 'quarantined') await broker.quarantine(id)
  return broker
}

interface HealthParts {
  readonly store: Store
  readonly measures: Measures
  readonly live: Live
  readonly version: string
  readonly now: () => number
}

function registerHealth(app: FastifyInstance, { store, measures, live, version, now }: HealthParts): void {
  const open = { config: { role: 'public', rateLimit: false }, schema: { hide: true } } as const
  app.get('/healthz', open, async () => ({ alive: true }))
  app.get('/readyz', open, async () => {
    await store.db.selectFrom('devices').select('id').limit(1).execute()
    return { ready: true, ...(live.scorer.fault ? { fault: live.scorer.fault } : {}) }
  })
  app.get('/metrics', { config: { role: 'viewer' }, schema: { hide: true } }, async (_request, reply) => {
    const { type, text } = await measures.read()
    return reply.type(type).send(text)
  })
  app.get('/api/v1/status', { config: { role: 'public' } }, async () => ({
    name: 'iot-guardian',
    version,
    claimed: await isClaimed(store),
    atMicros: now(),
  }))
}

function serveSite(app: FastifyInstance, site: StaticSite): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/*',
    config: { role: 'public', rateLimit: false },
    schema: { hide: true },
    async handler(request, reply) {
      reply.hijack()
      if (request.url.startsWith('/api/')) return refuseSiteRequest(reply.raw, 404)
      await answerSite(request.raw, reply.raw, { site })
    },
  })
  app.setNotFoundHandler((request, reply) => {
    reply.hijack()
    refuseSiteRequest(reply.raw, request.url.startsWith('/api/') ? 404 : 405)
  })
}
