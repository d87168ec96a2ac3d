import { expect, test } from 'vitest'
import { sampleRows } from './fixture.ts'
import { DeviceWindows, type WindowBatch } from './windows.ts'

function run(rows: Parameters<typeof sampleRows>[0], batchRows = 4): WindowBatch[] {
  const windows = new DeviceWindows({ steps: 10, width: 1, batchRows })
  const batches = windows.push(sampleRows(rows))
  const rest = windows.flush()
  if (rest) batches.push(rest)
  return batches
}

const count = (batches: WindowBatch[]) => batches.reduce((sum, batch) => sum + batch.length, 0)

test('10 rows give no window, 11 give one, 1,001 give 991', () => {
  for (const [rows, windows] of [
    [0, 0],
    [10, 0],
    [11, 1],
    [12, 2],
    [1001, 991],
  ] as const) {
    expect(count(run(new Array(rows).fill({})))).toBe(windows)
  }
})

test('the first row of a device is only the scene, and the newest is always judged', () => {
  const [batch] = run(new Array(12).fill({}))
  expect(Array.from(batch!.windows)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  expect([batch!.firstRow[0], batch!.lastRow[0], batch!.firstRow[1], batch!.lastRow[1]]).toEqual([2, 11, 3, 12])
})

test('windows never mix devices, and rows of no device are left out', () => {
  const rows = Array.from({ length: 36 }, (_, i) => ({ device: (i % 3) - 1 }))
  const batches = run(rows)
  expect(count(batches)).toBe(4)
  for (const batch of batches) {
    for (let i = 0; i < batch.length; i++) {
      const window = Array.from(batch.windows.slice(i * 10, i * 10 + 10))
      expect(new Set(window.map((row) => row % 3))).toEqual(new Set([batch.device[i] === 0 ? 2 : 0]))
    }
  }
})

test('a window spans its earliest start and latest end, and has the mean of the counts as read', () => {
  const rows = Array.from({ length: 11 }, (_, i) => ({
    start: i * 10,
    end: i === 3 ? 500 : i * 10 + 1,
    counts: [i, 0, 1, 2],
  }))
  const [batch] = run(rows)
  expect([batch!.startMicros[0], batch!.endMicros[0]]).toEqual([10, 500])
  expect(Array.from(batch!.meanCounts)).toEqual([5.5, 0, 1, 2])
})

test('without times the span is not a number', () => {
  const [batch] = run(new Array(11).fill({}))
  expect(batch!.startMicros[0]).toBeNaN()
  expect(batch!.endMicros[0]).toBeNaN()
})

test('rows numbered by their end give a row span from smallest to largest', () => {
  const rows = Array.from({ length: 11 }, (_, i) => ({ row: 20 - i }))
  const [batch] = run(rows)
  expect([batch!.firstRow[0], batch!.lastRow[0]]).toEqual([10, 19])
})

test('a device index far beyond the others is taken', () => {
  const batches = run(new Array(11).fill({ device: 5000 }))
  expect(batches[0]!.device[0]).toBe(5000)
})
