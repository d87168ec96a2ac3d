/** Keeps several batches of windows with the scorer at once and hands the answers back in order, so that reading and scoring overlap. */
export class ScoreQueue<Batch, Scores> {
  readonly #score: (batch: Batch) => Promise<Scores>
  readonly #limit: number
  readonly #flying: { batch: Batch; scores: Promise<Scores> }[] = []

  constructor(score: (batch: Batch) => Promise<Scores>, limit: number) {
    this.#score = score
    this.#limit = limit
  }

  push(batch: Batch): void {
    const scores = this.#score(batch)
    // A failure is reported where it is awaited; until then it must not count as unhandled.
    scores.catch(() => undefined)
    this.#flying.push({ batch, scores })
  }

  /** Answers that are due: all beyond the limit, or everything with `all`. */
  async *take(all: boolean): AsyncGenerator<{ batch: Batch; scores: Scores }> {
    const keep = all ? 0 : this.#limit
    while (this.#flying.length > keep) {
      const { batch, scores } = this.#flying.shift()!
      yield { batch, scores: await scores }
    }
  }
}
