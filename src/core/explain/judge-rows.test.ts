import { expect, test } from 'vitest'
import type { FlowDataset, FlowJudge } from '../detect/dataset.ts'
import { scoreInPlaceOf } from './judge-rows.ts'

const data: FlowDataset = {
  rows: 2,
  matrix: { features: ['a', 'b'], rows: 2, values: Float32Array.of(1, 2, 3, 4) },
  counts: Float64Array.of(1, 1, 1, 1, 9, 9, 9, 9),
  device: Int32Array.of(0, 1),
  devices: ['lamp', 'plug'],
  capture: new Int32Array(2),
  captures: ['made.csv'],
  startMicros: Float64Array.of(5, 6),
  row: Float64Array.of(1, 2),
  labels: undefined,
  classes: ['Benign'],
}

/** b of the matrix, and the device that the flow is of; nothing where a is above 10. */
const judge: FlowJudge = {
  name: 'made up',
  version: '1.0.0',
  kind: 'made up',
  threshold: 0,
  async score({ rows, matrix, device, counts }) {
    return Float64Array.from({ length: rows }, (_, i) =>
      matrix.values[2 * i]! > 10 ? Number.NaN : matrix.values[2 * i + 1]! + 100 * device[i]! + 1000 * counts[4 * i]!,
    )
  },
  explain: () => Promise.reject(new Error('not asked')),
}

const numbers = { features: ['a', 'b'], own: [3, 4], usual: [0, 0] }

test('all but the changed numbers stay those of the flow, and what is not known does not pass', async () => {
  const score = scoreInPlaceOf({ judge, data, rows: [1] }, numbers)
  const matrix = { features: ['a', 'b'], rows: 3, values: Float32Array.of(3, 7, 3, 8, 11, 0) }
  expect([...(await score(matrix))]).toEqual([9107, 9108, Number.MAX_VALUE])
})

test('the flows of a window go the same part of their way, so that their mean is the number asked for', async () => {
  const last: FlowJudge = {
    ...judge,
    async score({ rows, matrix, capture }) {
      const b = (row: number) => matrix.values[2 * row + 1]!
      return Float64Array.from({ length: rows }, (_, i) => (capture[i] === capture[i - 1] ? b(i) + 100 * b(i - 1) : -1))
    },
  }
  // b is 2 and 4, usually 1: for a mean of 2 instead of 3 each goes half of its way.
  const score = scoreInPlaceOf({ judge: last, data, rows: [0, 1] }, { features: ['b'], own: [3], usual: [1] })
  expect([...(await score({ features: ['b'], rows: 3, values: Float32Array.of(3, 2, 1) }))]).toEqual([204, 152.5, 101])
})

test('a flow that is not there is refused', () => {
  expect(() => scoreInPlaceOf({ judge, data, rows: [2] }, numbers)).toThrow('row 2 does not exist')
})
