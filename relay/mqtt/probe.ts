/**
 * Looks at a broker from outside, for the audit: connects, subscribes, listens and leaves. Nothing is ever published; the one will is empty, on a topic of
 * its own, and taken back.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import { InputError } from '#core/base/errors.ts'
import { LARGE_PACKET_BYTES } from '#core/mqtt-audit/checks.ts'
import { lockTopicsOf, secretKind, tellsPlace } from '#core/mqtt-audit/contents.ts'
import type { BrokerFacts } from '#core/mqtt-audit/facts.ts'
import type { MqttAuditRequest } from '#core/mqtt-audit/wire.ts'
import { type Place, probeTls, tlsOptions } from './probe-tls.ts'

export interface ProbeOptions extends MqttAuditRequest {
  /** How long topics are listened to. */
  readonly listenMs?: number
  /** How long a connection says nothing. */
  readonly silentMs?: number
  /** Whether the identity may write a topic, where the broker's own rules are known. */
  readonly mayWrite?: (topic: string) => boolean
}

interface Credentials {
  readonly username?: string | undefined
  readonly password?: string | undefined
}

const CONNECT_MS = 5000
const LISTEN_MS = 2000
const SILENT_MS = 12_000
const SETTLE_MS = 700
const SLOW_MS = 1000
const GUESSES = 12
const MAX_TOPICS = 5000
const LOOKED_AT_BYTES = 4096

/** Well-known pairs of brokers, hubs and firmwares, and of tutorials. */
const WELL_KNOWN: readonly (readonly [string, string])[] = [
  ['admin', 'admin'],
  ['admin', 'public'],
  ['admin', 'password'],
  ['guest', 'guest'],
  ['mqtt', 'mqtt'],
  ['mosquitto', 'mosquitto'],
  ['user', 'password'],
  ['homeassistant', 'homeassistant'],
  ['DVES_USER', 'DVES_PASS'],
]

/** Throws InputError when no broker answers there, or it refuses the user that was given. */
export async function probeBroker(options: ProbeOptions): Promise<BrokerFacts> {
  const { username, password, listenMs = LISTEN_MS, silentMs = SILENT_MS } = options
  const { protocol, hostname, port: stated, host } = new URL(options.url)
  const isTls = protocol === 'mqtts:'
  const place: Place = {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(stated || (isTls ? 8883 : 1883)),
    ca: options.ca,
  }
  const look = new Look(place, isTls)
  if (!(await look.reach())) throw new InputError(`no broker answers at ${protocol}//${host}`)
  const identity = username === undefined ? 'anonymous' : 'given'
  const own: Credentials = { username, password }
  // Begun first: it takes longest.
  const silent = look.stayOpen(silentMs)
  const tls = isTls ? await probeTls(place) : undefined
  const anonymousConnects = await look.comesIn({})
  const known = identity === 'anonymous' ? anonymousConnects : await look.comesIn(own)
  if (identity === 'given' && !known) throw new InputError(`the broker at ${host} refused the user ${username}`)

  const filters = ['#', '$SYS/#', `$share/audit-${randomUUID().slice(0, 8)}/#`]
  const [[anonymousHeard], [plain, sys, shared]] = await Promise.all([
    anonymousConnects && identity === 'given' ? look.hear({}, ['#'], listenMs) : [],
    known ? look.hear(own, filters, listenMs) : [],
  ])
  const isForeign = (topic: string) => !topic.split('/').includes(username ?? '')
  // A refused subscription brings nothing.
  const heard = known ? { plain: plain ?? new Map<string, string>(), sys: sys ?? new Map<string, string>() } : undefined
  const foreign = heard && [...heard.plain.keys()].filter(isForeign)
  const messages = heard && [...heard.plain]
  const lockTopics = messages && [...new Set(messages.flatMap(([topic, payload]) => lockTopicsOf(topic, payload)))]
  const others: Credentials | undefined =
    options.otherUsername !== undefined
      ? { username: options.otherUsername, password: options.otherPassword }
      : anonymousConnects
        ? {}
        : undefined
  const version = heard && [...heard.sys].find(([topic]) => /^\$SYS\/brokers?\/(?:[^/]+\/)?version$/.test(topic))?.[1]

  const facts: Mutable<BrokerFacts> = {
    address: `${protocol}//${host}`,
    atMicros: Date.now() * 1000,
    identity,
    isTls,
    anonymousConnects,
    ...tls,
  }
  const listened = identity === 'anonymous' ? heard?.plain : anonymousHeard
  if (listened) facts.anonymousHeard = [...listened.keys()]
  if (foreign) facts.foreignHeard = foreign
  // Where # shows topics of others there is nothing to get around.
  if (foreign && shared) facts.sharedHeard = foreign.length > 0 ? [] : [...shared.keys()].filter(isForeign)
  if (heard) facts.sysHeard = [...heard.sys.keys()]
  if (version !== undefined) facts.version = version
  if (messages) {
    facts.secrets = messages.flatMap(([topic, payload]) => {
      const kind = secretKind(payload)
      return kind === undefined ? [] : [{ topic, kind }]
    })
    facts.places = messages.filter(([topic, payload]) => tellsPlace(topic, payload)).map(([topic]) => topic)
  }
  if (lockTopics) {
    facts.lockTopics = lockTopics
    if (options.mayWrite) facts.writableLockTopics = lockTopics.filter(options.mayWrite)
  }
  if (!anonymousConnects) {
    facts.guesses = await look.guess()
    facts.defaultCredentials = await look.wellKnown(username)
  }
  if (known) {
    facts.strangeClientIds = await look.strangeClientIds(own)
    facts.foreignWillAccepted = await look.foreignWill(own)
    const large = await look.largePacket(own)
    if (large !== undefined) facts.maxPacketBytes = large
    const taken = others && (await look.takeOver(own, others))
    if (taken !== undefined) facts.clientIdTakenOver = taken
  }
  facts.silent = await silent
  return facts
}

