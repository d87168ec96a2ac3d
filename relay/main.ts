/** Reads what to serve and where, opens the store, and listens: on this machine only, unless the environment says otherwise. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { createRelay } from './app.ts'
import { isClaimed } from './auth/routes.ts'
import { type RelayConfig, readConfig } from './config.ts'
import { openClaimCode, openDataDir, openRelayName, openSigningKey } from './keys.ts'
import type { ListenOptions as AllListenOptions } from './mqtt/listeners.ts'
import type { Firewall } from './prevent/firewall.ts'
import { openNftables } from './prevent/nftables.ts'
import { openSite } from './static.ts'
import { openStore } from './store/database.ts'
import { hostNames, inUrl, isLoopback } from './tls/names.ts'
import { openTls, reachedAs, type ShownTls, watchTls } from './tls/open.ts'
import { drawQr, trustSteps } from './tls/welcome.ts'

type ListenOptions = Omit<AllListenOptions, 'maxFrameBytes'>

const DEFAULT_PORT = 4173
/** How many ports after the default one are tried when it is taken. */
const PORT_TRIES = 20
const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** What cannot start says why in a sentence, not in a stack. */
export async function mainOrSay(args: string[]): Promise<void> {
  try {
    await main(args)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  }
}

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { port: { type: 'string' } } })
  const config = readConfig({ ...process.env, ...(values.port === undefined ? {} : { PORT: values.port }) })
  await openDataDir(config.dataDir)
  const store = await openStore(config.store)
  const claimCode = await openClaimCode(config.dataDir)
  const tls = await openTls(config)
  const relay = await createRelay({
    store,
    site: await openSite(config.siteDir ?? join(ROOT, 'build')),
    signingKey: await openSigningKey(config.dataDir),
    claimCode,
    relay: await openRelayName(config.dataDir),
    mqtt: config.mqttUrl === undefined ? { listen: await mqttListen(config, tls) } : { url: config.mqttUrl },
    hosts: new Set([...config.hosts, ...(tls ? reachedAs() : [])]),
    tls,
    trustProxy: config.trustProxy,
    extend: (app) => tls?.ca !== undefined && serveAuthority(app, tls.ca),
    firewall: config.firewall ? await openFirewall() : undefined,
    requestsPerMinute: config.requestsPerMinute,
    logLevel: config.logLevel,
    version: await readVersion(),
  })
  const port = await listen(relay.app, config)
  greet(config, port, tls)
  if (!(await isClaimed(store)))
    console.log(`The relay has no owner yet. To make it yours, open Live in the page and enter the code ${claimCode}`)
  const name = reachedName(config, tls)
  if (relay.ports?.tcp !== undefined) console.log(`MQTT devices connect to ${name}:${relay.ports.tcp}.`)
  if (relay.ports?.tls !== undefined) console.log(`With TLS: mqtts://${name}:${relay.ports.tls}`)
  if (relay.ports?.wss !== undefined) console.log(`Over WebSocket: wss://${name}:${relay.ports.wss}/mqtt`)
  if (tls) {
    const failed = (error: unknown) => relay.app.log.error(error)
    watchTls(config, tls, { renewed: relay.renewTls, failed })
  }
  const end = () => void relay.close().then(() => store.close())
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
}

/** The authority's certificate is for everyone who is to trust it. */
function serveAuthority(app: FastifyInstance, ca: string): void {
  app.get('/ca.crt', { config: { role: 'public' }, schema: { hide: true } }, async (_request, reply) =>
    reply
      .type('application/x-x509-ca-cert')
      .header('content-disposition', 'attachment; filename="iot-guardian-ca.crt"')
      .send(ca),
  )
}

/** What others in the network can type, where the relay listens on every address. */
function reachedName({ host, hosts }: RelayConfig, tls: ShownTls | undefined): string {
  if (!tls || !['0.0.0.0', '::'].includes(host)) return inUrl(host)
  const { names, addresses } = hostNames()
  return inUrl(hosts[0] ?? addresses[0] ?? names[0] ?? 'localhost')
}

function greet(config: RelayConfig, port: number, tls: ShownTls | undefined): void {
  const url = `${tls ? 'https' : 'http'}://${reachedName(config, tls)}:${port}`
  const reach = isLoopback(config.host) ? 'Only this machine can reach it.' : ''
  console.log(`IoT Guardian is at ${url}/ (Ctrl-C ends it). ${reach}`)
  if (tls?.fingerprint === undefined || isLoopback(config.host)) return
  console.log(`${drawQr(`${url}/ca.crt`)}\n${trustSteps(url, tls.fingerprint)}`)
}

async function listen(app: FastifyInstance, { host, port }: RelayConfig): Promise<number> {
  if (port !== undefined) return listenAt(app, host, port)
  for (let next = DEFAULT_PORT; next < DEFAULT_PORT + PORT_TRIES; next++) {
    try {
      return await listenAt(app, host, next)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    }
  }
  return listenAt(app, host, 0)
}

/** Everything else goes on without it. */
async function openFirewall(): Promise<Firewall | undefined> {
  try {
    return await openNftables()
  } catch (error) {
    console.log(
      `The firewall is not set, so addresses are not blocked: ${error instanceof Error ? error.message : error}`,
    )
    return undefined
  }
}

/** Resolves to the port, which the system chooses for 0. */
async function listenAt(app: FastifyInstance, host: string, port: number): Promise<number> {
  await app.listen({ host, port })
  const address = app.server.address()
  return typeof address === 'object' && address ? address.port : port
}

/** Ports of the broker, or any others when they are taken: another broker may run here. */
async function mqttListen(
  { host, mqttPort, mqttsPort, wssPort, plainMqtt }: RelayConfig,
  tls: ShownTls | undefined,
): Promise<ListenOptions> {
  // Passwords of devices must not cross the network in the open, unless the owner says so.
  const plain = isLoopback(host) || plainMqtt ? { tcpPort: await freePort(host, mqttPort) } : {}
  if (!tls) return { host, ...plain }
  const overWeb = wssPort === undefined ? {} : { wssPort: await freePort(host, wssPort) }
  return { host, ...plain, tls, tlsPort: await freePort(host, mqttsPort), ...overWeb }
}

async function freePort(host: string, port: number): Promise<number> {
  const probe = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(port, host, () => resolve(true))
  })
  await new Promise((resolve) => probe.close(resolve))
  if (!isFree) console.log(`Port ${port} is taken: MQTT gets another one.`)
  return isFree ? port : 0
}

async function readVersion(): Promise<string> {
  const text = await readFile(`${ROOT}/package.json`, 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

if (import.meta.main) await mainOrSay(process.argv.slice(2))
