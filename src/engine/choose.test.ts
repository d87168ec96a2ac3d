import { expect, test } from 'vitest'
import type { Engine, Network } from '#core/detect/network.ts'
import { CHECK_WINDOWS, chooseEngine, type EngineCandidate } from './choose.ts'

const SHAPE = { steps: 3, features: 2 }

/** A network whose every call takes `ms` on the fake clock, and whose errors are off by `off`. */
function machine() {
  const clock = { ms: 0, open: 0 }
  const candidate = (engine: Engine, ms: number, off = 0): EngineCandidate => ({
    engine,
    open: async (): Promise<Network> => {
      clock.open++
      return {
        engine,
        batchRows: 100,
        async reconstructionErrors(windows, rows) {
          clock.ms += ms
          return Float32Array.from({ length: rows * SHAPE.features }, (_, i) => Math.abs(windows[i]!) / 2 + off)
        },
        async dispose() {
          clock.open--
        },
      }
    },
  })
  return { clock, candidate, options: { ...SHAPE, now: () => clock.ms } }
}

test('takes the fastest that agrees, and says how much faster it is', async () => {
  const { clock, candidate, options } = machine()
  const choice = await chooseEngine(
    [candidate('onnxruntime-wasm', 10), candidate('kernels', 5, 5e-5), candidate('onnxruntime-webgpu', 40)],
    options,
  )
  expect(choice).toMatchObject({ name: 'kernels', windowsPerSecond: 20_000 })
  expect(choice.why).toBe('It scored 2.0 times as many windows a second as the next.')
  expect(choice.engines.map(({ windowsPerSecond }) => windowsPerSecond)).toEqual([10_000, 20_000, 2500])
  expect(choice.engines[1]!.difference).toBeCloseTo(5e-5, 6)
  expect(clock.open).toBe(0)
})

test('refuses one that is faster but differs, with the difference in its reason', async () => {
  const { clock, candidate, options } = machine()
  const choice = await chooseEngine(
    [candidate('onnxruntime-wasm', 10), candidate('onnxruntime-webgpu', 1, 0.0036)],
    options,
  )
  expect(choice.name).toBe('onnxruntime-wasm')
  expect(choice.why).toBe('It is the only one that can be used here.')
  expect(choice.engines[1]).toMatchObject({ windowsPerSecond: 0 })
  expect(choice.engines[1]!.refusal).toContain('differ from the reference by 3.6e-3')
  expect(clock.open).toBe(0)
})

test.each([
  ['no numbers', new Float32Array(CHECK_WINDOWS * SHAPE.features).fill(Number.NaN)],
  ['too few numbers', new Float32Array(3)],
])('refuses one that gives %s', async (_, errors) => {
  const { candidate, options } = machine()
  const bad = {
    engine: 'onnxruntime-webgpu',
    open: async (): Promise<Network> => ({
      engine: 'onnxruntime-webgpu',
      batchRows: 100,
      reconstructionErrors: async () => errors,
      dispose: () => Promise.reject(new Error('lost')),
    }),
  } satisfies EngineCandidate
  const choice = await chooseEngine([candidate('onnxruntime-wasm', 10), bad], options)
  expect(choice.engines[1]!.refusal).toContain('no number')
})

test('tells why one is not there', async () => {
  const { candidate, options } = machine()
  const missing = {
    engine: 'onnxruntime-webgpu',
    open: () => Promise.reject(new Error('this browser has no WebGPU')),
  } satisfies EngineCandidate
  const choice = await chooseEngine([candidate('onnxruntime-wasm', 10), missing], options)
  expect(choice.name).toBe('onnxruntime-wasm')
  expect(choice.engines[1]!.refusal).toBe('this browser has no WebGPU')
})
