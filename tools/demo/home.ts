/** A day and a half in a flat: what each device does by habit, and the four things that happen. docs/demo.md tells it. */
import { callHome, guessTelnet, scanHome, upload } from './attack.ts'
import {
  CAMERA_CLIPS,
  CAMERA_HUB,
  CLOCK,
  castHome,
  FILM_API,
  FILM_EDGES,
  GATEWAY,
  GATEWAY_LINK,
  HOME_PREFIX_ADDRESS,
  MAIL,
  MASTER,
  neighboursOf,
  PLUG_BROKER,
  PRINTER_FIRMWARE,
  PRINTER_SUPPLIES,
  PUSH,
  SITES,
  THERMOSTAT_API,
  TV_LOG,
  VISITOR_PUSH,
} from './cast.ts'
import { ciphertext, logNormal, TcpConnection, textPayload } from './conversation.ts'
import {
  type Actor,
  announce,
  arpGateway,
  browse,
  connect,
  connectTls,
  ephemeralPort,
  every,
  HOUR,
  keepAlive,
  lease,
  lookUp,
  MINUTE,
  notifyUpnp,
  nowAndThen,
  poll,
  request,
  SECOND,
  syncClock,
} from './habits.ts'
import {
  httpGet,
  httpHead,
  MQTT_CONNACK,
  MQTT_PING,
  MQTT_PONG,
  mdnsQuestion,
  mqttConnect,
  mqttPublish,
  routerAdvertisement,
  ssdpSearch,
} from './messages.ts'
import { icmpFrame, multicastHost, payload, udpFrame } from './packets.ts'
import type { Frame } from './pcap-writer.ts'

/** Tuesday, 12 May 2026, 00:00 UTC. */
export const START_MICROS = Date.UTC(2026, 4, 12) * 1000
export const END_MICROS = START_MICROS + 36 * HOUR

/** Time of the story: hours and minutes of day 1 or 2. */
export function moment(day: 1 | 2, clock: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number)
  return START_MICROS + (day - 1) * 24 * HOUR + hours * HOUR + minutes * MINUTE + seconds * SECOND
}

interface Span {
  readonly from: number
  readonly to: number
}

const WHOLE: Span = { from: START_MICROS, to: END_MICROS }
/** Taken over at night, restarted by its owner in the morning, which ends it. */
const TAKEN_OVER: Span = { from: moment(2, '03:10:12'), to: moment(2, '07:06:00') }
const THERMOSTAT_SILENT: Span = { from: moment(1, '12:38:20'), to: moment(1, '17:44:05') }
const UPLOAD_BYTES = 120e6
const FIRMWARE_BYTES = 96e6
/** It asks for the file in ranges, one connection each. */
const FIRMWARE_PARTS = 4

/** All frames of the story, in no particular order. */
export function filmHome(seed: number): Frame[] {
  const frames: Frame[] = []
  const cast = castHome(seed, frames)
  liveGateway(cast.thermostat)
  liveCamera(cast.frontDoor, { clipsPerHour: 1.3, breaks: [TAKEN_OVER.to] })
  liveCamera(cast.garden, { clipsPerHour: 0.8, breaks: [] })
  livePlug(cast.plug)
  liveTv(cast.tv)
  livePrinter(cast.printer)
  liveThermostat(cast.thermostat)
  livePhone(cast.phone)
  liveLaptop(cast.laptop, cast.printer)
  takeOver(cast.frontDoor, cast.plug)
  updatePrinter(cast.printer)
  visit(cast.visitor)
  return frames.filter((frame) => frame.micros >= START_MICROS && frame.micros < END_MICROS)
}

