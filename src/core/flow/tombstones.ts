/**
 * Remembers flows that were put away although the connection may go on, so that its next flow keeps the direction.
 * A four-way cache of hashes, not keys: bounded, and a lost or confused entry costs no more than a direction.
 */
import { KEY } from '../packet/packet.ts'

const SETS = 1 << 15
const WAYS = 4
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
    const set = (flow.hash & (SETS - 1)) * WAYS
    let place = set
    for (let way = set; way < set + WAYS; way++) {
      if (this.#marks[way] === 0) {
        place = way
        break
      }
      if (this.#lasts[way]! < this.#lasts[place]!) place = way
    }
    this.#checks[place] = checkHash(flow.words, flow.base)
    this.#lasts[place] = flow.lastMicros
    this.#marks[place] = USED | (isTurned(flow.words, flow.base) ? TURNED : 0) | (flow.ended ? ENDED : 0)
  }

  /** Takes the entry for a packet's key away, if there is one. The answer is valid until the next call. */
  exhume(key: Int32Array, hash: number): Tombstone | undefined {
    if (this.#checks.length === 0) return undefined
    const set = (hash & (SETS - 1)) * WAYS
    for (let way = set; way < set + WAYS; way++) {
      const marks = this.#marks[way]!
      if (marks === 0 || this.#checks[way] !== checkHash(key, 0)) continue
      this.#marks[way] = 0
      this.#found.forward = isTurned(key, 0) === ((marks & TURNED) !== 0)
      this.#found.ended = (marks & ENDED) !== 0
      this.#found.lastMicros = this.#lasts[way]!
      return this.#found
    }
    return undefined
  }

  #allocate(): void {
    this.#checks = new Int32Array(SETS * WAYS)
    this.#marks = new Uint8Array(SETS * WAYS)
    this.#lasts = new Float64Array(SETS * WAYS)
  }
}

/** Equal for both directions, and independent of the table's hash. */
function checkHash(words: Int32Array, base: number): number {
  const ports = words[base + KEY.ports]!
  return (endpointCheck(words, base, ports >>> 16) + endpointCheck(words, base + 4, ports & 0xffff)) ^ words[base + 9]!
}

function endpointCheck(words: Int32Array, at: number, port: number): number {
  let x = port
  for (let word = at; word < at + 4; word++) x = Math.imul(x ^ words[word]!, 0x21f0aaad) ^ (x >>> 13)
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
