/**
 * Live flows: rows of numbers (layout.ts), found through open addressing with linear probing, kept in a list ordered by start.
 * Rows of ended flows are used again, so memory follows the number of live flows.
 */
import { isBackward, isForward } from './key.ts'
import { DOUBLES, INTS } from './layout.ts'

const EMPTY = -1
const FIRST_CAPACITY = 256

// Local copies: the engine folds them into the code, which it does not for imported bindings (8 % of the run, Node 24, 2026-11).
const WIDTH = INTS.width
const HASH = INTS.hash
const PREVIOUS = INTS.previous
const NEXT = INTS.next
const DOUBLE_WIDTH = DOUBLES.width
/** In doubles: twelve words are key, hash and a link, and the next link is written after clearing. */
const CLEARED_FROM = 6

export class FlowTable {
  doubles = new Float64Array(FIRST_CAPACITY * DOUBLE_WIDTH)
  /** The same bytes as words. */
  ints = new Int32Array(this.doubles.buffer)
  live = 0
  mostLive = 0
  /** Row of the flow that started first, -1 when there is none. */
  oldest = EMPTY
  /** What the last `find` saw. */
  foundForward = true
  #newest = EMPTY
  /** Two words each: the row, and its hash, so that a stranger's row need not be fetched to see that it is one. */
  #slots = new Int32Array(4 * FIRST_CAPACITY).fill(EMPTY)
  #used = 0
  #free = EMPTY

  /** The row of the packet's flow, or -1; `foundForward` tells the direction, `hash` is that of the key. */
  find(key: Int32Array, hash: number): number {
    const slots = this.#slots
    const mask = slots.length - 2
    const ints = this.ints
    for (let slot = (hash << 1) & mask; ; slot = (slot + 2) & mask) {
      const row = slots[slot]!
      if (row === EMPTY) return EMPTY
      if (slots[slot + 1] !== hash) continue
      const base = row * WIDTH
      if (isForward(ints, base, key)) {
        this.foundForward = true
        return row
      }
      if (isBackward(ints, base, key)) {
        this.foundForward = false
        return row
      }
    }
  }

  /** A zeroed row for a key that is not in the table, the newest of the list. The caller writes the key. */
  insert(hash: number): number {
    if (this.#free === EMPTY && (this.#used + 1) * WIDTH > this.ints.length) this.#grow()
    let row = this.#free
    if (row === EMPTY) {
      row = this.#used++
    } else {
      this.#free = this.ints[row * WIDTH + NEXT]!
      clear(this.doubles, row)
    }
    place(this.#slots, row, hash)
    this.ints[row * WIDTH + HASH] = hash
    this.#append(row)
    if (++this.live > this.mostLive) this.mostLive = this.live
    return row
  }

  /** Begins the flow of `row` anew, as the newest: all numbers but its key become zero. */
  restart(row: number): void {
    this.#unlink(row)
    clear(this.doubles, row)
    this.#append(row)
  }

  remove(row: number): void {
    const slots = this.#slots
    const mask = slots.length - 2
    let hole = (this.ints[row * WIDTH + HASH]! << 1) & mask
    while (slots[hole] !== row) hole = (hole + 2) & mask
    // Backward shift (Knuth 6.4 R): move up those that the hole would cut off from their home.
    for (let slot = (hole + 2) & mask; slots[slot] !== EMPTY; slot = (slot + 2) & mask) {
      const fromHome = (slot - (slots[slot + 1]! << 1)) & mask
      if (fromHome < ((slot - hole) & mask)) continue
      slots[hole] = slots[slot]!
      slots[hole + 1] = slots[slot + 1]!
      hole = slot
    }
    slots[hole] = EMPTY
    this.#unlink(row)
    this.ints[row * WIDTH + NEXT] = this.#free
    this.#free = row
    this.live--
  }

  #append(row: number): void {
    const ints = this.ints
    ints[row * WIDTH + PREVIOUS] = this.#newest
    ints[row * WIDTH + NEXT] = EMPTY
    if (this.#newest === EMPTY) this.oldest = row
    else ints[this.#newest * WIDTH + NEXT] = row
    this.#newest = row
  }

  #unlink(row: number): void {
    const ints = this.ints
    const previous = ints[row * WIDTH + PREVIOUS]!
    const next = ints[row * WIDTH + NEXT]!
    if (previous === EMPTY) this.oldest = next
    else ints[previous * WIDTH + NEXT] = next
    if (next === EMPTY) this.#newest = previous
    else ints[next * WIDTH + PREVIOUS] = previous
  }

  #grow(): void {
    const doubles = new Float64Array(2 * this.doubles.length)
    doubles.set(this.doubles)
    this.doubles = doubles
    this.ints = new Int32Array(doubles.buffer)
    const slots = new Int32Array(2 * this.#slots.length).fill(EMPTY)
    for (let slot = 0; slot < this.#slots.length; slot += 2) {
      const row = this.#slots[slot]!
      if (row !== EMPTY) place(slots, row, this.#slots[slot + 1]!)
    }
    this.#slots = slots
  }
}

/** All but key, hash and links. A loop: `fill` costs more to call than so short a row takes. */
function clear(doubles: Float64Array, row: number): void {
  const end = (row + 1) * DOUBLE_WIDTH
  for (let at = row * DOUBLE_WIDTH + CLEARED_FROM; at < end; at++) doubles[at] = 0
}

function place(slots: Int32Array, row: number, hash: number): void {
  const mask = slots.length - 2
  let slot = (hash << 1) & mask
  while (slots[slot] !== EMPTY) slot = (slot + 2) & mask
  slots[slot] = row
  slots[slot + 1] = hash
}
