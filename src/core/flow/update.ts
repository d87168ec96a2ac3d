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
const ACK = TCP_FLAG.ack
const PSH_ACK = TCP_FLAG.psh | TCP_FLAG.ack

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
  addPacket(rows, row, packet, forward)
  // There was no gap yet.
  doubles[d + D.gapMax] = Number.NEGATIVE_INFINITY
  doubles[d + D.gapMin] = Number.POSITIVE_INFINITY
  ints[i + I.icmp] = packet.icmp
  if (forward) {
    ints[i + I.windowForward] = packet.window
    ints[i + I.headerMinForward] = packet.headerBytes
  }
}

/** Any later packet. All in one function, as it runs for each packet: calls between its parts took 5 % of the run. */
export function addPacket(rows: Rows, row: number, packet: Packet, forward: boolean): void {
  const { doubles, ints } = rows
  const { micros, flags, headerBytes } = packet
  const bytes = packet.payloadBytes
  const d = row * D.width
  const i = row * I.width
  const side = forward ? 0 : 1
  const dd = d + D.forward + side * (D.backward - D.forward)
  const di = i + I.forward + side * (I.backward - I.forward)
  const gap = micros - doubles[d + D.last]!
  if (gap > BULK_GAP_MICROS) {
    ints[i + I.longGaps]!++
    if (gap > ACTIVITY_TIMEOUT_MICROS) endActivePeriod(doubles, ints, d, i, micros)
  }
  doubles[d + D.last] = micros
  doubles[d + D.gapSquares]! += gap * gap
  if (gap > doubles[d + D.gapMax]!) doubles[d + D.gapMax] = gap
  if (gap < doubles[d + D.gapMin]!) doubles[d + D.gapMin] = gap

  const count = ++ints[di + DI.count]!
  ints[di + DI.header]! += headerBytes
  if (count === 1) {
    ints[di + DI.max] = bytes
    ints[di + DI.min] = bytes
    doubles[dd + DD.first] = micros
  } else {
    if (bytes > ints[di + DI.max]!) ints[di + DI.max] = bytes
    if (bytes < ints[di + DI.min]!) ints[di + DI.min] = bytes
    const own = micros - doubles[dd + DD.last]!
    doubles[dd + DD.gapSquares]! += own * own
    if (count === 2 || own > doubles[dd + DD.gapMax]!) doubles[dd + DD.gapMax] = own
    if (count === 2 || own < doubles[dd + DD.gapMin]!) doubles[dd + DD.gapMin] = own
  }
  doubles[dd + DD.last] = micros

  // Data in the opposite direction ends this direction's run.
  if (doubles[d + D.runLast + 1 - side]! > doubles[dd + DD.runStart]!) doubles[dd + DD.runStart] = 0
  if (bytes > 0) {
    doubles[dd + DD.sum]! += bytes
    doubles[dd + DD.squares]! += bytes * bytes
    addToRun(doubles, ints, dd, di, d + D.runLast + side, packet)
  } else if (packet.otherBytes > 0) {
    doubles[dd + DD.otherBytes]! += packet.otherBytes
  }

  if (forward) {
    if (bytes > 0) ints[i + I.dataForward]!++
    if (headerBytes < ints[i + I.headerMinForward]!) ints[i + I.headerMinForward] = headerBytes
  } else if (ints[i + I.windowBackward] === 0) {
    ints[i + I.windowBackward] = packet.window
  }
  if (flags === ACK) ints[i + I.ack]!++
  else if (flags === PSH_ACK) {
    ints[i + I.ack]!++
    ints[di + DI.psh]!++
  } else if (flags !== 0) countFlags(ints, i, di, flags)
}

/** `di` is the block of the packet's direction. Without branches: the engine throws code away when a rare one is first taken. */
function countFlags(ints: Int32Array, i: number, di: number, flags: number): void {
  ints[i + I.ack]! += (flags >> 4) & 1
  ints[di + DI.psh]! += (flags >> 3) & 1
  ints[di + DI.urg]! += (flags >> 5) & 1
  ints[di + DI.fin]! += flags & 1
  ints[i + I.syn]! += (flags >> 1) & 1
  ints[i + I.rst]! += (flags >> 2) & 1
  ints[i + I.ece]! += (flags >> 6) & 1
  ints[i + I.cwr]! += (flags >> 7) & 1
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

/** Data joins the run of its direction, which becomes a bulk with its fourth packet; `last` is the place of the direction's last data. */
function addToRun(doubles: Float64Array, ints: Int32Array, dd: number, di: number, last: number, packet: Packet): void {
  const { micros } = packet
  const bytes = packet.payloadBytes
  const gap = micros - doubles[last]!
  doubles[last] = micros
  if (doubles[dd + DD.runStart] === 0 || gap > BULK_GAP_MICROS) {
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
    doubles[dd + DD.bulkMicros]! += gap
  }
}
