/** What the things of the home do by habit. */
import { hourOf, moment, type Span, WHOLE } from './calendar.ts'
import {
  CAMERA_CLIPS,
  CAMERA_HUB,
  CLOCK,
  FILM_API,
  FILM_EDGES,
  GATEWAY,
  GATEWAY_LINK,
  HOME_PREFIX_ADDRESS,
  PLUG_BROKER,
  PRINTER_SUPPLIES,
  THERMOSTAT_API,
  TV_LOG,
} from './cast.ts'
import { logNormal } from './conversation.ts'
import {
  type Actor,
  announce,
  arpGateway,
  connect,
  connectTls,
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
import { MQTT_CONNACK, MQTT_PING, MQTT_PONG, mqttConnect, mqttPublish, routerAdvertisement } from './messages.ts'
import { icmpFrame, multicastHost, payload } from './packets.ts'

export function liveGateway(gateway: Actor): void {
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
    gateway.tape.frames.push(icmpFrame(at, { from: GATEWAY_LINK, to: everybody }, 134, advertisement))
  }
}

/** What every device does to stay on the network. */
export function stay(actor: Actor, span: Span, { arpMinutes }: { arpMinutes: number }): void {
  for (const at of every(actor, { ...span, period: arpMinutes * MINUTE, jitter: MINUTE })) arpGateway(actor, at)
  for (let at = span.from + 6 * HOUR; at < span.to; at += 6 * HOUR) lease(actor, at, { renews: true })
}

export function restart(actor: Actor, micros: number): number {
  const up = lease(actor, micros + actor.tape.random.int(SECOND), { renews: false })
  arpGateway(actor, up + 30_000)
  return up + SECOND
}

export function liveCamera(
  actor: Actor,
  { clipsPerHour, restarts }: { clipsPerHour: number; restarts: readonly number[] },
): void {
  const spans = [WHOLE.from, ...restarts].map((from, i, all): Span => ({ from, to: all[i + 1] ?? WHOLE.to }))
  spans.forEach(({ from, to }, i) => {
    const start = i === 0 ? restart(actor, from + 20 * SECOND) : restart(actor, from + 48 * SECOND)
    const habit = { period: 100 * SECOND, upBytes: 96, downBytes: 80, port: 8883, lifetime: 7 * HOUR }
    keepAlive(actor, CAMERA_HUB, { ...habit, from: start, to })
    stay(actor, { from: start, to }, { arpMinutes: 12 })
    for (const at of every(actor, { from: start, to, period: 17 * MINUTE, jitter: 20 * SECOND }))
      syncClock(actor, { name: '', host: GATEWAY, rttMicros: 900 }, at)
    for (const at of nowAndThen(actor, { from: start, to, perHour: clipsPerHour })) {
      const hour = hourOf(at)
      if (hour > 7 && hour < 22.5) sendClip(actor, at)
    }
  })
}

function sendClip(actor: Actor, micros: number): void {
  const connection = connectTls(actor, CAMERA_CLIPS, { micros: lookUp(actor, CAMERA_CLIPS, micros) + 700 })
  const clip = Math.min(400_000, logNormal(actor.tape.random, 85_000, 1.7))
  request(actor, connection.wait(40_000), { upBytes: 640, downBytes: 210 })
  request(actor, connection, {
    upBytes: clip,
    downBytes: 180,
    bulk: { joinBytes: 2920, bytesPerSecond: 600_000, loss: 0.004 },
  })
    .wait(90_000)
    .close()
}

/** Plain MQTT: power readings each minute, more often while coffee is made. */
export function livePlug(actor: Actor): void {
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
      const hour = hourOf(startedAt)
      const brews = (hour > 6.6 && hour < 7.2) || (hour > 18.4 && hour < 18.8)
      const watts = brews ? 900 + random.int(400) : 1 + random.int(2)
      connection.send(
        'client',
        payload(mqttPublish('home/plug-b07e31/power', `{"w":${watts},"v":${228 + random.int(6)}}`)),
      )
      if (random.next() < 0.1)
        connection.wait(800_000).send('client', payload(MQTT_PING)).send('server', payload(MQTT_PONG))
      connection.micros = Math.round(startedAt + (brews ? 30 : 60) * SECOND + 120_000 * random.normal())
    }
    connection.close(random.next() < 0.5 ? 'server' : 'client')
    at = connection.micros + 3 * SECOND
  }
}

export function liveTv(actor: Actor): void {
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
        downBytes: logNormal(random, 0.3e6, 1.3),
        bulk: { joinBytes: 64_240, bytesPerSecond: 6e6, loss: 0.001 },
      })
      connection.micros = Math.max(
        connection.micros + 50_000,
        Math.round(startedAt + 70 * SECOND + 5 * SECOND * random.normal()),
      )
    }
    connection.close()
    at = connection.micros + 2 * SECOND
  }
}

export function announcePrinter(actor: Actor, micros: number): void {
  const service = { instance: 'Study printer', hostName: 'study-printer', port: 631, ip: actor.host.ip }
  announce(actor, { ...service, service: '_ipp._tcp', text: ['ty=Papyra P220', 'rp=ipp/print'] }, micros)
  announce(
    actor,
    { ...service, service: '_pdl-datastream._tcp', port: 9100, text: ['ty=Papyra P220'] },
    micros + 120_000,
  )
}

export function livePrinter(actor: Actor): void {
  const from = restart(actor, WHOLE.from + 64 * SECOND)
  stay(actor, { from, to: WHOLE.to }, { arpMinutes: 15 })
  announcePrinter(actor, from + 3 * SECOND)
  for (const at of every(actor, { from, to: WHOLE.to, period: 40 * MINUTE, jitter: 90 * SECOND }))
    announcePrinter(actor, at)
  for (const at of every(actor, { from, to: WHOLE.to, period: 30 * MINUTE, jitter: MINUTE }))
    poll(actor, PRINTER_SUPPLIES, { micros: at, upBytes: 1150, downBytes: 420 })
  for (const at of every(actor, { from, to: WHOLE.to, period: 2 * HOUR, jitter: MINUTE })) syncClock(actor, CLOCK, at)
}

export function liveThermostat(actor: Actor, silences: readonly Span[]): void {
  const wakes = [WHOLE.from + 75 * SECOND, ...silences.map(({ to }) => to)]
  wakes.forEach((wake, i) => {
    const span = { from: restart(actor, wake), to: silences[i]?.from ?? WHOLE.to }
    stay(actor, span, { arpMinutes: 8 })
    for (const at of every(actor, { ...span, period: 7 * MINUTE, jitter: 4 * SECOND })) {
      poll(actor, THERMOSTAT_API, { micros: at, upBytes: 610, downBytes: 290 })
    }
    for (const at of every(actor, { ...span, period: 64 * MINUTE, jitter: 9 * SECOND })) syncClock(actor, CLOCK, at)
  })
}
