import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { type Architecture, cnnLstm, initialWeights, lstmAutoencoder, planNetwork } from '#core/detect/architecture.ts'
import type { Batch, Trainer, TrainerOptions } from '#core/detect/trainer.ts'
import { compileKernels } from '#engine/kernels/kernels.ts'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'
import { createTfjsTrainer } from '#engine/tfjs/trainer.ts'
import { TrainableAutoencoder } from '../../tools/autoencoder/network.ts'
import { generate } from '../../tools/generate.ts'
import { finiteDifference, referenceLoss, referencePredict } from './reference-trainer.ts'

await generate()
const binary = await readFile(new URL('../../src/engine/kernels/kernels.wasm', import.meta.url))
const kernels = await compileKernels({ binary })

type Create = (options: Partial<TrainerOptions> & Pick<TrainerOptions, 'architecture'>) => Promise<Trainer>
const DEFAULTS = { seed: 7, learningRate: 1e-3, maxGradientNorm: undefined }
const withKernels: Create = (options) => createKernelTrainer({ ...DEFAULTS, ...options }, kernels)
const onTfjsCpu: Create = (options) => createTfjsTrainer({ ...DEFAULTS, ...options }, { backend: 'cpu' })
const onTfjsWasm: Create = (options) => createTfjsTrainer({ ...DEFAULTS, ...options }, { backend: 'wasm' })
const implementations: readonly [string, Create][] = [
  ['the kernels', withKernels],
  ['tfjs on its cpu backend', onTfjsCpu],
  ['tfjs on its wasm backend', onTfjsWasm],
]

/** Widths that fill no tile and no vector, an odd step before the pool, a sequence to the end. */
const ragged: Architecture = {
  steps: 5,
  features: 3,
  loss: 'mse',
  layers: [
    { kind: 'conv1d', filters: 6, activation: 'linear' },
    { kind: 'max-pool' },
    { kind: 'lstm', units: 7, activation: 'tanh', returns: 'sequence' },
    { kind: 'dense', units: 5, activation: 'relu' },
    { kind: 'dense', units: 3, activation: 'sigmoid' },
  ],
}
const architectures: readonly [string, Architecture][] = [
  ['the LSTM autoencoder', lstmAutoencoder({ steps: 10, features: 4 })],
  ['the CNN-LSTM', cnnLstm({ steps: 10, features: 78 })],
  ['a ragged network', ragged],
]
const small: Architecture = {
  steps: 4,
  features: 3,
  loss: 'bce',
  layers: [
    { kind: 'lstm', units: 6, activation: 'relu', returns: 'last' },
    { kind: 'dense', units: 1, activation: 'sigmoid' },
  ],
}

