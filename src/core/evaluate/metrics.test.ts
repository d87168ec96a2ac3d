import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  brierScore,
  confusionMatrix,
  logLoss,
  prAuc,
  recallAtRate,
  reliabilityBins,
  rocAuc,
  wilsonInterval,
} from './metrics.ts'

/** 60 scores in steps of 0.01, with ties, and what scikit-learn 1.2.1 says of them. */
const golden: {
  readonly scores: number[]
  readonly attacks: number[]
  readonly rocAuc: number
  readonly prAuc: number
  readonly recallAt: Record<string, number>
  readonly confusion: number[]
  readonly brier: number
  readonly logLoss: number
  readonly reliability: { readonly was: number[]; readonly said: number[] }
  readonly labels3: number[]
  readonly probabilities3: number[]
  readonly logLoss3: number
} = JSON.parse(readFileSync(new URL('../../../tests/golden/scikit-learn/metrics.json', import.meta.url), 'utf8'))
const { scores, attacks } = golden
const judged = { scores, attacks }

test('areas, losses and confusion are those of scikit-learn', () => {
  expect(rocAuc(judged)).toBeCloseTo(golden.rocAuc, 12)
  expect(prAuc(judged)).toBeCloseTo(golden.prAuc, 12)
  expect(brierScore(judged)).toBeCloseTo(golden.brier, 12)
  const both = scores.flatMap((score) => [1 - score, score])
  expect(logLoss(both, attacks)).toBeCloseTo(golden.logLoss, 12)
  expect(logLoss(golden.probabilities3, golden.labels3)).toBeCloseTo(golden.logLoss3, 5)
  const predicted = scores.map((score) => (score > 0.5 ? 1 : 0))
  expect(Array.from(confusionMatrix({ actual: attacks, predicted }, 2))).toEqual(golden.confusion)
})

test.each(Object.entries(golden.recallAt))(
  'recall at a false-positive rate of %s is that of the curve',
  (rate, recall) => {
    const found = recallAtRate(judged, Number(rate))
    expect(found.recall).toBeCloseTo(recall, 12)
    expect(found.falsePositiveRate).toBeLessThanOrEqual(Number(rate))
    const above = scores.filter((score, i) => attacks[i] === 1 && score > found.threshold).length
    expect(above / attacks.filter((attack) => attack === 1).length).toBeCloseTo(recall, 12)
  },
)

test('reliability bins are those of a calibration curve', () => {
  const bins = reliabilityBins(judged)
  expect(bins.map(({ was }) => was)).toHaveLength(golden.reliability.was.length)
  bins.forEach(({ said, was }, i) => {
    expect(was).toBeCloseTo(golden.reliability.was[i]!, 12)
    expect(said).toBeCloseTo(golden.reliability.said[i]!, 12)
  })
})

/** scipy 1.10.1, binomtest(k, n).proportion_ci(method='wilson'). */
test.each([
  [2, 37, 0.014950976833157673, 0.17704654350813104],
  [0, 10, 0, 0.27753279986288926],
  [10, 10, 0.7224672001371109, 1],
])('the interval of %i of %i is Wilson’s', (found, rows, low, high) => {
  const interval = wilsonInterval(found, rows)
  expect(interval.low).toBeCloseTo(low, 12)
  expect(interval.high).toBeCloseTo(high, 12)
})

test('all alike: no area but a half; one class only is no number; a score that is none is refused', () => {
  expect(rocAuc({ scores: [1, 1, 1], attacks: [0, 1, 0] })).toBe(0.5)
  expect(rocAuc({ scores: [1, 2], attacks: [0, 0] })).toBeNaN()
  expect(prAuc({ scores: [1, 2], attacks: [0, 0] })).toBeNaN()
  expect(() => rocAuc({ scores: [1, Number.NaN], attacks: [0, 1] })).toThrow('row 1 is not a number')
  expect(wilsonInterval(0, 0)).toEqual({ low: 0, high: 1 })
})
