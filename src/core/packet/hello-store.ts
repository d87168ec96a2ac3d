/** Puts ClientHellos together that do not fit one segment, as those with post-quantum keys (about 1,800 bytes). */
import { KEY, type Packet, readI32 } from './packet.ts'
import { helloBytes, isClientHello } from './tls.ts'

const MAX_HELLO_BYTES = 16_384
const MAX_WAITING = 64
/** A hello's segments leave at once; what has not come after this will not come. */
const MAX_WAIT_MICROS = 5_000_000

interface Waiting {
  readonly bytes: Uint8Array
  readonly source: number
  readonly destination: number
  filled: number
  nextSequence: number
  readonly micros: number
}

/** Where a hello is, whole unless its end was not captured. */
export interface HelloPlace {
  readonly bytes: Uint8Array
  readonly at: number
  readonly end: number
}

export class HelloStore {
  /** By the two ports. */
  readonly #waiting = new Map<number, Waiting>()

  get waiting(): number {
    return this.#waiting.size
  }

  /** The hello that begins or ends in this segment; undefined when it has none, or not all of it yet. */
  find(packet: Packet, end: number): HelloPlace | undefined {
    const { bytes, at } = packet
    if (!isClientHello(bytes, at, end)) return this.#waiting.size > 0 ? this.#continue(packet, end) : undefined
    const size = helloBytes(bytes, at)
    if (at + size <= end || size > MAX_HELLO_BYTES) return { bytes, at, end: Math.min(end, at + size) }
    // A cut capture will never show the rest.
    if (packet.end < packet.payloadEnd || !this.#makeRoom(packet.micros)) return { bytes, at, end }
    const whole = new Uint8Array(size)
    whole.set(bytes.subarray(at, end))
    this.#waiting.set(packet.key[KEY.ports]!, {
      bytes: whole,
      source: packet.key[KEY.source]!,
      destination: packet.key[KEY.destination]!,
      filled: end - at,
      nextSequence: sequence(packet) + (end - at),
      micros: packet.micros,
    })
    return undefined
  }

  #continue(packet: Packet, end: number): HelloPlace | undefined {
    const ports = packet.key[KEY.ports]!
    const waiting = this.#waiting.get(ports)
    if (waiting === undefined) {
      this.#makeRoom(packet.micros)
      return undefined
    }
    if (waiting.source !== packet.key[KEY.source] || waiting.destination !== packet.key[KEY.destination])
      return undefined
    if (((sequence(packet) - waiting.nextSequence) | 0) !== 0) return undefined
    const take = Math.min(end - packet.at, waiting.bytes.length - waiting.filled)
    waiting.bytes.set(packet.bytes.subarray(packet.at, packet.at + take), waiting.filled)
    waiting.filled += take
    waiting.nextSequence += take
    if (waiting.filled < waiting.bytes.length) return undefined
    this.#waiting.delete(ports)
    return { bytes: waiting.bytes, at: 0, end: waiting.bytes.length }
  }

  /** Lets go of the oldest when it has waited too long; false when there is no room. */
  #makeRoom(micros: number): boolean {
    for (const [ports, waiting] of this.#waiting) {
      if (Math.abs(micros - waiting.micros) <= MAX_WAIT_MICROS) break
      this.#waiting.delete(ports)
    }
    return this.#waiting.size < MAX_WAITING
  }
}

function sequence(packet: Packet): number {
  return readI32(packet.bytes, packet.at - packet.headerBytes + 4)
}
