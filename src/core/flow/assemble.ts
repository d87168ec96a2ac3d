/**
 * Packets to flows: the life cycle of the corrected CICFlowMeter (cic78 §2 and §3, variant E), in bounded memory.
 * A flow is cut 120 s after its start; since it would be cut by its next packet anyway, it is put away as soon as the
 * capture's clock has passed that time, with a tombstone for its direction.
 */
import { IPV6_BIT, KEY, type Packet, TCP_FLAG } from '../packet/packet.ts'
import { hashKey, writeKey } from './key.ts'
import { DIRECTION_INTS, DOUBLES, INTS, STATE } from './layout.ts'
import { FlowTable } from './table.ts'
import { Tombstones } from './tombstones.ts'
import { addFirstPacket, addPacket } from './update.ts'

export const FLOW_TIMEOUT_MICROS = 120_000_000
/** Above this the oldest flow is ended early: 512 bytes each, so 64 MiB. */
export const MAX_LIVE_FLOWS = 131_072
const SWEEP_MICROS = 1_000_000
const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const

/** What a packet did: opened a flow, was the first answer in one, or neither. */
export const ADDED = { more: 0, opened: 1, answered: 2 } as const

// Local copies: see table.ts.
const FLAG = TCP_FLAG
const S = STATE
const I = INTS
const D = DOUBLES
const TIMEOUT = FLOW_TIMEOUT_MICROS
const SYN_ACK = TCP_FLAG.syn | TCP_FLAG.ack
const BACKWARD_COUNT = INTS.backward + DIRECTION_INTS.count
const FORWARD_FIN = INTS.forward + DIRECTION_INTS.fin
const BACKWARD_FIN = INTS.backward + DIRECTION_INTS.fin

export class FlowAssembler {
  readonly table = new FlowTable()
  /** Flows ended early because too many were live. */
  cutByLimit = 0
  /** Packets with a time before that of the packet before them. */
  disordered = 0
  readonly #onFlow: (table: FlowTable, row: number) => void
  readonly #tombstones = new Tombstones()
  #clock = Number.NEGATIVE_INFINITY
  #swept = Number.NEGATIVE_INFINITY

  /** `onFlow` gets each flow when it ends; the row is valid during the call. */
  constructor(onFlow: (table: FlowTable, row: number) => void) {
    this.#onFlow = onFlow
  }

