/**
 * The broker inside the relay: Aedes (MQTT 3.1 and 3.1.1) behind a guard of our own. A message is acknowledged after what it says is
 * committed: Aedes acknowledges after `authorizePublish`.
 */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { Aedes, type Client, type ConnectPacket, type PublishPacket } from 'aedes'
import { MAX_RECORDS_BYTES } from '#core/live/wire.ts'
import { type Grants, mayPublish, mayReceive, maySubscribe, NO_GRANTS } from './acl.ts'
import { admit, Refused, sessionName } from './admit.ts'
import type { Broker, BrokerPorts, BrokerStats } from './broker.ts'
import { DeviceState, MAX_CONNECTIONS, MAX_SESSIONS, MAX_TOPICS } from './device.ts'
import { guard } from './guard.ts'
import { Guesses } from './guesses.ts'
import { createInbox } from './inbox.ts'
import { type ListenOptions, listen, type Ports, type Upgrade } from './listeners.ts'
import { createPersistence } from './persistence.ts'
import { createRefusals, type RefusalReason } from './refusals.ts'

/** The largest payload with its topic. */
const MAX_PACKET_BYTES = MAX_RECORDS_BYTES + 1024
const MAX_SUBSCRIPTIONS = 100
const MAX_CLIENTS = 10_000
const CONNECT_TIMEOUT_MS = 10_000
const VIEW_EVERY_MS = 60_000
const TELL_EVERY_MS = 1000
/** A device's count of topics begins anew after so many views: an hour. */
const FORGET_EVERY = 60

/** A message that is acknowledged and goes nowhere: nobody may read or write there. */
const NOWHERE = '$nowhere'

export interface EmbeddedOptions extends BrokerPorts {
  readonly listen: Omit<ListenOptions, 'maxFrameBytes'>
  readonly maxClients?: number
  readonly connectTimeoutMs?: number
}

export interface EmbeddedBroker extends Broker {
  readonly ports: Ports
  readonly upgrade: Upgrade
}

/** One connection; the fields with `|` are filled by its CONNECT. */
interface Link {
  readonly address: string
  readonly socket: Socket
  readonly filters: Set<string>
  connect: ConnectPacket | undefined
  device: string
  grants: Grants
  state: DeviceState | undefined
  connectBytes: number
  /** Of what was written to the socket: bytes that the device's view holds already. */
  told: number
}

