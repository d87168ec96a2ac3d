/** Restores time order of events by the batches' watermarks, so that rules may count on it. Bounded: past MAX_HELD the older half goes. */
import type { FlowEvent } from './event.ts'

export const MAX_HELD = 65_536
/** Sorting waits until this much time is due, or a call says that all is. */
const STEP_MICROS = 5e6

export class EventOrder {
  readonly #maxHeld: number
  #held: FlowEvent[] = []
  #releasedMicros = Number.NEGATIVE_INFINITY

  constructor(maxHeld = MAX_HELD) {
    this.#maxHeld = maxHeld
  }

  get held(): number {
    return this.#held.length
  }

  push(event: FlowEvent): void {
    this.#held.push(event)
  }

  /** What is due, in time order. */
  take(watermarkMicros: number): FlowEvent[] {
    if (this.#held.length > this.#maxHeld) return this.#overflow()
    if (!(watermarkMicros >= this.#releasedMicros + STEP_MICROS)) return []
    this.#releasedMicros = watermarkMicros
    const due: FlowEvent[] = []
    const rest: FlowEvent[] = []
    for (const event of this.#held) (event.micros < watermarkMicros ? due : rest).push(event)
    this.#held = rest
    return due.sort(byTime)
  }

  flush(): FlowEvent[] {
    const due = this.#held.sort(byTime)
    this.#held = []
    return due
  }

  #overflow(): FlowEvent[] {
    const sorted = this.#held.sort(byTime)
    this.#held = sorted.slice(this.#maxHeld >> 1)
    return sorted.slice(0, this.#maxHeld >> 1)
  }
}

function byTime(a: FlowEvent, b: FlowEvent): number {
  return a.micros - b.micros || a.row - b.row
}