describe.each(implementations)('%s', (_, create) => {
  test('gives of the CNN-LSTM the gradients by its inputs of float64 differences, to 1e-3', async () => {
    const architecture = cnnLstm({ steps: 10, features: 6 })
    const trainer = await create({ architecture })
    await trainer.importWeights(livelyWeights(architecture))
    const weights = Float64Array.from(await trainer.exportWeights())
    // More than a piece, and no whole number of pieces
    const { rows, inputs } = makeBatch(architecture, 35)
    const { outputs, values } = await trainer.inputGradients(inputs, rows)
    const sigmoids = await trainer.predict(inputs, rows)
    outputs.forEach((output, row) => {
      expect(1 / (1 + Math.exp(-output))).toBeCloseTo(sigmoids[row]!, 5)
    })
    const logitAt = (inputs: Float64Array) => {
      const answer = referencePredict(architecture, weights, { rows: 1, inputs })[0]!
      return Math.log(answer / (1 - answer))
    }
    const floor = 1e-3 * Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
    for (const row of [0, 34]) {
      for (const at of [0, 7, 33, 59]) {
        const own = Float64Array.from(inputs.subarray(row * 60, (row + 1) * 60))
        const slope = (logitAt(own.with(at, own[at]! + 1e-6)) - logitAt(own.with(at, own[at]! - 1e-6))) / 2e-6
        const error = Math.abs(values[row * 60 + at]! - slope) / Math.max(Math.abs(slope), floor)
        expect(error, `row ${row}, input ${at}`).toBeLessThan(1e-3)
      }
    }
    // It leaves nothing behind that training would see.
    const batch = makeBatch(architecture, 3)
    const untouched = await create({ architecture })
    await untouched.importWeights(Float32Array.from(weights))
    expect(await trainer.gradients(batch)).toEqual(await untouched.gradients(batch))
    await trainer.dispose()
    await untouched.dispose()
  })

  test.each(architectures)('gives of %s the gradients of float64 differences, to 1e-3', async (_, architecture) => {
    const trainer = await create({ architecture })
    await trainer.importWeights(livelyWeights(architecture))
    const weights = Float64Array.from(await trainer.exportWeights())
    const batch = { ...makeBatch(architecture, 3), rowWeights: Float32Array.of(1, 2, 0.5) }
    const { loss, values } = await trainer.gradients(batch)
    expect(loss / referenceLoss(architecture, weights, batch)).toBeCloseTo(1, 5)
    const random = createRandom(5)
    for (const { tensors } of planNetwork(architecture).layers) {
      for (const { offset, shape } of tensors) {
        const length = shape.reduce((product, size) => product * size, 1)
        const tensor = values.subarray(offset, offset + length)
        // A parameter whose share of its tensor's gradient is below rounding has nothing to be compared.
        const floor = 1e-3 * Math.sqrt(tensor.reduce((sum, value) => sum + value * value, 0) / length)
        for (let sample = 0; sample < 5; sample++) {
          const index = offset + random.int(length)
          const expected = finiteDifference(architecture, { weights, batch, index })
          const error = Math.abs(values[index]! - expected) / Math.max(Math.abs(expected), floor)
          expect(error, `parameter ${index}`).toBeLessThan(1e-3)
        }
      }
    }
    await trainer.dispose()
  })

  test.each(architectures)(
    'predicts with %s what the equations say, a row alike alone and among others',
    async (_, architecture) => {
      const trainer = await create({ architecture })
      await trainer.importWeights(livelyWeights(architecture))
      const batch = makeBatch(architecture, 37)
      const all = await trainer.predict(batch.inputs, 37)
      const expected = referencePredict(architecture, Float64Array.from(await trainer.exportWeights()), batch)
      expect(worst(all, expected)).toBeLessThan(1e-5)
      const size = architecture.steps * architecture.features
      const alone = await trainer.predict(batch.inputs.slice(35 * size, 36 * size), 1)
      expect(worst(alone, all.subarray(35 * trainer.outputs, 36 * trainer.outputs))).toBeLessThan(1e-6)
      await trainer.dispose()
    },
  )

  test('steps as Adam does in float64, clipped', async () => {
    const options = { architecture: small, learningRate: 0.02, maxGradientNorm: 0.05 }
    const trainer = await create(options)
    const plain = { m: 0, v: 0, w: (await trainer.exportWeights())[17]! }
    for (let t = 1; t <= 4; t++) {
      const batch = makeBatch(small, 40, t)
      const { values } = await trainer.gradients(batch)
      const norm = Math.hypot(...values)
      expect(norm).toBeGreaterThan(0.05)
      const gradient = (values[17]! * 0.05) / norm
      plain.m = 0.9 * plain.m + 0.1 * gradient
      plain.v = 0.999 * plain.v + 0.001 * gradient ** 2
      const size = Math.sqrt(plain.v / (1 - 0.999 ** t)) + 1e-7
      plain.w -= (0.02 * plain.m) / (1 - 0.9 ** t) / size
      await trainer.step(batch)
      expect((await trainer.exportWeights())[17]!).toBeCloseTo(plain.w, 5)
    }
    await trainer.dispose()
  })

  test('gives the same bytes from the same seed, and others from another', async () => {
    const train = async (seed: number) => {
      const trainer = await create({ architecture: small, seed })
      for (let t = 0; t < 5; t++) await trainer.step(makeBatch(small, 50, t))
      const weights = await trainer.exportWeights()
      await trainer.dispose()
      return weights
    }
    const once = await train(1)
    expect(await train(1)).toEqual(once)
    expect(await train(2)).not.toEqual(once)
  })

  test('goes on from a saved state as if it had not been interrupted, byte for byte', async () => {
    const whole = await create({ architecture: small })
    for (let t = 0; t < 3; t++) await whole.step(makeBatch(small, 33, t))
    const state = await whole.saveState()
    const resumed = await create({ architecture: small, seed: 99 })
    await resumed.restoreState(structuredClone(state))
    for (let t = 3; t < 6; t++) {
      expect(await resumed.step(makeBatch(small, 33, t))).toBe(await whole.step(makeBatch(small, 33, t)))
    }
    expect(await resumed.saveState()).toEqual(await whole.saveState())
    await Promise.all([whole.dispose(), resumed.dispose()])
  })

  test('steps the same in two halves', async () => {
    const whole = await create({ architecture: small })
    const halves = await create({ architecture: small })
    const batch = makeBatch(small, 45)
    const { loss, values } = await halves.gradients(batch)
    await halves.apply(values)
    expect(await whole.step(batch)).toBe(loss)
    expect(await halves.exportWeights()).toEqual(await whole.exportWeights())
    expect(await halves.loss(batch)).toBeLessThan(loss)
    await Promise.all([whole.dispose(), halves.dispose()])
  })

  test('refuses numbers that are not finite in a sentence, and no weight has changed', async () => {
    const trainer = await create({ architecture: small })
    const before = await trainer.exportWeights()
    const good = makeBatch(small, 3)
    const inputs = good.inputs.slice()
    inputs[1 * 12 + 2 * 3 + 1] = Number.NaN
    const refused = {
      name: 'InputError',
      message: expect.stringContaining('row 2 of the batch, step 3, feature 2 is NaN'),
    }
    await expect(trainer.step({ ...good, inputs })).rejects.toMatchObject(refused)
    await expect(trainer.predict(inputs, 3)).rejects.toMatchObject(refused)
    const targets = Float32Array.of(0, 1, Number.POSITIVE_INFINITY)
    await expect(trainer.step({ ...good, targets })).rejects.toMatchObject({ name: 'InputError' })
    const rowWeights = Float32Array.of(1, -1, 1)
    await expect(trainer.step({ ...good, rowWeights })).rejects.toMatchObject({ name: 'InputError' })
    const huge = { ...good, inputs: good.inputs.map(() => 3e38), targets: good.targets.map(() => 3e38) }
    await expect(trainer.step(huge)).rejects.toMatchObject({ name: 'TrainingError' })
    expect(await trainer.exportWeights()).toEqual(before)
    await trainer.dispose()
  })

  test('refuses weights of another network', async () => {
    const trainer = await create({ architecture: small })
    await expect(trainer.importWeights(new Float32Array(3))).rejects.toMatchObject({ name: 'ModelError' })
    const broken = await trainer.exportWeights()
    broken[4] = Number.NaN
    await expect(trainer.importWeights(broken)).rejects.toMatchObject({ name: 'ModelError' })
    await expect(trainer.step({ ...makeBatch(small, 3), rows: 4 })).rejects.toThrow('expected 48 inputs, got 36')
    await trainer.dispose()
  })
})

