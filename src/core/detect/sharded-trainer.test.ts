import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { compileKernels } from '#engine/kernels/kernels.ts'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'
import { createRandom } from '../base/random.ts'
import { cnnLstm } from './architecture.ts'
import { shardedTrainer } from './sharded-trainer.ts'
import type { Batch, Trainer } from './trainer.ts'

const kernels = await compileKernels({
  binary: await readFile(new URL('../../engine/kernels/kernels.wasm', import.meta.url)),
})
const architecture = cnnLstm({ steps: 6, features: 5 })
const options = { architecture, seed: 4, learningRate: 1e-2, maxGradientNorm: 1 }
const PART = 8

async function shared(count: number): Promise<Trainer> {
  const others = Array.from({ length: count - 1 }, () => createKernelTrainer(options, kernels))
  return shardedTrainer(await createKernelTrainer(options, kernels), await Promise.all(others), PART)
}

function makeBatch(seed: number, rows: number): Batch {
  const random = createRandom(seed)
  return {
    rows,
    inputs: Float32Array.from({ length: rows * 30 }, () => random.normal()),
    targets: Float32Array.from({ length: rows }, () => random.int(2)),
    rowWeights: Float32Array.from({ length: rows }, () => 1 + random.int(3)),
  }
}

/** The last is one that fills no part. */
const batches = [makeBatch(1, 40), makeBatch(2, 40), makeBatch(3, 21), makeBatch(4, 3)]

test('gives the same bytes however many trainers share the work', async () => {
  const states = await Promise.all(
    [1, 2, 3, 7].map(async (count) => {
      const trainer = await shared(count)
      const losses: number[] = []
      for (const batch of batches) losses.push(await trainer.step(batch))
      return { losses, state: await trainer.saveState(), predicted: await trainer.predict(batches[0]!.inputs, 40) }
    }),
  )
  for (const state of states.slice(1)) expect(state).toEqual(states[0])
})

test('has the gradients of the whole batch, weights of rows included', async () => {
  const [trainer, whole] = [await shared(2), await createKernelTrainer(options, kernels)]
  for (const batch of batches) {
    const [cut, uncut] = [await trainer.gradients(batch), await whole.gradients(batch)]
    expect(cut.loss).toBeCloseTo(uncut.loss, 5)
    const apart = cut.values.map((value, i) => Math.abs(value - uncut.values[i]!))
    expect(Math.max(...apart)).toBeLessThan(1e-6)
  }
})

test('goes on from a saved state in every trainer', async () => {
  const [first, second] = [await shared(2), await shared(3)]
  await first.step(batches[0]!)
  await second.restoreState(await first.saveState())
  for (const batch of batches) expect(await second.step(batch)).toBe(await first.step(batch))
  expect(await second.exportWeights()).toEqual(await first.exportWeights())
})

test('changes no weight when a row is refused', async () => {
  const trainer = await shared(2)
  const before = await trainer.exportWeights()
  const broken = makeBatch(5, 40)
  broken.inputs[39 * 30] = Number.NaN
  await expect(trainer.step(broken)).rejects.toThrow(/only finite numbers/)
  expect(await trainer.exportWeights()).toEqual(before)
  await expect(trainer.step(batches[0]!)).resolves.toBeGreaterThan(0)
})
