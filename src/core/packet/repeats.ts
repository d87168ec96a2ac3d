/**
 * Datagrams that came before, word for word, from the same sender: announcements are sent again and again, and tell nothing more.
 * A cache of 64-bit hashes with one place for each: a forgotten one is merely read again.
 */
import { KEY, type Packet } from './packet.ts'

const PLACES = 1 << 13
const FIRST_SOURCE_WORD = KEY.source

export class Repeats {
  #hashes = new Int32Array(0)
  #place = 0
  #bytes: Uint8Array = new Uint8Array(0)
  /** Of `#bytes`: reads four bytes at a time, wherever they begin. */
  #view: DataView = new DataView(this.#bytes.buffer)

  /** Whether `bytes[at, end)` came from the packet's sender before, to the same service; remembers it. */
  has(packet: Packet, service: number, at: number, end: number): boolean {
    const { bytes, key, macAt } = packet
    if (this.#bytes !== bytes) {
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    const view = this.#view
    // Two lanes, each stirred with the other: every word reaches both.
    let x = 0x811c9dc5 ^ service
    let y = 0x2545f491 ^ (end - at)
    for (let word = FIRST_SOURCE_WORD; word < FIRST_SOURCE_WORD + 4; word += 2) {
      x = Math.imul(x ^ key[word]!, 0x9e3779b1)
      y = Math.imul(y ^ key[word + 1]! ^ (x >>> 15), 0x85ebca6b)
      x ^= y >>> 13
    }
    if (macAt >= 0) {
      x = Math.imul(x ^ view.getInt32(macAt, true), 0x9e3779b1)
      y = Math.imul(y ^ view.getUint16(macAt + 4, true) ^ (x >>> 15), 0x85ebca6b)
      x ^= y >>> 13
    }
    let next = at
    for (; next + 8 <= end; next += 8) {
      x = Math.imul(x ^ view.getInt32(next, true), 0x9e3779b1)
      y = Math.imul(y ^ view.getInt32(next + 4, true) ^ (x >>> 15), 0x85ebca6b)
      x ^= y >>> 13
    }
    for (; next < end; next++) {
      x = Math.imul(x ^ bytes[next]!, 0x9e3779b1)
      y = Math.imul(y ^ (x >>> 15), 0x85ebca6b)
      x ^= y >>> 13
    }
    y |= 1
    if (this.#hashes.length === 0) this.#hashes = new Int32Array(2 * PLACES)
    const hashes = this.#hashes
    const place = 2 * ((x ^ (x >>> 16)) & (PLACES - 1))
    this.#place = place
    if (hashes[place] === x && hashes[place + 1] === y) return true
    hashes[place] = x
    hashes[place + 1] = y
    return false
  }

  /** Forgets the last one that `has` was asked for: it will be read, and counted, each time. */
  forget(): void {
    this.#hashes[this.#place + 1] = 0
  }
}
