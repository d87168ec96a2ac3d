/** What devices do again and again: ask names, keep a connection alive, poll, browse, stream, sync the clock, announce themselves. */
import { ask, type BulkOptions, ciphertext, exponential, logNormal, type Tape, TcpConnection } from './conversation.ts'
import {
  type Announcement,
  clientHello,
  DHCP_ACK,
  DHCP_DISCOVER,
  DHCP_OFFER,
  DHCP_REQUEST,
  DNS_A,
  DNS_AAAA,
  dhcpMessage,
  dnsAnswer,
  dnsQuestion,
  mdnsAnnouncement,
  ntpPacket,
  serverHello,
  ssdpNotify,
  type TlsClient,
  type UpnpDevice,
} from './messages.ts'
import { arpFrame, BROADCAST, type Host, multicastHost, payload, udpFrame } from './packets.ts'

export const SECOND = 1e6
export const MINUTE = 60e6
export const HOUR = 3600e6

export interface Service {
  readonly name: string
  readonly host: Host
  readonly host6?: Host
  readonly rttMicros: number
}

/** A home device with what its habits need. */
export interface Actor {
  readonly tape: Tape
  readonly host: Host
  readonly host6?: Host
  readonly gateway: Host
  readonly dhcpName: string | undefined
  readonly vendorClass: string | undefined
  readonly tls: TlsClient
}

export function ephemeralPort({ tape }: Actor): number {
  return 32_768 + tape.random.int(28_232)
}

/** Moments from `from` to `to`, `period` apart with a deviation of `jitter` (both µs). */
export function* every(
  actor: Actor,
  span: { from: number; to: number; period: number; jitter: number },
): Generator<number> {
  const { random } = actor.tape
  for (let at = span.from + random.next() * span.period; at < span.to; ) {
    yield Math.round(at)
    at += Math.max(span.period / 4, span.period + span.jitter * random.normal())
  }
}

/** Moments of a Poisson process, `perHour` on average. */
export function* nowAndThen(actor: Actor, span: { from: number; to: number; perHour: number }): Generator<number> {
  const mean = HOUR / span.perHour
  for (
    let at = span.from + exponential(actor.tape.random, mean);
    at < span.to;
    at += exponential(actor.tape.random, mean)
  ) {
    yield Math.round(at)
  }
}

/** Asks the gateway for a name, now and then twice when the first answer is lost. Returns when the address is known. */
export function lookUp(actor: Actor, service: Service, micros: number): number {
  const { tape, host, gateway } = actor
  const types = actor.host6 === undefined ? [DNS_A] : [DNS_A, DNS_AAAA]
  let done = micros
  for (const type of types) {
    const address = type === DNS_A ? service.host.ip : service.host6?.ip
    const id = tape.random.int(65_536)
    const question = dnsQuestion(id, service.name, type)
    const answer = dnsAnswer(id, service.name, type, address === undefined ? [] : [address])
    const ends = { client: host, server: gateway, clientPort: ephemeralPort(actor), serverPort: 53 }
    const isLost = tape.random.next() < 0.004
    if (isLost) ask(tape, ends, { micros, rttMicros: 0, question, answer: undefined })
    const start = isLost ? micros + 5 * SECOND : micros + tape.random.int(400)
    done = Math.max(done, ask(tape, ends, { micros: start, rttMicros: 14_000, question, answer }))
  }
  return done
}

export function connect(
  actor: Actor,
  service: Service,
  { micros, port }: { micros: number; port: number },
): TcpConnection {
  const isV6 = actor.host6 !== undefined && service.host6 !== undefined
  const ends = {
    client: isV6 ? actor.host6! : actor.host,
    server: isV6 ? service.host6! : service.host,
    clientPort: ephemeralPort(actor),
    serverPort: port,
  }
  return new TcpConnection(actor.tape, ends, { startMicros: micros, rttMicros: service.rttMicros })
}

