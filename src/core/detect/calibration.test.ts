import { expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import { makeCalibration, scoreAt, tailProbability } from './calibration.ts'

/** Scores −ln(u): P(score > s) = e^−s at every level. */
function exponential(n: number): Float64Array {
  const random = createRandom(2)
  return Float64Array.from({ length: n }, () => -Math.log(1 - random.next()))
}

test('rarity agrees with a known distribution, in the sample and beyond it', () => {
  const calibration = makeCalibration([exponential(50_000)], 10)
  for (const score of [0.5, 2, 5, 9]) {
    expect(Math.abs(Math.log(tailProbability(score, calibration)) + score)).toBeLessThan(0.5)
  }
  expect(scoreAt(1e-5, calibration)).toBeGreaterThan(10)
  expect(scoreAt(1e-5, calibration)).toBeLessThan(13.5)
})

test('score and rarity are each other’s inverse where the floor does not bind', () => {
  const calibration = makeCalibration([exponential(5000)], 10)
  for (const probability of [0.5, 0.1, 0.02, 0.001, 1e-4]) {
    expect(tailProbability(scoreAt(probability, calibration), calibration) / probability).toBeCloseTo(1, 3)
  }
})

test('a higher score is never less rare', () => {
  const calibration = makeCalibration([exponential(3000)], 10)
  let last = 1
  for (let score = -1; score < 40; score += 0.05) {
    const probability = tailProbability(score, calibration)
    expect(probability).toBeLessThanOrEqual(last)
    last = probability
  }
})

test('no claim goes further than 100 times the sample', () => {
  const calibration = makeCalibration([exponential(1000)], 10)
  expect(tailProbability(1e9, calibration)).toBe(1 / 100_000)
})

test('windows over the level that are less than a window apart are one cluster', () => {
  const scores = new Float64Array(1000)
  for (let event = 0; event < 4; event++) scores.fill(1, event * 200 + 50, event * 200 + 55)
  expect(makeCalibration([scores], 10).clusterWindows).toBe(5)
  expect(makeCalibration([scores.subarray(0, 53), scores.subarray(53)], 10).clusterWindows).toBe(4)
})

test('constant scores and fewer than 100 do not break it', () => {
  const calibration = makeCalibration([new Float64Array(200).fill(0.3)], 10)
  expect(tailProbability(0.2, calibration)).toBe(1)
  expect(tailProbability(0.31, calibration)).toBeLessThan(0.02)
  expect(() => makeCalibration([new Float64Array(99)], 10)).toThrow(/100 windows/)
})
