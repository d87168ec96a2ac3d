/** New destination: a device that keeps to its few destinations meets another, and more than in passing. */
import type { Meeting } from './acquaintance.ts'
import { BoundedMap } from './bounded-map.ts'
import type { FlowEvent } from './event.ts'
import { beginSpan, type Emit, extendSpan, isWorthTelling, type Rule, reasonsOf, type Span } from './rule.ts'

/** A device that has met nobody new for this long keeps to its destinations. */
export const STABLE_MICROS = 24 * 3600e6
/** In passing: this many bytes both ways, and this many visits. */
export const NEW_BYTES = 1e6
export const NEW_VISITS = 3
/** Visits are this far apart. */
const VISIT_MICROS = 600e6
export const MAX_NEWCOMERS = 8192

interface Newcomer extends Span {
  bytes: number
  visits: number
  visitMicros: number
}

export class NewDestination implements Rule {
  readonly #newcomers = new BoundedMap<string, Newcomer>(MAX_NEWCOMERS)

  get size(): number {
    return this.#newcomers.size
  }

  hear(event: FlowEvent, emit: Emit, { destination, settledMicros }: Meeting): void {
    if (!destination) return
    const { device, micros, peer, port, outward } = event
    const key = `${device} ${destination.key}`
    let newcomer = this.#newcomers.touch(key)
    if (!newcomer) {
      if (settledMicros === undefined || settledMicros < STABLE_MICROS) return
      newcomer = { ...beginSpan(event), bytes: 0, visits: 0, visitMicros: Number.NEGATIVE_INFINITY }
      this.#newcomers.set(key, newcomer)
    }
    extendSpan(newcomer, event)
    newcomer.bytes += event.bytesIn + event.bytesOut
    if (micros - newcomer.visitMicros > VISIT_MICROS) {
      newcomer.visits++
      newcomer.visitMicros = micros
    }
    const byBytes = newcomer.bytes / NEW_BYTES >= newcomer.visits / NEW_VISITS
    const score = byBytes ? newcomer.bytes : newcomer.visits
    const threshold = byBytes ? NEW_BYTES : NEW_VISITS
    if (!isWorthTelling(newcomer, score / threshold, 1)) return
    const feature = byBytes ? 'bytes to a new destination' : 'visits to a new destination'
    emit({
      rule: 'new-destination',
      device,
      span: newcomer,
      score,
      threshold,
      reasons: reasonsOf([[feature, score, 0]]),
      peer,
      port,
      outward,
    })
  }
}
