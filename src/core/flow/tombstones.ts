/**
 * Remembers flows that were put away although the connection may go on, so that its next flow keeps the direction.
 * A cache of hashes, not keys: bounded, and a lost or confused entry costs no more than a direction.
 */
import { KEY } from '../packet/packet.ts'

const PLACES = 1 << 17
const TURNED = 1
const ENDED = 2
const USED = 4

export interface Tombstone {
  /** Whether a packet with this key runs in the remembered forward direction. */
  forward: boolean
  /** The TCP connection had been closed. */
  ended: boolean
  lastMicros: number
}

export class Tombstones {
  #checks = new Int32Array(0)
  #marks = new Uint8Array(0)
  #lasts = new Float64Array(0)
  readonly #found: Tombstone = { forward: true, ended: false, lastMicros: 0 }

  /** `words` holds the flow's key at `base`, forward side first. */
  bury(flow: { words: Int32Array; base: number; hash: number; ended: boolean; lastMicros: number }): void {
    if (this.#checks.length === 0) this.#allocate()
    const place = flow.hash & (PLACES - 1)
    this.#checks[place] = checkHash(flow.words, flow.base)
    this.#lasts[place] = flow.lastMicros
    this.#marks[place] = USED | (isTurned(flow.words, flow.base) ? TURNED : 0) | (flow.ended ? ENDED : 0)
  }

  /** Takes the entry for a packet's key away, if there is one. The answer is valid until the next call. */
  exhume(key: Int32Array, hash: number): Tombstone | undefined {
    if (this.#checks.length === 0) return undefined
    const place = hash & (PLACES - 1)
    const marks = this.#marks[place]!
    if (marks === 0 || this.#checks[place] !== checkHash(key, 0)) return undefined
    this.#marks[place] = 0
    this.#found.forward = isTurned(key, 0) === ((marks & TURNED) !== 0)
    this.#found.ended = (marks & ENDED) !== 0
    this.#found.lastMicros = this.#lasts[place]!
    return this.#found
  }

  #allocate(): void {
    this.#checks = new Int32Array(PLACES)
    this.#marks = new Uint8Array(PLACES)
    this.#lasts = new Float64Array(PLACES)
  }
}

/** Equal for both directions, and independent of the table's hash. */
function checkHash(words: Int32Array, base: number): number {
  const ports = words[base + KEY.ports]!
  return (endpointCheck(words, base, ports >>> 16) + endpointCheck(words, base + 4, ports & 0xffff)) ^ words[base + 9]!
}

function endpointCheck(words: Int32Array, at: number, port: number): number {
  let x = Math.imul(port ^ words[at]!, 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 13) ^ words[at + 1]!, 0x2c1b3c6d)
  x ^= Math.imul(words[at + 2]!, 0x85ebca6b) ^ Math.imul(words[at + 3]!, 0xc2b2ae35)
  return Math.imul(x ^ (x >>> 15), 0x735a2d97)
}

/** Any fixed order of the two ends will do. */
function isTurned(words: Int32Array, base: number): boolean {
  for (let word = base; word < base + 4; word++) {
    if (words[word] !== words[word + 4]) return words[word]! > words[word + 4]!
  }
  const ports = words[base + KEY.ports]!
  return ports >>> 16 > (ports & 0xffff)
}
