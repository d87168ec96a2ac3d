/** A capture with many devices that misbehave now and then, so that a scan of it writes cases from its first second to its last. */
import { createRandom } from '#core/base/random.ts'
import { type Host, udpFrame } from '../tools/demo/packets.ts'
import { type Frame, writePcap } from '../tools/demo/pcap-writer.ts'

const DEVICES = 24
const START_MICROS = Date.UTC(2026, 0, 5) * 1000
const HOUR_MICROS = 3600e6
/** Each device asks one of its servers about once a minute. */
const FLOWS_PER_HOUR = 60
/** In every sixth hour, shifted by device, it sends a lot instead, to hosts that it never used. */
const BUSY_EVERY_HOURS = 6
const SNAP_BYTES = 64
const OUTSIDE_MAC = '02:00:00:00:00:01'

export function busyCapture(options: { hours: number; seed: number }): Uint8Array<ArrayBuffer> {
  const random = createRandom(options.seed)
  const frames: Frame[] = []
  for (let device = 0; device < DEVICES; device++) {
    const here: Host = { mac: `02:00:00:00:01:${(device + 16).toString(16)}`, ip: `192.168.7.${device + 10}`, ttl: 64 }
    for (let hour = 0; hour < options.hours; hour++) {
      const isBusy = hour > 2 && (hour + device) % BUSY_EVERY_HOURS === 0
      for (let flow = 0; flow < FLOWS_PER_HOUR; flow++) {
        const micros = START_MICROS + Math.floor((hour + (flow + random.next()) / FLOWS_PER_HOUR) * HOUR_MICROS)
        const last = isBusy ? 1 + random.int(250) : 10 + (device % 5)
        const there: Host = { mac: OUTSIDE_MAC, ip: `203.0.113.${last}`, ttl: 55 }
        const fromPort = 20_000 + ((hour * FLOWS_PER_HOUR + flow) % 40_000)
        const ask = { from: here, to: there, fromPort, toPort: 443 }
        const answer = { from: there, to: here, fromPort: 443, toPort: fromPort }
        const packets = isBusy ? 8 : 2
        for (let packet = 0; packet < packets; packet++) {
          const bytes = isBusy ? 1400 : 80 + random.int(20)
          frames.push(cut(udpFrame(micros + packet * 20_000, { ...ask, data: new Uint8Array(bytes) })))
        }
        if (!isBusy)
          frames.push(cut(udpFrame(micros + 30_000, { ...answer, data: new Uint8Array(120 + random.int(20)) })))
      }
    }
  }
  return writePcap(frames)
}

/** Only the headers, as a capture with a short snap length has them. */
function cut(frame: Frame): Frame {
  return { ...frame, bytes: frame.bytes.slice(0, SNAP_BYTES) }
}
