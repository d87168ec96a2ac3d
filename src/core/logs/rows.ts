/** One row after another becomes columns: the readers fill the cells of a row, FlowRows checks them and keeps the row or counts why not. */
import { COUNT_COLUMNS, type FlowBatch, MAX_BATCH_ROWS } from '../flow/batch.ts'
import type { InputStats } from '../flow/input.ts'
import { BatchBuilder } from './batch-builder.ts'
import { Dictionary } from './dictionary.ts'
import { joinLabel } from './label.ts'
import {
  type Layout,
  MISSING_IS_NAN,
  MISSING_IS_ZERO,
  OPTIONAL,
  RATE_OF_DURATION,
  READ_NUMBER,
  READ_TEXT,
  READ_TIME,
  tidyText,
} from './layout.ts'
import {
  isMissing,
  NUMBER_MISSING,
  NUMBER_NOT_FINITE,
  NUMBER_TEXT,
  numberState,
  parseNumber,
  TIME_UNREADABLE,
} from './number.ts'
import { protocolNumber } from './protocol.ts'
import { TimeOrder } from './time-order.ts'

/** What goes on over a whole file, also when its columns change half-way (Zeek). */
export class TableProgress {
  /** Data rows from 1, used or not. */
  row = 0
  usable = 0
  readonly order = new TimeOrder()
}

const REASONS: Readonly<Record<number, string>> = {
  [NUMBER_MISSING]: 'missing value in',
  [NUMBER_TEXT]: 'text where a number belongs in',
  [TIME_UNREADABLE]: 'no readable time in',
}

export class FlowRows {
  readonly layout: Layout
  /** The cells of the row being read. */
  readonly numbers: Float64Array
  readonly codes: Int32Array
  /** Cells that should be numbers and are not: column and why. */
  oddCount = 0
  readonly #oddColumns: Int32Array
  readonly #oddStates: Uint8Array
  readonly dictionaries: readonly (Dictionary | undefined)[]
  readonly #stats: InputStats
  readonly #progress: TableProgress
  readonly #direct: Int32Array
  #builder: BatchBuilder
  #ready: FlowBatch[] = []
  #lastTime = ''
  #lastMicros = Number.NaN

