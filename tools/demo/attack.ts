/** What a taken-over device does in the story, each act on its own so that tests can film one alone. */
import { ciphertext, logNormal, TcpConnection, textPayload } from './conversation.ts'
import { type Actor, ephemeralPort, MINUTE, request, SECOND, type Service } from './habits.ts'
import { arpFrame, type Host, payload } from './packets.ts'

/** Who lives at an address of the home, and what it answers on. */
export interface Neighbour {
  readonly host: Host
  readonly openPorts: readonly number[]
}

const SCANNED_PORTS = [23, 2323, 80, 8080, 554, 5555]
/** Between the connection attempts of a scan. */
const SCAN_STEP_MICROS = 140_000

/** ARP and TCP SYN over the whole /24. Who is not there is asked through the gateway and says nothing. Returns the end. */
export function scanHome(actor: Actor, neighbours: readonly Neighbour[], micros: number): number {
  const { tape, host, gateway } = actor
  const { random } = tape
  const network = host.ip.slice(0, host.ip.lastIndexOf('.') + 1)
  const living = new Map(neighbours.map((neighbour) => [neighbour.host.ip, neighbour]))
  let at = micros
  for (let last = 1; last < 255; last++) {
    const ip = `${network}${last}`
    if (ip === host.ip) continue
    const target = living.get(ip)?.host ?? { mac: gateway.mac, ip, ttl: 64 }
    tape.frames.push(arpFrame(at, { kind: 'who-has', from: host, to: target }))
    if (living.has(ip))
      tape.frames.push(arpFrame(at + 1200 + random.int(2000), { kind: 'is-at', from: target, to: host }))
    at += 8000 + random.int(9000)
  }
  for (const port of SCANNED_PORTS) {
    for (let last = 1; last < 255; last++) {
      const ip = `${network}${last}`
      if (ip === host.ip) continue
      const neighbour = living.get(ip)
      const server = neighbour?.host ?? { mac: gateway.mac, ip, ttl: 64 }
      const ends = { client: host, server, clientPort: ephemeralPort(actor), serverPort: port }
      const connection = new TcpConnection(tape, ends, { startMicros: at, rttMicros: 2500 })
      if (neighbour?.openPorts.includes(port)) connection.open().wait(40_000).reset('client')
      else connection.knock(neighbour !== undefined)
      at += Math.round(logNormal(random, SCAN_STEP_MICROS, 1.6))
    }
    at += 4 * SECOND
  }
  return at
}

const LOGINS = [
  ['root', 'root'],
  ['root', 'admin'],
  ['admin', 'admin'],
  ['admin', '1234'],
  ['root', '12345'],
  ['user', 'user'],
  ['support', 'support'],
  ['root', 'pass'],
  ['guest', 'guest'],
] as const

/** Logs in by telnet (RFC 854), three tries a connection, until one after `failures` works. Returns the end. */
export function guessTelnet(
  actor: Actor,
  victim: Host,
  { micros, failures }: { micros: number; failures: number },
): number {
  const { random } = actor.tape
  let at = micros
  let tries = 0
  while (tries <= failures) {
    const ends = { client: actor.host, server: victim, clientPort: ephemeralPort(actor), serverPort: 23 }
    const connection = new TcpConnection(actor.tape, ends, { startMicros: at, rttMicros: 2200 }).open()
    connection.wait(20_000).send('server', payload(Uint8Array.of(255, 253, 1, 255, 253, 31, 255, 251, 1, 255, 251, 3)))
    connection.send('client', payload(Uint8Array.of(255, 252, 31, 255, 253, 1)))
    for (let i = 0; i < 3 && tries <= failures; i++, tries++) {
      const [user, word] = LOGINS[tries % LOGINS.length]!
      connection
        .wait(30_000)
        .send('server', textPayload('\r\nlogin: '))
        .wait(logNormal(random, 90_000, 1.4))
      connection.send('client', textPayload(`${user}\r\n`)).send('server', textPayload(`${user}\r\nPassword: `))
      connection.wait(logNormal(random, 90_000, 1.4)).send('client', textPayload(`${word}\r\n`))
      if (tries < failures) connection.wait(1.4 * SECOND).send('server', textPayload('\r\nLogin incorrect\r\n'))
    }
    if (tries > failures) converse(connection)
    else connection.wait(200_000).close('server')
    at = connection.micros + Math.round(logNormal(random, 700_000, 1.5))
  }
  return at
}

function converse(connection: TcpConnection): void {
  connection.wait(180_000).send('server', textPayload('\r\n\r\nBusyBox v1.19.4 built-in shell (ash)\r\n\r\n# '))
  for (const [command, answer] of [
    ['cat /proc/cpuinfo', 'system type : MIPS 24KEc\r\nprocessor : 0\r\n# '],
    ['mount', 'rootfs on / type rootfs (rw)\r\nproc on /proc type proc (rw)\r\n# '],
    ['exit', ''],
  ] as const) {
    connection.wait(260_000).send('client', textPayload(`${command}\r\n`))
    connection.send('server', textPayload(`${command}\r\n${answer}`))
  }
  connection.close('server')
}

/** One short call a minute to the same host, hardly ever different. */
export function callHome(actor: Actor, master: Service, span: { from: number; to: number; port: number }): void {
  const { random } = actor.tape
  for (let at = span.from; at < span.to; at += MINUTE + Math.round(900_000 * random.normal())) {
    report(actor, master, { micros: at, port: span.port })
  }
}

/** Returns the end. */
function report(actor: Actor, master: Service, { micros, port }: { micros: number; port: number }): number {
  const connection = outbound(actor, master, { micros, port }).open()
  request(actor, connection.wait(20_000), { upBytes: 76 + actor.tape.random.int(3), downBytes: 44 })
  connection.wait(250_000).close('client')
  return connection.micros
}

export interface UploadTask {
  readonly from: number
  readonly to: number
  readonly port: number
  /** Where each file sent is reported. */
  readonly reportPort: number
  readonly bytes: number
  /** One connection each, such as an hour of recordings. */
  readonly files: number
  /** Times between which it waits. */
  readonly sittings: number
}

/** Sends `bytes` out, some files after each other, then none for a while; the last sitting begins at `to`. Returns the end. */
export function upload(actor: Actor, master: Service, task: UploadTask): number {
  const { random } = actor.tape
  const step = (task.to - task.from) / (task.sittings - 1)
  const perSitting = task.files / task.sittings
  let end = task.from
  for (let sitting = 0; sitting < task.sittings; sitting++) {
    let at = task.from + step * sitting
    for (let file = 0; file < perSitting; file++) {
      const connection = outbound(actor, master, { micros: at, port: task.port }).open()
      connection.wait(30_000).send('client', ciphertext(190)).send('server', ciphertext(40))
      connection.send('client', ciphertext(Math.round(task.bytes / task.files)), {
        joinBytes: 14_600,
        bytesPerSecond: 450_000,
      })
      connection.send('server', ciphertext(28)).wait(120_000).close('client')
      const micros = connection.micros + logNormal(random, 600_000, 2)
      at = report(actor, master, { micros, port: task.reportPort }) + logNormal(random, 1.5 * SECOND, 2)
      end = connection.micros
    }
  }
  return end
}

function outbound(actor: Actor, master: Service, { micros, port }: { micros: number; port: number }): TcpConnection {
  const ends = { client: actor.host, server: master.host, clientPort: ephemeralPort(actor), serverPort: port }
  return new TcpConnection(actor.tape, ends, { startMicros: Math.round(micros), rttMicros: master.rttMicros })
}
