import { expect, test } from 'vitest'
import { applyScaler, fitScaler } from './scaler.ts'

test('columns get mean 0 and deviation 1; a constant column becomes 0', () => {
  const matrix = Float64Array.of(1, 7, 2, 7, 3, 7)
  const scaler = fitScaler(matrix, 2)
  expect(scaler).toEqual({ mean: [2, 7], deviation: [1, 1] })
  applyScaler(matrix, scaler)
  expect(Array.from(matrix)).toEqual([-1, 0, 0, 0, 1, 0])
})
