/** Wrong passwords by address and device: after a few, no further one is tried for a minute, since each try costs the relay an argon2id. */

const MAX_WRONG = 10
const FORGET_MS = 60_000
const MAX_KEPT = 10_000

export class Guesses {
  #wrong = new Map<string, { count: number; sinceMs: number }>()

  tooMany(address: string, device: string, nowMs: number): boolean {
    const kept = this.#wrong.get(`${address} ${device}`)
    return kept !== undefined && kept.count >= MAX_WRONG && nowMs - kept.sinceMs < FORGET_MS
  }

  wrong(address: string, device: string, nowMs: number): void {
    const key = `${address} ${device}`
    const kept = this.#wrong.get(key)
    if (kept && nowMs - kept.sinceMs < FORGET_MS) {
      kept.count++
      return
    }
    const oldest = this.#wrong.keys().next()
    if (this.#wrong.size >= MAX_KEPT && !oldest.done) this.#wrong.delete(oldest.value)
    this.#wrong.delete(key)
    this.#wrong.set(key, { count: 1, sinceMs: nowMs })
  }
}
