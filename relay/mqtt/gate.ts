/** What the embedded broker lets each connection do: come in, write, subscribe, hear. Everything it refuses is counted by its reason. */
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, ConnectPacket, PublishPacket } from 'aedes'
import { type Grants, mayPublish, mayReceive, maySubscribe, NO_GRANTS } from './acl.ts'
import { admit, Refused, sessionName } from './admit.ts'
import type { BrokerPorts } from './broker.ts'
import { DeviceState, MAX_CONNECTIONS, MAX_SESSIONS, MAX_TOPICS } from './device.ts'
import { Guesses } from './guesses.ts'
import type { Inbox } from './inbox.ts'
import type { RefusalReason, Refusals } from './refusals.ts'

export const MAX_SUBSCRIPTIONS = 100

/** A message that is acknowledged and goes nowhere: nobody may read or write there. */
const NOWHERE = '$nowhere'

/** CONNACK codes of MQTT 3.1.1 §3.2.2.3. */
const UNAVAILABLE = 3
const NOT_AUTHORIZED = 5

/** One connection; what follows `filters` is filled by its CONNECT. */
export interface Link {
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

export function newLink(socket: Socket): Link {
  return {
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
}

export interface GateParts {
  readonly ports: BrokerPorts
  readonly refusals: Refusals
  readonly inbox: Inbox
  /** Whether a QoS 2 message was taken already. */
  readonly isDuplicate: (client: Client, packet: PublishPacket) => Promise<boolean>
}

export class Gate {
  readonly devices = new Map<string, DeviceState>()
  readonly quarantined = new Set<string>()
  readonly #parts: GateParts
  readonly #guesses = new Guesses()
  readonly #links = new WeakMap<Client, Link>()
  readonly #bySession = new Map<string, Link>()
  /** Who wrote what is retained, for topics that do not begin with guardian/<device>/. */
  readonly #writers = new Map<string, string>()

  constructor(parts: GateParts) {
    this.#parts = parts
  }

  stateOf(device: string): DeviceState {
    const known = this.devices.get(device)
    if (known) return known
    const made = new DeviceState()
    this.devices.set(device, made)
    return made
  }

  arrive(client: Client, link: Link): void {
    this.#links.set(client, link)
  }

  /** Puts the device's id before the client's, before anything is looked up by it. */
  rename(client: Client, packet: ConnectPacket): void {
    const link = this.#linkOf(client)
    link.connect = { ...packet }
    link.device = packet.username ?? ''
    packet.clientId = sessionName(link.device, packet.clientId)
  }

  /** Rejects with `Refused`. */
  async enter(client: Client, password: Buffer | undefined): Promise<void> {
    try {
      await this.#enter(client, password)
    } catch (error) {
      if (error instanceof Refused) this.refuse(client, error.reason, error.message)
      throw error
    }
  }

  async #enter(client: Client, password: Buffer | undefined): Promise<void> {
    const link = this.#linkOf(client)
    const { device, address, connect } = link
    if (connect === undefined) throw new Error('a connection without its CONNECT')
    const { will, clientId, clean = true } = connect
    const asked = { device, client: clientId, clean, will, password, address }
    const grants = await admit(asked, this.#parts.ports, this.#guesses, Date.now())
    if (this.quarantined.has(device)) throw new Refused('quarantined', NOT_AUTHORIZED, 'The device is quarantined')
    const state = this.stateOf(device)
    if (state.connections.size >= MAX_CONNECTIONS && !state.connections.has(client.id))
      throw new Refused('too-many-connections', UNAVAILABLE, `A device has at most ${MAX_CONNECTIONS} connections`)
    if (clean) state.sessions.delete(client.id)
    else if (!state.sessions.has(client.id) && state.sessions.size >= MAX_SESSIONS)
      throw new Refused('too-many-connections', UNAVAILABLE, `A device has at most ${MAX_SESSIONS} kept sessions`)
    else state.sessions.add(client.id)
    link.grants = grants
    link.state = state
    state.grants = grants
    this.#bySession.set(client.id, link)
    state.view.packet(1, 0, link.connectBytes, Date.now() * 1000)
  }

  /** Rejects to close the connection without an acknowledgement. */
  async publish(client: Client | null, packet: PublishPacket): Promise<void> {
    const link = client && this.#links.get(client)
    const state = link?.state
    if (!client || !link || !state) return drop(packet)
    const { device, grants } = link
    if (this.quarantined.has(device)) throw new Refused('quarantined', NOT_AUTHORIZED, 'The device is quarantined')
    const refuse = (reason: RefusalReason, detail: string) => {
      this.refuse(client, reason, detail)
      drop(packet)
    }
    if (!mayPublish(grants, packet.topic))
      return refuse('publish-denied', 'A device writes under its own topic and those that it is named for')
    state.view.published(packet.topic, MAX_TOPICS)
    if (!state.mayUse(packet.topic))
      return refuse('too-many-topics', `A device writes to at most ${MAX_TOPICS} topics an hour`)
    const waitMs = state.wait(Date.now())
    if (waitMs !== 0) {
      const slower = 'The device may send fewer messages a second'
      if (packet.qos === 0) return refuse('rate-limited', slower)
      this.refuse(client, 'rate-limited', slower)
      if (waitMs === undefined) throw new Refused('rate-limited', NOT_AUTHORIZED, slower)
      await sleep(waitMs)
    }
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
    if (packet.retain) {
      if (!state.mayRetain(packet.topic, payload.length)) {
        this.refuse(client, 'too-many-retained', 'Few and small messages of a device are retained')
        packet.retain = false
      } else if (!packet.topic.startsWith('guardian/')) this.#writers.set(packet.topic, device)
    }
    if (packet.qos === 2 && (await this.#parts.isDuplicate(client, packet))) return
    await this.#parts.inbox.take(device, packet.topic, payload)
  }

  maySubscribe(client: Client, filter: string): boolean {
    const { grants, filters } = this.#linkOf(client)
    if (!maySubscribe(grants, filter)) {
      this.refuse(client, 'subscribe-denied', 'A device subscribes to what it may read')
      return false
    }
    if (!filters.has(filter) && filters.size >= MAX_SUBSCRIPTIONS) {
      this.refuse(client, 'too-many-subscriptions', `A connection has at most ${MAX_SUBSCRIPTIONS} subscriptions`)
      return false
    }
    filters.add(filter)
    return true
  }

  /** Whether the session was granted the filter, on whatever connection it has now. */
  isGranted(session: string, filter: string): boolean {
    return this.#bySession.get(session)?.filters.has(filter) ?? false
  }

  /** Asked for each delivery: what reader and writer may do now counts, not what they could when they subscribed or wrote. */
  mayForward(client: Client, packet: { readonly topic: string; readonly retain: boolean }): boolean {
    const link = this.#links.get(client)
    if (link === undefined || !mayReceive(link.grants, packet.topic)) return false
    const { topic } = packet
    const writer = topic.startsWith('guardian/') ? (topic.split('/', 2)[1] ?? '') : (this.#writers.get(topic) ?? '')
    if (this.quarantined.has(writer)) return false
    // A retained message whose writer may no longer write it is not heard either (CVE-2018-12546).
    const state = packet.retain ? this.devices.get(writer) : undefined
    if (state && !mayPublish(state.grants, topic)) return false
    link.state?.view.delivered()
    return true
  }

  joined(client: Client): void {
    const link = this.#linkOf(client)
    const { state, device } = link
    if (!state) return
    // Quarantined between its log-in and now.
    if (this.quarantined.has(device)) {
      client.close()
      return
    }
    state.connections.set(client.id, {
      close: () => new Promise<void>((resolve) => client.close(resolve)),
      tellWritten: () => tellWritten(link),
    })
    this.#parts.ports.seen(device, { kind: 'connected', address: link.address, client: link.connect?.clientId ?? '' })
  }

  left(client: Client): void {
    const link = this.#linkOf(client)
    const { state, device } = link
    if (this.#bySession.get(client.id) === link) this.#bySession.delete(client.id)
    if (!state?.connections.delete(client.id)) return
    tellWritten(link)
    this.#parts.ports.seen(device, { kind: 'disconnected', client: link.connect?.clientId ?? '' })
  }

  unsubscribed(client: Client, filters: readonly string[]): void {
    const link = this.#linkOf(client)
    for (const filter of filters) link.filters.delete(filter)
  }

  refuse(client: Client, reason: RefusalReason, detail: string): void {
    // A user name may be anything before it is known to be a device's.
    this.#parts.refusals.add(this.#links.get(client)?.device.slice(0, 64) ?? '', reason, detail)
  }

  #linkOf(client: Client): Link {
    const link = this.#links.get(client)
    if (link === undefined) throw new Error('a client that did not come through the gate')
    return link
  }
}

function drop(packet: PublishPacket): void {
  packet.topic = NOWHERE
  packet.payload = Buffer.alloc(0)
  packet.retain = false
}

function tellWritten(link: Link): void {
  link.state?.view.sent(link.socket.bytesWritten - link.told)
  link.told = link.socket.bytesWritten
}
