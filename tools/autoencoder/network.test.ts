import { expect, test } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { allocateWeights, initialise, TrainableAutoencoder } from './network.ts'

const float64 = (length: number) => new Float64Array(length)

function tiny(): TrainableAutoencoder {
  const random = createRandom(7)
  const network = new TrainableAutoencoder({ features: 4, steps: 4, rows: 3, make: float64 })
  initialise(network.weights, random)
  // Away from the kinks of relu, where a finite difference means nothing.
  for (let i = 0; i < network.weights.flat.length; i++) network.weights.flat[i]! += 0.01 * random.normal()
  for (let i = 0; i < network.input.length; i++) network.input[i] = random.normal()
  return network
}

test('the network for four features has exactly 34,364 parameters', () => {
  expect(allocateWeights(4, float64).flat.length).toBe(34_364)
})

test('gradients agree with finite differences to 1e-5', () => {
  const network = tiny()
  network.forward()
  network.backward()
  const gradient = network.gradients.flat.slice()
  const weights = network.weights.flat
  const random = createRandom(3)
  let worst = 0
  let moved = 0
  for (let n = 0; n < 400; n++) {
    const at = random.int(weights.length)
    const kept = weights[at]!
    const step = 1e-5
    weights[at] = kept + step
    const above = network.forward()
    weights[at] = kept - step
    const below = network.forward()
    weights[at] = kept
    const difference = (above - below) / (2 * step)
    if (difference !== 0) moved++
    worst = Math.max(
      worst,
      Math.abs(difference - gradient[at]!) / (1e-5 + Math.abs(difference) + Math.abs(gradient[at]!)),
    )
  }
  expect(moved).toBeGreaterThan(200)
  expect(worst).toBeLessThan(1e-5)
})

test('recurrent kernels start with orthonormal rows and the forget gate open', () => {
  const weights = allocateWeights(4, float64)
  initialise(weights, createRandom(1))
  const { recurrent, units, bias } = weights.layers[1]!
  const row = (i: number) => recurrent.subarray(i * 4 * units, (i + 1) * 4 * units)
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, v, i) => sum + v * b[i]!, 0)
  expect(dot(row(0), row(0))).toBeCloseTo(1, 12)
  expect(dot(row(0), row(7))).toBeCloseTo(0, 12)
  expect(Array.from(bias.subarray(units - 1, units + 1))).toEqual([0, 1])
})
