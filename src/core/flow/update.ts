/**
 * Adds one packet to its flow's numbers (cic78 §4 and §5). Sums and sums of squares stay exact in doubles: payloads are small
 * and the gaps of a flow add up to at most 120 s, so that no division is needed per packet.
 */
import { type Packet, TCP_FLAG } from '../packet/packet.ts'
import { DIRECTION_DOUBLES, DIRECTION_INTS, DOUBLES, INTS } from './layout.ts'

/** A gap longer than this ends an active period. */
export const ACTIVITY_TIMEOUT_MICROS = 5_000_000
/** Longer gaps end a bulk, and count as subflows. */
const BULK_GAP_MICROS = 1_000_000
const BULK_PACKETS = 4

// Local copies: see table.ts.
const D = DOUBLES
const I = INTS
const DD = DIRECTION_DOUBLES
const DI = DIRECTION_INTS
const FLAG = TCP_FLAG

interface Rows {
  readonly doubles: Float64Array
  readonly ints: Int32Array
}

/** The first packet of the flow in `row`; it is backward when the flow keeps the direction of an earlier one. */
export function addFirstPacket(rows: Rows, row: number, packet: Packet, forward: boolean): void {
  const { doubles, ints } = rows
  const d = row * D.width
  const i = row * I.width
  const micros = packet.micros
  doubles[d + D.start] = micros
  doubles[d + D.last] = micros
  doubles[d + D.activeStart] = micros
  doubles[d + D.gapMax] = Number.NEGATIVE_INFINITY
  doubles[d + D.gapMin] = Number.POSITIVE_INFINITY
  ints[i + I.icmp] = packet.icmp
  if (forward) {
    ints[i + I.windowForward] = packet.window
    ints[i + I.headerMinForward] = packet.headerBytes
  } else {
    ints[i + I.windowBackward] = packet.window
  }
  addToDirection(doubles, ints, d, i, packet, forward)
  if (packet.flags !== 0) countFlags(ints, i, packet.flags)
}

/** Any later packet. */
export function addPacket(rows: Rows, row: number, packet: Packet, forward: boolean): void {
  const { doubles, ints } = rows
  const d = row * D.width
  const i = row * I.width
  const micros = packet.micros
  const gap = micros - doubles[d + D.last]!
  if (gap > BULK_GAP_MICROS) {
    ints[i + I.longGaps]!++
    if (gap > ACTIVITY_TIMEOUT_MICROS) endActivePeriod(doubles, ints, d, i, micros)
  }
  doubles[d + D.gapSquares]! += gap * gap
  if (gap > doubles[d + D.gapMax]!) doubles[d + D.gapMax] = gap
  if (gap < doubles[d + D.gapMin]!) doubles[d + D.gapMin] = gap
  doubles[d + D.last] = micros
  addToDirection(doubles, ints, d, i, packet, forward)
  const flags = packet.flags
  if (flags === FLAG.ack) ints[i + I.ack]!++
  else if (flags !== 0) countFlags(ints, i, flags)
  if (forward) {
    if (packet.headerBytes < ints[i + I.headerMinForward]!) ints[i + I.headerMinForward] = packet.headerBytes
  } else if (ints[i + I.windowBackward] === 0) {
    ints[i + I.windowBackward] = packet.window
  }
}

