/** What the environment says, read once at the start. Everything has a default: `npm start` needs nothing. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isLoopback } from './tls/names.ts'

export interface RelayConfig {
  /** Where the store's file, keys and certificates lie. */
  readonly dataDir: string
  /** Of the built app; undefined: the one beside the relay. */
  readonly siteDir: string | undefined
  /** `postgres://…`, or the path of the SQLite file. */
  readonly store: string
  readonly host: string
  /** Undefined: the default, or the next free one. */
  readonly port: number | undefined
  /** Names besides localhost under which pages and devices address it. */
  readonly hosts: readonly string[]
  /** Files of the certificate chain and its key, PEM; undefined: none were given. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  /** Whether to make an authority and a certificate of the relay's own. */
  readonly ownAuthority: boolean
  /** Addresses of the reverse proxies that encrypt for it, comma-separated; undefined: none but one on this host. */
  readonly trustProxy: string | undefined
  /** Whether MQTT without TLS is offered to the network too. */
  readonly plainMqtt: boolean
  /** `mqtt(s)://…` of a broker that is there; undefined: the embedded one. */
  readonly mqttUrl: string | undefined
  readonly mqttPort: number
  /** With a certificate only. */
  readonly mqttsPort: number
  /** MQTT over WebSocket on a port of its own, with a certificate only. */
  readonly wssPort: number | undefined
  /** Requests a minute of one account or address. */
  readonly requestsPerMinute: number
  /** Whether the host is the gateway, and nftables may be set. */
  readonly firewall: boolean
  readonly logLevel: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** Throws an Error with a sentence for a value that cannot be. */
export function readConfig(env: Environment): RelayConfig {
  const dataDir = env.DATA_DIR ?? defaultDataDir(env)
  const ownAuthority = readOwnAuthority(env)
  const tls = readTls(env)
  // Who wants a certificate for the network wants to be reached from it.
  const host = env.HOST ?? (ownAuthority ? '0.0.0.0' : '127.0.0.1')
  const trustProxy = env.TRUST_PROXY || undefined
  if (!isLoopback(host) && !tls && !ownAuthority && trustProxy === undefined)
    throw new Error(
      `Plain HTTP is for this machine only, and HOST is ${host}. Set HTTPS=local, or TLS_CERT and TLS_KEY, or TRUST_PROXY to the address of a proxy that encrypts.`,
    )
  return {
    dataDir,
    siteDir: env.SITE_DIR,
    store: env.DATABASE_URL ?? join(dataDir, 'relay.db'),
    host,
    port: env.PORT === undefined ? undefined : readNumber('PORT', env.PORT, 0, 65_535),
    hosts: (env.RELAY_HOSTS ?? '').split(',').flatMap((name) => name.trim().toLowerCase() || []),
    tls,
    ownAuthority,
    trustProxy,
    plainMqtt: env.MQTT_PLAIN === '1',
    mqttUrl: readMqttUrl(env.MQTT_URL),
    mqttPort: readNumber('MQTT_PORT', env.MQTT_PORT ?? '1883', 0, 65_535),
    mqttsPort: readNumber('MQTTS_PORT', env.MQTTS_PORT ?? '8883', 0, 65_535),
    wssPort: env.WSS_PORT === undefined ? undefined : readNumber('WSS_PORT', env.WSS_PORT, 0, 65_535),
    requestsPerMinute: readNumber('REQUESTS_PER_MINUTE', env.REQUESTS_PER_MINUTE ?? '100', 1, 10_000_000),
    firewall: env.FIREWALL === '1',
    logLevel: env.LOG_LEVEL ?? 'warn',
  }
}

function defaultDataDir(env: Environment): string {
  if (process.platform === 'win32') return join(env.LOCALAPPDATA ?? homedir(), 'iot-guardian')
  return join(env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'iot-guardian')
}

function readTls({ TLS_CERT: cert, TLS_KEY: key }: Environment): RelayConfig['tls'] {
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined) throw new Error('TLS_CERT and TLS_KEY are given together or not at all')
  return { cert, key }
}

function readOwnAuthority({ HTTPS: https, TLS_CERT: cert }: Environment): boolean {
  if (!https) return false
  if (https !== 'local') throw new Error(`HTTPS is local or not set, not ${https}`)
  if (cert !== undefined) throw new Error('Either HTTPS=local or TLS_CERT is set, not both')
  return true
}

function readMqttUrl(url: string | undefined): string | undefined {
  if (url === undefined || /^mqtts?:\/\//.test(url)) return url
  throw new Error(`MQTT_URL begins with mqtt:// or mqtts://, not ${url.split(':', 1)[0]}:`)
}

function readNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new Error(`${name} is a whole number from ${least} to ${most}, not ${text}`)
}
