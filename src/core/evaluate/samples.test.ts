import { expect, test } from 'vitest'
import { adjustPs, compareSamples, expectedIndex, smirnovTail, stabilityIndex } from './samples.ts'

const a = Array.from({ length: 60 }, (_, i) => ((i * 37) % 101) / 10)
const b = Array.from({ length: 45 }, (_, i) => ((i * 53) % 97) / 9 + 1)

/** SciPy 1.10.1: stats.ks_2samp(a, b).statistic, special.kolmogorov(x). */
test('the distance and its tail are SciPy’s', () => {
  expect(compareSamples(a, b).distance).toBeCloseTo(0.1611111111111111, 12)
  expect(compareSamples([...a, Number.NaN], b).distance).toBeCloseTo(0.1611111111111111, 12)
  expect(smirnovTail(1, 0.3)).toBeCloseTo(0.9999906941986655, 9)
  expect(smirnovTail(1, 0.8)).toBeCloseTo(0.5441424115741981, 9)
  expect(smirnovTail(1, 1.1)).toBeCloseTo(0.1777181926064012, 9)
  expect(smirnovTail(1, 1.3)).toBeCloseTo(0.06809222184476636, 9)
  expect(smirnovTail(1, 2)).toBeCloseTo(0.0006709252557796953, 9)
  expect(compareSamples(a, a)).toEqual({ distance: 0, p: 1 })
  expect(compareSamples([], a)).toEqual({ distance: 0, p: 1 })
})

test('ties are stepped over together', () => {
  expect(compareSamples([1, 1, 1, 2], [1, 1, 2, 2]).distance).toBeCloseTo(0.25, 12)
})

/** NumPy 1.24.2: deciles by np.quantile, searchsorted left, shares of at least 1e-4. */
test('the stability index is that of the deciles; constants differ by nothing', () => {
  expect(stabilityIndex(a, b)).toBeCloseTo(0.8293853260763289, 9)
  expect(stabilityIndex(a, a)).toBe(0)
  expect(stabilityIndex([3, 3, 3], [3, 3, 3, 3])).toBe(0)
  expect(expectedIndex(100, 300)).toBeCloseTo(0.12, 12)
})

/** By hand, as R's p.adjust(c(.01, .04, .03, .005), 'BH'). */
test('p values are adjusted for how many there are', () => {
  expect(adjustPs([0.01, 0.04, 0.03, 0.005])).toEqual([0.02, 0.04, 0.04, 0.02])
  expect(adjustPs([])).toEqual([])
})
