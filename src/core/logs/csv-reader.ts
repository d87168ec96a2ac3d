/**
 * Delimited rows straight from bytes (RFC 4180, and PapaParse 5 where that leaves a choice): numbers are read where they stand, texts
 * become dictionary codes, and no string is made for a plain cell. The test beside it holds it against PapaParse.
 */

import { POWERS_OF_TEN, readLongDecimal } from './decimal.ts'
import type { Dictionary } from './dictionary.ts'
import { READ_NUMBER, READ_SKIP, READ_TEXT } from './layout.ts'
import { MAX_NUMBER_CHARACTERS, NUMBER_TEXT } from './number.ts'

export interface CsvShape {
  /** Byte codes. */
  readonly separator: number
  /** 10, or 13 for files that end their lines by a carriage return alone. */
  readonly lineEnd: number
  /** 34, or -1 where quotes mean nothing (Zeek). */
  readonly quote: number
  /** Lines that begin with this are handed back to the caller; -1 for none. */
  readonly comment: number
}

/** Takes the cells of a row one after another, and then the row (FlowRows). */
export interface RowSink {
  readonly numbers: Float64Array
  readonly codes: Int32Array
  readonly dictionaries: readonly (Dictionary | undefined)[]
  oddCount: number
  markOdd(column: number, state: number): void
  setText(column: number, text: string): void
  endRow(): void
  skipRow(reason: string): void
}

const TAB = 9
const LF = 10
const CR = 13
const BLANK = 32
const DOT = 46
const MINUS = 45
const ZERO = 48