  /** One of ADDED. */
  add(packet: Packet): number {
    const micros = packet.micros
    if (micros < this.#clock) this.disordered++
    this.#clock = micros
    // Also when the clock went back: it may have been one wild time that went before.
    if (Math.abs(micros - this.#swept) > SWEEP_MICROS) this.#sweep(micros)
    const table = this.table
    const key = packet.key
    const hash = hashKey(key)
    const row = table.find(key, hash)
    if (row < 0) {
      this.#open(packet, hash)
      return ADDED.opened
    }
    const forward = table.foundForward
    const base = row * I.width
    const tooOld = micros - table.doubles[row * D.width + D.start]! > TIMEOUT
    const flags = packet.flags
    const reopened = (flags & FLAG.syn) !== 0 && table.ints[base + I.state] === S.ended
    if (tooOld || reopened || this.#isOtherMessage(packet, base)) {
      this.#reopen(packet, row, { forward, reopened })
      return ADDED.opened
    }
    addPacket(table, row, packet, forward)
    if ((flags & (FLAG.fin | FLAG.rst)) !== 0 || table.ints[base + I.state] === S.bothFins) {
      this.#advance(base, flags)
    }
    return !forward && table.ints[base + BACKWARD_COUNT] === 1 ? ADDED.answered : ADDED.more
  }

  /** Ends up to `limit` flows, those that started first; false when none is left. */
  flush(limit: number): boolean {
    for (let count = 0; count < limit && this.table.oldest >= 0; count++) this.#end(this.table.oldest)
    return this.table.oldest >= 0
  }

  /** No live flow started before this; infinite when there is none. */
  oldestStartMicros(): number {
    const { doubles, ints, oldest } = this.table
    if (oldest < 0) return Number.POSITIVE_INFINITY
    let least = doubles[oldest * D.width + D.start]!
    if (this.disordered === 0) return least
    for (let row = oldest; row >= 0; row = ints[row * I.width + I.next]!) {
      least = Math.min(least, doubles[row * D.width + D.start]!)
    }
    return least
  }

  #open(packet: Packet, hash: number): void {
    const table = this.table
    if (table.live >= MAX_LIVE_FLOWS) {
      this.cutByLimit++
      this.#putAway(table.oldest)
    }
    const forward = this.#isForwardStart(packet, hash)
    const row = table.insert(hash)
    writeKey(table.ints, row * I.width, packet.key, !forward)
    addFirstPacket(table, row, packet, forward)
  }

  /** The direction of a flow that begins with this packet: as remembered, else by SYN+ACK, else the packet's own. */
  #isForwardStart(packet: Packet, hash: number): boolean {
    const fresh = (packet.flags & SYN_ACK) !== SYN_ACK
    const { protocol } = packet
    if (protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp) return fresh
    const before = this.#tombstones.exhume(packet.key, hash)
    if (before === undefined) return fresh
    if (protocol === PROTOCOL.udp) return packet.micros - before.lastMicros > TIMEOUT ? fresh : before.forward
    return before.ended && (packet.flags & FLAG.syn) !== 0 ? fresh : before.forward
  }

  /** Ends the flow in `row` and begins the next one of the same key in its place. */
  #reopen(packet: Packet, row: number, how: { forward: boolean; reopened: boolean }): void {
    const table = this.table
    const last = table.doubles[row * D.width + D.last]!
    this.#onFlow(table, row)
    const { protocol } = packet
    const keepsDirection =
      !how.reopened && (protocol === PROTOCOL.tcp || (protocol === PROTOCOL.udp && packet.micros - last <= TIMEOUT))
    let forward = how.forward
    if (!keepsDirection) {
      forward = (packet.flags & SYN_ACK) !== SYN_ACK
      writeKey(table.ints, row * I.width, packet.key, !forward)
    }
    table.restart(row)
    addFirstPacket(table, row, packet, forward)
  }

  /** The tool begins a new flow for an ICMP message only if type and code both differ from the first one's. */
  #isOtherMessage(packet: Packet, base: number): boolean {
    if (packet.protocol !== PROTOCOL.icmp && packet.protocol !== PROTOCOL.icmp6) return false
    const difference = packet.icmp ^ this.table.ints[base + I.icmp]!
    return (difference & 0xff00) !== 0 && (difference & 0xff) !== 0
  }

  /** FIN on both sides, then the last ACK; or RST at once. Later packets stay in the flow until a SYN. */
  #advance(base: number, flags: number): void {
    const ints = this.table.ints
    const state = ints[base + I.state]!
    if (flags & FLAG.fin) {
      if (state === S.open) ints[base + I.state] = S.firstFin
      else if (state === S.firstFin && ints[base + FORWARD_FIN]! > 0 && ints[base + BACKWARD_FIN]! > 0) {
        ints[base + I.state] = S.bothFins
      }
    } else if (flags & FLAG.rst) {
      ints[base + I.state] = S.ended
    } else if (state === S.bothFins && flags & FLAG.ack) {
      ints[base + I.state] = S.ended
    }
  }

  #sweep(micros: number): void {
    this.#swept = micros
    const table = this.table
    while (table.oldest >= 0) {
      const age = micros - table.doubles[table.oldest * D.width + D.start]!
      if (Math.abs(age) <= TIMEOUT) return
      this.#putAway(table.oldest)
    }
  }

  #putAway(row: number): void {
    const { ints, doubles } = this.table
    const base = row * I.width
    const protocol = ints[base + KEY.protocol]! & ~IPV6_BIT
    if (protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp) {
      this.#tombstones.bury({
        words: ints,
        base,
        hash: ints[base + I.hash]!,
        ended: ints[base + I.state] === S.ended,
        lastMicros: doubles[row * D.width + D.last]!,
      })
    }
    this.#end(row)
  }

  #end(row: number): void {
    this.#onFlow(this.table, row)
    this.table.remove(row)
  }
}
