import { expect, test } from 'vitest'
import { createRandom } from '../../base/random.ts'
import { exactExp, exactLog, exactLog1p } from './exact-math.ts'

const random = createRandom(3)

test('agrees with the platform to four units in the last place', () => {
  for (let i = 0; i < 20_000; i++) {
    const x = (random.next() - 0.5) * 1400
    const small = (random.next() - 0.5) * 2
    expect(Math.abs(exactExp(x) / Math.exp(x) - 1)).toBeLessThan(1e-15)
    expect(Math.abs(exactExp(small) / Math.exp(small) - 1)).toBeLessThan(1e-15)
    const y = Math.exp(x)
    expect(Math.abs(exactLog(y) - x)).toBeLessThan(1e-15 * Math.max(1, Math.abs(x)))
    const tiny = random.next() * 10 ** -random.int(18)
    expect(Math.abs(exactLog1p(tiny) - Math.log1p(tiny))).toBeLessThan(1e-15 * Math.log1p(tiny))
  }
})

test('ends of the range', () => {
  expect(exactExp(-1e9)).toBe(0)
  expect(exactExp(0)).toBe(1)
  expect(exactExp(1e9)).toBeGreaterThan(8e307)
  expect(exactExp(Number.NaN)).toBeNaN()
  expect(exactLog(1)).toBe(0)
  expect(exactLog(0)).toBe(Number.NEGATIVE_INFINITY)
  expect(exactLog(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY)
  expect(exactLog(-1)).toBeNaN()
  expect(exactLog1p(0)).toBe(0)
  expect(exactLog1p(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY)
})
