import { expect, test } from 'vitest'
import type { ModelInput } from '../model/manifest.ts'
import { encodeFlows, encodeScaled, matrixWidth } from './encode.ts'
import { sampleBatch } from './fixture.ts'

const packets: ModelInput = { column: 'orig_pkts', kind: 'number', transform: 'none' }
const bytes: ModelInput = { column: 'resp_bytes', kind: 'number', transform: 'log1p' }
const proto: ModelInput = { column: 'proto', kind: 'category', categories: ['tcp', 'udp'] }

test('numbers are taken by name and transformed, in the order of the inputs', () => {
  const matrix = encodeFlows(sampleBatch([3, 0, 0, 99, 5, 0, 0, 0]), [bytes, packets])
  expect(matrix[0]).toBeCloseTo(Math.log(100), 6)
  expect(Array.from(matrix.slice(1))).toEqual([3, 0, 5])
})

test('each frozen category is a column; an unseen and a missing one are all 0', () => {
  const column = { name: 'proto', values: ['udp', 'sctp', 'tcp'], code: Int32Array.of(0, 1, 2, -1) }
  const matrix = encodeFlows(sampleBatch(new Array(16).fill(1), [column]), [packets, proto])
  expect(matrixWidth([packets, proto])).toBe(3)
  expect(Array.from(matrix)).toEqual([1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 0, 0])
})

test('a table without the category column has zeros there', () => {
  expect(Array.from(encodeFlows(sampleBatch([1, 1, 1, 1]), [proto]))).toEqual([0, 0])
})

test('counts below 0 and beyond any count stay finite', () => {
  const inputs: ModelInput[] = [bytes, packets]
  const matrix = encodeFlows(sampleBatch([-4, 0, 0, -7, 1e300, 0, 0, 1e300]), inputs)
  expect(Array.from(matrix.slice(0, 2))).toEqual([0, 0])
  expect(matrix.every(Number.isFinite)).toBe(true)
})

test('scaling uses the frozen mean and deviation and not those of the file', () => {
  const scaler = { mean: [10], deviation: [2] }
  expect(Array.from(encodeScaled(sampleBatch([14, 0, 0, 0, 10, 0, 0, 0]), { inputs: [packets], scaler }))).toEqual([
    2, 0,
  ])
})

test('an input that flows do not have is refused with its name', () => {
  const inputs: ModelInput[] = [{ column: 'ttl', kind: 'number', transform: 'none' }]
  expect(() => encodeFlows(sampleBatch([1, 1, 1, 1]), inputs)).toThrow(/input ttl/)
})