function addToDirection(
  doubles: Float64Array,
  ints: Int32Array,
  d: number,
  i: number,
  packet: Packet,
  forward: boolean,
): void {
  const dd = d + (forward ? D.forward : D.backward)
  const di = i + (forward ? I.forward : I.backward)
  const bytes = packet.payloadBytes
  const micros = packet.micros
  addToBulk(doubles, ints, dd, di, d + D.runLast + (forward ? 0 : 1), d + D.runLast + (forward ? 1 : 0), micros, bytes)
  const count = ++ints[di + DI.count]!
  ints[di + DI.header]! += packet.headerBytes
  doubles[dd + DD.sum]! += bytes
  doubles[dd + DD.squares]! += bytes * bytes
  if (packet.otherBytes > 0) doubles[dd + DD.otherBytes]! += packet.otherBytes
  if (count === 1) {
    ints[di + DI.max] = bytes
    ints[di + DI.min] = bytes
    doubles[dd + DD.first] = micros
  } else {
    if (bytes > ints[di + DI.max]!) ints[di + DI.max] = bytes
    if (bytes < ints[di + DI.min]!) ints[di + DI.min] = bytes
    const gap = micros - doubles[dd + DD.last]!
    doubles[dd + DD.gapSquares]! += gap * gap
    if (count === 2 || gap > doubles[dd + DD.gapMax]!) doubles[dd + DD.gapMax] = gap
    if (count === 2 || gap < doubles[dd + DD.gapMin]!) doubles[dd + DD.gapMin] = gap
  }
  doubles[dd + DD.last] = micros
  if (forward && bytes > 0) ints[i + I.dataForward]!++
  const flags = packet.flags
  if ((flags & (FLAG.psh | FLAG.urg | FLAG.fin)) !== 0) {
    if (flags & FLAG.psh) ints[di + DI.psh]!++
    if (flags & FLAG.urg) ints[di + DI.urg]!++
    if (flags & FLAG.fin) ints[di + DI.fin]!++
  }
}

/** FIN, PSH and URG are counted per direction. */
function countFlags(ints: Int32Array, i: number, flags: number): void {
  if (flags & FLAG.ack) ints[i + I.ack]!++
  if (flags & FLAG.syn) ints[i + I.syn]!++
  if (flags & FLAG.rst) ints[i + I.rst]!++
  if (flags & FLAG.ece) ints[i + I.ece]!++
  if (flags & FLAG.cwr) ints[i + I.cwr]!++
}

/** The period that is still open when the flow ends is never counted, as in the tool (cic78 §5). */
function endActivePeriod(doubles: Float64Array, ints: Int32Array, d: number, i: number, micros: number): void {
  const last = doubles[d + D.last]!
  const active = last - doubles[d + D.activeStart]!
  if (active > 0) {
    const count = ++ints[i + I.actives]!
    doubles[d + D.activeSum]! += active
    doubles[d + D.activeSquares]! += active * active
    if (count === 1 || active > doubles[d + D.activeMax]!) doubles[d + D.activeMax] = active
    if (count === 1 || active < doubles[d + D.activeMin]!) doubles[d + D.activeMin] = active
  }
  const idle = micros - last
  const count = ++ints[i + I.idles]!
  doubles[d + D.idleSum]! += idle
  doubles[d + D.idleSquares]! += idle * idle
  if (count === 1 || idle > doubles[d + D.idleMax]!) doubles[d + D.idleMax] = idle
  if (count === 1 || idle < doubles[d + D.idleMin]!) doubles[d + D.idleMin] = idle
  doubles[d + D.activeStart] = micros
}

/** `own` and `other` are the places of the last data of this direction and the opposite one, where data ends this direction's run. */
function addToBulk(
  doubles: Float64Array,
  ints: Int32Array,
  dd: number,
  di: number,
  own: number,
  other: number,
  micros: number,
  bytes: number,
): void {
  if (doubles[other]! > doubles[dd + DD.runStart]!) doubles[dd + DD.runStart] = 0
  if (bytes === 0) return
  const last = doubles[own]!
  doubles[own] = micros
  if (doubles[dd + DD.runStart] === 0 || micros - last > BULK_GAP_MICROS) {
    doubles[dd + DD.runStart] = micros
    doubles[dd + DD.runBytes] = bytes
    ints[di + DI.runPackets] = 1
    return
  }
  const packets = ++ints[di + DI.runPackets]!
  doubles[dd + DD.runBytes]! += bytes
  if (packets === BULK_PACKETS) {
    ints[di + DI.bulks]!++
    ints[di + DI.bulkPackets]! += BULK_PACKETS
    doubles[dd + DD.bulkBytes]! += doubles[dd + DD.runBytes]!
    doubles[dd + DD.bulkMicros]! += micros - doubles[dd + DD.runStart]!
  } else if (packets > BULK_PACKETS) {
    ints[di + DI.bulkPackets]!++
    doubles[dd + DD.bulkBytes]! += bytes
    doubles[dd + DD.bulkMicros]! += micros - last
  }
}
