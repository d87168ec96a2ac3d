/** Tables for tests of the detectors, made from a seed. */
import { createRandom } from '../../base/random.ts'
import type { TrainingData } from '../detector.ts'

export interface SampleTable extends TrainingData {
  readonly labels: Uint8Array
  readonly classes: readonly string[]
}

/** Skewed benign rows; each further class is moved in three columns of its own. `missing` is the share of cells without a value. */
export function sampleTable({
  rows,
  width,
  classes = 2,
  missing = 0,
  seed = 1,
}: {
  readonly rows: number
  readonly width: number
  readonly classes?: number
  readonly missing?: number
  readonly seed?: number
}): SampleTable {
  const random = createRandom(seed)
  const values = new Float32Array(rows * width)
  const labels = new Uint8Array(rows)
  for (let row = 0; row < rows; row++) {
    const label = random.next() < 0.6 ? 0 : random.int(classes)
    labels[row] = label
    for (let column = 0; column < width; column++) {
      const moved = label > 0 && Math.floor(column / 3) === label % Math.ceil(width / 3)
      const raw = random.normal() + (moved ? 1.2 : 0)
      const kind = column % 4
      const value =
        kind === 0 ? raw : kind === 1 ? Math.exp(3 * raw) : kind === 2 ? Math.round(raw * 2) : Math.round(Math.exp(raw))
      values[row * width + column] = random.next() < missing ? Number.NaN : value
    }
  }
  return {
    features: Array.from({ length: width }, (_, i) => `feature ${i + 1}`),
    rows,
    values,
    labels,
    classes: ['Benign', ...Array.from({ length: classes - 1 }, (_, i) => `Attack ${i + 1}`)],
  }
}
