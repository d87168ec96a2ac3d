import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { compileKernels } from '#engine/kernels/kernels.ts'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'
import { createRandom } from '../base/random.ts'
import { lstmAutoencoder } from './architecture.ts'
import { TrainingError } from './trainer.ts'
import {
  DEFAULT_TRAINING,
  type TrainerFactory,
  type TrainingCheckpoint,
  type TrainingOptions,
  trainNetwork,
} from './training.ts'
import { splitRows, type TrainingSet } from './training-set.ts'

const STEPS = 4
const FEATURES = 2
const kernels = await compileKernels({
  binary: await readFile(new URL('../../engine/kernels/kernels.wasm', import.meta.url)),
})
const create: TrainerFactory = (options) => createKernelTrainer(options, kernels)
const architecture = lstmAutoencoder({ steps: STEPS, features: FEATURES })
const options: TrainingOptions = { ...DEFAULT_TRAINING, architecture, seed: 5, epochs: 6 }

/** Waves, which an autoencoder can learn. */
function waves(rows: number, seed = 1): TrainingSet {
  const random = createRandom(seed)
  const inputs = new Float32Array(rows * STEPS * FEATURES)
  const group = new Int32Array(rows)
  for (let r = 0; r < rows; r++) {
    const phase = 6.28 * random.next()
    group[r] = r % 7
    for (let k = 0; k < STEPS * FEATURES; k++)
      inputs[r * STEPS * FEATURES + k] = Math.sin(phase + (k >> 1)) * (1 + (k & 1))
  }
  return { rows, inputs, targets: undefined, rowWeights: undefined, group }
}

describe('trainNetwork', () => {
  test('lowers the loss on rows that it does not train on, and gives the weights of the best epoch', async () => {
    const result = await trainNetwork(waves(300), { ...options, epochs: 25 }, create)
    const { losses } = result
    expect(losses).toHaveLength(25)
    expect(losses.at(-1)!.validationLoss).toBeLessThan(0.6 * losses[0]!.validationLoss)
    const best = Math.min(...losses.map(({ validationLoss }) => validationLoss))
    expect(losses[result.bestEpoch - 1]!.validationLoss).toBe(best)
    expect(result.trainRows + result.validationRows).toBe(300)
  })

  test('gives the same bytes for the same seed, and others for another', async () => {
    const [first, again, other] = [
      await trainNetwork(waves(100), { ...options, epochs: 2 }, create),
      await trainNetwork(waves(100), { ...options, epochs: 2 }, create),
      await trainNetwork(waves(100), { ...options, epochs: 2, seed: 6 }, create),
    ]
    expect(again.weights).toEqual(first.weights)
    expect(other.weights).not.toEqual(first.weights)
  })

  test('goes on from each checkpoint to the same bytes as without an interruption', async () => {
    const checkpoints: TrainingCheckpoint[] = []
    const keep = (checkpoint: TrainingCheckpoint) => {
      checkpoints.push(checkpoint)
    }
    const whole = await trainNetwork(waves(100), { ...options, epochs: 4 }, create, { onCheckpoint: keep })
    expect(checkpoints).toHaveLength(4)
    for (const resumeFrom of checkpoints.slice(0, 3)) {
      const rest = await trainNetwork(waves(100), { ...options, epochs: 4 }, create, { resumeFrom })
      expect(rest.weights).toEqual(whole.weights)
      expect(rest.losses).toEqual(whole.losses)
    }
    const other = trainNetwork(waves(100, 2), { ...options, epochs: 4 }, create, { resumeFrom: checkpoints[0] })
    await expect(other).rejects.toThrow(/other data or settings/)
  })

  test('goes on from the middle of an epoch to the same bytes', async () => {
    const checkpoints: TrainingCheckpoint[] = []
    let asked = 0
    const whole = await trainNetwork(waves(300), { ...options, epochs: 3 }, create, {
      isCheckpointDue: () => asked++ % 5 === 3,
      onCheckpoint: (checkpoint) => {
        checkpoints.push(checkpoint)
      },
    })
    const within = checkpoints.filter(({ batch }) => batch > 0)
    expect(within.length).toBeGreaterThan(2)
    for (const resumeFrom of within) {
      const rest = await trainNetwork(waves(300), { ...options, epochs: 3 }, create, { resumeFrom })
      expect(rest.weights).toEqual(whole.weights)
      expect(rest.losses).toEqual(whole.losses)
    }
  })

  test('keeps the best weights when the numbers run away later, and says why when nothing was learnt yet', async () => {
    let steps = 0
    const breaksAfter =
      (most: number): TrainerFactory =>
      async (given) => {
        const trainer = await create(given)
        const step = trainer.step.bind(trainer)
        trainer.step = (batch) => {
          if (++steps > most) throw new TrainingError('the gradient is not finite')
          return step(batch)
        }
        return trainer
      }
    const result = await trainNetwork(waves(100), options, breaksAfter(5))
    expect(result).toMatchObject({ ended: 'ran away', bestEpoch: 1, losses: { length: 1 } })
    steps = 0
    await expect(trainNetwork(waves(100), options, breaksAfter(1))).rejects.toThrow(/not finite/)
  })

  test('stops at once and keeps the best so far', async () => {
    const stop = new AbortController()
    const onCheckpoint = ({ losses }: TrainingCheckpoint) => {
      if (losses.length === 2) stop.abort()
    }
    const result = await trainNetwork(waves(100), options, create, { signal: stop.signal, onCheckpoint })
    expect(result).toMatchObject({ ended: 'stopped', losses: { length: 2 } })
    const short = await trainNetwork(waves(100), { ...options, epochs: 2 }, create)
    expect(result.weights.length).toBe(short.weights.length)
  })

  test('ends when validation gets no better', async () => {
    const noise = waves(60)
    const random = createRandom(9)
    noise.inputs.forEach((_, i) => {
      noise.inputs[i] = random.normal()
    })
    const result = await trainNetwork(noise, { ...options, epochs: 200, patience: 3, learningRate: 0.02 }, create)
    expect(result.ended).toBe('no longer better')
    expect(result.losses.length - result.bestEpoch).toBe(3)
  })

  test('refuses too little, and numbers that are none', async () => {
    await expect(trainNetwork(waves(1), options, create)).rejects.toThrow(/at least 2 windows/)
    const broken = waves(50)
    broken.inputs[7] = Number.NaN
    await expect(trainNetwork(broken, options, create)).rejects.toThrow(/only finite numbers/)
  })
})

describe('splitRows', () => {
  test('never parts a group', () => {
    const group = Int32Array.from({ length: 500 }, (_, i) => i % 11)
    const { train, validation } = splitRows({ rows: 500, group }, options)
    const held = new Set(Array.from(validation, (row) => group[row]))
    expect(Array.from(train).some((row) => held.has(group[row]))).toBe(false)
    expect(validation.length).toBeGreaterThan(50)
    expect(validation.length).toBeLessThan(200)
  })

  test('takes the last rows of a single group', () => {
    const { train, validation } = splitRows({ rows: 100, group: new Int32Array(100) }, options)
    expect(validation[0]).toBe(80)
    expect(train.at(-1)).toBe(79)
  })
})
