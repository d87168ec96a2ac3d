/**
 * The watermark of a table: rows may stand in any order over HORIZON_ROWS rows (Zeek writes in order of the flows' ends), so no later
 * row is expected to start before the latest start that was seen more than HORIZON_ROWS rows ago. A row that does so all the same
 * is counted as late, and still used.
 */
export const HORIZON_ROWS = 100_000
const BLOCK_ROWS = 1024
const BLOCKS = Math.ceil(HORIZON_ROWS / BLOCK_ROWS) + 1

export class TimeOrder {
  late = 0
  #latest = Number.NEGATIVE_INFINITY
  #inBlock = 0
  #block = 0
  readonly #latestByBlock = new Float64Array(BLOCKS).fill(Number.NEGATIVE_INFINITY)
  #given = Number.NEGATIVE_INFINITY

  add(startMicros: number): void {
    if (startMicros > this.#latest) this.#latest = startMicros
    if (startMicros < this.#given) this.late++
    if (++this.#inBlock < BLOCK_ROWS) return
    this.#inBlock = 0
    this.#latestByBlock[this.#block] = this.#latest
    this.#block = (this.#block + 1) % BLOCKS
  }

  /** To be called when a batch is given out; -Infinity while fewer than HORIZON_ROWS rows were read. */
  watermarkMicros(): number {
    this.#given = this.#latestByBlock[this.#block]!
    return this.#given
  }
}
