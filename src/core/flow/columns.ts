/** Gathers ended flows into batches of columns. */
import { IPV6_BIT, KEY } from '../packet/packet.ts'
import { AddressBook } from './address-book.ts'
import { type FlowBatch, MAX_BATCH_ROWS } from './batch.ts'
import { FEATURE_COUNT, writeFeatures } from './features.ts'
import { DIRECTION_DOUBLES, DIRECTION_INTS, DOUBLES, INTS } from './layout.ts'
import { durationMicros, type FlowRow } from './series.ts'

const FIRST_ROWS = 64

/** Of the 78 features; all else is exact. */
export type FeaturePrecision = 'single' | 'double'
// Local copies: see table.ts.
const D = DOUBLES
const I = INTS
const DD = DIRECTION_DOUBLES
const COUNT = DIRECTION_INTS.count

export class FlowColumns {
  length = 0
  #capacity = 0
  /** Flows given out in earlier batches. */
  #before = 0
  /** What the last batch promised about those that follow. */
  #watermark = Number.NEGATIVE_INFINITY
  readonly #row: FlowRow = { doubles: new Float64Array(0), ints: new Int32Array(0), d: 0, i: 0 }
  /** The features of one flow, worked out in double precision: sums of squares are turned over in their places. */
  readonly #features = new Float64Array(FEATURE_COUNT)
  readonly #precision: FeaturePrecision
  #columns: Columns
  readonly #addresses = new AddressBook()

  constructor(precision: FeaturePrecision) {
    this.#precision = precision
    this.#columns = allocate(0, precision)
  }

  get full(): boolean {
    return this.length >= MAX_BATCH_ROWS
  }

  add(table: { readonly doubles: Float64Array; readonly ints: Int32Array }, row: number): void {
    if (this.length === this.#capacity) this.#grow()
    const { doubles, ints } = table
    const d = row * D.width
    const i = row * I.width
    const flow = this.#row
    flow.doubles = doubles
    flow.ints = ints
    flow.d = d
    flow.i = i
    const index = this.length++
    const columns = this.#columns
    const start = doubles[d + D.start]!
    const ports = ints[i + KEY.ports]!
    const protocol = ints[i + KEY.protocol]!
    columns.row[index] = this.#before + index + 1
    // A flow whose packets came very late is moved up to keep the promise.
    columns.startMicros[index] = Math.max(start, this.#watermark)
    columns.endMicros[index] = Math.max(start + durationMicros(flow), this.#watermark)
    columns.origAddress[index] = this.#addresses.indexOf(ints, i + KEY.source, protocol & IPV6_BIT)
    columns.respAddress[index] = this.#addresses.indexOf(ints, i + KEY.destination, protocol & IPV6_BIT)
    columns.origPort[index] = ports >>> 16
    columns.respPort[index] = ports & 0xffff
    columns.protocol[index] = protocol & 0xff
    const counts = columns.counts
    const forward = d + D.forward
    const backward = d + D.backward
    counts[4 * index] = ints[i + I.forward + COUNT]!
    counts[4 * index + 1] = ints[i + I.backward + COUNT]!
    counts[4 * index + 2] = doubles[forward + DD.sum]! + doubles[forward + DD.otherBytes]!
    counts[4 * index + 3] = doubles[backward + DD.sum]! + doubles[backward + DD.otherBytes]!
    const to = columns.features
    const at = index * FEATURE_COUNT
    if (to instanceof Float64Array) {
      writeFeatures(to, at, flow)
      return
    }
    const features = this.#features
    writeFeatures(features, 0, flow)
    for (let k = 0; k < FEATURE_COUNT; k++) to[at + k] = features[k]!
  }

  /** The flows since the last call; `watermarkMicros`: no live flow started before it. */
  take(watermarkMicros: number): FlowBatch {
    const { length } = this
    this.#watermark = Math.max(this.#watermark, watermarkMicros)
    const batch: FlowBatch = {
      length,
      ...cut(this.#columns, length),
      addresses: this.#addresses.take(),
      labels: [],
      label: undefined,
      categories: [],
      watermarkMicros: this.#watermark,
    }
    if (length === this.#capacity) {
      this.#capacity = 0
      this.#columns = allocate(0, this.#precision)
    }
    this.#before += length
    this.length = 0
    return batch
  }

  #grow(): void {
    this.#capacity = Math.min(MAX_BATCH_ROWS, Math.max(FIRST_ROWS, 4 * this.#capacity))
    const larger = allocate(this.#capacity, this.#precision)
    const old = this.#columns
    larger.row.set(old.row)
    larger.startMicros.set(old.startMicros)
    larger.endMicros.set(old.endMicros)
    larger.origAddress.set(old.origAddress)
    larger.respAddress.set(old.respAddress)
    larger.origPort.set(old.origPort)
    larger.respPort.set(old.respPort)
    larger.protocol.set(old.protocol)
    larger.counts.set(old.counts)
    larger.features.set(old.features)
    this.#columns = larger
  }
}

type Columns = ReturnType<typeof allocate>

function allocate(rows: number, precision: FeaturePrecision) {
  const features = FEATURE_COUNT * rows
  return {
    row: new Float64Array(rows),
    startMicros: new Float64Array(rows),
    endMicros: new Float64Array(rows),
    origAddress: new Int32Array(rows),
    respAddress: new Int32Array(rows),
    origPort: new Int32Array(rows),
    respPort: new Int32Array(rows),
    protocol: new Int16Array(rows),
    counts: new Float64Array(4 * rows),
    features: precision === 'single' ? new Float32Array(features) : new Float64Array(features),
  }
}

/** The first rows: the arrays themselves when they are full, else copies. */
function cut(columns: Columns, rows: number): Columns {
  if (rows === columns.row.length) return columns
  return {
    row: columns.row.slice(0, rows),
    startMicros: columns.startMicros.slice(0, rows),
    endMicros: columns.endMicros.slice(0, rows),
    origAddress: columns.origAddress.slice(0, rows),
    respAddress: columns.respAddress.slice(0, rows),
    origPort: columns.origPort.slice(0, rows),
    respPort: columns.respPort.slice(0, rows),
    protocol: columns.protocol.slice(0, rows),
    counts: columns.counts.slice(0, 4 * rows),
    features: columns.features.slice(0, FEATURE_COUNT * rows),
  }
}
