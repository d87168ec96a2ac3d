import { expect, test } from 'vitest'
import { SAMPLE_MANIFEST } from '../model/fixture.ts'
import type { ModelManifest } from '../model/manifest.ts'
import type { FlowDataset } from './dataset.ts'
import type { Network } from './network.ts'
import { judgeOfNetwork } from './network-judge.ts'

const MANIFEST: ModelManifest = {
  ...SAMPLE_MANIFEST,
  window: 3,
  inputs: [
    { column: 'orig_pkts', kind: 'number', transform: 'none' },
    { column: 'resp_bytes', kind: 'number', transform: 'none' },
  ],
  scaler: { mean: [1, 0], deviation: [2, 1] },
  typical: [3, 4],
}

/** Cannot rebuild anything: the error is the mean square of what it was given. */
const network: Network = {
  engine: 'plain',
  batchRows: 2,
  async reconstructionErrors(windows, rows) {
    const width = 2
    const steps = windows.length / rows / width
    return Float32Array.from({ length: rows * width }, (_, i) => {
      let sum = 0
      for (let step = 0; step < steps; step++) {
        sum += windows[(Math.floor(i / width) * steps + step) * width + (i % width)]! ** 2
      }
      return sum / steps
    })
  },
  async dispose() {},
}

const rows = 8
const data: FlowDataset = {
  rows,
  matrix: { features: ['orig_pkts'], rows, values: new Float32Array(rows) },
  counts: Float64Array.from({ length: rows * 4 }, (_, i) =>
    i % 4 === 0 ? 1 + 2 * Math.floor(i / 4) : i % 4 === 3 ? 2 : 9,
  ),
  device: Int32Array.of(0, 0, 0, 0, 0, 0, 1, 1),
  devices: ['a', 'b'],
  capture: new Int32Array(rows),
  captures: ['x'],
  startMicros: new Float64Array(rows),
  row: Float64Array.from({ length: rows }, (_, i) => i + 1),
  labels: undefined,
  classes: ['benign'],
}

test('each flow has the score of the window that it ends, and the first ones of a device have none', async () => {
  const scores = await judgeOfNetwork(MANIFEST, network).score(data)
  // Scaled packets of row i are i: the window that ends in row 3 holds 1, 2, 3; bytes are always 2.
  const expected = (last: number) => (((last - 2) ** 2 + (last - 1) ** 2 + last ** 2) / 3 + 4) / 2
  expect(scores.map((score) => Number(Number.isNaN(score)))).toEqual(Float64Array.of(1, 1, 1, 0, 0, 0, 1, 1))
  for (const last of [3, 4, 5]) expect(scores[last]).toBeCloseTo(expected(last), 5)
})

test('shares sum to the score, beside the means of the window', async () => {
  const judge = judgeOfNetwork(MANIFEST, network)
  const { score, base, contributions } = await judge.explain(data, 4)
  expect(score).toBe((await judge.score(data))[4])
  expect(base).toBe(0)
  expect(contributions.map(({ value, typical }) => [value, typical])).toEqual([
    [7, 3],
    [2, 4],
  ])
  await expect(judge.explain(data, 6)).rejects.toThrow(/among the first 3 of its device/)
})

test('a model that asks for more than the counts is refused by the name of what is missing', () => {
  expect(() => judgeOfNetwork(SAMPLE_MANIFEST, network)).toThrow(/asks for proto/)
})
