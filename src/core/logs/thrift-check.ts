/**
 * Whether bytes are a Thrift compact structure whose lengths fit into them (thrift-compact-protocol.md), before hyparquet reads it: that
 * makes a list of whatever length is written, and a number of whatever length in time that grows with its square.
 */

const MAX_DEPTH = 32
/** 64 bits, seven to a byte. */
const MAX_VARINT_BYTES = 10

const STOP = 0
const TRUE = 1
const FALSE = 2
const BYTE = 3
const I16 = 4
const I64 = 6
const DOUBLE = 7
const BINARY = 8
const LIST = 9
const STRUCT = 12

/** Where the structure at `from` ends; -1 when it is none. */
export function endOfThrift(bytes: Uint8Array, from: number): number {
  const walk = new ThriftWalk(bytes, from)
  return walk.skipStruct(0) && walk.at <= bytes.length ? walk.at : -1
}

class ThriftWalk {
  at: number
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array, from: number) {
    this.#bytes = bytes
    this.at = from
  }

  skipStruct(depth: number): boolean {
    if (depth > MAX_DEPTH) return false
    for (;;) {
      const head = this.#bytes[this.at++]
      if (head === undefined) return false
      const type = head & 0x0f
      if (type === STOP) return true
      if (head >> 4 === 0 && this.#readVarint() < 0) return false
      if (!this.#skip(type, depth)) return false
    }
  }

  #skip(type: number, depth: number): boolean {
    if (type === TRUE || type === FALSE) return true
    if (type === BYTE) this.at++
    else if (type >= I16 && type <= I64) return this.#readVarint() >= 0
    else if (type === DOUBLE) this.at += 8
    else if (type === BINARY) {
      const length = this.#readVarint()
      if (length < 0) return false
      this.at += length
    } else if (type === LIST) return this.#skipList(depth)
    else if (type === STRUCT) return this.skipStruct(depth + 1)
    else return false
    return this.at <= this.#bytes.length
  }

  #skipList(depth: number): boolean {
    const head = this.#bytes[this.at++] ?? 0
    const type = head & 0x0f
    const size = head >> 4 === 15 ? this.#readVarint() : head >> 4
    // Every element takes a byte at least.
    if (size < 0 || size > this.#bytes.length - this.at || depth > MAX_DEPTH) return false
    for (let i = 0; i < size; i++) {
      if (type === TRUE || type === FALSE) this.at++
      else if (!this.#skip(type, depth + 1)) return false
    }
    return this.at <= this.#bytes.length
  }

  /** -1 when it does not end. */
  #readVarint(): number {
    let value = 0
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.#bytes[this.at++]
      if (byte === undefined) return -1
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return value
    }
    return -1
  }
}