/** False when it did not happen in that time. */
async function within(ms: number, happened: Promise<boolean>): Promise<boolean> {
  const timer = new AbortController()
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => false)
  const result = await Promise.race([happened, late])
  // A timer that is left would hold the process.
  timer.abort()
  return result
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Heard = Map<string, string>

class Look {
  readonly #place: Place
  readonly #isTls: boolean

  constructor(place: Place, isTls: boolean) {
    this.#place = place
    this.#isTls = isTls
  }

  /** Undefined when the broker refuses. */
  async #enter(who: Credentials, more: IClientOptions = {}): Promise<MqttClient | undefined> {
    const { host, port, ca } = this.#place
    const client = mqtt.connect({
      host,
      port,
      protocol: this.#isTls ? 'mqtts' : 'mqtt',
      protocolVersion: 4,
      clientId: `audit-${randomUUID().slice(0, 8)}`,
      reconnectPeriod: 0,
      connectTimeout: CONNECT_MS,
      rejectUnauthorized: false,
      ...(ca === undefined ? {} : { ca }),
      ...(who.username === undefined ? {} : { username: who.username, password: who.password ?? '' }),
      ...more,
    })
    return new Promise((resolve) => {
      const refused = () => {
        client.end(true)
        resolve(undefined)
      }
      client.on('error', refused)
      client.once('close', refused)
      client.once('connect', () => {
        client.off('close', refused)
        resolve(client)
      })
    })
  }

  async comesIn(who: Credentials, more?: IClientOptions): Promise<boolean> {
    const client = await this.#enter(who, more)
    await client?.endAsync()
    return client !== undefined
  }

  #open(): Duplex {
    const { host, port } = this.#place
    const socket = this.#isTls ? connectTls(tlsOptions(this.#place)) : connectSocket(port, host)
    socket.on('error', () => {})
    return socket
  }

  reach(): Promise<boolean> {
    const socket = this.#open()
    return new Promise((resolve) => {
      const end = (reached: boolean) => {
        clearTimeout(timer)
        socket.destroy()
        resolve(reached)
      }
      const timer = setTimeout(() => end(false), CONNECT_MS)
      socket.once(this.#isTls ? 'secureConnect' : 'connect', () => end(true))
      socket.once('close', () => end(false))
    })
  }

  async stayOpen(silentMs: number): Promise<{ seconds: number; stillOpen: boolean }> {
    const socket = this.#open()
    const began = performance.now()
    const ended = once(socket, 'close').then(() => true)
    // Without a reader the other side's end would not be seen.
    socket.resume()
    const closed = await within(silentMs, ended)
    socket.destroy()
    return { seconds: (performance.now() - began) / 1000, stillOpen: !closed }
  }

  /**
   * What each of the filters brings, one after the other over one connection: brokers that name sessions after users let no second one be. Undefined for a
   * filter that the broker refuses.
   */
  async hear(who: Credentials, filters: readonly string[], listenMs: number): Promise<(Heard | undefined)[]> {
    const client = await this.#enter(who)
    if (!client) return []
    let heard: Heard = new Map()
    client.on('message', (topic, payload) => {
      if (heard.size < MAX_TOPICS) heard.set(topic, payload.subarray(0, LOOKED_AT_BYTES).toString('utf8'))
    })
    const all: (Heard | undefined)[] = []
    for (const filter of filters) {
      const own: Heard = new Map()
      heard = own
      const granted = await client.subscribeAsync(filter).then(
        () => true,
        () => false,
      )
      if (granted) {
        await sleep(listenMs)
        // A connection that was lost meanwhile has no subscription to end.
        await client.unsubscribeAsync(filter).catch(() => undefined)
      }
      all.push(granted ? own : undefined)
    }
    await client.endAsync(true)
    return all
  }

  /** With a user that does not exist, so that nobody is locked out. */
  async guess(): Promise<{ tried: number; slowedOrStopped: boolean }> {
    const username = `audit-${randomUUID().slice(0, 8)}`
    const answers: { code: string; ms: number }[] = []
    for (let tried = 1; tried <= GUESSES; tried++) {
      const began = performance.now()
      const code = await this.#refusal({ username, password: randomUUID() })
      answers.push({ code, ms: performance.now() - began })
      const first = answers[0]!
      const last = answers.at(-1)!
      if (last.code !== first.code || last.ms - first.ms > SLOW_MS) return { tried, slowedOrStopped: true }
    }
    return { tried: GUESSES, slowedOrStopped: false }
  }

  async #refusal(who: Credentials): Promise<string> {
    const { host, port } = this.#place
    const client = mqtt.connect({
      host,
      port,
      protocol: this.#isTls ? 'mqtts' : 'mqtt',
      protocolVersion: 4,
      reconnectPeriod: 0,
      connectTimeout: CONNECT_MS,
      rejectUnauthorized: false,
      username: who.username ?? '',
      password: who.password ?? '',
    })
    const answer = await new Promise<string>((resolve) => {
      client.once('error', (error) => resolve(error.message))
      client.once('close', () => resolve('closed'))
      client.once('connect', () => resolve('accepted'))
    })
    client.on('error', () => {})
    client.end(true)
    return answer
  }

  async wellKnown(username: string | undefined): Promise<string[]> {
    const found: string[] = []
    for (const [name, password] of WELL_KNOWN) if (await this.comesIn({ username: name, password })) found.push(name)
    if (username !== undefined && (await this.comesIn({ username, password: '' })))
      found.push(`${username} without a password`)
    return found
  }

  async strangeClientIds(who: Credentials): Promise<string[]> {
    const found: string[] = []
    for (const clientId of ['+', '#', 'audit/#']) if (await this.comesIn(who, { clientId })) found.push(clientId)
    return found
  }

  async foreignWill(who: Credentials): Promise<boolean> {
    const topic = `guardian-audit/${randomUUID()}`
    // `end` without force says DISCONNECT, by which the broker forgets the will.
    return this.comesIn(who, { will: { topic, payload: Buffer.alloc(0), qos: 0, retain: false } })
  }

  /** Only the header of the packet is sent. */
  async largePacket(who: Credentials): Promise<number | undefined> {
    const client = await this.#enter(who)
    if (!client) return undefined
    const closed = new Promise<boolean>((resolve) => client.once('close', () => resolve(true)))
    client.stream.write(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x08]))
    const ended = await within(SETTLE_MS, closed)
    await client.endAsync(true)
    return ended ? 0 : LARGE_PACKET_BYTES
  }

  /** Undefined when the second identity does not come in at all. */
  async takeOver(who: Credentials, other: Credentials): Promise<boolean | undefined> {
    if (!(await this.comesIn(other))) return undefined
    const clientId = `audit-${randomUUID().slice(0, 8)}`
    const first = await this.#enter(who, { clientId })
    if (!first) return undefined
    const lost = new Promise<boolean>((resolve) => first.once('close', () => resolve(true)))
    const second = await this.#enter(other, { clientId })
    const taken = await within(SETTLE_MS, lost)
    await second?.endAsync(true)
    await first.endAsync(true)
    return taken
  }
}
