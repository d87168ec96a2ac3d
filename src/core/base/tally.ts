/** Counts by reason, such as rows that could not be used. */
export class Tally {
  readonly #counts = new Map<string, number>()

  add(reason: string, times = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + times)
  }

  get total(): number {
    let total = 0
    for (const count of this.#counts.values()) total += count
    return total
  }

  toObject(): Record<string, number> {
    return Object.fromEntries(this.#counts)
  }
}
