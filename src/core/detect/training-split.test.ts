import { expect, test } from 'vitest'
import type { FlowDataset } from './dataset.ts'
import { splitForTraining } from './training-split.ts'

/** Groups of so many rows, each a device of its own, one after another. */
function made(lengths: readonly number[], labels?: readonly number[]): FlowDataset {
  const device = lengths.flatMap((length, at) => new Array<number>(length).fill(at))
  const rows = device.length
  return {
    rows,
    matrix: { features: ['a'], rows, values: new Float32Array(rows) },
    counts: new Float64Array(rows * 4),
    device: Int32Array.from(device),
    devices: lengths.map(String),
    capture: new Int32Array(rows),
    captures: ['x'],
    startMicros: new Float64Array(rows),
    row: Float64Array.from({ length: rows }, (_, i) => i + 1),
    labels: labels && Int32Array.from(labels),
    classes: ['Benign', 'Attack'],
  }
}

test('the last fifth of each device is kept out, and every other row teaches', () => {
  const { train, calibration, benignRows, calibrationRows } = splitForTraining(made([1000, 500]), 1)
  expect([...calibration[0]!.subarray(0, 1), calibration[0]!.length]).toEqual([800, 200])
  expect([...calibration[1]!.subarray(0, 1), calibration[1]!.length]).toEqual([1400, 100])
  expect([benignRows, calibrationRows, train.length]).toEqual([1500, 300, 1200])
})

test('attacks are never kept out, and count for nothing', () => {
  const labels = Array.from({ length: 1000 }, (_, i) => Number(i % 2))
  const { train, calibration, benignRows } = splitForTraining(made([1000], labels), 1)
  expect(benignRows).toBe(500)
  expect(calibration.flatMap((rows) => [...rows]).every((row) => labels[row] === 0)).toBe(true)
  expect([...train].filter((row) => labels[row] === 1)).toHaveLength(500)
})

test('few flows give half of theirs and more', () => {
  expect(splitForTraining(made([150]), 1)).toMatchObject({ benignRows: 150, calibrationRows: 100 })
})

test('many small groups give rows as well as one large one', () => {
  const { calibrationRows, train } = splitForTraining(made(new Array<number>(300).fill(3)), 1)
  expect(calibrationRows).toBeGreaterThanOrEqual(170)
  expect(calibrationRows + train.length).toBe(900)
})

test('windows of the kept-out stretch never reach into what was learnt, and short groups go whole', () => {
  const { train, calibration } = splitForTraining(made([1000]), 10)
  expect(calibration[0]![0]).toBe(810)
  expect(train.length).toBe(800)
  const short = splitForTraining(made(new Array<number>(100).fill(20)), 10)
  expect(short.calibrationRows).toBe(200)
  const learnt = new Set([...short.train].map((row) => Math.floor(row / 20)))
  for (const rows of short.calibration) expect(learnt.has(Math.floor(rows[0]! / 20))).toBe(false)
})

test.each<[string, FlowDataset, number, RegExp]>([
  ['too few rows', made([149]), 1, /at least 150 benign flows, 100 of them .*there are 149$/],
  ['too few benign rows', made([500], new Array<number>(500).fill(1)), 1, /there are 0 labelled Benign/],
  ['devices with fewer flows than a window', made(new Array<number>(60).fill(9)), 10, /spread over too many devices/],
])('%s are refused with a sentence', (_, data, window, sentence) => {
  expect(() => splitForTraining(data, window)).toThrow(sentence)
})

test('of devices in several captures the last ones are kept out as a whole', () => {
  const data = { ...made([1600, 800]), captures: ['1', '2', '3', '4', '5', '6', '7', '8'] }
  const captures = Int32Array.from(data.device, (device, row) =>
    Math.floor((device === 0 ? row : row - 1600) / (device === 0 ? 200 : 100)),
  )
  for (const window of [1, 10]) {
    const { train, calibration, calibrationRows } = splitForTraining({ ...data, capture: captures }, window)
    expect(calibrationRows).toBe(600)
    expect(new Set(calibration.flatMap((rows) => [...rows].map((row) => captures[row])))).toEqual(new Set([6, 7]))
    expect([...train].every((row) => captures[row]! < 6)).toBe(true)
  }
})
