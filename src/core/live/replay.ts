/**
 * A recording's flows, given out again as they happened: at 1 to 1000 times the speed, with pause and seek. The clock is the caller's. A
 * flow is given when it ended, with the time at which it is given: at a higher speed a device does more in a minute, and rules see that.
 */
import { InputError } from '../base/errors.ts'
import type { FlowRecord } from './wire.ts'

export const MAX_SPEED = 1000

interface Item {
  /** µs after the recording's first flow ended. */
  readonly offset: number
  readonly record: FlowRecord
}

export class Replay {
  /** Of the recording at 1×. */
  readonly lengthMicros: number
  readonly #items: readonly Item[]
  #next = 0
  #speed = 1
  /** Position at `#anchorMicros` on the caller's clock; undefined while paused. */
  #position = 0
  #anchorMicros: number | undefined

  /** Paused at the beginning. Throws InputError when no record has a time. */
  constructor(records: readonly FlowRecord[]) {
    const timed = records.flatMap((record) => {
      const { ts, duration = 0 } = record
      return ts === undefined ? [] : [{ end: (ts + duration) * 1e6, record }]
    })
    timed.sort((a, b) => a.end - b.end)
    const first = timed[0]
    if (!first) throw new InputError('Nothing in this recording has a time; a replay needs to know when each flow was.')
    this.#items = timed.map(({ end, record }) => ({ offset: end - first.end, record }))
    this.lengthMicros = this.#items.at(-1)!.offset
  }

  get isPaused(): boolean {
    return this.#anchorMicros === undefined
  }

  get isOver(): boolean {
    return this.#next >= this.#items.length
  }

  get speed(): number {
    return this.#speed
  }

  positionMicros(nowMicros: number): number {
    if (this.#anchorMicros === undefined) return this.#position
    // A clock that was set back holds the replay where it was.
    const passed = Math.max(0, nowMicros - this.#anchorMicros) * this.#speed
    return Math.min(this.lengthMicros, this.#position + passed)
  }

  resume(nowMicros: number): void {
    this.#anchorMicros ??= nowMicros
  }

  pause(nowMicros: number): void {
    this.#position = this.positionMicros(nowMicros)
    this.#anchorMicros = undefined
  }

  setSpeed(nowMicros: number, speed: number): void {
    if (!(speed >= 1 && speed <= MAX_SPEED)) throw new InputError(`A replay runs at 1 to ${MAX_SPEED} times the speed.`)
    this.#move(nowMicros, this.positionMicros(nowMicros))
    this.#speed = speed
  }

  /** What lies between is not given; back again, it is given again. */
  seek(nowMicros: number, positionMicros: number): void {
    const position = Math.min(this.lengthMicros, Math.max(0, positionMicros))
    this.#move(nowMicros, position)
    const next = this.#items.findIndex(({ offset }) => offset >= position)
    this.#next = next === -1 ? this.#items.length : next
  }

  /** At most `limit` flows whose time has come, each with the time at which it is given; more may be due. */
  take(nowMicros: number, limit: number): FlowRecord[] {
    if (this.isPaused) return []
    const position = this.positionMicros(nowMicros)
    const given: FlowRecord[] = []
    for (; given.length < limit; this.#next++) {
      const item = this.#items[this.#next]
      if (!item || item.offset > position) break
      const endedMicros = nowMicros - (position - item.offset) / this.#speed
      given.push({ ...item.record, ts: endedMicros / 1e6 - (item.record.duration ?? 0) })
    }
    return given
  }

  #move(nowMicros: number, position: number): void {
    this.#position = position
    if (this.#anchorMicros !== undefined) this.#anchorMicros = nowMicros
  }
}
