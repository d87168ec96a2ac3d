import { expect, test } from 'vitest'
import { integrateGradients } from './integrated-gradients.ts'
import type { InputGradients } from './trainer.ts'

/** y = x0² + 3 x1 + |x2 − 0.37|, two steps of it with the second counting twice. */
const network = {
  points: 0,
  async inputGradients(inputs: Float32Array, rows: number): Promise<InputGradients> {
    network.points = rows
    const outputs = new Float32Array(rows)
    const values = new Float32Array(inputs.length)
    for (let i = 0; i < inputs.length; i += 3) {
      const weight = 1 + ((i / 3) % 2)
      const [a, b, c] = inputs.subarray(i, i + 3)
      outputs[Math.floor(i / 6)]! += weight * (a! * a! + 3 * b! + Math.abs(c! - 0.37))
      values.set([weight * 2 * a!, weight * 3, weight * Math.sign(c! - 0.37)], i)
    }
    return { outputs, values }
  },
}

test('gives each feature its integral, over all steps, and the sum is score less base', async () => {
  const { shares, base, score, missed } = await integrateGradients(network, Float32Array.of(2, 1, 1, 1, 1, 1), 3)
  expect(base).toBeCloseTo(3 * 0.37, 5)
  expect(score - base).toBeCloseTo(4 + 2 + 9 + 3 * (0.63 - 0.37), 5)
  expect(shares[0]).toBeCloseTo(6, 3)
  expect(shares[1]).toBeCloseTo(9, 5)
  expect(Math.abs(shares[2]! - 3 * 0.26)).toBeLessThan(0.02)
  expect(missed).toBeLessThanOrEqual(1e-3)
})

test('cuts the path finer where a bend would be missed, and says what is still missed', async () => {
  // Alone, the bend's integral is off by up to half a point of the path.
  const { missed } = await integrateGradients(network, Float32Array.of(0, 0, 0.8, 0, 0, 0), 3)
  expect(network.points).toBeGreaterThan(64)
  expect(missed).toBeLessThan(0.05)
})

test('of a window that is the usual one are all 0', async () => {
  const { shares, missed } = await integrateGradients(network, new Float32Array(6), 3)
  expect([...shares, missed]).toEqual([0, 0, 0, 0])
})
