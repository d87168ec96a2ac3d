/** Mutated captures through the whole reading: only typed refusals may come out, and everything must end. */
import { InputError } from '#core/base/errors.ts'
import { createRandom, type Random } from '#core/base/random.ts'
import { Tally } from '#core/base/tally.ts'
import { CaptureReader } from '#core/capture/reader.ts'
import { FlowAssembler } from '#core/flow/assemble.ts'
import { FlowColumns } from '#core/flow/columns.ts'
import { decodeFrame } from '#core/packet/decode.ts'
import { Observer } from '#core/packet/observe.ts'
import { Packet } from '#core/packet/packet.ts'
import {
  enhancedBlock,
  type Frame,
  interfaceBlock,
  pcap,
  pcapngSection,
  tcp,
  text,
  u16,
  udp,
} from '../capture-writer.ts'

export interface FuzzResult {
  readonly runs: number
  /** Inputs that were refused with a sentence. */
  readonly typedErrors: number
  /** Packets that were read nevertheless, so that a run which refuses everything shows. */
  readonly packets: number
}

/** One input may not take longer: it is a kilobyte. */
const MAX_RUN_MS = 2000
const RUNS_PER_PARTS = 100

/** @throws what is no InputError, with seed and number of the input that caused it. */
export function fuzzCapture(iterations: number, seed: number): FuzzResult {
  const random = createRandom(seed)
  const seeds = seedCaptures()
  let typedErrors = 0
  let packets = 0
  let parts = createParts()
  for (let run = 0; run < iterations; run++) {
    if (run % RUNS_PER_PARTS === 0) parts = createParts()
    const capture = mutate(seeds[random.int(seeds.length)]!, random)
    const began = performance.now()
    try {
      packets += readAll(capture, 1 + random.int(capture.length + 1), parts)
    } catch (error) {
      if (!(error instanceof InputError)) {
        throw new Error(`input ${run} of seed ${seed} broke the reading: ${error}`, { cause: error })
      }
      typedErrors++
    }
    if (performance.now() - began > MAX_RUN_MS) throw new Error(`input ${run} of seed ${seed} took too long`)
  }
  return { runs: iterations, typedErrors, packets }
}

/** What is behind the reader; used for many inputs, as it is made of large arrays. */
function createParts() {
  const columns = new FlowColumns('double')
  const assembler = new FlowAssembler((table, row) => columns.add(table, row))
  return { packet: new Packet(new Tally()), observer: new Observer(), columns, assembler }
}

function readAll(capture: Uint8Array, chunkBytes: number, parts: ReturnType<typeof createParts>): number {
  const { packet, observer, columns, assembler } = parts
  const reader = new CaptureReader((bytes, offset, end, micros, wireLength, linkType) => {
    packet.bytes = bytes
    packet.at = offset
    packet.end = end
    packet.wireEnd = Math.max(end, offset + wireLength)
    packet.micros = micros
    decodeFrame(packet, linkType)
    if (packet.isFlow) {
      assembler.add(packet)
      observer.noteAddress(packet)
      if (packet.payloadBytes > 0) observer.notePayload(packet)
    } else if (packet.arpAt >= 0) {
      observer.noteArp(packet)
    }
  })
  for (let at = 0; at < capture.length; at += chunkBytes) reader.push(capture.subarray(at, at + chunkBytes))
  reader.finish()
  assembler.flush(1000)
  const batch = columns.take(assembler.oldestStartMicros())
  if (batch.features?.some(Number.isNaN)) throw new Error('a feature is no number')
  return reader.packets
}

function mutate(original: Uint8Array, random: Random): Uint8Array {
  let bytes = original.slice()
  const changes = 1 + random.int(6)
  for (let change = 0; change < changes; change++) {
    const at = random.int(bytes.length)
    switch (random.int(6)) {
      case 0:
        bytes[at]! ^= 1 << random.int(8)
        break
      case 1:
        bytes[at] = random.int(256)
        break
      case 2:
        bytes[at] = [0, 1, 0x7f, 0x80, 0xc0, 0xff][random.int(6)]!
        break
      case 3:
        bytes.copyWithin(at, random.int(bytes.length), random.int(bytes.length))
        break
      case 4:
        bytes.fill(random.int(2) * 255, at, at + random.int(9))
        break
      default:
        if (bytes.length > 30) bytes = bytes.slice(0, bytes.length - random.int(20))
    }
  }
  return bytes
}

