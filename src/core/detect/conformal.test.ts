import { describe, expect, it } from 'vitest'
import { createRandom } from '../base/random.ts'
import { combineP, fitConformal, pValue, scoreForP, surprise } from './conformal.ts'
import { devicePValue, deviceThreshold, fitDevices } from './device-calibration.ts'

const normals = (count: number, seed: number, mean = 0) => {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => mean + random.normal())
}

describe('conformal p-values', () => {
  it('are (1 + scores as high) / (1 + all) within the sample', () => {
    const conformal = fitConformal(Array.from({ length: 99 }, (_, i) => i + 1))
    expect(pValue(conformal, 99)).toBeCloseTo(0.02, 12)
    expect(pValue(conformal, 50)).toBeCloseTo(0.51, 12)
    expect(pValue(conformal, -5)).toBe(1)
    expect(pValue(conformal, Number.NaN)).toBeNaN()
  })

  it('keep their promise on fresh benign scores, also where most of the sample was let go', () => {
    const conformal = fitConformal(normals(20_000, 1))
    expect(conformal.scores.length).toBeLessThanOrEqual(1024)
    const fresh = normals(20_000, 2)
    for (const p of [0.1, 0.01, 0.001]) {
      const share = fresh.filter((score) => pValue(conformal, score) <= p).length / fresh.length
      // Three deviations of what 20,000 flows on either side can tell
      expect(Math.abs(share / p - 1)).toBeLessThan(3 * Math.sqrt(2 / (20_000 * p)))
    }
  })

  it('fall beyond the sample as the tail does, and end at one in 100 samples', () => {
    const conformal = fitConformal(normals(1000, 3))
    const rarities = [3.5, 4, 4.5, 5, 60].map((score) => pValue(conformal, score))
    expect(rarities.every((p, i) => i === 0 || p <= rarities[i - 1]!)).toBe(true)
    expect(rarities[0]).toBeLessThan(0.002)
    expect(rarities.at(-1)).toBe(1 / 100_000)
  })

  it('give the score of a rarity back', () => {
    const conformal = fitConformal(normals(2000, 4))
    for (const p of [0.5, 0.05, 0.001, 0.0001]) {
      const score = scoreForP(conformal, p)
      expect(pValue(conformal, score)).toBeLessThanOrEqual(p)
      expect(pValue(conformal, score - (p < 0.01 ? 1 : 0.02))).toBeGreaterThan(p)
    }
    expect(scoreForP(conformal, 1e-9)).toBe(Number.POSITIVE_INFINITY)
  })

  it('keep the order of scores beyond the sample as surprise, also where the tail ends', () => {
    const random = createRandom(9)
    const conformal = fitConformal(Array.from({ length: 500 }, () => random.next()))
    expect(conformal.tail.shape).toBeLessThan(0)
    const surprises = [0.5, 0.99, 1.01, 1.5, 3, 100].map((score) => surprise(conformal, score))
    expect(surprises.every((value, i) => i === 0 || value > surprises[i - 1]!)).toBe(true)
    expect(surprises[0]).toBeCloseTo(-Math.log10(pValue(conformal, 0.5)), 12)
  })

  it('need a sample', () => {
    expect(() => fitConformal([1, 2, Number.NaN])).toThrow(/at least 20 benign flows; there are 2/)
  })

  it('stand one equal score for all, and any higher one as rare', () => {
    const conformal = fitConformal(new Float64Array(100).fill(7))
    expect(pValue(conformal, 7)).toBe(1)
    expect(pValue(conformal, 8)).toBeLessThan(0.01)
  })
})

describe('p-values of several detectors', () => {
  it('become the smallest, paid for by their number', () => {
    expect(combineP([0.01, 0.4])).toBeCloseTo(0.02, 12)
    expect(combineP([0.9, 0.8])).toBe(1)
    expect(combineP([Number.NaN, 0.3])).toBeCloseTo(0.3, 12)
    expect(combineP([Number.NaN])).toBeNaN()
  })
})

describe('calibration per device', () => {
  const quiet = normals(2000, 5)
  const loud = normals(2000, 6, 10)
  const few = normals(5, 7, 3)
  const scores = [...quiet, ...loud, ...few]
  const device = [...quiet.map(() => 0), ...loud.map(() => 1), ...few.map(() => 2)]
  const startMicros = scores.map((_, i) => (i % 2000) * 302.4e6)
  const calibration = fitDevices({ scores, device, devices: ['quiet', 'loud', 'few', 'absent'], startMicros })

  it('calls rare what is rare for the device, not for the home', () => {
    expect(devicePValue(calibration, 'loud', 10)).toBeGreaterThan(0.3)
    expect(devicePValue(calibration, 'quiet', 10)).toBeLessThan(0.05)
    expect(devicePValue(calibration, 'few', 10)).toBe(devicePValue(calibration, 'stranger', 10))
  })

  it('draws the line of each device where its fresh flows keep the promise', () => {
    const p = 0.01
    const line = deviceThreshold(calibration, 'loud', p)
    const share = normals(20_000, 8, 10).filter((score) => score >= line).length / 20_000
    expect(share).toBeLessThan(1.3 * p)
    expect(share).toBeGreaterThan(0.3 * p)
    expect(devicePValue(calibration, 'loud', line)).toBeLessThanOrEqual(p)
  })
})