function liveGateway({ tape }: Actor): void {
  const gateway: Actor = {
    tape,
    host: GATEWAY,
    gateway: GATEWAY,
    dhcpName: undefined,
    vendorClass: undefined,
    tls: { ciphers: [], alpn: [], versions: [] },
  }
  const upnp = {
    ip: GATEWAY.ip,
    port: 1900,
    type: 'urn:schemas-upnp-org:device:InternetGatewayDevice:1',
    uuid: '8f2b1c04-7a11-4a2e-9d0e-7097413a5201',
    server: 'Linux/5.10 UPnP/1.1 HomeRouter/7.2',
  }
  for (const at of every(gateway, { ...WHOLE, period: 30 * MINUTE, jitter: 10 * SECOND })) notifyUpnp(gateway, upnp, at)
  const everybody = multicastHost('ff02::1')
  const advertisement = routerAdvertisement(GATEWAY.mac, HOME_PREFIX_ADDRESS)
  for (const at of every(gateway, { ...WHOLE, period: 9 * MINUTE, jitter: 40 * SECOND })) {
    tape.frames.push(icmpFrame(at, { from: GATEWAY_LINK, to: everybody }, 134, advertisement))
  }
}

/** What every device does to stay on the network. */
function stay(actor: Actor, span: Span, { arpMinutes }: { arpMinutes: number }): void {
  for (const at of every(actor, { ...span, period: arpMinutes * MINUTE, jitter: MINUTE })) arpGateway(actor, at)
  for (let at = span.from + 6 * HOUR; at < span.to; at += 6 * HOUR) lease(actor, at, { renews: true })
}

function restart(actor: Actor, micros: number): number {
  const up = lease(actor, micros + actor.tape.random.int(SECOND), { renews: false })
  arpGateway(actor, up + 30_000)
  return up + SECOND
}

function liveCamera(actor: Actor, { clipsPerHour, breaks }: { clipsPerHour: number; breaks: readonly number[] }): void {
  const spans = [WHOLE.from, ...breaks].map((from, i, all): Span => ({ from, to: all[i + 1] ?? WHOLE.to }))
  spans.forEach(({ from, to }, i) => {
    const start = i === 0 ? restart(actor, from + 20 * SECOND) : restart(actor, from + 48 * SECOND)
    const habit = { period: 100 * SECOND, upBytes: 96, downBytes: 80, port: 8883, lifetime: 7 * HOUR }
    keepAlive(actor, CAMERA_HUB, { ...habit, from: start, to })
    stay(actor, { from: start, to }, { arpMinutes: 12 })
    for (const at of every(actor, { from: start, to, period: 17 * MINUTE, jitter: 20 * SECOND }))
      syncClock(actor, { name: '', host: GATEWAY, rttMicros: 900 }, at)
    for (const at of nowAndThen(actor, { from: start, to, perHour: clipsPerHour })) {
      const hour = ((at - START_MICROS) / HOUR) % 24
      if (hour > 7 && hour < 22.5) sendClip(actor, at)
    }
  })
}

function sendClip(actor: Actor, micros: number): void {
  const connection = connectTls(actor, CAMERA_CLIPS, { micros: lookUp(actor, CAMERA_CLIPS, micros) + 700 })
  const clip = Math.min(400_000, logNormal(actor.tape.random, 85_000, 1.7))
  request(actor, connection.wait(40_000), { upBytes: 640, downBytes: 210 })
  request(actor, connection, { upBytes: clip, downBytes: 180, bulk: { bytesPerSecond: 600_000, loss: 0.004 } })
    .wait(90_000)
    .close()
}

/** Plain MQTT: power readings each minute, more often while coffee is made. */
function livePlug(actor: Actor): void {
  const { random } = actor.tape
  const from = restart(actor, WHOLE.from + 35 * SECOND)
  stay(actor, { from, to: WHOLE.to }, { arpMinutes: 9 })
  for (const at of every(actor, { from, to: WHOLE.to, period: HOUR, jitter: 5 * SECOND })) syncClock(actor, CLOCK, at)
  for (let at = from; at < WHOLE.to; ) {
    const connection = connect(actor, PLUG_BROKER, { micros: lookUp(actor, PLUG_BROKER, at) + 900, port: 1883 }).open()
    connection.send('client', payload(mqttConnect('plug-b07e31', 90))).send('server', payload(MQTT_CONNACK))
    const end = at + (9 + 5 * random.next()) * HOUR
    while (connection.micros < Math.min(end, WHOLE.to)) {
      const startedAt = connection.micros
      const hour = ((startedAt - START_MICROS) / HOUR) % 24
      const brews = (hour > 6.6 && hour < 7.2) || (hour > 18.4 && hour < 18.8)
      const watts = brews ? 900 + random.int(400) : 1 + random.int(2)
      connection.send(
        'client',
        payload(mqttPublish('home/plug-b07e31/power', `{"w":${watts},"v":${228 + random.int(6)}}`)),
      )
      if (random.next() < 0.1)
        connection.wait(800_000).send('client', payload(MQTT_PING)).send('server', payload(MQTT_PONG))
      connection.micros = Math.round(startedAt + (brews ? 10 : 60) * SECOND + 120_000 * random.normal())
    }
    connection.close(random.next() < 0.5 ? 'server' : 'client')
    at = connection.micros + 3 * SECOND
  }
}

