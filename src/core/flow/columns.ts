/** Gathers ended flows into batches of columns. */
import { IPV6_BIT, KEY } from '../packet/packet.ts'
import { AddressBook } from './address-book.ts'
import { type FlowBatch, MAX_BATCH_ROWS } from './batch.ts'
import { FEATURE_COUNT, writeFeatures } from './features.ts'
import { INTS } from './layout.ts'
import { FlowView } from './view.ts'

const FIRST_ROWS = 64

export class FlowColumns {
  length = 0
  #capacity = 0
  /** Flows given out in earlier batches. */
  #before = 0
  /** What the last batch promised about those that follow. */
  #watermark = Number.NEGATIVE_INFINITY
  readonly #flow = new FlowView()
  #columns = allocate(0)
  readonly #addresses = new AddressBook()

  get full(): boolean {
    return this.length >= MAX_BATCH_ROWS
  }

  add(table: { readonly doubles: Float64Array; readonly ints: Int32Array }, row: number): void {
    if (this.length === this.#capacity) this.#grow()
    const flow = this.#flow
    flow.read(table, row)
    const index = this.length++
    const columns = this.#columns
    const base = row * INTS.width
    const family = table.ints[base + KEY.protocol]! & IPV6_BIT
    columns.row[index] = this.#before + index + 1
    // A flow whose packets came very late is moved up to keep the promise.
    columns.startMicros[index] = Math.max(flow.startMicros, this.#watermark)
    columns.endMicros[index] = Math.max(flow.startMicros + flow.durationMicros, this.#watermark)
    columns.origAddress[index] = this.#addresses.indexOf(table.ints, base + KEY.source, family)
    columns.respAddress[index] = this.#addresses.indexOf(table.ints, base + KEY.destination, family)
    columns.origPort[index] = flow.originPort
    columns.respPort[index] = flow.destinationPort
    columns.protocol[index] = flow.protocol
    const counts = columns.counts
    counts[4 * index] = flow.forward.packets
    counts[4 * index + 1] = flow.backward.packets
    counts[4 * index + 2] = flow.forward.bytes + flow.forward.otherBytes
    counts[4 * index + 3] = flow.backward.bytes + flow.backward.otherBytes
    writeFeatures(columns.features, index * FEATURE_COUNT, flow)
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
      this.#columns = allocate(0)
    }
    this.#before += length
    this.length = 0
    return batch
  }

  #grow(): void {
    this.#capacity = Math.min(MAX_BATCH_ROWS, Math.max(FIRST_ROWS, 4 * this.#capacity))
    const larger = allocate(this.#capacity)
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

function allocate(rows: number) {
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
    features: new Float64Array(FEATURE_COUNT * rows),
  }
}

/** The first rows: the arrays themselves when they are full, else copies. */
function cut(columns: ReturnType<typeof allocate>, rows: number): ReturnType<typeof allocate> {
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
