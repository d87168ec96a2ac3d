/** For each evidence rule a capture in which it must speak and one that looks alike and in which it must not, made with the demo's people and things. */
import type { RuleId } from '#core/rule/finding.ts'
import { callHome, guessTelnet, type Neighbour, scanHome, upload } from './attack.ts'
import { START_MICROS } from './calendar.ts'
import {
  CAMERA_CLIPS,
  CAMERA_HUB,
  castHome,
  MASTER,
  neighboursOf,
  type PartName,
  PRINTER_FIRMWARE,
  PRINTER_SUPPLIES,
  SITES,
  THERMOSTAT_API,
} from './cast.ts'
import { ask, ciphertext, logNormal, TcpConnection, textPayload } from './conversation.ts'
import {
  type Actor,
  arpGateway,
  browse,
  connectTls,
  ephemeralPort,
  every,
  HOUR,
  keepAlive,
  lease,
  lookUp,
  MINUTE,
  poll,
  request,
  SECOND,
  type Service,
} from './habits.ts'
import { dnsQuestion } from './messages.ts'
import { arpFrame, type Host } from './packets.ts'
import type { Frame } from './pcap-writer.ts'

export interface RuleCaptures {
  /** Who is to be named. */
  readonly culprit: PartName
  readonly positive: (seed: number) => Frame[]
  readonly negative: (seed: number) => Frame[]
}

type Cast = Record<PartName, Actor>
const START = START_MICROS + HOUR
const DNS_TXT = 16
const BULK = { joinBytes: 14_600, bytesPerSecond: 2e6, loss: 0 }
/** A service of the same maker at another address, and one of a stranger. */
const PLUG_NEWS: Service = serviceAt('news.warmly.example', '198.51.100.201')
const STRANGER: Service = serviceAt('tasks.elsewhere.example', '198.51.100.202')

