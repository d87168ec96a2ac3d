import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { cnnLstm, lstmAutoencoder } from '#core/detect/architecture.ts'
import type { Trainer } from '#core/detect/trainer.ts'
import { chooseTrainer, type TrainerCandidate } from './choose-trainer.ts'
import { compileKernels } from './kernels/kernels.ts'
import { createKernelTrainer } from './kernels/trainer.ts'

const kernels = await compileKernels({ binary: await readFile(new URL('./kernels/kernels.wasm', import.meta.url)) })
const architecture = lstmAutoencoder({ steps: 4, features: 2 })

/** The kernels, on a clock of our own: each step takes `ms`, and gives a loss that is off by `off`. */
function machine() {
  const clock = { ms: 0, open: 0 }
  const candidate = (engine: TrainerCandidate['engine'], ms: number, off = 0): TrainerCandidate => ({
    engine,
    open: async (): Promise<Trainer> => {
      clock.open++
      const trainer = await createKernelTrainer(
        { architecture, seed: 1, learningRate: 1e-3, maxGradientNorm: undefined },
        kernels,
      )
      const step = trainer.step.bind(trainer)
      return Object.assign(trainer, {
        async step(batch: Parameters<Trainer['step']>[0]) {
          clock.ms += ms
          return (await step(batch)) + off
        },
        async dispose() {
          clock.open--
        },
      })
    },
  })
  return { clock, candidate, options: { architecture, now: () => clock.ms } }
}

test('takes the one with the shortest step and spends about a second on all', async () => {
  const { clock, candidate, options } = machine()
  const choice = await chooseTrainer([candidate('kernels', 2), candidate('tfjs-webgpu', 25)], options)
  expect(choice.name).toBe('kernels')
  expect(choice.why).toBe('A step takes 2.0 ms; the next needs 25.0 ms.')
  expect(choice.engines.map(({ msPerStep }) => msPerStep)).toEqual([2, 25])
  expect(clock.ms).toBeGreaterThan(900)
  expect(clock.ms).toBeLessThan(1200)
  expect(clock.open).toBe(0)
})

test('tells why one is not there, and refuses one that learns something else', async () => {
  const { clock, candidate, options } = machine()
  const missing: TrainerCandidate = {
    engine: 'tfjs-webgl',
    open: () => Promise.reject(new Error('tfjs has no webgl on this machine')),
  }
  const choice = await chooseTrainer([candidate('kernels', 20), missing, candidate('tfjs-webgpu', 1, 0.5)], options)
  expect(choice.name).toBe('kernels')
  expect(choice.why).toBe('It is the only one that can be used here.')
  expect(choice.engines[1]!.refusal).toBe('tfjs has no webgl on this machine')
  expect(choice.engines[2]!.refusal).toContain('first loss')
  expect(clock.open).toBe(0)
})

test('times networks that classify, too, on a real clock', async () => {
  const classifier = cnnLstm({ steps: 10, features: 8 })
  const options = { architecture: classifier, seed: 1, learningRate: 1e-3, maxGradientNorm: undefined }
  const ours: TrainerCandidate = { engine: 'kernels', open: () => createKernelTrainer(options, kernels) }
  const { engines } = await chooseTrainer([ours], { architecture: classifier, budgetMs: 50 })
  expect(engines[0]!.steps).toBeGreaterThan(0)
  expect(engines[0]!.msPerStep).toBeGreaterThan(0)
})
