/** What is usual for each device: medians of its own flow counts, from histograms of fixed size. */
import { countColumn } from '../prep/encode.ts'
import type { FlowRows } from '../prep/rows.ts'

/** Counts below EXACT have a bin each; above, 8 bins for each doubling: a median within 5 %. */
const EXACT = 16
const PER_DOUBLING = 8
const BINS = EXACT + PER_DOUBLING * 36
/** A device with fewer flows has no "usual" of its own yet. */
const MIN_FLOWS = 30
const COUNTS = 4

export class DeviceTypical {
  /** Of a device with few flows the bin of each count, 4 for a flow: most addresses of a scanned network never get further. */
  readonly #few: (number[] | undefined)[] = []
  readonly #histograms: (Uint32Array | undefined)[] = []
  readonly #flows: number[] = []

  push(rows: FlowRows): void {
    for (let i = 0; i < rows.length; i++) {
      const device = rows.device[i]!
      if (device < 0) continue
      const flows = (this.#flows[device] ?? 0) + 1
      this.#flows[device] = flows
      const binAt = (c: number) => binOf(rows.counts[i * COUNTS + c]!)
      if (flows < MIN_FLOWS) {
        this.#few[device] ??= []
        for (let c = 0; c < COUNTS; c++) this.#few[device].push(binAt(c))
        continue
      }
      const bins = this.#histogram(device)
      for (let c = 0; c < COUNTS; c++) bins[c * BINS + binAt(c)]!++
    }
  }

  /** Median of a COUNT_COLUMNS column over the device's flows so far; undefined while it has fewer than 30. */
  median(device: number, column: string): number | undefined {
    const bins = this.#histograms[device]
    const flows = this.#flows[device] ?? 0
    const at = countColumn(column)
    if (!bins || at < 0 || flows < MIN_FLOWS) return undefined
    let left = flows / 2
    for (let bin = 0; bin < BINS; bin++) {
      left -= bins[at * BINS + bin]!
      if (left <= 0) return middleOf(bin)
    }
    return undefined
  }

  #histogram(device: number): Uint32Array {
    const known = this.#histograms[device]
    if (known) return known
    const bins = new Uint32Array(COUNTS * BINS)
    for (const [i, bin] of (this.#few[device] ?? []).entries()) bins[(i % COUNTS) * BINS + bin]!++
    this.#few[device] = undefined
    this.#histograms[device] = bins
    return bins
  }
}

function binOf(count: number): number {
  if (!(count > 0)) return 0
  if (count < EXACT) return Math.floor(count)
  return Math.min(BINS - 1, EXACT + Math.floor(Math.log2(count / EXACT) * PER_DOUBLING))
}

function middleOf(bin: number): number {
  if (bin < EXACT) return bin
  return Math.round(EXACT * 2 ** ((bin - EXACT + 0.5) / PER_DOUBLING))
}