export const RULE_CAPTURES: Readonly<Record<RuleId, RuleCaptures>> = {
  'port-scan': {
    culprit: 'laptop',
    positive: film(({ laptop, tv }) => {
      for (let i = 0; i < 120; i++) {
        knock(laptop, tv.host, { micros: START + i * 90_000, port: 20 + i * 7, answers: i % 3 === 0 })
      }
    }),
    // A media server that answers on many ports.
    negative: film(({ laptop, tv }) => {
      for (let i = 0; i < 40; i++) talk(laptop, tv.host, { micros: START + i * 2 * SECOND, port: 7000 + i })
      for (let i = 0; i < 10; i++) {
        knock(laptop, tv.host, { micros: START + i * SECOND, port: 9000 + i, answers: false })
      }
    }),
  },
  'host-sweep': {
    culprit: 'frontDoor',
    positive: film(({ frontDoor }) => void scanHome(frontDoor, neighboursOf('frontDoor', ['visitor']), START)),
    // An app that looks for speakers at everybody's, and a person who reads.
    negative: film(({ phone }) => {
      const others: Neighbour[] = neighboursOf('phone', ['visitor'])
      others.forEach(({ host, openPorts }, i) => {
        const micros = START + i * 300_000
        if (openPorts.includes(8008)) talk(phone, host, { micros, port: 8008 })
        else knock(phone, host, { micros, port: 8008, answers: true })
      })
      for (let i = 0; i < 40; i++) browse(phone, SITES, START + i * MINUTE)
    }),
  },
  'brute-force': {
    culprit: 'frontDoor',
    positive: film(({ frontDoor, plug }) => void guessTelnet(frontDoor, plug.host, { micros: START, failures: 60 })),
    // The same small visit all day, and a person who mistypes a few times.
    negative: film(({ thermostat, laptop, printer }) => {
      for (const micros of every(thermostat, {
        from: START,
        to: START + 6 * HOUR,
        period: 20 * SECOND,
        jitter: SECOND,
      }))
        poll(thermostat, THERMOSTAT_API, { micros, upBytes: 300, downBytes: 500 })
      for (let i = 0; i < 6; i++) talk(laptop, printer.host, { micros: START + i * 15 * SECOND, port: 22 })
    }),
  },
  beaconing: {
    culprit: 'frontDoor',
    positive: film(({ frontDoor }) => {
      habits(frontDoor, START, START + 5 * HOUR)
      callHome(frontDoor, MASTER, { from: START + 2 * HOUR, to: START + 4 * HOUR, port: 8443 })
    }),
    // The maker's hub, by name and from the beginning; and a person's visits to one host, which have no rhythm.
    negative: film(({ frontDoor, thermostat, phone }) => {
      habits(frontDoor, START, START + 8 * HOUR)
      for (const micros of every(thermostat, { from: START, to: START + 8 * HOUR, period: 7 * MINUTE, jitter: SECOND }))
        poll(thermostat, THERMOSTAT_API, { micros, upBytes: 300, downBytes: 500 })
      let at = START + 3 * HOUR
      for (let i = 0; i < 60; i++) {
        outbound(phone, MASTER, { micros: at, port: 8443 }).open().send('client', ciphertext(90)).close('client')
        at += logNormal(phone.tape.random, 60 * SECOND, 3)
      }
    }),
  },
  exfiltration: {
    culprit: 'frontDoor',
    positive: film(({ frontDoor }) => {
      habits(frontDoor, START, START + 10 * HOUR)
      const task = { port: 443, reportPort: 8443, bytes: 90e6, files: 12, sittings: 3 }
      upload(frontDoor, MASTER, { ...task, from: START + 8 * HOUR, to: START + 9 * HOUR })
    }),
    // Clips as ever, and firmware that comes in.
    negative: film(({ frontDoor, printer }) => {
      habits(frontDoor, START, START + 10 * HOUR)
      for (let hour = 0; hour < 10; hour++) {
        const micros = lookUp(frontDoor, CAMERA_CLIPS, START + hour * HOUR + 7 * MINUTE) + 500
        request(frontDoor, connectTls(frontDoor, CAMERA_CLIPS, { micros }), {
          upBytes: 4e6,
          downBytes: 300,
          bulk: BULK,
        })
      }
      poll(printer, PRINTER_SUPPLIES, { micros: START, upBytes: 1300, downBytes: 2900 })
      const micros = lookUp(printer, PRINTER_FIRMWARE, START + MINUTE) + 500
      request(printer, connectTls(printer, PRINTER_FIRMWARE, { micros }), { upBytes: 480, downBytes: 80e6, bulk: BULK })
    }),
  },
  'dns-tunnel': {
    culprit: 'plug',
    positive: film((cast) => {
      for (let i = 0; i < 300; i++) {
        const { random } = cast.plug.tape
        const word = () => Array.from({ length: 50 }, () => 'abcdefghijklmnopqrstuvwxyz234567'[random.int(32)]).join('')
        resolve(cast.plug, `${word()}.${word()}.t.elsewhere.example`, START + i * 700_000)
      }
    }),
    negative: film(({ laptop, phone }) => {
      for (let i = 0; i < 120; i++) browse(i % 2 ? laptop : phone, SITES, START + i * 4 * SECOND)
      for (let i = 0; i < 30; i++)
        resolve(laptop, `${'a1b2c3d4e5'.repeat(5)}.cdn.elsewhere.example`, START + i * SECOND)
    }),
  },
  'arp-spoofing': {
    culprit: 'frontDoor',
    positive: film(({ frontDoor, thermostat, gateway }) => {
      meetGateway([frontDoor, thermostat])
      for (let i = 0; i < 60; i++) {
        const micros = START + MINUTE + i * 2 * SECOND
        claim(frontDoor, gateway.host.ip, thermostat.host, micros)
        claim(frontDoor, thermostat.host.ip, gateway.host, micros + 1000)
      }
    }),
    // An address is given to another device; the gateway answers for somebody.
    negative: film(({ frontDoor, thermostat, visitor, gateway }) => {
      meetGateway([frontDoor, thermostat])
      const heir: Actor = { ...visitor, host: { ...visitor.host, ip: thermostat.host.ip } }
      lease(heir, START + 3 * HOUR, { renews: false })
      arpGateway(heir, START + 3 * HOUR + MINUTE)
      for (let i = 0; i < 5; i++) claim(gateway, frontDoor.host.ip, thermostat.host, START + i * MINUTE)
    }),
  },
  'clear-text-login': {
    culprit: 'frontDoor',
    positive: film(({ frontDoor, plug }) => void guessTelnet(frontDoor, plug.host, { micros: START, failures: 0 })),
    negative: film(({ frontDoor, thermostat, plug }) => {
      habits(frontDoor, START, START + HOUR)
      poll(thermostat, THERMOSTAT_API, { micros: START, upBytes: 300, downBytes: 500 })
      knock(frontDoor, plug.host, { micros: START, port: 23, answers: true })
    }),
  },
  'new-destination': {
    culprit: 'thermostat',
    positive: film((cast) => {
      settle(cast)
      for (let i = 0; i < 6; i++) visit(cast.thermostat, STRANGER, START + 27 * HOUR + i * 25 * MINUTE)
    }),
    // Once in passing, and again and again at the same maker's.
    negative: film((cast) => {
      settle(cast)
      visit(cast.thermostat, STRANGER, START + 26 * HOUR)
      for (let i = 0; i < 6; i++) visit(cast.thermostat, PLUG_NEWS, START + 27 * HOUR + i * 25 * MINUTE)
    }),
  },
}

