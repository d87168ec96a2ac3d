/** The objects of JSON Lines, of an array, or of objects that follow each other, out of bytes that come in chunks. */
import { ChunkBuffer } from './chunk-buffer.ts'
import { MAX_ROW_BYTES } from './delimited.ts'

const LF = 10
const QUOTE = 34
const COMMA = 44
const OPEN_LIST = 91
const BACKSLASH = 92
const CLOSE_LIST = 93
const OPEN = 123
const CLOSE = 125

const decoder = new TextDecoder('utf-8')

export interface JsonSink {
  element(text: string): void
  /** Something stood where an object was expected. */
  junk(reason: string): void
}

export class JsonElements {
  readonly #buffer: ChunkBuffer
  readonly #isLines: boolean
  readonly #sink: JsonSink
  /** Where the scan goes on, counted from the buffer's start, and what it is in the middle of. */
  #scanned = 0
  #depth = 0
  #inString = false
  #escaped = false
  #inJunk = false
  #tooLong = false

  constructor(isLines: boolean, sizeBytes: number, sink: JsonSink) {
    this.#isLines = isLines
    this.#buffer = new ChunkBuffer(sizeBytes)
    this.#sink = sink
  }

  get waitingBytes(): number {
    return this.#buffer.length
  }

  add(chunk: Uint8Array): void {
    this.#buffer.add(chunk)
    if (this.#isLines) this.#readLines()
    else this.#readObjects()
  }

  /** What stands at the end without a line end. */
  finish(): void {
    const buffer = this.#buffer
    if (this.#isLines) this.#line(buffer.start, buffer.end)
    else if (this.#depth > 0) this.#sink.junk('broken JSON')
    buffer.start = buffer.end
  }

  #readLines(): void {
    const buffer = this.#buffer
    for (;;) {
      const at = buffer.bytes.indexOf(LF, buffer.start + this.#scanned)
      if (at < 0 || at >= buffer.end) break
      if (this.#tooLong) this.#tooLong = false
      else this.#line(buffer.start, at)
      buffer.start = at + 1
      this.#scanned = 0
    }
    this.#scanned = buffer.length
    if (buffer.length <= MAX_ROW_BYTES) return
    if (!this.#tooLong) this.#sink.junk(`longer than ${MAX_ROW_BYTES} bytes`)
    this.#tooLong = true
    buffer.start = buffer.end
    this.#scanned = 0
  }

  #line(start: number, end: number): void {
    const text = decoder.decode(this.#buffer.bytes.subarray(start, end)).trim()
    if (text !== '') this.#sink.element(text)
  }

  #readObjects(): void {
    const buffer = this.#buffer
    const { bytes, end } = buffer
    let at = buffer.start + this.#scanned
    for (; at < end; at++) {
      const code = bytes[at]!
      if (this.#depth === 0) {
        buffer.start = at
        if (code === OPEN) {
          this.#depth = 1
          this.#inJunk = false
        } else if (code > 32 && code !== COMMA && code !== OPEN_LIST && code !== CLOSE_LIST && code < 0x80)
          this.#countJunk()
      } else if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (code === BACKSLASH) this.#escaped = true
        else if (code === QUOTE) this.#inString = false
      } else if (code === QUOTE) this.#inString = true
      else if (code === OPEN) this.#depth++
      else if (code === CLOSE && --this.#depth === 0) this.#object(at + 1)
    }
    if (this.#depth === 0) buffer.start = end
    else if (buffer.length > MAX_ROW_BYTES) {
      if (!this.#tooLong) this.#sink.junk(`longer than ${MAX_ROW_BYTES} bytes`)
      this.#tooLong = true
      buffer.start = end
    }
    this.#scanned = end - buffer.start
  }

  #object(end: number): void {
    const buffer = this.#buffer
    if (!this.#tooLong) this.#sink.element(decoder.decode(buffer.bytes.subarray(buffer.start, end)))
    this.#tooLong = false
  }

  #countJunk(): void {
    if (!this.#inJunk) this.#sink.junk('something that is no JSON object')
    this.#inJunk = true
  }
}
