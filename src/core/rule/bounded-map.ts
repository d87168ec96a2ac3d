/**
 * A map of bounded size that forgets what was not asked for lately: capped state under a flood of invented addresses.
 * Two generations instead of an order of use: deleting the first key of a Map again and again costs a walk over all deleted before it
 * (measured with the whole rule set under a flood of new addresses: 20,000 flows/s, against 70,000 this way).
 */
export class BoundedMap<K, V> {
  readonly #half: number
  #young = new Map<K, V>()
  #old = new Map<K, V>()

  /** Keeps at most `limit`, and always the half of it that was touched last. */
  constructor(limit: number) {
    this.#half = limit >> 1
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** The value, which from now on is among the last to be forgotten. */
  touch(key: K): V | undefined {
    const value = this.#young.get(key)
    if (value !== undefined) return value
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  get(key: K): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key)
  }

  set(key: K, value: V): void {
    this.#old.delete(key)
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }

  delete(key: K): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }
}
