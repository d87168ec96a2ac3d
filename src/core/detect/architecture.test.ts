import { expect, test } from 'vitest'
import { type Architecture, cnnLstm, initialWeights, lstmAutoencoder, planNetwork } from './architecture.ts'

const bare = { steps: 4, features: 3, loss: 'mse' } as const
const small: Architecture = {
  ...bare,
  layers: [{ kind: 'lstm', units: 6, activation: 'relu', returns: 'last' }],
}

test('the two networks of the product have 34,364 and 62,529 parameters', () => {
  expect(planNetwork(lstmAutoencoder({ steps: 10, features: 4 })).parameters).toBe(34_364)
  expect(planNetwork(cnnLstm({ steps: 10, features: 78 })).parameters).toBe(62_529)
})

test('the tensors of all layers fill the flat array without gap or overlap', () => {
  const { layers, parameters } = planNetwork(cnnLstm({ steps: 10, features: 78 }))
  let at = 0
  for (const { offset, shape } of layers.flatMap(({ tensors }) => tensors)) {
    expect(offset).toBe(at)
    at += shape.reduce((product, size) => product * size, 1)
  }
  expect(at).toBe(parameters)
})

test('layers that do not fit are refused', () => {
  const dense = { kind: 'dense', units: 1, activation: 'linear' } as const
  const repeat = { kind: 'repeat', steps: 3 } as const
  const last = { kind: 'lstm', units: 2, activation: 'tanh', returns: 'last' } as const
  expect(() => planNetwork({ ...bare, layers: [] })).toThrow('needs a layer')
  expect(() => planNetwork({ ...bare, loss: 'bce', layers: [dense] })).toThrow('sigmoid at the end')
  expect(() => planNetwork({ ...bare, layers: [repeat, last] })).toThrow('a repeat takes one step, not 4')
  expect(() => planNetwork({ ...bare, layers: [last, repeat, dense] })).toThrow('before an LSTM')
  expect(() => planNetwork({ ...bare, layers: [{ ...dense, units: 0 }] })).toThrow('0 is no size')
  expect(() => planNetwork({ ...bare, layers: [{ ...dense, units: 5e6 }] })).toThrow('more than 10000000')
})

test('recurrent kernels begin with orthonormal rows, forget gates with a bias of 1, kernels inside their limit', () => {
  const plan = planNetwork(small)
  const weights = initialWeights(plan, 3)
  const [kernel, recurrent, bias] = plan.layers[0]!.tensors
  const row = (i: number) => weights.subarray(recurrent!.offset + 24 * i, recurrent!.offset + 24 * (i + 1))
  const dot = (i: number, j: number) => row(i).reduce((sum, value, k) => sum + value * row(j)[k]!, 0)
  expect(dot(2, 2)).toBeCloseTo(1, 6)
  expect(dot(1, 4)).toBeCloseTo(0, 6)
  expect([...weights.subarray(bias!.offset)]).toEqual(Array.from({ length: 24 }, (_, i) => (i >= 6 && i < 12 ? 1 : 0)))
  const largest = Math.max(...weights.subarray(kernel!.offset, recurrent!.offset).map(Math.abs))
  expect(largest).toBeLessThanOrEqual(Math.sqrt(6 / (3 + 24)))
  expect(largest).toBeGreaterThan(0.8 * Math.sqrt(6 / (3 + 24)))
})

test('the same seed gives the same weights, another seed others', () => {
  const plan = planNetwork(small)
  expect(initialWeights(plan, 3)).toEqual(initialWeights(plan, 3))
  expect(initialWeights(plan, 4)).not.toEqual(initialWeights(plan, 3))
})
