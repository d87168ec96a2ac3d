/** Texts of one column as codes, found again by their bytes without making a string for each cell. */

/** Longer cells are cut: an address, a label or a category is never this long. */
export const MAX_TEXT_BYTES = 512

const decoder = new TextDecoder('utf-8')

export class Dictionary {
  values: string[] = []
  readonly #tidy: (text: string) => string | undefined
  #codes = new Map<string, number>()
  #slots = new Int32Array(64).fill(-1)
  /** Per entry of the byte table: offset and length in the arena, hash, code. */
  #entries: number[] = []
  #arena = new Uint8Array(1024)
  #used = 0

  /** `tidy` changes a text before it gets its code; undefined means: no value (code -1). */
  constructor(tidy: (text: string) => string | undefined) {
    this.#tidy = tidy
  }

  codeOfText(text: string): number {
    const value = this.#tidy(text.length > MAX_TEXT_BYTES ? text.slice(0, MAX_TEXT_BYTES) : text)
    if (value === undefined) return -1
    const known = this.#codes.get(value)
    if (known !== undefined) return known
    const code = this.values.length
    this.values.push(value)
    this.#codes.set(value, code)
    return code
  }

  codeOfBytes(bytes: Uint8Array, start: number, end: number): number {
    const stop = end - start > MAX_TEXT_BYTES ? start + MAX_TEXT_BYTES : end
    let hash = 0x811c9dc5
    for (let i = start; i < stop; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
    const mask = this.#slots.length - 1
    let slot = (hash ^ (hash >>> 15)) & mask
    for (;;) {
      const entry = this.#slots[slot]!
      if (entry < 0) return this.#add(bytes, start, stop, hash, slot)
      if (this.#entries[entry + 2] === hash && this.#isSame(entry, bytes, start, stop)) return this.#entries[entry + 3]!
      slot = (slot + 1) & mask
    }
  }

  /** The texts so far; codes start again from 0. */
  take(): string[] {
    const values = this.values
    this.values = []
    this.#codes = new Map()
    this.#slots.fill(-1)
    this.#entries = []
    this.#used = 0
    return values
  }

  #isSame(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start
    if (this.#entries[entry + 1] !== length) return false
    const offset = this.#entries[entry]!
    for (let i = 0; i < length; i++) if (this.#arena[offset + i] !== bytes[start + i]) return false
    return true
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const length = end - start
    if (this.#used + length > this.#arena.length) {
      const larger = new Uint8Array(Math.max(this.#arena.length * 2, this.#used + length))
      larger.set(this.#arena.subarray(0, this.#used))
      this.#arena = larger
    }
    this.#arena.set(bytes.subarray(start, end), this.#used)
    const code = this.codeOfText(decoder.decode(bytes.subarray(start, end)))
    this.#slots[slot] = this.#entries.length
    this.#entries.push(this.#used, length, hash, code)
    this.#used += length
    if (this.#entries.length > this.#slots.length * 2) this.#grow()
    return code
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 4).fill(-1)
    const mask = slots.length - 1
    for (let entry = 0; entry < this.#entries.length; entry += 4) {
      const hash = this.#entries[entry + 2]!
      let slot = (hash ^ (hash >>> 15)) & mask
      while (slots[slot]! >= 0) slot = (slot + 1) & mask
      slots[slot] = entry
    }
    this.#slots = slots
  }
}