function liveTv(actor: Actor): void {
  const { random } = actor.tape
  const from = restart(actor, WHOLE.from + 50 * SECOND)
  const cast = {
    instance: 'Living room TV',
    service: '_googlecast._tcp',
    hostName: 'living-room-tv',
    port: 8009,
    ip: actor.host.ip,
    text: ['md=Tvia 43'],
  }
  const upnp = {
    ip: actor.host.ip,
    port: 8080,
    type: 'urn:schemas-upnp-org:device:MediaRenderer:1',
    uuid: '5c1e7f10-22a4-4f0b-8d11-346895c4411f',
    server: 'Linux/4.9 UPnP/1.0 TviaTV/3.1',
  }
  stay(actor, { from, to: WHOLE.to }, { arpMinutes: 10 })
  announce(actor, cast, from + 2 * SECOND)
  for (const at of every(actor, { from, to: WHOLE.to, period: 55 * MINUTE, jitter: MINUTE })) announce(actor, cast, at)
  for (const at of every(actor, { from, to: WHOLE.to, period: 15 * MINUTE, jitter: 5 * SECOND }))
    notifyUpnp(actor, upnp, at)
  for (const at of every(actor, { from, to: WHOLE.to, period: 15 * MINUTE, jitter: 25 * SECOND }))
    poll(actor, TV_LOG, { micros: at, upBytes: 780, downBytes: 340 })
  for (const [start, end] of [
    ['00:04', '00:37'],
    ['20:12', '22:04'],
  ] as const)
    listen(actor, { from: moment(1, start), to: moment(1, end) })
  for (const at of [moment(1, '20:10:30'), moment(1, '00:02:30')]) {
    for (let i = 0; i < 8; i++)
      poll(actor, FILM_API, { micros: at + i * 9 * SECOND * (0.5 + random.next()), upBytes: 900, downBytes: 24_000 })
  }
}

/** A radio play: some hundred kilobytes at once, then a pause until the buffer has room. */
function listen(actor: Actor, { from, to }: Span): void {
  const { random } = actor.tape
  for (let at = from; at < to; ) {
    const edge = FILM_EDGES[random.int(FILM_EDGES.length)]!
    const connection = connectTls(actor, edge, { micros: lookUp(actor, edge, at) + 400 })
    const end = Math.min(to, at + logNormal(random, 14 * MINUTE, 1.5))
    while (connection.micros < end) {
      const startedAt = connection.micros
      request(actor, connection, {
        upBytes: 520,
        downBytes: logNormal(random, 0.7e6, 1.3),
        bulk: { joinBytes: 64_240, bytesPerSecond: 6e6, loss: 0.001 },
      })
      connection.micros = Math.max(
        connection.micros + 50_000,
        Math.round(startedAt + 74 * SECOND + 5 * SECOND * random.normal()),
      )
    }
    connection.close()
    at = connection.micros + 2 * SECOND
  }
}

function announcePrinter(actor: Actor, micros: number): void {
  const service = { instance: 'Study printer', hostName: 'study-printer', port: 631, ip: actor.host.ip }
  announce(actor, { ...service, service: '_ipp._tcp', text: ['ty=Papyra P220', 'rp=ipp/print'] }, micros)
  announce(
    actor,
    { ...service, service: '_pdl-datastream._tcp', port: 9100, text: ['ty=Papyra P220'] },
    micros + 120_000,
  )
}

