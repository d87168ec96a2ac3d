/** A batch's dictionary of addresses: words in, index out, texts made once for each. */
import { formatIpv4, formatIpv6 } from '../packet/address.ts'

const FIRST_SLOTS = 256
/** Four words and the family. */
const ENTRY = 5

export class AddressBook {
  #texts: string[] = []
  #words = new Int32Array((ENTRY * FIRST_SLOTS) / 2)
  /** Index + 1; 0 is empty. Open addressing, at most half full. */
  #slots = new Int32Array(FIRST_SLOTS)

  indexOf(words: Int32Array, at: number, family: number): number {
    const slots = this.#slots
    const book = this.#words
    const mask = slots.length - 1
    for (let slot = hash(words, at) & mask; ; slot = (slot + 1) & mask) {
      const index = slots[slot]! - 1
      if (index < 0) return this.#add(words, at, family, slot)
      const entry = ENTRY * index
      if (
        book[entry] === words[at] &&
        book[entry + 1] === words[at + 1] &&
        book[entry + 2] === words[at + 2] &&
        book[entry + 3] === words[at + 3] &&
        book[entry + 4] === family
      ) {
        return index
      }
    }
  }

  /** The texts so far, by index; the book is empty afterwards. */
  take(): readonly string[] {
    const texts = this.#texts
    this.#texts = []
    this.#slots.fill(0)
    return texts
  }

  #add(words: Int32Array, at: number, family: number, slot: number): number {
    const index = this.#texts.length
    const entry = ENTRY * index
    for (let word = 0; word < 4; word++) this.#words[entry + word] = words[at + word]!
    this.#words[entry + 4] = family
    this.#slots[slot] = index + 1
    this.#texts.push(family === 0 ? formatIpv4(words[at]!) : formatIpv6(words, at))
    if (2 * this.#texts.length >= this.#slots.length) this.#grow()
    return index
  }

  #grow(): void {
    const slots = new Int32Array(2 * this.#slots.length)
    const words = new Int32Array(2 * this.#words.length)
    words.set(this.#words)
    const mask = slots.length - 1
    for (let index = 0; index < this.#texts.length; index++) {
      let slot = hash(words, ENTRY * index) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = index + 1
    }
    this.#slots = slots
    this.#words = words
  }
}

function hash(words: Int32Array, at: number): number {
  let x = words[at]! ^ Math.imul(words[at + 1]!, 0x85ebca6b)
  x ^= Math.imul(words[at + 2]!, 0xc2b2ae35) ^ Math.imul(words[at + 3]!, 0x27d4eb2f)
  x = Math.imul(x ^ (x >>> 15), 0x9e3779b1)
  return x ^ (x >>> 13)
}
