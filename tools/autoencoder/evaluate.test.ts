import { expect, test } from 'vitest'
import { countAbove, wilson } from './evaluate.ts'

test('the Wilson interval has the values of the textbook', () => {
  // Agresti & Coull 1998: 0 of 10 gives (0, 0.278); 5 of 10 gives (0.237, 0.763).
  expect(wilson(0, 10)[0]).toBeCloseTo(0, 12)
  expect(wilson(0, 10)[1]).toBeCloseTo(0.278, 3)
  expect(wilson(5, 10)[0]).toBeCloseTo(0.237, 3)
  expect(wilson(5, 10)[1]).toBeCloseTo(0.763, 3)
})

test('scores above the threshold are counted, equal ones not', () => {
  const sorted = Float64Array.of(1, 2, 2, 3)
  expect([0, 1, 2, 3].map((threshold) => countAbove(sorted, threshold))).toEqual([4, 3, 1, 0])
})