  constructor(layout: Layout, stats: InputStats, progress: TableProgress) {
    this.layout = layout
    this.#stats = stats
    this.#progress = progress
    const width = layout.columns.length
    this.numbers = new Float64Array(width)
    this.codes = new Int32Array(width).fill(-1)
    this.#oddColumns = new Int32Array(width)
    this.#oddStates = new Uint8Array(width)
    this.#direct = Int32Array.from(layout.counts, (rule) => (rule.of === undefined ? (rule.columns[0] ?? -1) : -1))
    this.dictionaries = layout.columns.map((_, column) =>
      layout.reading[column] === READ_TEXT ? new Dictionary(tidyOf(layout, column)) : undefined,
    )
    this.#builder = new BatchBuilder({
      hasFeatures: layout.features !== undefined,
      hasLabels: layout.label >= 0,
      categories: layout.categories.length,
      numbers: layout.numbers.map(({ name }) => name),
    })
  }

  markOdd(column: number, state: number): void {
    if (this.oddCount === this.#oddColumns.length) return
    this.#oddColumns[this.oddCount] = column
    this.#oddStates[this.oddCount++] = state
  }

  /** A cell as text, whatever the column is for. */
  setText(column: number, text: string): void {
    switch (this.layout.reading[column]) {
      case READ_NUMBER: {
        const value = parseNumber(text)
        if (Number.isNaN(value)) this.markOdd(column, this.#isMissing(text) ? NUMBER_MISSING : numberState(text))
        else this.numbers[column] = value
        return
      }
      case READ_TIME: {
        if (this.#isMissing(text)) this.markOdd(column, NUMBER_MISSING)
        else this.setMicros(column, this.#parseTime(text))
        return
      }
      case READ_TEXT:
        this.codes[column] = this.dictionaries[column]!.codeOfText(text)
        return
    }
  }

  /** A cell as JSON or Parquet give it. */
  setValue(column: number, value: unknown): void {
    const reading = this.layout.reading[column]
    if (reading === READ_NUMBER && (typeof value === 'number' || typeof value === 'bigint')) {
      const number = Number(value)
      if (Number.isFinite(number)) this.numbers[column] = number
      else this.markOdd(column, NUMBER_NOT_FINITE)
    } else if (reading === READ_TIME && value instanceof Date) this.setMicros(column, value.getTime() * 1000)
    else this.setText(column, textOf(value))
  }

  /** Neighbouring rows often have the same second. */
  #parseTime(text: string): number {
    if (text !== this.#lastTime) {
      this.#lastMicros = this.layout.parseTime(text)
      this.#lastTime = text
    }
    return this.#lastMicros
  }

  setMicros(column: number, micros: number): void {
    if (Number.isNaN(micros)) this.markOdd(column, TIME_UNREADABLE)
    else this.numbers[column] = micros
  }

  /** A row that cannot be used, whatever its cells say. */
  skipRow(reason: string): void {
    this.#progress.row++
    this.#stats.rows++
    this.#stats.skipped.add(reason)
    this.oddCount = 0
  }

  endRow(): void {
    const refusal = this.oddCount > 0 ? this.#repair() : undefined
    this.oddCount = 0
    if (refusal !== undefined) {
      this.skipRow(refusal)
      return
    }
    const { layout, numbers } = this
    const builder = this.#builder
    builder.reserve()
    const at = builder.length
    const negative = this.#readCounts(builder.counts, at * COUNT_COLUMNS.length)
    if (negative !== undefined) {
      this.skipRow(negative)
      return
    }
    this.#progress.row++
    this.#progress.usable++
    this.#stats.rows++
    builder.row[at] = this.#progress.row
    this.#readTimes(builder, at)
    builder.origPort[at] = portOf(layout.origPort < 0 ? -1 : numbers[layout.origPort]!)
    builder.respPort[at] = portOf(layout.respPort < 0 ? -1 : numbers[layout.respPort]!)
    if (layout.protocol >= 0) {
      const code = this.codes[layout.protocol]!
      builder.protocol[at] =
        code < 0 ? -1 : builder.protocolOf(code, this.dictionaries[layout.protocol]!.values, protocolNumber)
    } else builder.protocol[at] = -1
    this.#readTexts(builder, at)
    if (layout.features !== undefined) builder.setFeatures(at, layout.features, numbers)
    for (let k = 0; k < layout.numbers.length; k++) builder.setNumber(at, k, numbers[layout.numbers[k]!.column]!)
    if (++builder.length === MAX_BATCH_ROWS) this.#finishBatch()
  }

  /** Batches that are full. */
  takeReady(): FlowBatch[] {
    const ready = this.#ready
    this.#ready = []
    return ready
  }

  /** The batches that are left, the last one not full. */
  finish(): FlowBatch[] {
    if (this.#builder.length > 0) this.#finishBatch()
    return this.takeReady()
  }

  #finishBatch(): void {
    const { layout } = this
    const hasTimes = layout.start !== undefined || layout.end !== undefined
    this.#ready.push(
      this.#builder.finish({
        categories: layout.categories.map((column) => ({
          name: layout.columns[column]!,
          values: [...this.dictionaries[column]!.values],
        })),
        watermarkMicros: hasTimes ? this.#progress.order.watermarkMicros() : Number.NaN,
      }),
    )
    for (const dictionary of this.dictionaries) dictionary?.take()
  }

  /** What makes the row unusable, or undefined after odd cells were given the value their column allows. */
  #repair(): string | undefined {
    const { layout, numbers } = this
    let refusal: string | undefined
    for (let i = 0; i < this.oddCount && refusal === undefined; i++) {
      const column = this.#oddColumns[i]!
      const state = this.#oddStates[i]!
      const policy = layout.policy[column]
      const zeroDuration = layout.duration !== undefined && numbers[layout.duration.column] === 0
      if (policy === OPTIONAL) numbers[column] = -1
      else if (policy === MISSING_IS_NAN) numbers[column] = Number.NaN
      else if (policy === MISSING_IS_ZERO && state === NUMBER_MISSING) numbers[column] = 0
      else if (policy === RATE_OF_DURATION && zeroDuration && state !== NUMBER_TEXT) numbers[column] = -1
      else refusal = `${REASONS[state] ?? 'not finite in'} ${layout.columns[column]}`
    }
    return refusal
  }

  #isMissing(text: string): boolean {
    return isMissing(text) || text.trim() === this.layout.missing
  }

  #readCounts(counts: Float64Array, at: number): string | undefined {
    const { numbers, layout } = this
    for (let k = 0; k < COUNT_COLUMNS.length; k++) {
      const direct = this.#direct[k]!
      const rule = layout.counts[k]!
      const value = direct >= 0 ? numbers[direct]! : rule.of === undefined ? 0 : rule.of(numbers)
      if (!(value >= 0)) {
        const name = direct >= 0 ? layout.columns[direct] : COUNT_COLUMNS[k]
        return Number.isNaN(value) ? `not finite in ${name}` : `negative count in ${name}`
      }
      counts[at + k] = value
    }
    return undefined
  }

  #readTimes(builder: BatchBuilder, at: number): void {
    const { start, end, duration } = this.layout
    const { numbers } = this
    const length = duration === undefined ? 0 : Math.max(0, numbers[duration.column]! * duration.scale)
    let startMicros = start === undefined ? Number.NaN : Math.round(numbers[start.column]! * start.scale)
    let endMicros = end === undefined ? Number.NaN : Math.round(numbers[end.column]! * end.scale)
    if (start === undefined && end !== undefined) startMicros = endMicros - length
    else if (end === undefined) endMicros = Math.round(startMicros + length)
    builder.startMicros[at] = startMicros
    builder.endMicros[at] = Math.max(startMicros, endMicros)
    if (!Number.isNaN(startMicros)) this.#progress.order.add(startMicros)
  }

  #readTexts(builder: BatchBuilder, at: number): void {
    const { layout, codes, dictionaries } = this
    builder.origAddress[at] = layout.origAddress < 0 ? -1 : builder.addressOf(layout.origAddress, codes, dictionaries)
    builder.respAddress[at] = layout.respAddress < 0 ? -1 : builder.addressOf(layout.respAddress, codes, dictionaries)
    for (let i = 0; i < layout.categories.length; i++) builder.categoryCodes[i]![at] = codes[layout.categories[i]!]!
    if (builder.label === undefined) return
    const main = codes[layout.label]!
    if (layout.labelDetail < 0 || main < 0) {
      builder.label[at] = builder.labelOf(main, -1, dictionaries[layout.label]!.values, undefined, joinLabel)
      return
    }
    const details = dictionaries[layout.labelDetail]!.values
    const detail = codes[layout.labelDetail]!
    builder.label[at] = builder.labelOf(main, detail, dictionaries[layout.label]!.values, details, joinLabel)
  }
}

function tidyOf(layout: Layout, column: number): (text: string) => string | undefined {
  if (column === layout.label) return (text) => layout.tidyLabel(text) || undefined
  if (column === layout.labelDetail) return tidyText
  return (text) => (isMissing(text) || text.trim() === layout.missing ? undefined : tidyText(text))
}

/** A nested value is no cell: it counts as missing. */
export function textOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
      return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : ''
  }
}

const portOf = (value: number): number => (value >= 0 && value <= 65_535 ? Math.trunc(value) : -1)
