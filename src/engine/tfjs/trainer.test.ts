import * as tf from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { cnnLstm, planNetwork } from '#core/detect/architecture.ts'
import { createTfjsTrainer } from './trainer.ts'

const architecture = cnnLstm({ steps: 6, features: 5 })
const options = { architecture, seed: 1, learningRate: 1e-3, maxGradientNorm: 1 }
const batch = { rows: 2, inputs: new Float32Array(60).fill(0.3), targets: Float32Array.of(0, 1) }

test.each(['cpu', 'wasm'] as const)('leaves no tensor behind on %s', async (backend) => {
  const trainer = await createTfjsTrainer(options, { backend })
  const before = tf.memory().numTensors
  await trainer.step(batch)
  await trainer.loss(batch)
  await trainer.gradients(batch)
  await trainer.predict(batch.inputs, 2)
  await trainer.restoreState(await trainer.saveState())
  await trainer.apply(new Float32Array(planNetwork(architecture).parameters))
  expect(tf.memory().numTensors).toBe(before)
  await trainer.dispose()
})

test('says which backend a machine does not have', async () => {
  await expect(createTfjsTrainer(options, { backend: 'webgpu' })).rejects.toThrow('tfjs has no webgpu on this machine')
})
