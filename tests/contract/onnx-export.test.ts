/** What is trained here scores the same in onnxruntime. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import * as ort from 'onnxruntime-web/wasm'
import { expect, test } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { type Architecture, cnnLstm, lstmAutoencoder } from '#core/detect/architecture.ts'
import { readKnownNetwork } from '#core/detect/known-network.ts'
import { exportOnnx } from '#core/detect/onnx-export.ts'
import { compileKernels } from '#engine/kernels/kernels.ts'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'

const kernels = await compileKernels({
  binary: await readFile(new URL('../../src/engine/kernels/kernels.wasm', import.meta.url)),
})
ort.env.wasm.numThreads = 1
ort.env.wasm.wasmBinary = await readFile(
  createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'),
)

const ROWS = 40
const NETWORKS: readonly [string, Architecture, string][] = [
  ['the LSTM autoencoder', lstmAutoencoder({ steps: 10, features: 4 }), 'reconstruction'],
  ['the CNN-LSTM', cnnLstm({ steps: 10, features: 78 }), 'probability'],
]

/** A trainer after some steps, so that no weight is where it began, and windows it has not seen. */
async function trained(architecture: Architecture) {
  const trainer = await createKernelTrainer({ architecture, seed: 3, learningRate: 0.003, maxGradientNorm: 1 }, kernels)
  const random = createRandom(8)
  const draw = () =>
    Float32Array.from({ length: ROWS * architecture.steps * architecture.features }, () => random.normal())
  for (let i = 0; i < 15; i++) {
    const inputs = draw()
    const targets = trainer.outputs === 1 ? Float32Array.from({ length: ROWS }, () => random.int(2)) : inputs
    await trainer.step({ rows: ROWS, inputs, targets })
  }
  return { trainer, windows: draw() }
}

test.each(NETWORKS)('%s gives in onnxruntime what it gives here, to 1e-5', async (_, architecture, output) => {
  const { trainer, windows } = await trained(architecture)
  const session = await ort.InferenceSession.create(exportOnnx(architecture, await trainer.exportWeights()))
  const { steps, features } = architecture
  const answer = await session.run({ windows: new ort.Tensor('float32', windows, [ROWS, steps, features]) })
  const theirs = answer[output]?.data
  const ours = await trainer.predict(windows, ROWS)
  expect(theirs).toHaveLength(ours.length)
  for (let i = 0; i < ours.length; i++) expect(Math.abs(ours[i]! - Number(theirs![i]))).toBeLessThan(1e-5)
  await session.release()
})

test.each(NETWORKS)('%s that was exported reads back with the same weights', async (_, architecture) => {
  const { trainer } = await trained(architecture)
  const weights = await trainer.exportWeights()
  const known = readKnownNetwork(exportOnnx(architecture, weights))
  expect(known?.architecture).toEqual(architecture)
  expect(known?.weights).toEqual(weights)
})

test('the shipped classifier, read from its ONNX file, gives on the kernels what it gives in onnxruntime, to 1e-5', async () => {
  const model = await readFile(new URL('../../models/cnn-lstm/1.0.0/model.onnx', import.meta.url))
  const { architecture, weights } = readKnownNetwork(model)!
  const trainer = await createKernelTrainer(
    { architecture, seed: 0, learningRate: 0, maxGradientNorm: undefined },
    kernels,
  )
  await trainer.importWeights(weights)
  const random = createRandom(5)
  const { steps, features } = architecture
  const windows = Float32Array.from({ length: 300 * steps * features }, () => random.normal())
  const session = await ort.InferenceSession.create(model)
  const answer = await session.run({ windows: new ort.Tensor('float32', windows, [300, steps, features]) })
  const theirs = answer.probability!.data
  const ours = await trainer.predict(windows, 300)
  expect(new Set(ours.map((one) => Math.round(one * 100))).size).toBeGreaterThan(5)
  for (let i = 0; i < ours.length; i++) expect(Math.abs(ours[i]! - Number(theirs[i]))).toBeLessThan(1e-5)
  await session.release()
})
