import { expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import { findDrift } from './drift.ts'
import { type MadeRow, makeData } from './fixture.ts'

const FEATURES = ['bytes', 'packets', 'duration', 'pause']

interface Wish {
  readonly seed: number
  readonly rows?: number
  /** From row on: what is added to the first feature of which device. */
  readonly shift?: { readonly from: number; readonly by: number; readonly device: string; readonly features?: number }
  readonly devices?: readonly string[]
}

/** Flows of three devices, one a minute. */
function makeHome({ seed, rows = 600, shift, devices = ['lamp', 'camera', 'speaker'] }: Wish) {
  const random = createRandom(seed)
  const made = Array.from({ length: rows }, (_, i): MadeRow => {
    const device = devices[i % devices.length]!
    const moves = shift && i >= shift.from && (device === shift.device || shift.device === 'all')
    const values = FEATURES.map((_, f) => 10 + random.normal() + (moves && f < (shift.features ?? 1) ? shift.by : 0))
    return { values, label: 'Benign', device, at: 1_700_000_000 + i * 60 }
  })
  return makeData(made, { features: FEATURES })
}

test('the same traffic again has not drifted, in none of twenty weeks', () => {
  const before = makeHome({ seed: 1 })
  for (let week = 2; week <= 21; week++) expect(findDrift({ before, now: makeHome({ seed: week }) })).toBeUndefined()
})

test('a change of one device is found with its feature, its beginning and its name', () => {
  const drift = findDrift({
    before: makeHome({ seed: 1 }),
    now: makeHome({ seed: 2, shift: { from: 300, by: 4, device: 'camera' } }),
  })
  expect(drift).toMatchObject({ device: 'camera', sure: true })
  expect(drift?.features.map(({ feature }) => feature)).toEqual(['bytes'])
  expect(drift?.cause).toContain('camera does one thing differently')
  expect(drift?.cause).toContain('bytes')
  // Half of the camera's 200 rows are changed; windows hold 50 of them (150 minutes).
  expect(Math.abs(drift!.since! / 60e6 - (1_700_000_000 / 60 + 300))).toBeLessThanOrEqual(150)
})

test('a new device, much of a device, and all devices are told apart', () => {
  const before = makeHome({ seed: 1 })
  const strange = makeHome({
    seed: 2,
    devices: ['lamp', 'camera', 'kettle'],
    shift: { from: 0, by: 5, device: 'kettle' },
  })
  expect(findDrift({ before, now: strange })?.cause).toContain('kettle is new')
  const updated = makeHome({ seed: 3, shift: { from: 0, by: 5, device: 'lamp', features: 3 } })
  expect(findDrift({ before, now: updated })?.cause).toContain('lamp changed in much of what it does')
  const all = findDrift({ before, now: makeHome({ seed: 4, shift: { from: 0, by: 2, device: 'all' } }) })
  expect(all?.device).toBeUndefined()
  expect(all?.cause).toContain('Several devices')
})

test('scores that move are told apart from features that do', () => {
  const before = makeHome({ seed: 1 })
  const now = makeHome({ seed: 2 })
  const random = createRandom(9)
  const scores = {
    before: Float64Array.from({ length: 600 }, () => random.normal()),
    now: Float64Array.from({ length: 600 }, () => random.normal() + 1),
  }
  const drift = findDrift({ before, now, scores })
  expect(drift?.features).toEqual([])
  expect(drift?.score).toMatchObject({ feature: 'the score' })
  expect(drift?.cause).toContain('no single feature')
})

test('too few rows, or other features, are a sentence', () => {
  const before = makeHome({ seed: 1 })
  expect(() => findDrift({ before, now: makeHome({ seed: 2, rows: 20 }) })).toThrow('needs 50 flows')
  const other = { ...before, matrix: { ...before.matrix, features: ['a', 'b', 'c', 'd'] } }
  expect(() => findDrift({ before, now: other })).toThrow('the same features')
})
