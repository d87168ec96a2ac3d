/** What is typical for a device: the median of each count over a bounded sample of its own flows. */
import { createRandom, type Random } from '../base/random.ts'
import { quantile } from '../base/stats.ts'
import { COUNT_COLUMNS } from '../flow/batch.ts'
import type { DeviceFlows } from './update.ts'

const SAMPLE_FLOWS = 255
/** With fewer flows than this the model's own typical values stand in. */
const ENOUGH_FLOWS = 30
const MAX_DEVICES = 4096
const WIDTH = COUNT_COLUMNS.length

interface Sample {
  seen: number
  readonly values: Float64Array
  medians: number[] | undefined
}

/** Reservoir samples (Vitter's algorithm R), seeded, so that a repeated scan says the same. */
export class TypicalCounts {
  readonly #samples = new Map<string, Sample>()
  readonly #random: Random = createRandom(1)
  readonly #fallback: readonly number[]

  constructor(fallback: readonly number[]) {
    this.#fallback = fallback
  }

  add({ batch, deviceIds, device }: DeviceFlows): void {
    const samples = deviceIds.map((id) => this.#sample(id))
    for (let i = 0; i < batch.length; i++) {
      const sample = samples[device[i]!]
      if (!sample) continue
      const place = sample.seen < SAMPLE_FLOWS ? sample.seen : this.#random.int(sample.seen + 1)
      sample.seen++
      if (place >= SAMPLE_FLOWS) continue
      for (let k = 0; k < WIDTH; k++) sample.values[place * WIDTH + k] = batch.counts[i * WIDTH + k]!
      sample.medians = undefined
    }
  }

  /** Median of each count, COUNT_COLUMNS order. */
  of(deviceId: string): readonly number[] {
    const sample = this.#samples.get(deviceId)
    if (!sample || sample.seen < ENOUGH_FLOWS) return this.#fallback
    sample.medians ??= COUNT_COLUMNS.map((_, k) => {
      const column = new Float64Array(Math.min(sample.seen, SAMPLE_FLOWS))
      for (let i = 0; i < column.length; i++) column[i] = sample.values[i * WIDTH + k]!
      return quantile(column.sort(), 0.5)
    })
    return sample.medians
  }

  #sample(id: string): Sample | undefined {
    const known = this.#samples.get(id)
    if (known || this.#samples.size >= MAX_DEVICES) return known
    const sample: Sample = { seen: 0, values: new Float64Array(SAMPLE_FLOWS * WIDTH), medians: undefined }
    this.#samples.set(id, sample)
    return sample
  }
}