/** Each format, most link layers and every protocol that is looked into, so that mutations reach all code. */
function seedCaptures(): readonly Uint8Array[] {
  const ends = { micros: 1_700_000_000_000_000, from: '10.0.0.1:40000', to: '10.0.0.2:80' }
  const six = { ...ends, from: '[fd00::1]:40000', to: '[fd00::2]:443' }
  const dns = [
    0,
    7,
    0x81,
    0x80,
    0,
    1,
    0,
    1,
    0,
    0,
    0,
    0,
    3,
    ...text('www'),
    0,
    0,
    1,
    0,
    1,
    0xc0,
    12,
    0,
    1,
    0,
    1,
    0,
    0,
    0,
    60,
    0,
    4,
    1,
    2,
    3,
    4,
  ]
  const dhcp = [1, 1, 6, 0, ...new Array<number>(24).fill(0), 2, 0, 0, 0, 0, 1, ...new Array<number>(202).fill(0)]
  dhcp.push(0x63, 0x82, 0x53, 0x63, 53, 1, 3, 12, 3, ...text('cam'), 60, 2, 65, 66, 255)
  const hello = [22, 3, 1, 0, 60, 1, 0, 0, 56, 3, 3, ...new Array<number>(32).fill(7), 0, 0, 2, 0x13, 1, 1, 0]
  hello.push(0, 13, 0, 0, 0, 9, 0, 7, 0, 0, 4, ...text('a.io'))
  const mqtt = [0x10, 16, 0, 4, ...text('MQTT'), 4, 2, 0, 60, 0, 4, ...text('plug'), 0x30, 5, 0, 3, ...text('a/b')]
  const frames: Frame[] = [
    tcp({ ...ends, flags: 'PA', payload: 'GET / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: X\r\n\r\n' }),
    tcp({ ...ends, to: '10.0.0.2:1883', payload: Uint8Array.from(mqtt) }),
    tcp({ ...six, payload: Uint8Array.from(hello) }),
    udp({ ...ends, from: '10.0.0.53:53', payload: Uint8Array.from(dns) }),
    udp({ ...ends, from: '10.0.0.1:5353', to: '224.0.0.251:5353', payload: Uint8Array.from(dns) }),
    udp({ ...ends, from: '0.0.0.0:68', to: '255.255.255.255:67', payload: Uint8Array.from(dhcp) }),
    udp({ ...ends, from: '10.0.0.1:1900', payload: 'NOTIFY * HTTP/1.1\r\nSERVER: Y\r\n\r\n' }),
    tcp({ ...ends, micros: ends.micros + 130_000_000, flags: 'S' }),
  ]
  const blocks = frames.map((frame) => enhancedBlock(frame, { ticks: BigInt(frame.micros) }))
  const wifi = [
    0,
    0,
    8,
    0,
    0,
    0,
    0,
    0,
    8,
    1,
    0,
    0,
    ...new Array<number>(20).fill(2),
    0xaa,
    0xaa,
    3,
    0,
    0,
    0,
    ...u16(0x0800),
  ]
  const overWifi = frames.map(({ micros, bytes }) => ({
    micros,
    bytes: Uint8Array.from([...wifi, ...bytes.subarray(14)]),
  }))
  const plain = frames.map(({ micros, bytes }) => ({ micros, bytes: bytes.slice(14) }))
  return [
    ...frames.map((frame) => pcap([frame, ...frames.slice(0, 1)])),
    pcap(frames, { bigEndian: true, nanos: true }),
    pcap(overWifi, { linkType: 127 }),
    pcap(plain, { linkType: 101 }),
    pcapngSection([interfaceBlock(1, { resolution: 6 }), ...blocks]),
    pcapngSection([interfaceBlock(1, { resolution: 0x94, offsetSeconds: 5 }), ...blocks.slice(0, 3)]),
  ]
}
