/** An ended flow read out of its row, with means and deviations worked out: what the features are made of. */
import { DIRECTION_DOUBLES, DIRECTION_INTS, DOUBLES, INTS } from './layout.ts'

// Local copies: see table.ts.
const D = DOUBLES
const I = INTS
const DD = DIRECTION_DOUBLES
const DI = DIRECTION_INTS

/** Statistics of a series: 0 throughout when it is empty. */
export class Series {
  count = 0
  sum = 0
  mean = 0
  variance = 0
  deviation = 0
  max = 0
  min = 0

  /** From exact sums; moving the origin to the rounded mean keeps the digits that plain subtraction would lose. */
  set(count: number, sum: number, squares: number): void {
    this.count = count
    this.sum = sum
    this.mean = count > 0 ? sum / count : 0
    if (count < 2) {
      this.variance = 0
      this.deviation = 0
      return
    }
    const origin = Math.round(this.mean)
    const rest = sum - count * origin
    const around = squares - 2 * origin * sum + count * origin * origin
    this.variance = Math.max(0, (around - (rest * rest) / count) / (count - 1))
    this.deviation = Math.sqrt(this.variance)
  }
}

export class DirectionView {
  packets = 0
  bytes = 0
  /** Payload of protocols that the features count as empty. */
  otherBytes = 0
  headerBytes = 0
  psh = 0
  urg = 0
  fin = 0
  perSecond = 0
  bulkBytes = 0
  bulkPackets = 0
  bulkRate = 0
  readonly lengths = new Series()
  readonly gaps = new Series()
  squares = 0

  read(doubles: Float64Array, ints: Int32Array, d: number, i: number): void {
    const packets = ints[i + DI.count]!
    this.packets = packets
    this.bytes = doubles[d + DD.sum]!
    this.squares = doubles[d + DD.squares]!
    this.otherBytes = doubles[d + DD.otherBytes]!
    this.headerBytes = ints[i + DI.header]!
    this.psh = ints[i + DI.psh]!
    this.urg = ints[i + DI.urg]!
    this.fin = ints[i + DI.fin]!
    this.lengths.set(packets, this.bytes, this.squares)
    this.lengths.max = ints[i + DI.max]!
    this.lengths.min = ints[i + DI.min]!
    this.gaps.set(Math.max(0, packets - 1), doubles[d + DD.last]! - doubles[d + DD.first]!, doubles[d + DD.gapSquares]!)
    this.gaps.max = doubles[d + DD.gapMax]!
    this.gaps.min = doubles[d + DD.gapMin]!
    const bulks = ints[i + DI.bulks]!
    const bulkMicros = doubles[d + DD.bulkMicros]!
    this.bulkBytes = bulks > 0 ? doubles[d + DD.bulkBytes]! / bulks : 0
    this.bulkPackets = bulks > 0 ? ints[i + DI.bulkPackets]! / bulks : 0
    this.bulkRate = bulkMicros > 0 ? doubles[d + DD.bulkBytes]! / (bulkMicros / 1e6) : 0
  }
}

export class FlowView {
  startMicros = 0
  endMicros = 0
  /** Never negative, though a capture out of order may end a flow before it began. */
  durationMicros = 0
  seconds = 0
  packets = 0
  bytes = 0
  originPort = 0
  destinationPort = 0
  protocol = 0
  syn = 0
  rst = 0
  ack = 0
  ece = 0
  cwr = 0
  longGaps = 0
  windowForward = 0
  windowBackward = 0
  dataForward = 0
  headerMinForward = 0
  readonly forward = new DirectionView()
  readonly backward = new DirectionView()
  readonly lengths = new Series()
  readonly gaps = new Series()
  readonly active = new Series()
  readonly idle = new Series()

  read(rows: { readonly doubles: Float64Array; readonly ints: Int32Array }, row: number): void {
    const { doubles, ints } = rows
    const d = row * D.width
    const i = row * I.width
    this.startMicros = doubles[d + D.start]!
    this.endMicros = doubles[d + D.last]!
    this.durationMicros = Math.max(0, this.endMicros - this.startMicros)
    this.seconds = this.durationMicros / 1e6
    const ports = ints[i + 8]!
    this.originPort = ports >>> 16
    this.destinationPort = ports & 0xffff
    this.protocol = ints[i + 9]! & 0xff
    this.forward.read(doubles, ints, d + D.forward, i + I.forward)
    this.backward.read(doubles, ints, d + D.backward, i + I.backward)
    this.forward.perSecond = this.seconds > 0 ? this.forward.packets / this.seconds : 0
    this.backward.perSecond = this.seconds > 0 ? this.backward.packets / this.seconds : 0
    this.packets = this.forward.packets + this.backward.packets
    this.bytes = this.forward.bytes + this.backward.bytes
    this.#readFlags(ints, i)
    this.#readSeries(doubles, ints, d, i)
  }

  #readFlags(ints: Int32Array, i: number): void {
    this.syn = ints[i + I.syn]!
    this.rst = ints[i + I.rst]!
    this.ack = ints[i + I.ack]!
    this.ece = ints[i + I.ece]!
    this.cwr = ints[i + I.cwr]!
    this.longGaps = ints[i + I.longGaps]!
    this.windowForward = ints[i + I.windowForward]!
    this.windowBackward = ints[i + I.windowBackward]!
    this.dataForward = ints[i + I.dataForward]!
    this.headerMinForward = ints[i + I.headerMinForward]!
  }

  #readSeries(doubles: Float64Array, ints: Int32Array, d: number, i: number): void {
    const { forward, backward, lengths, gaps, active, idle } = this
    lengths.set(this.packets, this.bytes, forward.squares + backward.squares)
    if (forward.packets === 0) {
      lengths.max = backward.lengths.max
      lengths.min = backward.lengths.min
    } else if (backward.packets === 0) {
      lengths.max = forward.lengths.max
      lengths.min = forward.lengths.min
    } else {
      lengths.max = Math.max(forward.lengths.max, backward.lengths.max)
      lengths.min = Math.min(forward.lengths.min, backward.lengths.min)
    }
    gaps.set(this.packets - 1, this.endMicros - this.startMicros, doubles[d + D.gapSquares]!)
    gaps.max = doubles[d + D.gapMax]!
    gaps.min = doubles[d + D.gapMin]!
    active.set(ints[i + I.actives]!, doubles[d + D.activeSum]!, doubles[d + D.activeSquares]!)
    active.max = doubles[d + D.activeMax]!
    active.min = doubles[d + D.activeMin]!
    idle.set(ints[i + I.idles]!, doubles[d + D.idleSum]!, doubles[d + D.idleSquares]!)
    idle.max = doubles[d + D.idleMax]!
    idle.min = doubles[d + D.idleMin]!
  }
}
