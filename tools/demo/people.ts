/** What the phone and the laptop do, and whom they do it for. */
import { hourOf, moment, type Span, START_MICROS } from './calendar.ts'
import { CLOCK, MAIL, PUSH, SITES, VISITOR_PUSH } from './cast.ts'
import { ciphertext, TcpConnection, textPayload } from './conversation.ts'
import {
  type Actor,
  browse,
  ephemeralPort,
  every,
  HOUR,
  keepAlive,
  MINUTE,
  nowAndThen,
  poll,
  SECOND,
  syncClock,
} from './habits.ts'
import { httpGet, httpHead, mdnsQuestion, ssdpSearch } from './messages.ts'
import { multicastHost, payload, udpFrame } from './packets.ts'
import { restart, stay } from './things.ts'

/** At home in the evening, at night and in the morning; away in between. */
const PHONE_HOME: readonly Span[] = [
  { from: START_MICROS, to: moment(1, '08:21') },
  { from: moment(1, '17:36'), to: moment(2, '08:18') },
]

export function livePhone(actor: Actor): void {
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
      const hour = hourOf(at)
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

export function liveLaptop(actor: Actor, printer: Actor): void {
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

/** Event 3: a new device, no alarm. */
export function visit(actor: Actor): void {
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
