import { expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import type { Contender } from './baselines.ts'
import { budgetThreshold, falseCasesPerDeviceWeek, gatherHours, timeFirstAlarms } from './case-hours.ts'
import { type MadeRow, makeData } from './fixture.ts'
import { recallAbove, recallAtHome, thresholdOfRate } from './held-out.ts'
import { writeMarkdown } from './markdown.ts'
import { type Evaluation, evaluateDetectors, type MatrixOptions } from './matrix.ts'
import { summarizeEvaluation } from './report.ts'

const random = createRandom(4)
/** Three devices for four days; from the second on a scan is easy to see, and a slow theft is not. */
const rows = Array.from({ length: 4 * 24 * 12 }, (_, i): MadeRow => {
  const label = i % 24 === 3 ? 'Scan' : i % 24 === 7 ? 'Theft' : 'Benign'
  return {
    values: [random.normal() + (label === 'Scan' ? 8 : 0), random.normal()],
    label,
    device: `device ${i % 3}`,
    at: 1_700_006_400 + i * 300,
  }
})
const data = makeData(rows, { classes: ['Benign', 'Scan', 'Theft'] })

const first: Contender = {
  name: 'first feature',
  supervised: false,
  fit: async () => (judged) => Float64Array.from({ length: judged.rows }, (_, row) => judged.matrix.values[2 * row]!),
}
const blind: Contender = {
  name: 'blind',
  supervised: false,
  fit: async () => (judged) => new Float64Array(judged.rows),
}

async function evaluate(options: MatrixOptions): Promise<{ evaluation: Evaluation; steps: number }> {
  const run = evaluateDetectors(data, { contenders: [blind, first], seeds: [1, 2], ...options })
  let steps = 0
  let step = await run.next()
  for (; !step.done; step = await run.next()) steps++
  return { evaluation: step.value, steps }
}

test('every detector is judged on every split with every seed, and the report claims the worst seed', async () => {
  const { evaluation, steps } = await evaluate({ kinds: ['family', 'in-time'] })
  expect(evaluation.cells).toHaveLength(2 * 2 * 3)
  expect(steps).toBe(12)
  const [inTime, family] = summarizeEvaluation(evaluation)
  expect(inTime).toMatchObject({ kind: 'in-time' })
  expect(family).toMatchObject({ kind: 'family', leftOut: ['Scan', 'Theft'] })
  const [best, worst] = family!.detectors
  expect([best!.detector, worst!.detector]).toEqual(['first feature', 'blind'])
  // All of the scans and hardly any theft: a half.
  expect(best!.recall[0]!.mean).toBeGreaterThan(0.45)
  expect(best!.recall[0]!.mean).toBeLessThan(0.6)
  expect(best!.recall[0]!.worst).toBeLessThanOrEqual(best!.recall[0]!.mean)
  expect(best!.perClass.find(({ name }) => name === 'Scan')?.recall[0]).toMatchObject({ n: 48, recall: 1 })
  expect(family!.sentences.join(' ')).toContain('No detector finds a tenth of Theft')
  expect(worst!.prAuc.mean).toBeCloseTo(family!.baseRate, 12)
})

test('the Markdown names failures, refusals and what cannot be told', async () => {
  const { evaluation } = await evaluate({ kinds: ['family', 'capture', 'other-data', 'random'] })
  const text = writeMarkdown(evaluation)
  expect(text).toContain('### Attack families left out')
  expect(text).toContain('Not judged:')
  expect(text).toContain('needs a second labelled file')
  expect(text).toContain('WARNING')
  expect(text).toContain('false cases a device-week')
  const timeless = { ...evaluation, cells: evaluation.cells.map((cell) => ({ ...cell, budget: undefined })) }
  expect(writeMarkdown(timeless)).toContain('cannot be told')
})

test('a detector that cannot learn is named with its sentence, and the others go on', async () => {
  const { BASELINES } = await import('./baselines.ts')
  const trees = BASELINES.find(({ name }) => name === 'boosted trees')!
  const onlyScan = makeData(
    rows.map((row, i) => ({ ...row, label: i >= 900 ? row.label : 'Benign' })),
    { classes: ['Benign', 'Scan', 'Theft'] },
  )
  const run = evaluateDetectors(onlyScan, { contenders: [trees, first], seeds: [1], kinds: ['in-time'] })
  let step = await run.next()
  while (!step.done) step = await run.next()
  expect(step.value.cells.map(({ detector }) => detector)).toEqual(['first feature'])
  expect(step.value.refusals.join(' ')).toContain('boosted trees on "in-time')
})

test('it stops when told to', async () => {
  const controller = new AbortController()
  const run = evaluateDetectors(data, { contenders: [first], seeds: [1], kinds: ['family'], signal: controller.signal })
  await run.next()
  controller.abort()
  await expect(run.next()).rejects.toThrow()
})

test('a threshold keeps its rate on the rows that set it', () => {
  const benign = Float64Array.from({ length: 1000 }, (_, i) => i)
  expect(thresholdOfRate(benign, 0.01)).toBe(989)
  expect(benign.filter((score) => score > thresholdOfRate(benign, 0.01))).toHaveLength(10)
  expect(thresholdOfRate(benign, 0.0001)).toBe(999)
  expect(thresholdOfRate(new Float64Array([1, 1, 1, Number.NaN]), 0.5)).toBe(1)
})

/** Two devices, six hours each: device-hours of 0 … 5 and of 10 … 15; the last hour of each holds an attack. */
const hours = makeData(
  ['lamp', 'camera'].flatMap((device, at) =>
    Array.from({ length: 6 }, (_, hour) => [
      { values: [at * 10 + hour], label: 'Benign', device, at: hour * 3600 },
      { values: [at * 10 + hour], label: hour === 5 ? 'Attack' : 'Benign', device, at: hour * 3600 + 600 },
    ]).flat(),
  ),
)
const scores = Float64Array.from(hours.matrix.values)

test('cases are device-hours without an attack, and the budget sets the threshold', () => {
  const gathered = gatherHours(hours, scores)!
  expect(Array.from(gathered.quietPeaks)).toEqual([14, 13, 12, 11, 10, 4, 3, 2, 1, 0])
  expect(gathered.deviceWeeks).toBeCloseTo(10 / 168, 12)
  expect(falseCasesPerDeviceWeek(gathered, 11)).toBeCloseTo(3 / (10 / 168), 9)
  // One a week allows none in ten hours; 34 a week two.
  expect(budgetThreshold(gathered, 1)).toBe(14)
  expect(budgetThreshold(gathered, 34)).toBe(12)
  expect(gatherHours({ ...hours, device: new Int32Array(24).fill(-1) }, scores)).toBeUndefined()
})

test('the first alarm is counted from the first row of its attack', () => {
  const attack = makeData([0, 60, 120, 180].map((at) => ({ values: [at], label: 'Attack', at })))
  expect(timeFirstAlarms(attack, attack.matrix.values, 100)).toEqual({ alarmed: 1, attacks: 1, medianSeconds: 120 })
  expect(timeFirstAlarms(attack, attack.matrix.values, 500)).toMatchObject({ alarmed: 0, attacks: 1 })
  expect(recallAbove(attack, Float64Array.from(attack.matrix.values), 100).recall).toBe(0.5)
})

test('a line drawn at home is of the first benign rows there, and they are not judged', () => {
  // A place where everything is 100 higher than anywhere else; the first 120 of 400 benign rows are its own.
  const place = makeData(
    Array.from({ length: 500 }, (_, i) => ({ values: [i], label: i < 400 ? 'Benign' : 'Attack', at: i })),
  )
  const higher = Float64Array.from({ length: 500 }, (_, i) => 100 + (i < 400 ? i % 100 : i % 2 === 0 ? 150 : 0))
  const [found] = recallAtHome(place, higher, [0.01])!
  expect(found).toMatchObject({ threshold: 198, recall: 0.5, precision: 50 / 53 })
  expect(found!.falsePositiveRate).toBeCloseTo(3 / 280, 12)
  expect(recallAtHome(hours, scores, [0.01])).toBeUndefined()
})
