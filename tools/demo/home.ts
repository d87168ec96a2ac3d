/** A day and a half in a flat: what each device does by habit, and the four things that happen. docs/demo.md tells it. */
import { callHome, guessTelnet, scanHome, upload } from './attack.ts'
import { END_MICROS, moment, type Span, START_MICROS } from './calendar.ts'
import { castHome, MASTER, neighboursOf, PRINTER_FIRMWARE, PRINTER_SUPPLIES } from './cast.ts'
import { logNormal } from './conversation.ts'
import { type Actor, connectTls, lookUp, MINUTE, poll, request, SECOND } from './habits.ts'
import type { Frame } from './pcap-writer.ts'
import { liveLaptop, livePhone, visit } from './people.ts'
import {
  announcePrinter,
  liveCamera,
  liveGateway,
  livePlug,
  livePrinter,
  liveThermostat,
  liveTv,
  restart,
} from './things.ts'

/** Taken over at night, restarted by its owner in the morning, which ends it. */
export const TAKEN_OVER: Span = { from: moment(2, '03:10:12'), to: moment(2, '07:06:00') }
const THERMOSTAT_SILENT: Span = { from: moment(1, '12:38:20'), to: moment(1, '17:44:05') }
const UPLOAD_BYTES = 120e6
const FIRMWARE_BYTES = 160e6
/** It asks for the file in ranges, one connection each. */
const FIRMWARE_PARTS = 4

export const EVENTS = ['camera-taken-over', 'printer-update', 'visitor', 'thermostat-silent'] as const
export type Event = (typeof EVENTS)[number]

/** All frames of the story, in no particular order; with fewer `events`, the same home on days on which only those happen. */
export function filmHome(seed: number, events: readonly Event[] = EVENTS): Frame[] {
  const frames: Frame[] = []
  const cast = castHome(seed, frames)
  const happens = (event: Event) => events.includes(event)
  liveGateway(cast.gateway)
  liveCamera(cast.frontDoor, { clipsPerHour: 1.3, restarts: happens('camera-taken-over') ? [TAKEN_OVER.to] : [] })
  liveCamera(cast.garden, { clipsPerHour: 0.8, restarts: [] })
  livePlug(cast.plug)
  liveTv(cast.tv)
  livePrinter(cast.printer)
  liveThermostat(cast.thermostat, happens('thermostat-silent') ? [THERMOSTAT_SILENT] : [])
  livePhone(cast.phone)
  liveLaptop(cast.laptop, cast.printer)
  if (happens('camera-taken-over')) takeOver(cast.frontDoor, cast.plug)
  if (happens('printer-update')) updatePrinter(cast.printer)
  if (happens('visitor')) visit(cast.visitor)
  return frames.filter((frame) => frame.micros >= START_MICROS && frame.micros < END_MICROS)
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

/** Event 2: unusual, and what it looks like when it is harmless: the maker's own name, from inside, once, mostly inwards. */
function updatePrinter(actor: Actor): void {
  const at = moment(1, '18:22:07')
  poll(actor, PRINTER_SUPPLIES, { micros: at - 21 * SECOND, upBytes: 1300, downBytes: 2900 })
  let done = at
  for (let part = 0; part < FIRMWARE_PARTS; part++) {
    const micros = lookUp(actor, PRINTER_FIRMWARE, done) + logNormal(actor.tape.random, 900_000, 1.6)
    const connection = connectTls(actor, PRINTER_FIRMWARE, { micros })
    const bulk = { joinBytes: 64_240, bytesPerSecond: 3e6, loss: 0.001 }
    request(actor, connection, { upBytes: 480, downBytes: FIRMWARE_BYTES / FIRMWARE_PARTS, bulk })
    done = connection.wait(400_000).micros
    connection.close()
  }
  announcePrinter(actor, restart(actor, done + 95 * SECOND))
}
