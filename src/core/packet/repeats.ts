/**
 * Datagrams that came before, word for word, from the same sender: announcements are sent again and again, and tell nothing more.
 * A cache of 64-bit hashes with one place for each: a forgotten one is merely read again.
 */
import { KEY, type Packet } from './packet.ts'

const PLACES = 1 << 14

export class Repeats {
  #hashes = new Int32Array(0)
  #place = 0

  /** Whether `bytes[at, end)` came from the packet's sender before, to the same service; remembers it. */
  has(packet: Packet, service: number, at: number, end: number): boolean {
    if (this.#hashes.length === 0) this.#hashes = new Int32Array(2 * PLACES)
    const { bytes, key, macAt } = packet
    let x = 0x811c9dc5 ^ service
    let y = 0x2545f491 ^ (end - at)
    for (let word = KEY.source; word < KEY.source + 4; word++) {
      x = mix(x ^ key[word]!)
      y = mixOther(y + key[word]!)
    }
    // The sender's MAC, then whole words, then the rest.
    for (let byte = macAt; macAt >= 0 && byte < macAt + 6; byte++) {
      x = mix(x ^ bytes[byte]!)
      y = mixOther(y + bytes[byte]!)
    }
    let next = at
    for (; next + 4 <= end; next += 4) {
      const word = bytes[next]! | (bytes[next + 1]! << 8) | (bytes[next + 2]! << 16) | (bytes[next + 3]! << 24)
      x = mix(x ^ word)
      y = mixOther(y + word)
    }
    for (; next < end; next++) {
      x = mix(x ^ bytes[next]!)
      y = mixOther(y + bytes[next]!)
    }
    y |= 1
    const hashes = this.#hashes
    const place = 2 * (x & (PLACES - 1))
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

function mix(x: number): number {
  const product = Math.imul(x, 0x9e3779b1)
  return product ^ (product >>> 15)
}

function mixOther(y: number): number {
  const product = Math.imul(y, 0x85ebca6b)
  return product ^ (product >>> 13)
}
