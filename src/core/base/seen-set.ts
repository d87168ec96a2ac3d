/**
 * Tells whether something was seen before, by a 64-bit hash of its bytes and words instead of a text, and of a bounded number.
 * Two things are taken for one with a chance of 2^-64 per pair: good enough for notes, not for decisions.
 */
const FIRST_SLOTS = 256

export class SeenSet {
  readonly #limit: number
  #count = 0
  /** Two lanes per slot; both 0 is empty. */
  #slots = new Int32Array(2 * FIRST_SLOTS)
  /** What is being mixed. */
  readonly #lanes = new Int32Array(2)

  constructor(limit: number) {
    this.#limit = limit
  }

  get full(): boolean {
    return this.#count >= this.#limit
  }

  /** Begins a new thing of a kind. */
  start(kind: number): this {
    this.#lanes[0] = kind ^ 0x811c9dc5
    this.#lanes[1] = Math.imul(kind, 0x27d4eb2f) ^ 0x2545f491
    return this
  }

  addWord(word: number): this {
    const lanes = this.#lanes
    const a = Math.imul(lanes[0]! ^ word, 0x9e3779b1)
    const b = Math.imul(lanes[1]! + word, 0x85ebca6b)
    lanes[0] = a ^ (a >>> 15)
    lanes[1] = b ^ (b >>> 13)
    return this
  }

  addBytes(bytes: Uint8Array, from: number, to: number): this {
    const lanes = this.#lanes
    let x = lanes[0]!
    let y = lanes[1]!
    let at = from
    for (; at + 4 <= to; at += 4) {
      const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
      // As addWord, but kept in registers.
      x = Math.imul(x ^ word, 0x9e3779b1)
      y = Math.imul(y + word, 0x85ebca6b)
      x ^= x >>> 15
      y ^= y >>> 13
    }
    lanes[0] = x
    lanes[1] = y
    let rest = to - from
    for (; at < to; at++) rest = (rest << 8) | bytes[at]!
    return this.addWord(rest)
  }

  addText(text: string): this {
    for (let at = 0; at < text.length; at++) this.addWord(text.charCodeAt(at))
    return this
  }

  /** The hash so far as one number below 2^53. */
  get number(): number {
    return (this.#lanes[0]! & 0x1fffff) * 4294967296 + (this.#lanes[1]! >>> 0)
  }

  /** Whether what was mixed since `start` is new, and remembers it. Nothing is new once the limit is reached. */
  isNew(): boolean {
    const a = this.#lanes[0]!
    const b = this.#lanes[1]! | 1
    const slots = this.#slots
    const mask = slots.length - 2
    let slot = (a << 1) & mask
    while (slots[slot + 1] !== 0) {
      if (slots[slot] === a && slots[slot + 1] === b) return false
      slot = (slot + 2) & mask
    }
    if (this.full) return false
    slots[slot] = a
    slots[slot + 1] = b
    this.#count++
    if (4 * this.#count > slots.length) this.#grow()
    return true
  }

  #grow(): void {
    const old = this.#slots
    const slots = new Int32Array(2 * old.length)
    const mask = slots.length - 2
    for (let from = 0; from < old.length; from += 2) {
      if (old[from + 1] === 0) continue
      let slot = (old[from]! << 1) & mask
      while (slots[slot + 1] !== 0) slot = (slot + 2) & mask
      slots[slot] = old[from]!
      slots[slot + 1] = old[from + 1]!
    }
    this.#slots = slots
  }
}
