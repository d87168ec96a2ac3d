/** A scan's activity over time in bounded memory: per device and bin, flows, bytes and findings; bins double in width as time grows. */
import type { DeviceFlows } from './update.ts'

export interface Timeline {
  /** µs since 1970 of the first bin's left edge; NaN when the source has no times (then a bin is `binRows` rows). */
  readonly startMicros: number
  readonly binMicros: number
  readonly binRows: number
  readonly bins: number
  readonly lanes: readonly TimelineLane[]
}

export interface TimelineLane {
  /** Device id; '' gathers devices beyond the limit. */
  readonly device: string
  readonly flows: readonly number[]
  readonly bytes: readonly number[]
  /** Windows over the threshold. */
  readonly findings: readonly number[]
}

export const MAX_BINS = 720
const MAX_LANES = 64
const FIRST_BIN_MICROS = 1e6
const FIRST_BIN_ROWS = 10

interface Lane {
  flows: Float64Array
  bytes: Float64Array
  findings: Float64Array
}

/**
 * Bins are aligned to multiples of their width since 1970 (or to row 0), so that doubling only adds neighbours together;
 * an event before the first bin shifts the bins to the right.
 */
export class TimelineBuilder {
  readonly #lanes = new Map<string, Lane>()
  #width: number
  #first = Number.NaN
  #last = Number.NaN
  readonly #timed: boolean

  constructor(timed: boolean) {
    this.#timed = timed
    this.#width = timed ? FIRST_BIN_MICROS : FIRST_BIN_ROWS
  }

  addFlows({ batch, deviceIds, device }: DeviceFlows): void {
    const positions = this.#timed ? batch.startMicros : batch.row
    let low = Number.POSITIVE_INFINITY
    let high = Number.NEGATIVE_INFINITY
    for (let i = 0; i < batch.length; i++) {
      const at = positions[i]!
      if (at < low) low = at
      if (at > high) high = at
    }
    if (low > high) return
    this.#cover(low, high)
    const lanes = deviceIds.map((id) => this.#lane(id))
    const { counts } = batch
    for (let i = 0; i < batch.length; i++) {
      const bin = this.#bin(positions[i]!)
      const lane = lanes[device[i]!]
      if (!lane || bin === undefined) continue
      lane.flows[bin] = lane.flows[bin]! + 1
      lane.bytes[bin] = lane.bytes[bin]! + counts[i * 4 + 2]! + counts[i * 4 + 3]!
    }
  }

  /** A finding of `device` at a time in µs, or at a row when the source has no times. */
  addFinding(device: string, at: number): void {
    if (Number.isNaN(at)) return
    this.#cover(at, at)
    const bin = this.#bin(at)
    const lane = this.#lane(device)
    if (bin !== undefined) lane.findings[bin] = lane.findings[bin]! + 1
  }

  build(): Timeline {
    const bins = Number.isNaN(this.#first) ? 0 : this.#last - this.#first + 1
    return {
      startMicros: this.#timed ? this.#first * this.#width : Number.NaN,
      binMicros: this.#timed ? this.#width : Number.NaN,
      binRows: this.#timed ? 0 : this.#width,
      bins,
      lanes: [...this.#lanes].map(([device, lane]) => ({
        device,
        flows: Array.from(lane.flows.subarray(0, bins)),
        bytes: Array.from(lane.bytes.subarray(0, bins)),
        findings: Array.from(lane.findings.subarray(0, bins)),
      })),
    }
  }

  #lane(device: string): Lane {
    const id = this.#lanes.has(device) || this.#lanes.size < MAX_LANES ? device : ''
    const known = this.#lanes.get(id)
    if (known) return known
    const lane = {
      flows: new Float64Array(MAX_BINS),
      bytes: new Float64Array(MAX_BINS),
      findings: new Float64Array(MAX_BINS),
    }
    this.#lanes.set(id, lane)
    return lane
  }

  #bin(at: number): number | undefined {
    const bin = Math.floor(at / this.#width) - this.#first
    return bin >= 0 && bin < MAX_BINS ? bin : undefined
  }

  #cover(low: number, high: number): void {
    if (Number.isNaN(this.#first)) {
      this.#first = Math.floor(low / this.#width)
      this.#last = this.#first
    }
    const wantedFirst = () => Math.min(this.#first, Math.floor(low / this.#width))
    const wantedLast = () => Math.max(this.#last, Math.floor(high / this.#width))
    while (wantedLast() - wantedFirst() + 1 > MAX_BINS) this.#double()
    const shift = this.#first - wantedFirst()
    if (shift > 0)
      for (const lane of this.#lanes.values()) for (const values of Object.values(lane)) shiftRight(values, shift)
    this.#last = wantedLast()
    this.#first -= shift
  }

  #double(): void {
    const odd = Math.abs(this.#first % 2)
    for (const lane of this.#lanes.values()) for (const values of Object.values(lane)) foldPairs(values, odd)
    this.#width *= 2
    this.#first = Math.floor(this.#first / 2)
    this.#last = Math.floor(this.#last / 2)
  }
}

function shiftRight(values: Float64Array, by: number): void {
  values.copyWithin(by, 0, MAX_BINS - by)
  values.fill(0, 0, by)
}

/** Adds neighbours; with `odd` the first bin is the right half of its pair. */
function foldPairs(values: Float64Array, odd: number): void {
  for (let i = 0; i < MAX_BINS; i++) {
    const left = 2 * i - odd
    values[i] = (left >= 0 ? (values[left] ?? 0) : 0) + (values[left + 1] ?? 0)
  }
}