export async function openEmbeddedBroker(options: EmbeddedOptions): Promise<EmbeddedBroker> {
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS, maxClients = MAX_CLIENTS } = options
  const refusals = createRefusals(options.refused?.bind(options))
  const inbox = createInbox(options, refusals)
  const guesses = new Guesses()
  const links = new WeakMap<Client, Link>()
  const bySession = new Map<string, Link>()
  const devices = new Map<string, DeviceState>()
  const quarantined = new Set<string>()
  /** Who wrote what is retained, for topics that do not begin with guardian/<device>/. */
  const writers = new Map<string, string>()
  const open = new Set<Duplex>()

  const persistence = createPersistence((session, filter) => {
    const link = bySession.get(session)
    return link?.filters.has(filter) ?? false
  })

  const aedes = new Aedes({
    persistence: persistence.stores,
    connectTimeout: connectTimeoutMs,
    // Lengths of ids are judged in admit.ts; here the id has the device's before it.
    maxClientsIdLength: 1024,
    preConnect(client, packet, callback) {
      const link = links.get(client)
      if (link === undefined) return callback(new Error('a connection without its link'), false)
      link.connect = { ...packet }
      link.device = packet.username ?? ''
      packet.clientId = sessionName(link.device, packet.clientId)
      callback(null, true)
    },
    authenticate(client, _user, password, callback) {
      enter(client, password).then(
        () => callback(null, true),
        (error: unknown) => {
          if (!(error instanceof Refused)) throw error
          refusals.add(links.get(client)?.device.slice(0, 64) ?? '', error.reason, error.message)
          callback(error, false)
        },
      )
    },
    authorizePublish(client, packet, callback) {
      publish(client, packet).then(
        () => callback(null),
        (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
      )
    },
    authorizeSubscribe(client, subscription, callback) {
      const link = links.get(client)
      const refuse = (reason: RefusalReason, detail: string) => {
        refusals.add(link?.device ?? '', reason, detail)
        callback(null, null)
      }
      if (link === undefined || !maySubscribe(link.grants, subscription.topic))
        return refuse('subscribe-denied', 'A device subscribes to what it may read')
      if (!link.filters.has(subscription.topic) && link.filters.size >= MAX_SUBSCRIPTIONS)
        return refuse('too-many-subscriptions', `A connection has at most ${MAX_SUBSCRIPTIONS} subscriptions`)
      link.filters.add(subscription.topic)
      callback(null, subscription)
    },
    authorizeForward(client, packet) {
      const link = links.get(client)
      if (link === undefined || !mayReceive(link.grants, packet.topic) || quarantined.has(writerOf(packet.topic)))
        return null
      link.state?.view.delivered()
      return packet
    },
  })

  function stateOf(device: string): DeviceState {
    const known = devices.get(device)
    if (known) return known
    const made = new DeviceState()
    devices.set(device, made)
    return made
  }

  async function enter(client: Client, password: Buffer | undefined): Promise<void> {
    const link = links.get(client)
    const connect = link?.connect
    if (link === undefined || connect === undefined) throw new Error('a connection that was not announced')
    const { device, address } = link
    const { will, clientId } = connect
    const clean = connect.clean ?? true
    const asked = { device, client: clientId, clean, will, password, address }
    const grants = await admit(asked, options, guesses, Date.now())
    if (quarantined.has(device)) throw new Refused('quarantined', 5, 'The device is quarantined')
    const state = stateOf(device)
    if (state.connections.size >= MAX_CONNECTIONS && !state.connections.has(client.id))
      throw new Refused('too-many-connections', 3, `A device has at most ${MAX_CONNECTIONS} connections`)
    if (clean) state.sessions.delete(client.id)
    else if (!state.sessions.has(client.id) && state.sessions.size >= MAX_SESSIONS)
      throw new Refused('too-many-connections', 3, `A device has at most ${MAX_SESSIONS} sessions that are kept`)
    else state.sessions.add(client.id)
    link.grants = grants
    link.state = state
    bySession.set(client.id, link)
    state.view.packet(1, 0, link.connectBytes, nowMicros())
  }

  /** Rejects to close the connection without an acknowledgement. */
  async function publish(client: Client | null, packet: PublishPacket): Promise<void> {
    const link = client && links.get(client)
    const state = link?.state
    if (!link || !state) return drop(packet)
    const { device, grants } = link
    if (quarantined.has(device)) throw new Refused('quarantined', 5, 'The device is quarantined')
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
    const refuse = (reason: RefusalReason, detail: string) => {
      refusals.add(device, reason, detail)
      drop(packet)
    }
    if (!mayPublish(grants, packet.topic))
      return refuse('publish-denied', 'A device writes under its own topic and those that it is named for')
    state.view.published(packet.topic, MAX_TOPICS)
    if (!state.mayUse(packet.topic))
      return refuse('too-many-topics', `A device writes to at most ${MAX_TOPICS} topics an hour`)
    const waitMs = state.wait(Date.now())
    if (waitMs !== 0) {
      if (packet.qos === 0) return refuse('rate-limited', 'The device may send fewer messages a second')
      refusals.add(device, 'rate-limited', 'The device may send fewer messages a second')
      if (waitMs === undefined) throw new Refused('rate-limited', 5, 'The device may send fewer messages a second')
      await sleep(waitMs)
    }
    if (packet.retain) {
      if (!state.mayRetain(packet.topic, payload.length)) {
        refusals.add(device, 'too-many-retained', 'Few and small messages of a device are retained')
        packet.retain = false
      } else if (!packet.topic.startsWith('guardian/')) writers.set(packet.topic, device)
    }
    if (packet.qos === 2 && client && (await persistence.isDuplicate(client, packet))) return
    await inbox.take(device, packet.topic, payload)
  }

  function drop(packet: PublishPacket): void {
    packet.topic = NOWHERE
    packet.payload = Buffer.alloc(0)
    packet.retain = false
  }

  function writerOf(topic: string): string {
    return topic.startsWith('guardian/') ? (topic.split('/', 2)[1] ?? '') : (writers.get(topic) ?? '')
  }

  function tellWritten(link: Link): void {
    link.state?.view.sent(link.socket.bytesWritten - link.told)
    link.told = link.socket.bytesWritten
  }

  aedes.on('client', (client) => {
    const link = links.get(client)
    if (!link?.state) return
    link.state.connections.set(client.id, {
      close: () => new Promise<void>((resolve) => client.close(resolve)),
      tellWritten: () => tellWritten(link),
    })
    options.seen(link.device, { kind: 'connected', address: link.address, client: link.connect?.clientId ?? '' })
  })
  aedes.on('clientDisconnect', (client) => {
    const link = links.get(client)
    if (!link?.state) return
    tellWritten(link)
    link.state.connections.delete(client.id)
    if (bySession.get(client.id) === link) bySession.delete(client.id)
    options.seen(link.device, { kind: 'disconnected', client: link.connect?.clientId ?? '' })
  })
  aedes.on('unsubscribe', (filters, client) => {
    for (const filter of filters) links.get(client)?.filters.delete(filter)
  })
  const failed = (client: Client, error: Error) => {
    const reason = reasonOf(error)
    if (reason) refusals.add(links.get(client)?.device.slice(0, 64) ?? '', reason, error.message.slice(0, 200))
  }
  aedes.on('connectionError', failed)
  aedes.on('clientError', failed)
  await aedes.listen()

  const listeners = await listen(
    { ...options.listen, maxFrameBytes: MAX_PACKET_BYTES + 5 },
    (connection, socket, request) => {
      const link: Link = {
        address: socket.remoteAddress ?? '',
        socket,
        filters: new Set(),
        connect: undefined,
        device: '',
        grants: NO_GRANTS,
        state: undefined,
        connectBytes: 0,
        told: 0,
      }
      if (open.size >= maxClients) {
        refusals.add('', 'too-many-connections', `The broker takes at most ${maxClients} connections`)
        connection.destroy()
        return
      }
      open.add(connection)
      connection.once('close', () => open.delete(connection))
      guard(connection, MAX_PACKET_BYTES, {
        packet(type, qos, bytes) {
          if (link.state) link.state.view.packet(type, qos, bytes, nowMicros())
          else link.connectBytes = bytes
        },
        refuse: (reason, detail) => refusals.add(link.device.slice(0, 64), reason, detail),
      })
      links.set(aedes.handle(connection, request), link)
    },
  )

  async function flush(): Promise<void> {
    const port = listeners.ports.tcp ?? listeners.ports.tls ?? 0
    const views = [...devices].map(async ([device, state]) => {
      for (const connection of state.connections.values()) connection.tellWritten()
      const record = state.view.take(port)
      if (record) await options.ingest(device, [record], 'broker')
    })
    const done = await Promise.allSettled(views)
    for (const one of done)
      if (one.status === 'rejected') refusals.add('', 'not-committed', "The store did not take the broker's own view")
    refusals.flush()
  }

  let views = 0
  const viewTimer = setInterval(() => {
    if (++views % FORGET_EVERY === 0) for (const state of devices.values()) state.forget()
    void flush()
  }, VIEW_EVERY_MS)
  const tellTimer = setInterval(() => refusals.flush(), TELL_EVERY_MS)

  async function disconnect(device: string): Promise<number> {
    const connections = [...(devices.get(device)?.connections.values() ?? [])]
    await Promise.all(connections.map(({ close }) => close()))
    return connections.length
  }

  return {
    ports: listeners.ports,
    upgrade: listeners.upgrade,
    async disconnect(device) {
      const count = await disconnect(device)
      return count === 0
        ? { success: false, detail: `${device} was not connected` }
        : { success: true, detail: `The broker closed ${connectionsOf(count)} of ${device}` }
    },
    async quarantine(device) {
      quarantined.add(device)
      const count = await disconnect(device)
      return { success: true, detail: `The broker closed ${connectionsOf(count)} of ${device} and refuses new ones` }
    },
    async release(device) {
      quarantined.delete(device)
      return { success: true, detail: `The broker lets ${device} connect again` }
    },
    async limit(device, perSecond) {
      stateOf(device).limit(perSecond, Date.now())
      return {
        success: true,
        detail: `${device} may send ${perSecond === undefined ? 'as many messages as it likes' : `${perSecond} messages a second`}`,
      }
    },
    publish(topic, payload, { retain = false, qos = 0 } = {}) {
      return new Promise<void>((resolve, reject) => {
        const packet = { cmd: 'publish' as const, topic, payload: Buffer.from(payload), retain, qos, dup: false }
        aedes.publish(packet, (error) => (error ? reject(error) : resolve()))
      })
    },
    stats: (): BrokerStats => ({
      kind: 'embedded',
      fault: undefined,
      connected: aedes.connectedClients,
      ...inbox.counts,
      refused: { ...refusals.totals },
    }),
    flush,
    async close() {
      clearInterval(viewTimer)
      clearInterval(tellTimer)
      const closing = listeners.close()
      await new Promise<void>((resolve) => aedes.close(resolve))
      for (const connection of open) connection.destroy()
      await closing
      await flush()
    },
  }
}

const connectionsOf = (count: number): string => (count === 1 ? 'the connection' : `${count} connections`)

const nowMicros = (): number => Date.now() * 1000

/** Undefined for ends that are nobody's fault, and for refusals, which are counted where they are made. */
function reasonOf(error: Error): RefusalReason | undefined {
  if (error instanceof Refused) return undefined
  // A socket's own errors carry a code.
  if ('code' in error || ['keep alive timeout', 'drain timeout', 'connection closed'].includes(error.message))
    return undefined
  return error.message === 'connect did not arrive in time' ? 'connect-timeout' : 'malformed-packet'
}
