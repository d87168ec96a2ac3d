import { expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import { learn } from './catalogue.ts'
import type { FlowDataset } from './dataset.ts'

const CLASSES = ['Benign', 'Scan', 'Flood', 'Upload']
/** Where each class lies; the last is far from all others. */
const CENTRES = [
  [0, 0, 0],
  [6, 0, 0],
  [0, 6, 0],
  [0, 0, 40],
]

function makeFlows(seed: number, only: readonly number[], each = 150): FlowDataset & { labels: Int32Array } {
  const random = createRandom(seed)
  const rows = only.length * each
  const labels = Int32Array.from({ length: rows }, (_, i) => only[i % only.length]!)
  const values = Float32Array.from({ length: rows * 3 }, (_, i) => {
    return CENTRES[labels[Math.floor(i / 3)]!]![i % 3]! + random.normal()
  })
  return {
    rows,
    matrix: { features: ['a', 'b', 'c'], rows, values },
    counts: new Float64Array(rows * 4),
    device: new Int32Array(rows),
    devices: ['lamp'],
    capture: new Int32Array(rows),
    captures: ['made.csv'],
    startMicros: new Float64Array(rows).fill(Number.NaN),
    row: Float64Array.from({ length: rows }, (_, i) => i + 1),
    labels,
    classes: CLASSES,
  }
}

const request = { kind: 'family', seed: 1 } as const

test('names the kinds that it learnt, and is right where it names one', async () => {
  const { judge } = await learn(makeFlows(1, [0, 1, 2], 400), request)
  const other = makeFlows(2, [0, 1, 2])
  const { classes, family } = await judge.families!(other)
  expect(classes).toEqual(['Benign', 'Scan', 'Flood'])
  let named = 0
  let right = 0
  for (let row = 0; row < other.rows; row++) {
    if (family[row]! < 0) continue
    named++
    right += Number(classes[family[row]!] === CLASSES[other.labels[row]!])
  }
  expect(named / other.rows).toBeGreaterThan(0.9)
  expect(right / named).toBeGreaterThan(0.95)
})

test('has no name for what is unlike everything it learnt from', async () => {
  const { judge } = await learn(makeFlows(1, [0, 1, 2], 400), request)
  const { family } = await judge.families!(makeFlows(3, [3]))
  expect(family.every((one) => one === -1)).toBe(true)
})

test('is silent where classes cannot be told apart', async () => {
  const data = makeFlows(1, [0, 1, 2], 400)
  const random = createRandom(4)
  const mixed = { ...data, labels: data.labels.map((label) => (label === 0 ? 0 : 1 + random.int(2))) }
  const { judge } = await learn(mixed, request)
  const other = makeFlows(2, [0, 1, 2])
  const { family } = await judge.families!(other)
  let named = 0
  for (let row = 0; row < other.rows; row++) named += Number(other.labels[row]! > 0 && family[row]! > 0)
  expect(named / other.rows).toBeLessThan(0.15)
})
