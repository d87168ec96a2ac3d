/** Password guessing: many short connections of like size to one service that asks for a login. */
import { BoundedMap } from './bounded-map.ts'
import { type FlowEvent, TCP } from './event.ts'
import {
  beginSpan,
  type Emit,
  extendSpan,
  isWorthTelling,
  type Rule,
  reasonsOf,
  relativeSpread,
  type Span,
} from './rule.ts'

/** Connections in a run that pass for forgetful: a person's services, those that things use, and those that apps poll (pairing asks twice a second). */
export const LOGIN_LIMITS: ReadonlyMap<number, number> = new Map([
  ...[21, 22, 23, 2222, 2323, 110, 143, 445, 993, 995, 1433, 3306, 3389, 5432, 5900].map((port) => [port, 11] as const),
  ...[1883, 8883].map((port) => [port, 99] as const),
  ...[80, 81, 443, 5000, 8000, 8080, 8081, 8443].map((port) => [port, 299] as const),
])
/** A run ends when nothing was tried for this long, and after LONGEST_MICROS at the latest: polling once a minute stays under. */
const IDLE_MICROS = 120e6
const LONGEST_MICROS = 900e6
/** Longer or bigger than this is use, not a try. */
const SHORT_MICROS = 60e6
const TRY_BYTES = 20_000
/** Sizes of tries scatter by the length of the words. */
const LIKE_SPREAD = 0.25
export const MAX_RUNS = 8192
const MAX_SIZES = 64

interface Run extends Span {
  lastMicros: number
  tries: number
  uses: number
  /** Bytes both ways, of the first MAX_SIZES. */
  readonly sizes: number[]
}

export class BruteForce implements Rule {
  readonly #runs = new BoundedMap<string, Run>(MAX_RUNS)

  get size(): number {
    return this.#runs.size
  }

  hear(event: FlowEvent, emit: Emit): void {
    const { device, peer, port, outward, protocol, micros } = event
    const limit = LOGIN_LIMITS.get(port)
    if (limit === undefined || protocol !== TCP || event.failed || event.bytesOut === 0 || event.bytesIn === 0) return
    const key = `${device} ${outward ? '>' : '<'} ${peer} ${port}`
    let run = this.#runs.touch(key)
    if (!run || micros - run.lastMicros > IDLE_MICROS || micros - run.startMicros > LONGEST_MICROS) {
      run = { ...beginSpan(event), lastMicros: micros, tries: 0, uses: 0, sizes: [] }
      this.#runs.set(key, run)
    }
    run.lastMicros = micros
    extendSpan(run, event)
    const size = event.bytesIn + event.bytesOut
    if (size > TRY_BYTES || event.endMicros - micros > SHORT_MICROS) {
      run.uses++
      return
    }
    run.tries++
    if (run.sizes.length < MAX_SIZES) run.sizes.push(size)
    if (run.tries <= limit || run.tries < 2 * run.told || run.uses * 10 > run.tries) return
    const { median, spread } = relativeSpread(run.sizes)
    if (spread > LIKE_SPREAD || !isWorthTelling(run, run.tries, limit)) return
    emit({
      rule: 'brute-force',
      device,
      span: run,
      score: run.tries,
      threshold: limit,
      reasons: reasonsOf([
        ['short connections to one login', run.tries, 0],
        ['bytes of one try', median, median],
      ]),
      peer,
      port,
      outward,
    })
  }
}
