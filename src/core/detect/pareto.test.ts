import { expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import { fitPareto, paretoExcess, paretoSurvival } from './pareto.ts'

/** Inverse-transform samples of a known tail. */
function sample(shape: number, scale: number, n: number): number[] {
  const random = createRandom(9)
  return Array.from({ length: n }, () => paretoExcess({ shape, scale }, 1 - random.next())).sort((a, b) => a - b)
}

test.each([
  [-0.3, 2],
  [0, 0.5],
  [0.2, 0.5],
])('a sample of 20,000 with shape %d and scale %d is fitted within 0.03 and 4 %%', (shape, scale) => {
  const fit = fitPareto(sample(shape, scale, 20_000))
  expect(Math.abs(fit.shape - shape)).toBeLessThan(0.03)
  expect(Math.abs(fit.scale / scale - 1)).toBeLessThan(0.04)
})

test('the exponential tail has its textbook values', () => {
  expect(paretoSurvival({ shape: 0, scale: 2 }, 2)).toBeCloseTo(Math.exp(-1), 12)
  expect(paretoSurvival({ shape: 1, scale: 1 }, 3)).toBeCloseTo(1 / 4, 12)
  expect(paretoSurvival({ shape: -0.5, scale: 1 }, 2)).toBe(0)
})

test.each([-0.4, 0, 1e-12, 0.7])('excess and survival are each other’s inverse at shape %d', (shape) => {
  const tail = { shape, scale: 0.3 }
  for (const probability of [1, 0.5, 0.01, 1e-5]) {
    expect(paretoSurvival(tail, paretoExcess(tail, probability)) / probability).toBeCloseTo(1, 6)
  }
})

test('a constant sample gives a finite tail', () => {
  for (const constant of [0, 5]) {
    const fit = fitPareto(new Array(50).fill(constant))
    expect(Number.isFinite(fit.shape)).toBe(true)
    expect(fit.scale).toBeGreaterThan(0)
  }
})