describe('the kernels and tfjs', () => {
  test.each(architectures)('agree on every gradient of %s, to 1e-4', async (_, architecture) => {
    const [ours, theirs] = await Promise.all([withKernels({ architecture }), onTfjsWasm({ architecture })])
    await ours.importWeights(livelyWeights(architecture))
    await theirs.importWeights(livelyWeights(architecture))
    const batch = makeBatch(architecture, 70)
    const one = await ours.gradients(batch)
    const other = await theirs.gradients(batch)
    expect(one.loss / other.loss).toBeCloseTo(1, 5)
    const largest = Math.max(...other.values.map(Math.abs))
    expect(worst(one.values, other.values) / largest).toBeLessThan(1e-4)
    await Promise.all([ours.dispose(), theirs.dispose()])
  })

  test('take up each other’s state and then learn alike', async () => {
    const [ours, theirs] = await Promise.all([withKernels({ architecture: small }), onTfjsCpu({ architecture: small })])
    for (let t = 0; t < 3; t++) await ours.step(makeBatch(small, 20, t))
    await theirs.restoreState(await ours.saveState())
    for (let t = 3; t < 6; t++) {
      await ours.step(makeBatch(small, 20, t))
      await theirs.step(makeBatch(small, 20, t))
    }
    expect(worst(await ours.exportWeights(), await theirs.exportWeights())).toBeLessThan(1e-5)
  })
})