/** Whole numbers to 2^53 and powers of ten to 10^22 are exact in a double, so one division rounds once (Clinger 1990). */
const MAX_EXACT = 2 ** 53

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export class CsvReader {
  /** Set when `read` stopped in front of a comment line. */
  atComment = false
  readonly #shape: CsvShape
  readonly #reading: Uint8Array
  readonly #rows: RowSink
  /** Where the quoted cell read last had its content: in the bytes, or in #unquoted when it held doubled quotes. */
  #contentStart = 0
  #contentEnd = 0
  #doubled = false

  constructor(shape: CsvShape, reading: Uint8Array, rows: RowSink) {
    this.#shape = shape
    this.#reading = reading
    this.#rows = rows
  }

  /**
   * Reads the whole rows of bytes[start, end) and gives back where the first row begins that was not read.
   * bytes[end] must hold the line end. With `final`, the last row needs no line end of its own.
   */
  read(bytes: Uint8Array, start: number, end: number, final: boolean): number {
    const { separator, lineEnd, quote, comment } = this.#shape
    const reading = this.#reading
    const rows = this.#rows
    const numbers = rows.numbers
    const codes = rows.codes
    const width = reading.length
    this.atComment = false
    let at = start
    nextRow: while (at < end) {
      const rowStart = at
      const first = bytes[at]!
      if (first === comment) {
        this.atComment = true
        return at
      }
      rows.oddCount = 0
      let column = 0
      for (;;) {
        const from = at
        const how = column < width ? reading[column]! : READ_SKIP
        let code = bytes[at]!
        if (how === READ_NUMBER && code !== quote) {
          let next = from
          const negative = code === MINUS
          if (negative) code = bytes[++next]!
          let digits = next
          let value = 0
          let digit = (code - ZERO) >>> 0
          while (digit < 10) {
            value = value * 10 + digit
            code = bytes[++next]!
            digit = (code - ZERO) >>> 0
          }
          let power = 0
          if (code === DOT) {
            digits++
            const pointAt = next
            code = bytes[++next]!
            digit = (code - ZERO) >>> 0
            while (digit < 10) {
              value = value * 10 + digit
              code = bytes[++next]!
              digit = (code - ZERO) >>> 0
            }
            power = next - pointAt - 1
          }
          const digitsEnd = next
          if (code === CR && lineEnd === LF && bytes[next + 1] === LF) code = bytes[++next]!
          const isPlain = digitsEnd > digits && (code === separator || code === lineEnd)
          const size =
            value < MAX_EXACT && power <= 22
              ? value / POWERS_OF_TEN[power]!
              : isPlain
                ? readLongDecimal(bytes, negative ? from + 1 : from, digitsEnd)
                : Number.NaN
          if (isPlain && !Number.isNaN(size)) {
            numbers[column] = negative ? -size : size
            at = next
          } else {
            at = this.#skipPlain(bytes, next)
            this.#readNumber(bytes, from, at, column)
          }
        } else if (code === quote) {
          const after = this.#findQuoted(bytes, at, end)
          if (after < 0) {
            if (!final) return rowStart
            rows.skipRow('a quote that is never closed')
            at = lineAfter(bytes, rowStart, lineEnd)
            continue nextRow
          }
          if (how !== READ_SKIP) this.#readQuoted(bytes, column)
          at = after
        } else {
          while (code !== separator && code !== lineEnd) code = bytes[++at]!
          if (how === READ_TEXT) {
            let stop = at
            if (code === lineEnd && stop > from && bytes[stop - 1] === CR) stop--
            codes[column] = rows.dictionaries[column]!.codeOfBytes(bytes, from, stop)
          } else if (how !== READ_SKIP) {
            rows.setText(column, decoder.decode(bytes.subarray(from, at)))
          }
        }
        column++
        if (bytes[at] !== separator || at >= end) break
        at++
      }
      if (at >= end && !final) return rowStart
      if (column === width) rows.endRow()
      else if (column > 1 || !isBlankBytes(bytes, rowStart, at)) rows.skipRow('wrong number of fields')
      at++
    }
    return end
  }

  #skipPlain(bytes: Uint8Array, from: number): number {
    const { separator, lineEnd } = this.#shape
    let at = from
    let code = bytes[at]!
    while (code !== separator && code !== lineEnd) code = bytes[++at]!
    return at
  }

  /** Where the quoted cell that begins at `from` is followed by a separator or line end; -1 when it never closes. */
  #findQuoted(bytes: Uint8Array, from: number, end: number): number {
    const { separator, lineEnd, quote } = this.#shape
    this.#doubled = false
    let at = from + 1
    while (at < end) {
      if (bytes[at] !== quote) {
        at++
      } else if (bytes[at + 1] === quote && at + 1 < end) {
        this.#doubled = true
        at += 2
      } else {
        let after = at + 1
        while (isBlank(bytes[after]!) && bytes[after] !== separator && bytes[after] !== lineEnd) after++
        if (after >= end || bytes[after] === separator || bytes[after] === lineEnd) {
          this.#contentStart = from + 1
          this.#contentEnd = at
          return Math.min(after, end)
        }
        // PapaParse: a quote with something behind it is part of the text, and so is what stands behind it.
        at += 2
      }
    }
    return -1
  }

  #readQuoted(bytes: Uint8Array, column: number): void {
    const rows = this.#rows
    const text = bytes.subarray(this.#contentStart, this.#contentEnd)
    if (this.#reading[column] === READ_TEXT && !this.#doubled) {
      rows.codes[column] = rows.dictionaries[column]!.codeOfBytes(bytes, this.#contentStart, this.#contentEnd)
    } else rows.setText(column, this.#doubled ? decoder.decode(text).replaceAll('""', '"') : decoder.decode(text))
  }

  #readNumber(bytes: Uint8Array, from: number, end: number, column: number): void {
    if (end - from > MAX_NUMBER_CHARACTERS) {
      this.#rows.markOdd(column, NUMBER_TEXT)
      return
    }
    let text = ''
    for (let at = from; at < end; at++) text += String.fromCharCode(bytes[at]!)
    this.#rows.setText(column, text)
  }
}

const isBlank = (code: number): boolean => code === BLANK || code === TAB || code === CR

function isBlankBytes(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < end; at++) if (!isBlank(bytes[at]!)) return false
  return true
}

/** Just behind the next line end. */
export function lineAfter(bytes: Uint8Array, from: number, lineEnd: number): number {
  const at = bytes.indexOf(lineEnd, from)
  return at < 0 ? bytes.length : at + 1
}
