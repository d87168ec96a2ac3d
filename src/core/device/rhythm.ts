/** When a device was heard, kept as little as is needed to tell a silence from a pause. */

export const SILENT_MICROS = 4 * 3600e6

export interface Silence {
  readonly startMicros: number
  readonly endMicros: number
}

/** A device that was quiet this often is simply used now and then. */
const MAX_SILENCES = 4

export class Rhythm {
  firstMicros = Number.POSITIVE_INFINITY
  lastMicros = Number.NEGATIVE_INFINITY
  /** Number of pauses of a second or more, their sum and the longest that is no silence. */
  pauses = 0
  pauseSumMicros = 0
  longestPauseMicros = 0
  #silences: Silence[] = []

  /** Flows may come late (they are told when they end), so a silence shrinks or goes when one turns out to lie in it. */
  hear(startMicros: number, endMicros: number): void {
    if (Number.isNaN(startMicros)) return
    const end = Math.max(startMicros, endMicros || 0)
    if (startMicros < this.firstMicros) this.firstMicros = startMicros
    const last = this.lastMicros
    if (startMicros > last) {
      if (last > 0) this.#pause(last, startMicros)
    } else if (this.#silences.length > 0)
      this.#silences = this.#silences.flatMap((silence) => without(silence, startMicros, end))
    if (end > last) this.lastMicros = end
  }

  get silences(): readonly Silence[] {
    return this.#silences
  }

  #pause(from: number, to: number): void {
    const pause = to - from
    if (pause >= SILENT_MICROS) {
      if (this.#silences.length < MAX_SILENCES) this.#silences.push({ startMicros: from, endMicros: to })
      return
    }
    if (pause < 1e6) return
    this.pauses++
    this.pauseSumMicros += pause
    if (pause > this.longestPauseMicros) this.longestPauseMicros = pause
  }
}

function without(silence: Silence, startMicros: number, endMicros: number): Silence[] {
  if (endMicros <= silence.startMicros || startMicros >= silence.endMicros) return [silence]
  return [
    { startMicros: silence.startMicros, endMicros: startMicros },
    { startMicros: endMicros, endMicros: silence.endMicros },
  ].filter((part) => part.endMicros - part.startMicros >= SILENT_MICROS)
}
