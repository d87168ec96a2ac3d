/** A FlowBatch while it fills: columns that grow up to MAX_BATCH_ROWS, and the batch's own dictionaries. */
import { COUNT_COLUMNS, type FlowBatch, MAX_BATCH_ROWS } from '../flow/batch.ts'
import type { Dictionary } from './dictionary.ts'

export const FEATURE_COUNT = 78
const FIRST_ROWS = 16

export interface BatchEnd {
  readonly categories: readonly { readonly name: string; readonly values: readonly string[] }[]
  readonly watermarkMicros: number
}

export interface BatchShape {
  readonly hasFeatures: boolean
  readonly hasLabels: boolean
  readonly categories: number
  readonly numbers: readonly string[]
}

export class BatchBuilder {
  length = 0
  #capacity = 0
  #firstRows = FIRST_ROWS
  row = new Float64Array(0)
  startMicros = new Float64Array(0)
  endMicros = new Float64Array(0)
  origAddress = new Int32Array(0)
  respAddress = new Int32Array(0)
  origPort = new Int32Array(0)
  respPort = new Int32Array(0)
  protocol = new Int16Array(0)
  counts = new Float64Array(0)
  features: Float64Array<ArrayBuffer> | undefined
  label: Int32Array<ArrayBuffer> | undefined
  readonly #numberNames: readonly string[]
  #numbers = new Float32Array(0)
  readonly categoryCodes: Int32Array<ArrayBuffer>[]
  #addresses = new Map<string, number>()
  /** Per source column: address code by that column's dictionary code. */
  #addressCodes = new Map<number, number[]>()
  #labels = new Map<string, number>()
  #labelCodes = new Map<number, number>()
  #protocols: number[] = []

  constructor({ hasFeatures, hasLabels, categories, numbers }: BatchShape) {
    this.#numberNames = numbers
    this.features = hasFeatures ? new Float64Array(0) : undefined
    this.label = hasLabels ? new Int32Array(0) : undefined
    this.categoryCodes = Array.from({ length: categories }, () => new Int32Array(0))
  }

  /** Makes room for one more row. */
  reserve(): void {
    if (this.length === this.#capacity)
      this.#resize(Math.min(MAX_BATCH_ROWS, Math.max(this.#firstRows, this.#capacity * 4)))
  }

  setFeatures(at: number, columns: Int32Array, numbers: Float64Array): void {
    const { features } = this
    if (features === undefined) return
    const base = at * FEATURE_COUNT
    for (let j = 0; j < FEATURE_COUNT; j++) {
      const column = columns[j]!
      features[base + j] = column < 0 ? Number.NaN : numbers[column]!
    }
  }

  setNumber(at: number, number: number, value: number): void {
    this.#numbers[at * this.#numberNames.length + number] = value
  }

  addressOf(column: number, codes: Int32Array, dictionaries: readonly (Dictionary | undefined)[]): number {
    const code = codes[column]!
    if (code < 0) return -1
    let known = this.#addressCodes.get(column)
    if (known === undefined) {
      known = []
      this.#addressCodes.set(column, known)
    }
    const address = known[code] ?? codeIn(this.#addresses, dictionaries[column]!.values[code]!)
    known[code] = address
    return address
  }

  protocolOf(code: number, values: readonly string[], toNumber: (text: string) => number): number {
    const number = this.#protocols[code] ?? toNumber(values[code]!)
    this.#protocols[code] = number
    return number
  }

  labelOf(
    main: number,
    detail: number,
    values: readonly string[],
    details: readonly string[] | undefined,
    join: (label: string, detail: string) => string,
  ): number {
    if (main < 0) return -1
    const pair = main * 65_536 + detail + 1
    const known = this.#labelCodes.get(pair)
    if (known !== undefined) return known
    const text = details === undefined || detail < 0 ? values[main]! : join(values[main]!, details[detail]!)
    const code = codeIn(this.#labels, text)
    this.#labelCodes.set(pair, code)
    return code
  }

  finish(end: BatchEnd): FlowBatch {
    this.#resize(this.length)
    const batch: FlowBatch = {
      length: this.length,
      row: this.row,
      startMicros: this.startMicros,
      endMicros: this.endMicros,
      addresses: [...this.#addresses.keys()],
      origAddress: this.origAddress,
      respAddress: this.respAddress,
      origPort: this.origPort,
      respPort: this.respPort,
      protocol: this.protocol,
      counts: this.counts,
      features: this.features,
      labels: [...this.#labels.keys()],
      label: this.label,
      categories: end.categories.map(({ name, values }, i) => ({ name, values, code: this.categoryCodes[i]! })),
      ...(this.#numberNames.length > 0 ? { numbers: { names: this.#numberNames, values: this.#numbers } } : {}),
      watermarkMicros: end.watermarkMicros,
    }
    this.#startAnew()
    return batch
  }

  #startAnew(): void {
    this.length = 0
    this.#addresses = new Map()
    this.#addressCodes = new Map()
    this.#labels = new Map()
    this.#labelCodes = new Map()
    this.#protocols = []
    // What was given out belongs to its taker: the next batch gets columns of its own.
    this.#firstRows = this.#capacity === MAX_BATCH_ROWS ? MAX_BATCH_ROWS : FIRST_ROWS
    this.#resize(0)
  }

  #resize(rows: number): void {
    if (rows === this.#capacity) return
    this.#capacity = rows
    this.row = resized(this.row, new Float64Array(rows))
    this.startMicros = resized(this.startMicros, new Float64Array(rows))
    this.endMicros = resized(this.endMicros, new Float64Array(rows))
    this.origAddress = resized(this.origAddress, new Int32Array(rows))
    this.respAddress = resized(this.respAddress, new Int32Array(rows))
    this.origPort = resized(this.origPort, new Int32Array(rows))
    this.respPort = resized(this.respPort, new Int32Array(rows))
    this.protocol = resized(this.protocol, new Int16Array(rows))
    this.counts = resized(this.counts, new Float64Array(rows * COUNT_COLUMNS.length))
    if (this.features) this.features = resized(this.features, new Float64Array(rows * FEATURE_COUNT))
    this.#numbers = resized(this.#numbers, new Float32Array(rows * this.#numberNames.length))
    if (this.label) this.label = resized(this.label, new Int32Array(rows))
    this.categoryCodes.forEach((codes, i) => {
      this.categoryCodes[i] = resized(codes, new Int32Array(rows))
    })
  }
}

interface Settable<T> {
  readonly length: number
  set(from: T): void
  subarray(start: number, end: number): T
}

function resized<T extends Settable<T>>(from: T, to: T): T {
  to.set(from.length > to.length ? from.subarray(0, to.length) : from)
  return to
}

function codeIn(codes: Map<string, number>, text: string): number {
  const known = codes.get(text)
  if (known !== undefined) return known
  const code = codes.size
  codes.set(text, code)
  return code
}
