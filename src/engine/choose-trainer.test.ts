import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { cnnLstm, lstmAutoencoder } from '#core/detect/architecture.ts'
import type { Trainer } from '#core/detect/trainer.ts'
import { chooseTrainer, fastestTrainers, type TrainerCandidate, type TrainerChoice } from './choose-trainer.ts'
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

test('refuses one that computes the same at first and learns something else', async () => {
  const { candidate, options } = machine()
  const slow = candidate('tfjs-webgl', 1)
  const stuck: TrainerCandidate = {
    engine: 'tfjs-webgl',
    async open() {
      const trainer = await slow.open()
      return Object.assign(trainer, { step: trainer.loss.bind(trainer) })
    },
  }
  const choice = await chooseTrainer([candidate('kernels', 20), stuck], options)
  expect(choice.engines[1]!.refusal).toContain('loss after step')
})

test.each([
  ['a faster one', 5, 'tfjs-webgpu'],
  ['the kernels where the other is slower', 50, 'kernels'],
])('trains with %s, measured once', async (_, ms, expected) => {
  const { clock, candidate, options } = machine()
  const told: Pick<TrainerChoice, 'name' | 'why'>[] = []
  const made: string[] = []
  const making = (one: TrainerCandidate) => () => {
    made.push(one.engine)
    return one.open()
  }
  const create = fastestTrainers({
    kernels: making(candidate('kernels', 20)),
    others: async () => [{ engine: 'tfjs-webgpu', create: making(candidate('tfjs-webgpu', ms)) }],
    onChoice: (choice) => told.push(choice),
    now: options.now,
  })
  const request = { architecture, seed: 1, learningRate: 1e-3, maxGradientNorm: undefined }
  await create(request)
  await create(request)
  expect(told.map(({ name }) => name)).toEqual([expected])
  expect(made).toEqual(['kernels', 'tfjs-webgpu', expected, expected])
  expect(clock.open).toBe(2)
})

test('trains with the kernels, unmeasured, where there is nothing else', async () => {
  const { clock, candidate } = machine()
  const told: string[] = []
  const create = fastestTrainers({
    kernels: () => candidate('kernels', 20).open(),
    others: async () => [],
    onChoice: ({ name }) => told.push(name),
  })
  await create({ architecture, seed: 1, learningRate: 1e-3, maxGradientNorm: undefined })
  expect(told).toEqual(['kernels'])
  expect(clock.ms).toBe(0)
})

test('times networks that classify, too, on a real clock', async () => {
  const classifier = cnnLstm({ steps: 10, features: 8 })
  const options = { architecture: classifier, seed: 1, learningRate: 1e-3, maxGradientNorm: undefined }
  const ours: TrainerCandidate = { engine: 'kernels', open: () => createKernelTrainer(options, kernels) }
  const { engines } = await chooseTrainer([ours], { architecture: classifier, budgetMs: 50 })
  expect(engines[0]!.steps).toBeGreaterThan(0)
  expect(engines[0]!.msPerStep).toBeGreaterThan(0)
})
