import { describe, expect, it } from 'vitest'
import { ModelError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import { drawLines } from './alarm-line.ts'
import { makeCalibration } from './calibration.ts'
import { type CaseBudget, caseLine, fitCaseBudget, loadCaseBudget, saveCaseBudget } from './case-budget.ts'
import type { FlowDataset } from './dataset.ts'
import { deviceKey } from './device-calibration.ts'

const HOUR = 3600e6
const FEATURES = ['orig_bytes']
const DEVICES = ['lamp', 'camera', 'hub']

interface Week {
  readonly seed: number
  readonly hours: number
  readonly perHour?: number
  readonly hasTimes?: boolean
  readonly score?: (normal: number, device: number) => number
}

/** Three devices, of which the camera's flows score three times as high, heard in each hour. */
function watch({
  seed,
  hours,
  perHour = 20,
  hasTimes = true,
  score = (z, d) => Math.abs(z) * (d === 1 ? 3 : 1),
}: Week) {
  const random = createRandom(seed)
  const rows = hours * perHour * DEVICES.length
  const at = (row: number) => Math.floor(row / DEVICES.length)
  const data: FlowDataset = {
    rows,
    matrix: { features: FEATURES, rows, values: new Float32Array(rows) },
    counts: new Float64Array(rows * 4),
    device: Int32Array.from({ length: rows }, (_, row) => row % DEVICES.length),
    devices: DEVICES,
    capture: new Int32Array(rows),
    captures: ['home'],
    startMicros: Float64Array.from({ length: rows }, (_, row) => (hasTimes ? (at(row) * HOUR) / perHour : Number.NaN)),
    row: Float64Array.from({ length: rows }, (_, row) => row + 1),
    labels: undefined,
    classes: ['benign'],
  }
  return { data, scores: Float64Array.from({ length: rows }, (_, row) => score(random.normal(), row % DEVICES.length)) }
}

/** Share of the device's hours with a score above its line. */
function casesPerHour(budget: CaseBudget, device: number, perWeek: number, hours: number): number {
  const { data, scores } = watch({ seed: 99, hours })
  const line = caseLine(budget, deviceKey(DEVICES[device]!), perWeek).value
  const cases = new Set<number>()
  for (let row = 0; row < data.rows; row++)
    if (data.device[row] === device && scores[row]! > line) cases.add(Math.floor(data.startMicros[row]! / HOUR))
  return cases.size / hours
}

describe('a budget of cases a week', () => {
  const { data, scores } = watch({ seed: 1, hours: 336 })
  const budget = fitCaseBudget(data, scores)
  const year = watch({ seed: 2, hours: 4000 })

  it('is kept on fresh hours, on each device by its own line', () => {
    const known = fitCaseBudget(year.data, year.scores)
    expect(known.block).toBe('hour')
    for (const device of [0, 1, 2]) {
      // 21 a week for the home, 7 for each device: one in 24 hours
      const rate = casesPerHour(known, device, 21, 5000)
      expect(rate).toBeLessThan(1.3 / 24)
      expect(rate).toBeGreaterThan(0.5 / 24)
    }
  })

  it('goes beyond the sample by a fitted tail, and comes near it there too', () => {
    const line = caseLine(budget, deviceKey('lamp'), 0.6)
    expect(line.from).toBe('tail')
    expect(line.casesPerWeek).toBeCloseTo(0.2, 9)
    const rate = casesPerHour(budget, 0, 0.6, 60_000) * 168
    expect(rate).toBeLessThan(3 * 0.2)
    expect(rate).toBeGreaterThan(0.2 / 5)
  })

  it('gives more alarms for a larger budget, and says what it costs', () => {
    const calibration = makeCalibration([scores], 1)
    const draw = (perWeek: number) =>
      drawLines({ calibration, budget, highestLine: undefined }, { kind: 'budget', perWeek })
    expect(draw(10).lineOf('lamp')).toBeLessThan(draw(1).lineOf('lamp'))
    expect(draw(1).lineOf('camera')).toBeGreaterThan(2 * draw(1).lineOf('lamp'))
    expect(draw(1).lineOf('stranger')).toBe(draw(1).home.value)
    expect(draw(1).casesPerWeek).toBeCloseTo(1, 6)
    expect(draw(1).home.text).toMatch(
      /^Alarm budget of 1 a week for the home, shared by its 3 devices: scores above .* by a tail fitted to the highest/,
    )
    expect(draw(1).home.text).toContain('a budget of 10 a week would show it')
    const byHand = drawLines({ calibration, budget, highestLine: undefined }, { kind: 'value', value: 2 })
    expect(byHand.lineOf('camera')).toBe(2)
    expect(byHand.casesPerWeek).toBeGreaterThan(168)
  })

  it('tells how rare a score is, and finds the score of a rarity', () => {
    const lines = drawLines({ calibration: makeCalibration([scores], 1), budget, highestLine: undefined })
    for (const device of ['lamp', 'camera', 'stranger'])
      for (const score of [1, 3, 8, 20])
        expect(lines.scoreAt(device, lines.surpriseOf(device, score))).toBeLessThanOrEqual(score * (1 + 1e-6))
    expect(lines.surpriseOf('lamp', 8)).toBeGreaterThan(lines.surpriseOf('camera', 8))
  })

  it('is the same after it was stored, and refuses bytes of other columns', () => {
    const bytes = saveCaseBudget(FEATURES, budget)
    expect(loadCaseBudget(FEATURES, bytes)).toEqual(budget)
    expect(() => loadCaseBudget(['resp_bytes'], bytes)).toThrow(ModelError)
    expect(() => loadCaseBudget(FEATURES, bytes.subarray(0, bytes.length - 8))).toThrow(ModelError)
  })
})

describe('a budget from little', () => {
  it('stays within the sample where the tail is too heavy to be told, and says so', () => {
    const heavy = watch({ seed: 3, hours: 700, score: (z) => Math.exp(8 * z) })
    const budget = fitCaseBudget(heavy.data, heavy.scores)
    const line = caseLine(budget, '', 0.1)
    expect(line.from).toBe('highest')
    expect(line.value).toBeLessThanOrEqual(Math.max(...heavy.scores) * (1 + 1e-9))
    expect(line.casesPerWeek).toBeGreaterThan(0.1 / 3)
    const { text } = drawLines(
      { calibration: makeCalibration([heavy.scores], 1), budget, highestLine: undefined },
      { kind: 'budget', perWeek: 0.1 },
    ).home
    expect(text).toMatch(/no tail can be fitted that reaches it\. More benign days bring it there/)
  })

  it('takes shorter blocks of recordings shorter than an hour', () => {
    const brief = watch({ seed: 4, hours: 1, perHour: 600 })
    const minutes = { ...brief.data, startMicros: brief.data.startMicros.map((at) => at / 3) }
    const brevity = fitCaseBudget(minutes, brief.scores)
    expect(brevity.block).toBe('minute')
    // Minutes of one recording are too alike to tell a device by
    expect(caseLine(brevity, deviceKey('camera'), 1).value).toBe(caseLine(brevity, deviceKey('lamp'), 1).value)
    expect(fitCaseBudget(watch({ seed: 4, hours: 2 }).data, watch({ seed: 4, hours: 2 }).scores).block).toBe(
      'ten minutes',
    )
  })

  it('counts flows where there are no times', () => {
    const timeless = watch({ seed: 5, hours: 400, hasTimes: false })
    const budget = fitCaseBudget(timeless.data, timeless.scores)
    expect(budget.block).toBe('hundred flows')
    // 210,000 flows a week in the home, a third of them each
    expect(budget.devices.get(deviceKey('hub'))!.perWeek).toBeCloseTo(700, 6)
  })

  it('asks only for rows that were kept out', () => {
    const { data, scores } = watch({ seed: 6, hours: 200 })
    const kept = scores.map((score, row) => (row < data.rows / 2 ? Number.NaN : score))
    const budget = fitCaseBudget(data, kept)
    expect(budget.strangers.count).toBe(300)
    // Heard in every hour of the whole recording
    expect(budget.devices.get(deviceKey('hub'))!.perWeek).toBeCloseTo(168, 6)
  })
})
