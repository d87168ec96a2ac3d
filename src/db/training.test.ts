import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { until } from '../../tests/db/until.ts'
import { forgetTraining, keepTraining, readTraining, watchTraining } from './training.ts'

const weights = Float32Array.of(1, 2, 3)
const training = {
  kind: 'cnn-lstm' as const,
  name: 'mine',
  seed: 7,
  label: { column: 'Label', benign: 'BENIGN' },
  checkpoint: {
    state: { weights, means: weights, squares: weights, steps: 9 },
    bestWeights: weights,
    bestEpoch: 1,
    losses: [{ epoch: 1, trainLoss: 0.5, validationLoss: 0.4 }],
    batch: 0,
    lossSum: 0,
    fingerprint: 12,
  },
}

test('a checkpoint is kept with its files, renewed, and forgotten', async () => {
  expect(await readTraining()).toBeNull()
  await keepTraining({ ...training, files: [new File(['a,b\n1,2\n'], 'flows.csv')] })
  const kept = await until(watchTraining(), (value) => value !== null)
  expect(kept).toMatchObject({ ...training, files: [{ name: 'flows.csv', sizeBytes: 8 }] })
  expect(await kept?.contents?.[0]?.text()).toBe('a,b\n1,2\n')
  await keepTraining({ ...training, seed: 8, files: [] })
  expect(await readTraining()).toMatchObject({ seed: 8 })
  await forgetTraining()
  expect(await readTraining()).toBeNull()
})
