import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { ModelError } from '#core/base/errors.ts'
import { createRandom } from '#core/base/random.ts'
import { readKnownNetwork } from '#core/detect/known-network.ts'
import type { Network } from '#core/detect/network.ts'
import { loadModel } from '#core/model/load.ts'
import { compileKernels } from '#engine/kernels/kernels.ts'
import { createKernelNetwork } from '#engine/kernels/network.ts'
import { createOnnxNetwork } from '#engine/onnx/network.ts'
import { exportAutoencoder } from '../../tools/autoencoder/export.ts'
import { allocateWeights, initialise, TrainableAutoencoder } from '../../tools/autoencoder/network.ts'
import { createReferenceNetwork } from './reference-network.ts'

const STEPS = 10
const FEATURES = 4
const ROWS = 37

const random = createRandom(11)
const weights = allocateWeights(FEATURES, (length) => new Float64Array(length))
initialise(weights, random)
for (let i = 0; i < weights.flat.length; i++) weights.flat[i] = Math.fround(weights.flat[i]! + 0.1 * random.normal())
const windows = Float32Array.from({ length: ROWS * STEPS * FEATURES }, () => random.normal())
const wasm = {
  binary: await readFile(createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm')),
}
const model = exportAutoencoder(weights, STEPS)
const kernels = await compileKernels({
  binary: await readFile(new URL('../../src/engine/kernels/kernels.wasm', import.meta.url)),
})

const implementations: readonly [string, () => Promise<Network>][] = [
  ['onnxruntime', () => createOnnxNetwork({ model, steps: STEPS, features: FEATURES, wasm })],
  ['the kernels', () => createKernelNetwork(readKnownNetwork(model)!, kernels)],
  ['the plain reference', async () => createReferenceNetwork(weights, STEPS)],
]

describe.each(implementations)('%s as a network', (_, create) => {
  test('gives for each window and feature the squared error that the trainer gives, to 1e-5', async () => {
    const network = await create()
    const errors = await network.reconstructionErrors(windows, ROWS)
    const expected = trainerErrors()
    expect(errors.length).toBe(ROWS * FEATURES)
    for (let i = 0; i < errors.length; i++) {
      expect(Math.abs(errors[i]! - expected[i]!) / (1 + expected[i]!)).toBeLessThan(1e-5)
    }
    await network.dispose()
  })

  test('judges a window alike alone and among others', async () => {
    const network = await create()
    const all = await network.reconstructionErrors(windows, ROWS)
    const size = STEPS * FEATURES
    const alone = await network.reconstructionErrors(windows.slice(5 * size, 6 * size), 1)
    for (let f = 0; f < FEATURES; f++) expect(alone[f]!).toBeCloseTo(all[5 * FEATURES + f]!, 5)
    await network.dispose()
  })
})

test('the shipped model scores the same in onnxruntime and on the kernels, to 1e-5', async () => {
  const folder = new URL('../../models/flow-autoencoder/1.0.0/', import.meta.url)
  const shipped = await loadModel((path) => readFile(new URL(path, folder)))
  const runtime = await createOnnxNetwork({ model: shipped.network, steps: STEPS, features: FEATURES, wasm })
  const own = await createKernelNetwork(readKnownNetwork(shipped.network)!, kernels)
  const rows = 500
  const many = Float32Array.from({ length: rows * STEPS * FEATURES }, () => 2 * random.normal())
  const expected = await runtime.reconstructionErrors(many, rows)
  const errors = await own.reconstructionErrors(many, rows)
  for (let i = 0; i < errors.length; i++) {
    expect(Math.abs(errors[i]! - expected[i]!) / (1 + expected[i]!)).toBeLessThan(1e-5)
  }
})

test('a graph that is not ours is left to onnxruntime; damaged bytes are refused or read, and nothing else', () => {
  const other = new TextEncoder().encode('LSTM')
  const at = model.findIndex((_, i) => other.every((byte, k) => model[i + k] === byte))
  const renamed = model.slice()
  renamed[at] = 0x58
  expect(readKnownNetwork(renamed)).toBeUndefined()
  for (let i = 0; i < 3000; i++) {
    const damaged = model.slice(0, random.int(3) === 0 ? random.int(model.length) : undefined)
    for (let k = random.int(4); k >= 0; k--) damaged[random.int(Math.min(damaged.length, 2000))] = random.int(256)
    try {
      readKnownNetwork(damaged)
    } catch (error) {
      expect(error).toBeInstanceOf(ModelError)
    }
  }
})

test('a file that is no ONNX model is refused with a ModelError', async () => {
  const bytes = new TextEncoder().encode('not a model')
  await expect(createOnnxNetwork({ model: bytes, steps: STEPS, features: FEATURES, wasm })).rejects.toMatchObject({
    name: 'ModelError',
  })
})

function trainerErrors(): Float64Array {
  const make = (length: number) => new Float64Array(length)
  const network = new TrainableAutoencoder({ features: FEATURES, steps: STEPS, rows: ROWS, make, weights })
  const errors = new Float64Array(ROWS * FEATURES)
  const timeMajor = (t: number, r: number, f: number) => (t * ROWS + r) * FEATURES + f
  forEachCell((t, r, f) => {
    network.input[timeMajor(t, r, f)] = windows[(r * STEPS + t) * FEATURES + f]!
  })
  network.forward()
  forEachCell((t, r, f) => {
    const at = timeMajor(t, r, f)
    errors[r * FEATURES + f]! += (network.rebuilt[at]! - network.input[at]!) ** 2 / STEPS
  })
  return errors
}

function forEachCell(visit: (t: number, r: number, f: number) => void): void {
  for (let t = 0; t < STEPS; t++) {
    for (let r = 0; r < ROWS; r++) {
      for (let f = 0; f < FEATURES; f++) visit(t, r, f)
    }
  }
}