/** TCP and TLS 1.3 handshakes: client hello, the server's flight with certificates, finished, session tickets. */
export function connectTls(
  actor: Actor,
  service: Service,
  { micros, port = 443 }: { micros: number; port?: number },
): TcpConnection {
  const { random } = actor.tape
  const connection = connect(actor, service, { micros, port }).open()
  connection.wait(2000 + random.int(6000)).send('client', payload(clientHello(random, service.name, actor.tls)))
  connection.send('server', payload(serverHello(random)))
  connection.wait(300).send('server', ciphertext(2600 + ((service.name.length * 131) % 1400)))
  connection.wait(3000 + random.int(9000)).send('client', ciphertext(58))
  return connection.send('server', ciphertext(255))
}

export interface Exchange {
  readonly upBytes: number
  readonly downBytes: number
  readonly bulk?: BulkOptions
}

/** A request and its answer over an open connection; the server thinks for a moment. */
export function request(
  actor: Actor,
  connection: TcpConnection,
  { upBytes, downBytes, bulk }: Exchange,
): TcpConnection {
  const { random } = actor.tape
  connection.send('client', ciphertext(Math.round(upBytes)), bulk)
  return connection.wait(logNormal(random, 18_000, 2)).send('server', ciphertext(Math.round(downBytes)), bulk)
}

/** A short visit: look up, connect, ask once or a few times, close. */
export function poll(
  actor: Actor,
  service: Service,
  visit: Exchange & { micros: number; times?: number; port?: number },
): void {
  const { random } = actor.tape
  const micros = lookUp(actor, service, visit.micros) + 500
  const connection = connectTls(actor, service, { micros, port: visit.port ?? 443 })
  for (let i = 0; i < (visit.times ?? 1); i++) {
    const upBytes = logNormal(random, visit.upBytes, 1.2)
    request(actor, connection.wait(logNormal(random, 25_000, 1.8)), {
      upBytes,
      downBytes: logNormal(random, visit.downBytes, 1.35),
    })
  }
  connection.wait(logNormal(random, 40_000, 2)).close(random.next() < 0.85 ? 'client' : 'server')
}

export interface KeptAlive {
  readonly from: number
  readonly to: number
  readonly period: number
  readonly upBytes: number
  readonly downBytes: number
  readonly port: number
  /** The recording may begin in the middle of a connection. */
  readonly isOpen?: boolean
  /** The server ends a connection after about this long. */
  readonly lifetime: number
}

/** A connection to the maker that is kept open by small messages; it is made anew when it breaks. */
export function keepAlive(actor: Actor, service: Service, habit: KeptAlive): void {
  const { random } = actor.tape
  let isOpen = habit.isOpen ?? false
  for (let at = habit.from; at < habit.to; ) {
    const connection = isOpen
      ? connect(actor, service, { micros: at, port: habit.port })
      : connectTls(actor, service, { micros: lookUp(actor, service, at) + 800, port: habit.port })
    if (!isOpen) request(actor, connection.wait(30_000), { upBytes: 420, downBytes: 380 })
    const end = Math.min(habit.to, at + exponential(random, habit.lifetime))
    connection.wait(habit.period * random.next())
    while (connection.micros < end) {
      const startedAt = connection.micros
      request(actor, connection, { upBytes: habit.upBytes + random.int(8), downBytes: habit.downBytes + random.int(6) })
      if (random.next() < 0.05)
        request(actor, connection.wait(700_000), { upBytes: logNormal(random, 240, 1.4), downBytes: 64 })
      connection.micros = Math.max(
        connection.micros + 1000,
        Math.round(startedAt + habit.period * (1 + 0.02 * random.normal())),
      )
    }
    if (end < habit.to) {
      if (random.next() < 0.7) connection.close('server')
      else connection.reset('server')
    }
    at = Math.max(connection.micros, end) + logNormal(random, 4 * SECOND, 2)
    isOpen = false
  }
}

/** Asks a time server; one outside is looked up first. */
export function syncClock(actor: Actor, server: Service, start: number): void {
  const micros = server.name === '' ? start : lookUp(actor, server, start) + 300
  const ends = { client: actor.host, server: server.host, clientPort: ephemeralPort(actor), serverPort: 123 }
  const answer = ntpPacket('server', micros + server.rttMicros / 2)
  ask(actor.tape, ends, { micros, rttMicros: server.rttMicros, question: ntpPacket('client', micros), answer })
}

