import { expect, it } from 'vitest'
import { type FlowDataset, takeRows } from '../detect/dataset.ts'
import { windowsOf } from '../detect/window-data.ts'
import { FlowTail } from './flow-tail.ts'

const STEPS = 3

function flows(devices: readonly string[], owners: readonly number[]): FlowDataset {
  const rows = owners.length
  return {
    rows,
    matrix: { features: ['a'], rows, values: Float32Array.from(owners, (_, i) => i) },
    counts: Float64Array.from({ length: rows * 4 }, (_, i) => i),
    device: Int32Array.from(owners),
    devices,
    capture: new Int32Array(rows),
    captures: [''],
    startMicros: Float64Array.from(owners, (_, i) => i * 1e6),
    row: Float64Array.from(owners, (_, i) => i + 1),
    labels: undefined,
    classes: ['benign'],
  }
}

/** Row numbers of the flows of each window that ends in the batch. */
function windowsIn(data: FlowDataset, before: number): string[] {
  const { rows, length } = windowsOf(data, STEPS)
  return Array.from({ length }, (_, i) => [...rows.subarray(i * STEPS, (i + 1) * STEPS)])
    .filter((window) => window.at(-1)! >= before)
    .map((window) => window.map((at) => data.row[at]).join(' '))
}

it('gives the windows of the whole, wherever batches end and however they number their devices', () => {
  const owners = Array.from({ length: 60 }, (_, i) => ((i * 7) % 5) % 3)
  const whole = flows(['lamp', 'camera', 'hub'], owners)
  const expected = windowsIn(whole, 0).sort()
  for (const size of [1, 2, 7, 25, 60]) {
    const tail = new FlowTail(STEPS)
    const came: string[] = []
    for (let from = 0; from < whole.rows; from += size) {
      const rows = Array.from({ length: Math.min(size, whole.rows - from) }, (_, i) => from + i)
      const part = takeRows(whole, rows)
      // The hub first, in every second batch
      const batch =
        from % (2 * size) === 0
          ? part
          : { ...part, devices: ['hub', 'lamp', 'camera'], device: part.device.map((at) => (at + 1) % 3) }
      const { data, before } = tail.join(batch)
      expect(data.rows).toBe(before + batch.rows)
      came.push(...windowsIn(data, before))
    }
    expect(came.sort()).toEqual(expected)
  }
})

it('leaves batches as they are for models that judge each flow alone', () => {
  const batch = flows(['lamp'], [0, 0, 0])
  const tail = new FlowTail(0)
  tail.join(batch)
  expect(tail.join(batch)).toEqual({ data: batch, before: 0 })
})
