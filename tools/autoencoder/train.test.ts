import { expect, test } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { exportAutoencoder } from './export.ts'
import { trainAutoencoder } from './train.ts'

const STEPS = 10
const FEATURES = 4

function waves(rows: number, seed: number): Float32Array {
  const random = createRandom(seed)
  const windows = new Float32Array(rows * STEPS * FEATURES)
  for (let r = 0; r < rows; r++) {
    const phase = 2 * Math.PI * random.next()
    for (let i = 0; i < STEPS * FEATURES; i++) windows[r * STEPS * FEATURES + i] = Math.sin(phase + i / 3)
  }
  return windows
}

function run(seed: number) {
  const options = {
    steps: STEPS,
    features: FEATURES,
    epochs: 3,
    batchRows: 32,
    patience: 10,
    random: createRandom(seed),
  }
  return trainAutoencoder(waves(192, 1), waves(50, 2), options)
}

test('the same seed gives the same model file, byte for byte; another seed another', () => {
  const first = exportAutoencoder(run(5).weights, STEPS)
  expect(Buffer.compare(first, exportAutoencoder(run(5).weights, STEPS))).toBe(0)
  expect(Buffer.compare(first, exportAutoencoder(run(6).weights, STEPS))).not.toBe(0)
})

test('the loss falls, and the best epoch by validation is the result', () => {
  const { history, validationLoss, bestEpoch } = run(5)
  expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss)
  expect(validationLoss).toBe(Math.min(...history.map((epoch) => epoch.validationLoss)))
  expect(history[bestEpoch - 1]!.best).toBe(true)
})