function film(live: (cast: Cast) => void): (seed: number) => Frame[] {
  return (seed) => {
    const frames: Frame[] = []
    live(castHome(seed, frames))
    return frames
  }
}

function serviceAt(name: string, ip: string): Service {
  return { name, host: { mac: THERMOSTAT_API.host.mac, ip, ttl: 52 }, rttMicros: 40_000 }
}

interface Door {
  readonly micros: number
  readonly port: number
}

function connectHome(actor: Actor, server: Host, { micros, port }: Door): TcpConnection {
  const ends = { client: actor.host, server, clientPort: ephemeralPort(actor), serverPort: port }
  return new TcpConnection(actor.tape, ends, { startMicros: Math.round(micros), rttMicros: 2200 })
}

function outbound(actor: Actor, service: Service, door: Door): TcpConnection {
  return connectHome(actor, service.host, door)
}

function knock(actor: Actor, server: Host, door: Door & { answers: boolean }): void {
  connectHome(actor, server, door).knock(door.answers)
}

function talk(actor: Actor, server: Host, door: Door): void {
  const connection = connectHome(actor, server, door).open()
  connection.send('client', textPayload('hello')).send('server', textPayload('hello, and what would you like?'))
  connection.close('client')
}

/** What a camera does all day. */
function habits(actor: Actor, from: number, to: number): void {
  const habit = { period: 100 * SECOND, upBytes: 60, downBytes: 40, port: 8883, lifetime: 2 * HOUR }
  keepAlive(actor, CAMERA_HUB, { ...habit, from, to })
}

/** A day and more of one destination. */
function settle({ thermostat }: Cast): void {
  const span = { from: START, to: START + 30 * HOUR, period: 15 * MINUTE, jitter: 5 * SECOND }
  for (const micros of every(thermostat, span)) visit(thermostat, THERMOSTAT_API, micros)
}

function visit(actor: Actor, service: Service, micros: number): void {
  poll(actor, service, { micros, upBytes: 300, downBytes: 900 })
}

function resolve(actor: Actor, host: string, micros: number): void {
  const ends = { client: actor.host, server: actor.gateway, clientPort: ephemeralPort(actor), serverPort: 53 }
  const question = dnsQuestion(actor.tape.random.int(65_536), host, DNS_TXT)
  ask(actor.tape, ends, { micros, rttMicros: 14_000, question, answer: undefined })
}

/** Everybody asks for the gateway and something outside, so that it is known who is who. */
function meetGateway(actors: readonly Actor[]): void {
  for (const actor of actors) {
    lease(actor, START - MINUTE, { renews: false })
    arpGateway(actor, START)
    visit(actor, THERMOSTAT_API, START + SECOND)
  }
}

/** "`ip` is at my MAC", told to `victim`. */
function claim(actor: Actor, ip: string, victim: Host, micros: number): void {
  actor.tape.frames.push(arpFrame(Math.round(micros), { kind: 'is-at', from: { ...actor.host, ip }, to: victim }))
}
