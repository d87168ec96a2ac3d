import { expect, test } from 'vitest'
import type { Calibration } from '../model/manifest.ts'
import { parseBudget, parseThreshold, resolveThreshold } from './threshold.ts'

/** Scores uniform in [0, 1] up to an exponential tail over 0.98: every value below can be computed by hand. */
const CALIBRATION: Calibration = {
  windows: 10_000,
  mean: 0.5,
  deviation: 0.1,
  quantiles: [0, 0.25, 0.5, 0.75, 1],
  tail: { level: 0.98, share: 0.02, shape: 0, scale: 0.1 },
  clusterWindows: 4,
}

test('mean + k·sd is the mean plus k deviations of the calibration', () => {
  for (const deviations of [1, 2, 3] as const) {
    const { value } = resolveThreshold({ kind: 'mean-sd', deviations }, CALIBRATION)
    expect(value).toBeCloseTo(0.5 + deviations * 0.1, 12)
  }
})

test('a percentile is read from the quantiles, and beyond them from the tail', () => {
  expect(resolveThreshold({ kind: 'percentile', percentile: 75 }, CALIBRATION).value).toBe(0.75)
  const { value } = resolveThreshold({ kind: 'percentile', percentile: 99.8 }, CALIBRATION)
  expect(value).toBeCloseTo(0.98 + 0.1 * Math.log(10), 9)
})

test('the budget puts the threshold where so many events a week pass it', () => {
  const resolved = resolveThreshold({ kind: 'budget', perWeek: 1 }, CALIBRATION, { windowsPerWeek: 2000 })
  // 4 windows an event: 4 of 2,000 windows may pass, a tenth of the tail's share.
  expect(resolved.value).toBeCloseTo(0.98 + 0.1 * Math.log(10), 9)
  expect(resolved.alarmsPerWeek).toBe(1)
  expect(resolved.text).toBe(
    'Alarm budget of 1 a week: scores above 1.21, about 1 false alarm a week at 2,000 windows a week.',
  )
})

test('without a rate of its own a network of 30,000 flows a day is assumed, and the text says so', () => {
  const resolved = resolveThreshold({ kind: 'budget', perWeek: 1 }, CALIBRATION)
  expect(resolved.value).toBeCloseTo(0.98 + 0.1 * Math.log((0.02 * 210_000) / 4), 9)
  expect(resolved.text).toMatch(/30,000 flows a day/)
})

test('a looser budget lowers the threshold, and a busier network raises it', () => {
  const at = (perWeek: number, windowsPerWeek: number) =>
    resolveThreshold({ kind: 'budget', perWeek }, CALIBRATION, { windowsPerWeek }).value
  expect(at(7, 10_000)).toBeLessThan(at(1, 10_000))
  expect(at(1, 100_000)).toBeGreaterThan(at(1, 10_000))
  expect(at(1e9, 10_000)).toBe(0)
})

test('each other choice says what it costs in alarms a week', () => {
  const choice = { kind: 'percentile', percentile: 75 } as const
  const resolved = resolveThreshold(choice, CALIBRATION, { windowsPerWeek: 2000 })
  expect(resolved.alarmsPerWeek).toBeCloseTo((2000 * 0.25) / 4, 9)
  expect(resolveThreshold({ kind: 'value', value: 0.25 }, CALIBRATION, { windowsPerWeek: 8 }).text).toBe(
    'A score set by hand: scores above 0.25, about 1.5 false alarms a week at 8 windows a week.',
  )
})

test.each([
  ['mean+3sd', { kind: 'mean-sd', deviations: 3 }],
  [' Mean+1SD ', { kind: 'mean-sd', deviations: 1 }],
  ['p99', { kind: 'percentile', percentile: 99 }],
  ['p99.9', { kind: 'percentile', percentile: 99.9 }],
  ['0.14', { kind: 'value', value: 0.14 }],
])('%s on the command line is understood', (text, choice) => {
  expect(parseThreshold(text)).toEqual(choice)
})

test.each(['', 'mean+4sd', 'p0', 'p100', 'p1.2.3', '-1', '0', 'NaN', 'Infinity', 'high'])(
  '"%s" is refused with a sentence',
  (text) => {
    expect(() => parseThreshold(text)).toThrow(expect.objectContaining({ name: 'InputError' }))
  },
)

test('a budget is a number above 0', () => {
  expect(parseBudget('0.5')).toEqual({ kind: 'budget', perWeek: 0.5 })
  for (const text of ['', '0', '-2', 'many']) expect(() => parseBudget(text)).toThrow(/alarm budget/)
})
