import { expect, test } from 'vitest'
import { missingColumns, selectColumns, teachingColumns } from './columns.ts'
import type { FlowDataset } from './dataset.ts'

const data: FlowDataset = {
  rows: 2,
  matrix: { features: ['a', 'b', 'c'], rows: 2, values: Float32Array.of(1, 2, 3, 4, 5, 6) },
  counts: Float64Array.of(10, 11, 12, 13, 20, 21, 22, 23),
  device: new Int32Array(2),
  devices: ['d'],
  capture: new Int32Array(2),
  captures: ['x'],
  startMicros: new Float64Array(2),
  row: Float64Array.of(1, 2),
  labels: undefined,
  classes: ['benign'],
}

test('columns come in the order that was asked for, counts also where the source has other columns', () => {
  expect([...selectColumns(data, ['c', 'orig_bytes', 'a']).matrix.values]).toEqual([3, 12, 1, 6, 22, 4])
  expect(selectColumns(data, ['a', 'b', 'c'])).toBe(data)
})

test('columns that are missing are named, at most five of them', () => {
  expect(missingColumns(data, ['a', 'z', 'resp_pkts'])).toEqual(['z'])
  const many = ['a', ...Array.from({ length: 7 }, (_, i) => `x${i}`)]
  expect(() => selectColumns(data, many)).toThrow(
    /made for 8 columns, and these flows lack 7 of them: x0, .*x4 and 2 more$/,
  )
})

test('a column without a number teaches nothing, and columns of one value teach nothing together', () => {
  const matrix = (values: number[]) => ({ features: ['a', 'b'], rows: 2, values: Float32Array.from(values) })
  expect(teachingColumns(matrix([1, Number.NaN, 2, Number.NaN]))).toEqual(['a'])
  expect(() => teachingColumns(matrix([1, 5, 1, 5]))).toThrow(/the same value in all 2 flows.*\(a, b\)/)
  expect(() => teachingColumns(matrix(new Array<number>(4).fill(Number.NaN)))).toThrow(
    /none of the 2 flows has a number/,
  )
})
