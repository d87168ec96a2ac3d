import { expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import type { Calibration } from '../model/manifest.ts'
import { drawLines } from './alarm-line.ts'
import { makeCalibration } from './calibration.ts'
import { DEFAULT_THRESHOLD, resolveThreshold } from './threshold.ts'

function scores(count: number, seed = 1): Float64Array {
  const random = createRandom(seed)
  return Float64Array.from({ length: count }, () => Math.exp(random.normal()))
}

const draw = (calibration: Calibration, highestLine?: number) =>
  drawLines({ calibration, budget: undefined, highestLine }).home

test('of short samples the line is within them, and fresh benign scores pass it about once in so many', () => {
  const fresh = scores(200_000, 99)
  const shares: number[] = []
  for (let seed = 1; seed <= 20; seed++) {
    const sample = scores(1000, seed)
    const { value, text } = draw(makeCalibration([sample], 1))
    expect(value).toBeLessThanOrEqual(Math.max(...sample))
    expect(text).toMatch(/one benign flow in 1\u2009000 passes.*false alarms a week/)
    shares.push(fresh.filter((score) => score > value).length / fresh.length)
  }
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
  expect(mean).toBeGreaterThan(1 / 2000)
  expect(mean).toBeLessThan(2 / 1000)
})

test('a sample that can vouch for the budget keeps it', () => {
  const calibration = makeCalibration([scores(400_000)], 1)
  const budget = resolveThreshold(DEFAULT_THRESHOLD, calibration)
  expect(draw(calibration)).toMatchObject({ value: Math.min(budget.value, draw(calibration).value) })
  expect(draw(calibration).value).toBeGreaterThan(0.8 * budget.value)
})

test('a score that has an end keeps the line within reach', () => {
  const calibration = makeCalibration([scores(1000).map((score) => Math.min(1, score))], 1)
  expect(draw(calibration, 0.9).value).toBe(0.9)
})