/** Who has the gateway's address? Hosts ask again when their entry grows old. */
export function arpGateway({ tape, host, gateway }: Actor, micros: number): void {
  tape.frames.push(arpFrame(micros, { kind: 'who-has', from: host, to: gateway }))
  tape.frames.push(arpFrame(micros + 400 + tape.random.int(900), { kind: 'is-at', from: gateway, to: host }))
}

/** Joining or renewing: four messages at first, two when the lease is half over. */
export function lease(actor: Actor, micros: number, { renews }: { renews: boolean }): number {
  const { tape, host, gateway } = actor
  const transaction = tape.random.int(0x100000000)
  const message = (type: number) =>
    dhcpMessage({
      type,
      transaction,
      mac: host.mac,
      hostName: actor.dhcpName,
      vendorClass: actor.vendorClass,
      address: host.ip,
      renews,
      router: gateway.ip,
    })
  const nobody: Host = { mac: host.mac, ip: '0.0.0.0', ttl: 64 }
  const client = renews ? host : nobody
  const server = renews ? gateway : BROADCAST
  let at = micros
  for (const type of renews ? [DHCP_REQUEST, DHCP_ACK] : [DHCP_DISCOVER, DHCP_OFFER, DHCP_REQUEST, DHCP_ACK]) {
    const fromServer = type === DHCP_OFFER || type === DHCP_ACK
    const [from, to] = fromServer ? [gateway, host] : [client, server]
    const [fromPort, toPort] = fromServer ? [67, 68] : [68, 67]
    tape.frames.push(udpFrame(at, { from, to, fromPort, toPort, data: message(type) }))
    at += Math.round(logNormal(tape.random, fromServer ? 9000 : 25_000, 1.5))
  }
  return at
}

export function announce({ tape, host }: Actor, service: Announcement, micros: number): void {
  const ends = { from: { ...host, ttl: 255 }, to: multicastHost('224.0.0.251'), fromPort: 5353, toPort: 5353 }
  tape.frames.push(udpFrame(micros, { ...ends, data: mdnsAnnouncement(service) }))
}

export function notifyUpnp(actor: Actor, device: UpnpDevice, micros: number): void {
  const to = multicastHost('239.255.255.250')
  const fromPort = ephemeralPort(actor)
  const types = ['upnp:rootdevice', device.type]
  types.forEach((type, i) => {
    const data = ssdpNotify({ ...device, type })
    actor.tape.frames.push(
      udpFrame(micros + i * 90_000, { from: { ...actor.host, ttl: 4 }, to, fromPort, toPort: 1900, data }),
    )
  })
}

/** One page: a few sites at once, several requests each, sizes as the web has them. */
export function browse(actor: Actor, sites: readonly Service[], micros: number): void {
  const { random } = actor.tape
  const count = 1 + random.int(Math.min(5, sites.length))
  const first = random.int(sites.length)
  for (let i = 0; i < count; i++) {
    const service = sites[(first + i) % sites.length]!
    const at = lookUp(actor, service, micros + (i === 0 ? 0 : logNormal(random, 350_000, 2))) + 300
    const connection = connectTls(actor, service, { micros: at })
    const requests = 1 + Math.floor(exponential(random, i === 0 ? 3 : 1.2))
    for (let k = 0; k < requests; k++) {
      request(actor, connection.wait(logNormal(random, 120_000, 3)), {
        upBytes: logNormal(random, 420, 1.6),
        downBytes: Math.min(250_000, logNormal(random, 8000, 3.2)),
        bulk: { joinBytes: 4380, bytesPerSecond: 4e6 },
      })
    }
    connection.wait(Math.min(50 * SECOND, logNormal(random, 5 * SECOND, 3)))
    if (random.next() < 0.75) connection.close('client')
    else connection.reset('client')
  }
}
