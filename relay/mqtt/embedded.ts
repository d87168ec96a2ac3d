/**
 * The broker inside the relay: Aedes (MQTT 3.1 and 3.1.1) behind a guard of our own. A message is acknowledged after what it says is
 * committed: Aedes acknowledges after `authorizePublish`.
 */
import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { Aedes, type Client } from 'aedes'
import { MAX_RECORDS_BYTES } from '#core/live/wire.ts'
import { NO_GRANTS } from './acl.ts'
import { Refused } from './admit.ts'
import type { Broker, BrokerPorts, BrokerStats } from './broker.ts'
import { Gate, newLink } from './gate.ts'
import { guard } from './guard.ts'
import { createInbox } from './inbox.ts'
import { type ListenOptions, listen, type Ports, type TlsFiles, type Upgrade } from './listeners.ts'
import { createPersistence } from './persistence.ts'
import { createRefusals, type RefusalReason } from './refusals.ts'

/** The largest payload with its topic. */
const MAX_PACKET_BYTES = MAX_RECORDS_BYTES + 1024
/** Of a WebSocket frame around a packet, and the packet's own. */
const FRAME_HEADER_BYTES = 16
const MAX_CLIENTS = 10_000
const CONNECT_TIMEOUT_MS = 10_000
const VIEW_EVERY_MS = 60_000
const TELL_EVERY_MS = 1000
/** A device's count of topics begins anew after so many views: an hour. */
const FORGET_EVERY = 60

export interface EmbeddedOptions extends BrokerPorts {
  readonly listen: Omit<ListenOptions, 'maxFrameBytes'>
  readonly maxClients?: number
  readonly connectTimeoutMs?: number
}

export interface EmbeddedBroker extends Broker {
  readonly ports: Ports
  readonly upgrade: Upgrade
  /** Of mqtts and wss, for connections from now on. */
  renew(tls: TlsFiles): void
}

export async function openEmbeddedBroker(options: EmbeddedOptions): Promise<EmbeddedBroker> {
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS, maxClients = MAX_CLIENTS } = options
  const refusals = createRefusals(options.refused?.bind(options))
  const inbox = createInbox(options, refusals)
  const persistence = createPersistence((session, filter) => gate.isGranted(session, filter))
  const { isDuplicate } = persistence
  const gate = new Gate({ ports: options, refusals, inbox, isDuplicate })
  const { devices, quarantined } = gate
  const open = new Set<Duplex>()

  const aedes = new Aedes({
    persistence: persistence.stores,
    connectTimeout: connectTimeoutMs,
    // Lengths of ids are judged in admit.ts; here the id has the device's before it.
    maxClientsIdLength: 1024,
    preConnect(client, packet, callback) {
      gate.rename(client, packet)
      callback(null, true)
    },
    authenticate(client, _user, password, callback) {
      gate.enter(client, password).then(
        () => callback(null, true),
        (error: unknown) => {
          if (!(error instanceof Refused)) throw error
          callback(error, false)
        },
      )
    },
    authorizePublish(client, packet, callback) {
      gate.publish(client, packet).then(
        () => callback(null),
        (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
      )
    },
    authorizeSubscribe(client, subscription, callback) {
      callback(null, gate.maySubscribe(client, subscription.topic) ? subscription : null)
    },
    authorizeForward: (client, packet) => (gate.mayForward(client, packet) ? packet : null),
  })
  aedes.on('client', (client) => gate.joined(client))
  aedes.on('clientDisconnect', (client) => gate.left(client))
  aedes.on('unsubscribe', (filters, client) => gate.unsubscribed(client, filters))
  const failed = (client: Client, error: Error) => {
    const reason = reasonOf(error)
    if (reason) gate.refuse(client, reason, error.message.slice(0, 200))
  }
  aedes.on('connectionError', failed)
  aedes.on('clientError', failed)
  // Without a listener an error of its own would end the relay. Its types leave the event out.
  let fault: string | undefined
  EventEmitter.prototype.on.call(aedes, 'error', (error: Error) => {
    fault = `The broker met an error: ${error.message}`
  })
  await aedes.listen()

  const listening = { ...options.listen, maxFrameBytes: MAX_PACKET_BYTES + FRAME_HEADER_BYTES }
  const listeners = await listen(listening, (connection, socket, request) => {
    if (open.size >= maxClients) {
      refusals.add('', 'too-many-connections', `The broker takes at most ${maxClients} connections`)
      connection.destroy()
      return
    }
    open.add(connection)
    connection.once('close', () => open.delete(connection))
    const link = newLink(socket)
    guard(connection, MAX_PACKET_BYTES, {
      packet(type, qos, bytes) {
        if (link.state) link.state.view.packet(type, qos, bytes, Date.now() * 1000)
        else link.connectBytes = bytes
      },
      refuse: (reason, detail) => refusals.add(link.device.slice(0, 64), reason, detail),
    })
    gate.arrive(aedes.handle(connection, request), link)
  })

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
    renew: listeners.renew,
    async disconnect(device) {
      const count = await disconnect(device)
      // What it retained is heard again once it has come in with the rights that it has then.
      const state = devices.get(device)
      if (state) state.grants = NO_GRANTS
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
      gate.stateOf(device).limit(perSecond, Date.now())
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
      fault,
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

/** Undefined for ends that are nobody's fault, and for refusals, which are counted where they are made. */
function reasonOf(error: Error): RefusalReason | undefined {
  if (error instanceof Refused) return undefined
  // A socket's own errors carry a code.
  if ('code' in error || ['keep alive timeout', 'drain timeout', 'connection closed'].includes(error.message))
    return undefined
  return error.message === 'connect did not arrive in time' ? 'connect-timeout' : 'malformed-packet'
}