function livePrinter(actor: Actor): void {
  const from = restart(actor, WHOLE.from + 64 * SECOND)
  stay(actor, { from, to: WHOLE.to }, { arpMinutes: 15 })
  announcePrinter(actor, from + 3 * SECOND)
  for (const at of every(actor, { from, to: WHOLE.to, period: 40 * MINUTE, jitter: 90 * SECOND }))
    announcePrinter(actor, at)
  for (const at of every(actor, { from, to: WHOLE.to, period: 30 * MINUTE, jitter: MINUTE }))
    poll(actor, PRINTER_SUPPLIES, { micros: at, upBytes: 1150, downBytes: 420 })
  for (const at of every(actor, { from, to: WHOLE.to, period: 2 * HOUR, jitter: MINUTE })) syncClock(actor, CLOCK, at)
}

/** Event 2: unusual, and what it looks like when it is harmless: the maker's own name, from inside, once, mostly inwards. */
function updatePrinter(actor: Actor): void {
  const at = moment(1, '18:22:07')
  poll(actor, PRINTER_SUPPLIES, { micros: at - 21 * SECOND, upBytes: 1300, downBytes: 2900 })
  let done = at
  for (let part = 0; part < FIRMWARE_PARTS; part++) {
    const micros = lookUp(actor, PRINTER_FIRMWARE, done) + logNormal(actor.tape.random, 900_000, 1.6)
    const connection = connectTls(actor, PRINTER_FIRMWARE, { micros })
    const bulk = { joinBytes: 64_240, bytesPerSecond: 1.1e6, loss: 0.001 }
    request(actor, connection, { upBytes: 480, downBytes: FIRMWARE_BYTES / FIRMWARE_PARTS, bulk })
    done = connection.wait(400_000).micros
    connection.close()
  }
  announcePrinter(actor, restart(actor, done + 95 * SECOND))
}

function liveThermostat(actor: Actor): void {
  const from = restart(actor, WHOLE.from + 75 * SECOND)
  for (const span of [
    { from, to: THERMOSTAT_SILENT.from },
    { from: restart(actor, THERMOSTAT_SILENT.to), to: WHOLE.to },
  ]) {
    stay(actor, span, { arpMinutes: 8 })
    for (const at of every(actor, { ...span, period: 7 * MINUTE, jitter: 4 * SECOND }))
      poll(actor, THERMOSTAT_API, { micros: at, upBytes: 610, downBytes: 290 })
    for (const at of every(actor, { ...span, period: 64 * MINUTE, jitter: 9 * SECOND })) syncClock(actor, CLOCK, at)
  }
}

/** At home in the evening, at night and in the morning; away in between. */
const PHONE_HOME: readonly Span[] = [
  { from: START_MICROS, to: moment(1, '08:21') },
  { from: moment(1, '17:36'), to: moment(2, '08:18') },
]

function livePhone(actor: Actor): void {
  for (const span of PHONE_HOME) {
    const from = restart(actor, span.from + 9 * SECOND)
    stay(actor, { from, to: span.to }, { arpMinutes: 14 })
    keepAlive(actor, PUSH, {
      from,
      to: span.to,
      period: 14 * MINUTE,
      upBytes: 64,
      downBytes: 56,
      port: 5228,
      lifetime: 5 * HOUR,
    })
    for (const at of nowAndThen(actor, { ...span, from, perHour: 4 })) {
      const hour = ((at - START_MICROS) / HOUR) % 24
      if (hour > 6.5 && hour < 23.7) browse(actor, SITES, at)
      else if (actor.tape.random.next() < 0.15) poll(actor, SITES[8]!, { micros: at, upBytes: 700, downBytes: 1800 })
    }
  }
  for (const at of [moment(1, '19:10'), moment(1, '21:48'), moment(2, '07:05')]) {
    search(actor, '_googlecast._tcp', at)
  }
}

function search({ tape, host }: Actor, service: string, micros: number): void {
  const to = multicastHost('224.0.0.251')
  for (const delay of [0, SECOND, 3 * SECOND]) {
    tape.frames.push(
      udpFrame(micros + delay, {
        from: { ...host, ttl: 255 },
        to,
        fromPort: 5353,
        toPort: 5353,
        data: mdnsQuestion(service),
      }),
    )
  }
}

