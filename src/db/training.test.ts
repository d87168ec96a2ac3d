import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { until } from '../../tests/db/until.ts'
import { forgetTraining, keepTraining, keepTrainingFiles, readTraining, watchTraining } from './training.ts'

const weights = Float32Array.of(1, 2, 3)
const training = {
  kind: 'cnn-lstm' as const,
  name: 'mine',
  seed: 7,
  label: { column: 'Label', benign: 'BENIGN' },
  files: [{ name: 'flows.csv', sizeBytes: 8 }],
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
  await keepTrainingFiles([new File(['a,b\n1,2\n'], 'flows.csv')])
  await keepTraining(training)
  const kept = await until(watchTraining(), (value) => value !== null)
  expect(kept).toMatchObject(training)
  expect(await kept?.contents?.[0]?.text()).toBe('a,b\n1,2\n')
  await keepTraining({ ...training, seed: 8 })
  expect(await readTraining()).toMatchObject({ seed: 8 })
  await forgetTraining()
  expect(await readTraining()).toBeNull()
})

test('files too large to be kept are asked for again', async () => {
  await keepTrainingFiles([new File(['x'], 'flows.csv')])
  const large = new File([], 'large.csv')
  Object.defineProperty(large, 'size', { value: 65 << 20 })
  await keepTrainingFiles([large])
  await keepTraining(training)
  expect((await readTraining())?.contents).toBeUndefined()
})
