/** A value that changes: Svelte's store contract, so a page writes `$cases`. `undefined` until the first answer is in. */
export interface Watch<T> {
  subscribe(run: (value: T | undefined) => void): () => void
}

/** A value kept in this context, told to everyone who watches. */
export class Signal<T> implements Watch<T> {
  #value: T
  readonly #listeners = new Set<(value: T) => void>()

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  set(value: T): void {
    this.#value = value
    for (const listener of [...this.#listeners]) listener(value)
  }

  subscribe(run: (value: T) => void): () => void {
    this.#listeners.add(run)
    run(this.#value)
    return () => this.#listeners.delete(run)
  }
}
