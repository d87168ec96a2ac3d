/**
 * Restores time order. Flows are read in the order they ended; a row waits until no earlier one can come (the batch's
 * watermark). A binary heap over start times, so that each row is moved in and out once however small the batches are.
 */
import { allocateRows, copyRow, type FlowRows, firstRows } from './rows.ts'

/** Rows held back at most; past it the oldest go, and rows that come too late are counted. */
export const MAX_HELD_ROWS = 200_000

export class TimeOrder {
  /** Rows that came after a later one had already been passed on. */
  disordered = 0
  readonly #maxHeld: number
  #held: FlowRows | undefined
  /** Heap of slots of `#held`: #heap[0] is the earliest. */
  #heap = new Int32Array(0)
  #size = 0
  /** Slots that are free, as a stack. */
  #free = new Int32Array(0)
  #freeCount = 0
  /** Order of arrival per slot, so that equal times keep it. */
  #arrival = new Float64Array(0)
  #arrived = 0
  #lastMicros = Number.NEGATIVE_INFINITY

  constructor(maxHeld = MAX_HELD_ROWS) {
    this.#maxHeld = maxHeld
  }

  get held(): number {
    return this.#size
  }

  /** Takes rows in any order and returns those that are due, in time order. Rows without a time are never held. */
  push(rows: FlowRows, watermarkMicros: number): FlowRows {
    if (this.#size === 0 && this.#isDue(rows, watermarkMicros)) return rows
    const start = rows.startMicros
    const out = allocateRows(this.#mostDue(rows, watermarkMicros), rows.width)
    let length = 0
    for (let i = 0; i < rows.length; i++) {
      if (Number.isNaN(start[i]!)) copyRow(rows, i, out, length++)
      else this.#add(rows, i)
      if (this.#size > this.#maxHeld) this.#pop(out, length++)
    }
    const held = this.#held
    while (held && this.#size > 0 && held.startMicros[this.#heap[0]!]! <= watermarkMicros) this.#pop(out, length++)
    return firstRows(out, length)
  }

  /** Everything still held: the end of the input. */
  flush(): FlowRows | undefined {
    const held = this.#held
    if (!held || this.#size === 0) return undefined
    const out = allocateRows(this.#size, held.width)
    for (let length = 0; this.#size > 0; length++) this.#pop(out, length)
    return out
  }

  /** True, and remembered, when the rows are in order already and none has to wait. */
  #isDue(rows: FlowRows, watermarkMicros: number): boolean {
    const start = rows.startMicros
    let last = this.#lastMicros
    for (let i = 0; i < rows.length; i++) {
      const micros = start[i]!
      if (Number.isNaN(micros)) continue
      if (micros < last || !(micros <= watermarkMicros)) return false
      last = micros
    }
    this.#lastMicros = last
    return true
  }

  /** How many rows may be given out: all that are held would be megabytes at each step. */
  #mostDue(rows: FlowRows, watermarkMicros: number): number {
    const isDue = (micros: number) => Number.isNaN(micros) || micros <= watermarkMicros
    let due = 0
    for (let i = 0; i < rows.length; i++) if (isDue(rows.startMicros[i]!)) due++
    const held = this.#held
    for (let i = 0; held && i < this.#size; i++) if (isDue(held.startMicros[this.#heap[i]!]!)) due++
    const total = rows.length + this.#size
    return Math.min(total, due + Math.max(0, total - this.#maxHeld))
  }

  #add(rows: FlowRows, index: number): void {
    if (this.#freeCount === 0) this.#grow(rows.width)
    const slot = this.#free[--this.#freeCount]!
    const held = this.#held!
    copyRow(rows, index, held, slot)
    this.#arrival[slot] = this.#arrived++
    const heap = this.#heap
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#before(held, slot, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = slot
  }

  #pop(out: FlowRows, to: number): void {
    const heap = this.#heap
    const held = this.#held!
    const slot = heap[0]!
    copyRow(held, slot, out, to)
    const micros = held.startMicros[slot]!
    if (micros < this.#lastMicros) this.disordered++
    else this.#lastMicros = micros
    this.#free[this.#freeCount++] = slot
    const size = --this.#size
    const moved = heap[size]!
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && this.#before(held, heap[child + 1]!, heap[child]!)) child++
      if (!this.#before(held, heap[child]!, moved)) break
      heap[at] = heap[child]!
      at = child
    }
    if (size > 0) heap[at] = moved
  }

  #before(held: FlowRows, a: number, b: number): boolean {
    const first = held.startMicros[a]!
    const second = held.startMicros[b]!
    return first < second || (first === second && this.#arrival[a]! < this.#arrival[b]!)
  }

  #grow(width: number): void {
    const old = this.#held
    const capacity = Math.max(1024, (old?.length ?? 0) * 2)
    const next = allocateRows(capacity, width)
    const used = old?.length ?? 0
    for (let i = 0; old && i < used; i++) copyRow(old, i, next, i)
    const arrival = new Float64Array(capacity)
    arrival.set(this.#arrival)
    const heap = new Int32Array(capacity)
    heap.set(this.#heap)
    const free = new Int32Array(capacity)
    for (let slot = capacity - 1; slot >= used; slot--) free[this.#freeCount++] = slot
    this.#held = next
    this.#arrival = arrival
    this.#heap = heap
    this.#free = free
  }
}
