/** TCP connections and UDP exchanges as a tap beside the gateway sees them: handshake, segments, acknowledgements, loss, end. */
import type { Random } from '#core/base/random.ts'
import {
  ACK,
  FIN,
  type Host,
  NOTHING,
  type Payload,
  PSH,
  payload,
  RST,
  SYN,
  type TcpSegment,
  tcpFrame,
  udpFrame,
} from './packets.ts'
import type { Frame } from './pcap-writer.ts'

/** Where frames gather and randomness comes from: one per device, so that a change to one leaves the others as they were. */
export interface Tape {
  readonly frames: Frame[]
  readonly random: Random
}

/** exp(normal): `median` times or divided by about `spread`. */
export function logNormal(random: Random, median: number, spread: number): number {
  return median * Math.exp(Math.log(spread) * random.normal())
}

/** Time to the next event of a Poisson process. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random.next())
}

export type Side = 'client' | 'server'

export interface Ends {
  readonly client: Host
  readonly server: Host
  readonly clientPort: number
  readonly serverPort: number
}

/** Delayed acknowledgements wait this long for data to ride on (Linux). */
const DELAYED_ACK_MICROS = 40_000
/** Bytes kept of a payload that is only ciphertext. */
const KEPT_BYTES = 32

export interface BulkOptions {
  /** Largest frame payload: one segment, or several that the capturing host's card has joined. */
  readonly joinBytes?: number
  readonly bytesPerSecond?: number
  readonly loss?: number
}

export class TcpConnection {
  micros: number
  readonly #tape: Tape
  readonly #ends: Ends
  readonly #rttMicros: number
  readonly #seq: Record<Side, number>
  #owed: { by: Side; dueMicros: number } | undefined

  constructor(tape: Tape, ends: Ends, { startMicros, rttMicros }: { startMicros: number; rttMicros: number }) {
    this.#tape = tape
    this.#ends = ends
    this.#rttMicros = rttMicros
    this.micros = startMicros
    this.#seq = { client: tape.random.int(0x100000000), server: tape.random.int(0x100000000) }
  }

  /** Three-way handshake. */
  open(): this {
    this.#emit('client', SYN, NOTHING)
    this.#pass('server')
    this.#emit('server', SYN | ACK, NOTHING)
    this.#pass('client')
    this.#emit('client', ACK, NOTHING)
    return this
  }

  /** A server without this service answers a SYN with RST; nobody answers at all when `answers` is false. */
  knock(answers: boolean, retries = 0): void {
    const first = this.#seq.client
    for (let i = 0; i <= retries; i++) {
      this.#seq.client = first
      this.#emit('client', SYN, NOTHING)
      if (!answers) this.wait(1_000_000 * 2 ** i)
    }
    if (!answers) return
    this.#pass('server')
    this.#emit('server', RST | ACK, NOTHING)
  }

  /** One message; both ends' delays and the acknowledgement follow from who spoke last. */
  send(side: Side, data: Payload, options: BulkOptions = {}): this {
    const { joinBytes = 1460, bytesPerSecond = 3e6, loss = 0.002 } = options
    const other = opposite(side)
    this.#pass(side)
    this.#settle(side)
    for (let at = 0, frame = 1; at < data.length; frame++) {
      const most = this.#frameBytes(joinBytes)
      const length = Math.min(most, data.length - at)
      const isLast = at + length === data.length
      const kept = data.bytes.subarray(at, at + length)
      const seq = this.#seq[side]
      this.#emit(side, isLast ? PSH | ACK : ACK, { bytes: kept, length })
      if (this.#tape.random.next() < loss) this.#repeat(side, seq, { bytes: kept, length })
      at += length
      if (isLast) break
      if (frame % 2 === 0) this.#emit(other, ACK, NOTHING, this.#delay(other))
      this.wait((length / bytesPerSecond) * 1e6 * (0.6 + 0.8 * this.#tape.random.next()))
    }
    this.#owed = {
      by: other,
      dueMicros: this.micros + this.#delay(other) + DELAYED_ACK_MICROS * this.#tape.random.next(),
    }
    return this
  }

  wait(micros: number): this {
    this.micros += Math.max(1, Math.round(micros))
    return this
  }

  /** The idle probe of RFC 1122 §4.2.3.6: one byte before what is due, answered by an empty acknowledgement. */
  probe(side: Side): this {
    this.#settle(side)
    this.#seq[side]--
    this.#emit(side, ACK, NOTHING)
    this.#seq[side]++
    this.#pass(opposite(side))
    this.#emit(opposite(side), ACK, NOTHING)
    return this
  }

  close(side: Side = 'client'): void {
    const other = opposite(side)
    this.#pass(side)
    this.#settle(side)
    this.#emit(side, FIN | ACK, NOTHING)
    this.#pass(other)
    this.#emit(other, FIN | ACK, NOTHING)
    this.#pass(side)
    this.#emit(side, ACK, NOTHING)
  }

  reset(side: Side): void {
    this.#pass(side)
    this.#settle(side)
    this.#emit(side, RST | ACK, NOTHING)
  }

  /** The acknowledgement still owed goes out alone unless the answer that carries it is in time. */
  #settle(speaker: Side): void {
    const owed = this.#owed
    this.#owed = undefined
    if (owed === undefined || (owed.by === speaker && owed.dueMicros >= this.micros)) return
    this.#emit(owed.by, ACK, NOTHING, Math.min(owed.dueMicros, this.micros - 1) - this.micros)
  }

  #repeat(side: Side, seq: number, data: Payload): void {
    const next = this.#seq[side]
    this.#seq[side] = seq
    this.#emit(side, ACK | PSH, data, this.#rttMicros + 200_000)
    this.#seq[side] = next
  }