function liveLaptop(actor: Actor, printer: Actor): void {
  const spans: readonly Span[] = [
    { from: START_MICROS + 90 * SECOND, to: moment(1, '00:52') },
    { from: moment(1, '06:58'), to: moment(1, '08:12') },
    { from: moment(1, '18:02'), to: moment(1, '23:34') },
    { from: moment(2, '07:02'), to: moment(2, '11:52') },
  ]
  for (const span of spans) {
    const from = restart(actor, span.from)
    const everybody = multicastHost('239.255.255.250')
    actor.tape.frames.push(
      udpFrame(from + SECOND, {
        from: actor.host,
        to: everybody,
        fromPort: ephemeralPort(actor),
        toPort: 1900,
        data: ssdpSearch('ssdp:all'),
      }),
    )
    stay(actor, { from, to: span.to }, { arpMinutes: 11 })
    keepAlive(actor, MAIL, {
      from,
      to: span.to,
      period: 9 * MINUTE,
      upBytes: 44,
      downBytes: 62,
      port: 993,
      lifetime: 2 * HOUR,
    })
    for (const at of nowAndThen(actor, { from, to: span.to, perHour: 5 })) browse(actor, SITES, at)
    for (const at of every(actor, { from, to: span.to, period: 34 * MINUTE, jitter: MINUTE }))
      syncClock(actor, CLOCK, at)
  }
  for (const [day, clock, kilobytes] of [
    [1, '19:21', 340],
    [2, '07:40', 95],
    [2, '10:16', 610],
  ] as const) {
    search(actor, '_ipp._tcp', moment(day, clock) - 4 * SECOND)
    print(actor, printer, moment(day, clock), kilobytes * 1000)
  }
}

function print(actor: Actor, printer: Actor, micros: number, bytes: number): void {
  const ends = { client: actor.host, server: printer.host, clientPort: ephemeralPort(actor), serverPort: 631 }
  const connection = new TcpConnection(actor.tape, ends, { startMicros: micros, rttMicros: 3000 }).open()
  connection
    .send('client', payload(httpGet('study-printer.local:631', '/ipp/print', 'CUPS/2.4.2 IPP/2.0')))
    .send('server', payload(httpHead('200 OK', 1830)))
  connection.send('server', ciphertext(1830))
  connection
    .wait(80_000)
    .send(
      'client',
      textPayload('POST /ipp/print HTTP/1.1\r\nHost: study-printer.local:631\r\nContent-Type: application/ipp\r\n\r\n'),
    )
  connection.send('client', ciphertext(bytes), { joinBytes: 5840, bytesPerSecond: 900_000 }).wait(700_000)
  connection
    .send('server', payload(httpHead('200 OK', 210)))
    .wait(40_000)
    .close()
}

/** Event 1: one critical case. */
function takeOver(actor: Actor, plug: Actor): void {
  const scanned = scanHome(actor, neighboursOf('frontDoor', ['laptop', 'visitor']), TAKEN_OVER.from)
  const inside = guessTelnet(actor, plug.host, { micros: scanned + 7 * SECOND, failures: 43 })
  const task = { port: 443, reportPort: 8443, bytes: UPLOAD_BYTES, files: 24, sittings: 6 }
  const from = inside + 11 * MINUTE
  const sent = upload(actor, MASTER, { ...task, from, to: moment(2, '07:02:40') })
  if (sent >= TAKEN_OVER.to) throw new Error('the camera is restarted before its last upload ends')
  callHome(actor, MASTER, { from: inside + 25 * SECOND, to: sent, port: 8443 })
}

/** Event 3: a new device, no alarm. */
function visit(actor: Actor): void {
  const span = { from: moment(1, '19:33'), to: moment(1, '22:47') }
  const from = restart(actor, span.from)
  stay(actor, { from, to: span.to }, { arpMinutes: 13 })
  keepAlive(actor, VISITOR_PUSH, {
    from,
    to: span.to,
    period: 15 * MINUTE,
    upBytes: 60,
    downBytes: 52,
    port: 5228,
    lifetime: 6 * HOUR,
  })
  for (const at of nowAndThen(actor, { from, to: span.to, perHour: 6 })) browse(actor, SITES, at)
}