test('the kernels give the whole gradient of the plain float64 trainer, to 1e-4', async () => {
  const architecture = lstmAutoencoder({ steps: 10, features: 4 })
  const trainer = await withKernels({ architecture })
  const rows = 40
  const make = (length: number) => new Float64Array(length)
  const plain = new TrainableAutoencoder({ features: 4, steps: 10, rows, make })
  const weights = livelyWeights(architecture)
  plain.weights.flat.set(weights)
  await trainer.importWeights(weights)
  const batch = makeBatch(architecture, rows)
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < 40; i++) plain.input[(Math.floor(i / 4) * rows + r) * 4 + (i % 4)] = batch.inputs[r * 40 + i]!
  }
  const loss = plain.forward()
  plain.backward()
  const { loss: ours, values } = await trainer.gradients(batch)
  expect(ours / loss).toBeCloseTo(1, 6)
  const largest = Math.max(...plain.gradients.flat.map(Math.abs))
  expect(worst(values, plain.gradients.flat) / largest).toBeLessThan(1e-4)
})

test('the kernels give these bytes from this seed, on any machine and in any browser', async () => {
  const trainer = await withKernels({ architecture: lstmAutoencoder({ steps: 10, features: 4 }), seed: 2026 })
  const random = createRandom(21)
  // Uniform numbers: the normal ones use a logarithm, whose last place is not fixed.
  const inputs = Float32Array.from({ length: 33 * 40 }, () => random.next())
  for (let t = 0; t < 20; t++) await trainer.step({ rows: 33, inputs, targets: inputs })
  const weights = await trainer.exportWeights()
  expect(createHash('sha256').update(weights).digest('hex')).toBe(
    'dae6db2021335f642d95bdf2a2c87e4d206846a8c7cf6d30e382e2003e16e520',
  )
})

test('a batch of any size is the mean of its rows', async () => {
  const trainer = await withKernels({ architecture: ragged })
  const batch = makeBatch(ragged, 101)
  const { loss, values } = await trainer.gradients(batch)
  const mean = new Float64Array(values.length)
  let meanLoss = 0
  for (let r = 0; r < 101; r++) {
    const inputs = batch.inputs.slice(r * 15, (r + 1) * 15)
    const targets = batch.targets.slice(r * 6, (r + 1) * 6)
    const one = await trainer.gradients({ rows: 1, inputs, targets })
    meanLoss += one.loss / 101
    for (let i = 0; i < mean.length; i++) mean[i]! += one.values[i]! / 101
  }
  expect(loss).toBeCloseTo(meanLoss, 6)
  expect(worst(values, mean) / Math.max(...mean.map(Math.abs))).toBeLessThan(1e-5)
})

test('the kernels learn: the autoencoder rebuilds what it saw', async () => {
  const architecture = lstmAutoencoder({ steps: 10, features: 4 })
  const trainer = await withKernels({ architecture, maxGradientNorm: 1, learningRate: 3e-3 })
  const random = createRandom(2)
  const inputs = new Float32Array(64 * 40)
  for (let r = 0; r < 64; r++) inputs.subarray(r * 40, (r + 1) * 40).fill(random.normal())
  const first = await trainer.loss({ rows: 64, inputs, targets: inputs })
  for (let t = 0; t < 200; t++) await trainer.step({ rows: 64, inputs, targets: inputs })
  expect(await trainer.loss({ rows: 64, inputs, targets: inputs })).toBeLessThan(first / 10)
})

/** Of a network some way into training: biases and kernels away from where they begin. */
function livelyWeights(architecture: Architecture): Float32Array {
  const random = createRandom(13)
  return initialWeights(planNetwork(architecture), 4).map((weight) => weight + 0.05 * random.normal())
}

function makeBatch(architecture: Architecture, rows: number, seed = 0): Batch {
  const random = createRandom(100 + seed)
  const { steps, features, loss } = architecture
  const { output } = planNetwork(architecture)
  const inputs = Float32Array.from({ length: rows * steps * features }, () => random.normal())
  const length = rows * output.steps * output.width
  const targets = Float32Array.from({ length }, () => (loss === 'bce' ? random.int(2) : random.normal()))
  const isAutoencoder = architecture.layers.some(({ kind }) => kind === 'repeat')
  return { rows, inputs, targets: isAutoencoder ? inputs : targets }
}

function worst(values: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(values.length).toBe(expected.length)
  let largest = 0
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]! - expected[i]!))
  return largest
}