  #emit(side: Side, flags: number, data: Payload, delayMicros = 0): void {
    const { client, server, clientPort, serverPort } = this.#ends
    const isClient = side === 'client'
    const isFirst = flags === SYN
    const segment: TcpSegment = {
      from: isClient ? client : server,
      to: isClient ? server : client,
      fromPort: isClient ? clientPort : serverPort,
      toPort: isClient ? serverPort : clientPort,
      seq: this.#seq[side],
      ack: isFirst ? 0 : this.#seq[opposite(side)],
      flags,
      window: (flags & SYN) === 0 ? 501 : 64_240,
      data,
    }
    this.#tape.frames.push(tcpFrame(Math.round(this.micros + delayMicros), segment))
    this.#seq[side] += data.length + (flags & (SYN | FIN) ? 1 : 0)
  }

  /** The tap sits beside the gateway: a home device answers in a millisecond or so, an outside host after the round trip. */
  #delay(side: Side): number {
    const base = side === 'client' ? 1500 : this.#rttMicros
    return Math.round(logNormal(this.#tape.random, base, 1.25))
  }

  /** A card that joins segments (GRO) mostly fills its frames: between two thirds and all of what it may. */
  #frameBytes(joinBytes: number): number {
    const most = Math.floor(joinBytes / 1460)
    return most <= 1 ? joinBytes : 1460 * (most - this.#tape.random.int(Math.ceil(most / 3) + 1))
  }

  #pass(side: Side): void {
    this.wait(this.#delay(side))
  }
}

export function opposite(side: Side): Side {
  return side === 'client' ? 'server' : 'client'
}

/** Ciphertext in TLS records (RFC 8446 §5.1): the header is real, the rest the same noise everywhere, cut short. */
export function ciphertext(length: number): Payload {
  const whole = Math.max(length, 22) + 5
  const bytes = new Uint8Array(Math.min(whole, KEPT_BYTES))
  const inner = Math.min(whole - 5, 16_384 + 17)
  bytes.set([0x17, 3, 3, inner >> 8, inner & 255])
  bytes.set(NOISE.subarray(0, bytes.length - 5), 5)
  return { bytes, length: whole }
}

const NOISE = Uint8Array.from({ length: KEPT_BYTES }, (_, i) => (i * 167 + 89) & 255)

export function textPayload(text: string): Payload {
  return payload(new TextEncoder().encode(text))
}

/** A question and, unless it is lost, its answer. Returns when the exchange was over. */
export function ask(
  tape: Tape,
  ends: Ends,
  {
    micros,
    rttMicros,
    question,
    answer,
  }: { micros: number; rttMicros: number; question: Uint8Array; answer: Uint8Array | undefined },
): number {
  const { client, server, clientPort, serverPort } = ends
  tape.frames.push(
    udpFrame(Math.round(micros), {
      from: client,
      to: server,
      fromPort: clientPort,
      toPort: serverPort,
      data: question,
    }),
  )
  if (answer === undefined) return micros
  const back = Math.round(micros + logNormal(tape.random, rttMicros, 1.3))
  tape.frames.push(udpFrame(back, { from: server, to: client, fromPort: serverPort, toPort: clientPort, data: answer }))
  return back
}
