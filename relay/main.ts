/** Reads what to serve and where, opens the store, and listens: on this machine only, unless the environment says otherwise. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
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

type ListenOptions = Omit<AllListenOptions, 'maxFrameBytes'>

const DEFAULT_PORT = 4173
/** How many ports after the default one are tried when it is taken. */
const PORT_TRIES = 20
const ROOT = fileURLToPath(new URL('..', import.meta.url))

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { port: { type: 'string' } } })
  const config = readConfig({ ...process.env, ...(values.port === undefined ? {} : { PORT: values.port }) })
  await openDataDir(config.dataDir)
  const store = await openStore(config.store)
  const claimCode = await openClaimCode(config.dataDir)
  const tls = config.tls && { cert: await readFile(config.tls.cert), key: await readFile(config.tls.key) }
  const relay = await createRelay({
    store,
    site: await openSite(fileURLToPath(new URL('../build', import.meta.url))),
    signingKey: await openSigningKey(config.dataDir),
    claimCode,
    relay: await openRelayName(config.dataDir),
    mqtt: config.mqttUrl === undefined ? { listen: await mqttListen(config, tls) } : { url: config.mqttUrl },
    hosts: new Set(config.hosts),
    tls,
    firewall: config.firewall ? await openFirewall() : undefined,
    requestsPerMinute: config.requestsPerMinute,
    logLevel: config.logLevel,
    version: await readVersion(),
  })
  const port = await listen(relay.app, config)
  const scheme = config.tls ? 'https' : 'http'
  const reach = config.host === '127.0.0.1' ? 'Only this machine can reach it.' : ''
  console.log(`IoT Guardian is at ${scheme}://${config.host}:${port}/ (Ctrl-C ends it). ${reach}`)
  if (!(await isClaimed(store)))
    console.log(`The relay has no owner yet. To make it yours, open Live in the page and enter the code ${claimCode}`)
  if (relay.ports?.tcp !== undefined) console.log(`MQTT devices connect to ${config.host}:${relay.ports.tcp}.`)
  if (relay.ports?.tls !== undefined) console.log(`With TLS: mqtts://${config.host}:${relay.ports.tls}`)
  const end = () => void relay.close().then(() => store.close())
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
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
  { host, mqttPort, mqttsPort }: RelayConfig,
  tls: ListenOptions['tls'],
): Promise<ListenOptions> {
  const plain = { host, tcpPort: await freePort(host, mqttPort) }
  return tls ? { ...plain, tls, tlsPort: await freePort(host, mqttsPort) } : plain
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

if (import.meta.main) await main(process.argv.slice(2))
