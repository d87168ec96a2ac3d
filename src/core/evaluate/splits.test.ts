import { expect, test } from 'vitest'
import { type MadeRow, makeData } from './fixture.ts'
import { planSplits, SPLIT_KINDS, type Split } from './splits.ts'

const classes = ['Benign', 'DoS', 'Scan']
const made = (i: number): MadeRow => ({
  values: [i, i * i, 1],
  label: i % 10 === 0 ? 'DoS' : i % 10 === 5 ? 'Scan' : 'Benign',
  device: `device ${i % 6}`,
  capture: `day ${Math.floor(i / 500)}`,
  at: 1_700_000_000 + i * 60,
})
const data = makeData(
  Array.from({ length: 2000 }, (_, i) => made(i)),
  { classes },
)
const planOf = (kind: Split['kind'], seed = 1) => planSplits(data, { seed, kinds: [kind], other: data })

test.each(SPLIT_KINDS)(
  '%s: no row teaches, sets a threshold and is judged at once; thresholds are of benign rows',
  (kind) => {
    const { splits, refusals } = planOf(kind)
    expect(refusals).toEqual([])
    expect(splits.length).toBeGreaterThan(0)
    for (const { train, calibrate, test: judged, trainData, testData } of splits) {
      expect(calibrate.every((row) => trainData.labels[row] === 0)).toBe(true)
      const seen = new Set(train)
      expect(calibrate.some((row) => seen.has(row))).toBe(false)
      if (trainData === testData) expect(judged.some((row) => seen.has(row) || calibrate.includes(row))).toBe(false)
      expect(judged.length).toBeGreaterThan(0)
    }
  },
)

test('in time, nothing that teaches comes after what is judged in its capture', () => {
  const [split] = planOf('in-time').splits
  for (let capture = 0; capture < 4; capture++) {
    const timesOf = (rows: Int32Array) => Array.from(rows).filter((row) => data.capture[row] === capture)
    const past = [...timesOf(split!.train), ...timesOf(split!.calibrate)]
    expect(Math.max(...past)).toBeLessThan(Math.min(...timesOf(split!.test)))
  }
})

test('captures and devices are whole on one side; every one is judged once', () => {
  for (const [kind, column] of [
    ['capture', data.capture],
    ['device', data.device],
  ] as const) {
    const { splits } = planOf(kind)
    const judged = splits.flatMap(({ test: rows }) => [...new Set(Array.from(rows, (row) => column[row]!))])
    expect(judged.sort()).toEqual([...new Set(column)].sort())
    for (const { train, calibrate, test: rows } of splits) {
      const taught = new Set([...train, ...calibrate].map((row) => column[row]))
      expect(Array.from(rows).some((row) => taught.has(column[row]))).toBe(false)
    }
  }
})

test('a family left out is in no training row, and the other is', () => {
  const { splits } = planOf('family')
  expect(splits.map(({ leftOut }) => leftOut)).toEqual(['DoS', 'Scan'])
  for (const { train, test: rows, leftOut } of splits) {
    const labelsOf = (of: Int32Array) => new Set(Array.from(of, (row) => classes[data.labels[row]!]))
    expect(labelsOf(train).has(leftOut)).toBe(false)
    expect(labelsOf(train).size).toBe(2)
    expect(labelsOf(rows)).toEqual(new Set(['Benign', leftOut]))
  }
})

test('the same seed parts alike, another seed otherwise', () => {
  expect(planOf('family', 3)).toEqual(planOf('family', 3))
  expect(planOf('family', 3).splits[0]!.calibrate).not.toEqual(planOf('family', 4).splits[0]!.calibrate)
})

test('rows that repeat a training row are counted', () => {
  const repeated = makeData(
    Array.from({ length: 2000 }, (_, i) => ({ ...made(i), values: [i % 1400, 0, Number.NaN] })),
    { classes },
  )
  const [split] = planSplits({ ...repeated, capture: new Int32Array(2000) }, { seed: 1, kinds: ['in-time'] }).splits
  const known = new Set(Array.from(split!.train, (row) => row % 1400))
  const expected = Array.from(split!.test).filter((row) => known.has(row % 1400)).length
  expect(split!.duplicates).toBe(expected)
  expect(expected).toBeGreaterThan(400)
  expect(planOf('in-time').splits[0]!.duplicates).toBe(0)
})

test('a random split carries its warning; rows without times say what stands for them', () => {
  expect(planOf('random').splits[0]!.remark).toContain('WARNING')
  const timeless = { ...data, startMicros: data.startMicros.map(() => Number.NaN) }
  expect(planSplits(timeless, { seed: 1, kinds: ['in-time'] }).splits[0]!.remark).toContain('no times')
})

test('days stand for captures where there is one capture', () => {
  const one = { ...data, captures: ['home'], capture: new Int32Array(2000) }
  const { splits } = planSplits(one, { seed: 1, kinds: ['capture'] })
  expect(splits.map(({ leftOut }) => leftOut).sort()).toEqual(['2023-11-14', '2023-11-15', '2023-11-16'])
})

const few = (rows: readonly MadeRow[]) => makeData(rows, { classes })
const all = Array.from({ length: 400 }, (_, i) => made(i))
test.each([
  ['capture', few(all.map(({ at: _, ...row }) => row)), 'needs at least two'],
  ['device', few(all.map((row) => ({ ...row, device: 'lamp' }))), 'needs at least two'],
  ['family', few(all.filter(({ label }) => label !== 'Scan')), 'have one, DoS'],
  ['family', few(all.filter(({ label }) => label === 'Benign')), 'have none'],
  ['other-data', data, 'needs a second labelled file'],
  [
    'in-time',
    few(all.map((row, i) => ({ ...row, label: i < 200 ? row.label : 'Benign' }))),
    'no attack would be judged',
  ],
  ['in-time', few(all.slice(0, 60)), 'benign rows'],
] as const)('%s is refused in a sentence where the data does not allow it', (kind, refused, sentence) => {
  const { splits, refusals } = planSplits(refused, { seed: 1, kinds: [kind] })
  expect(splits).toEqual([])
  expect(refusals.join(' ')).toContain(sentence)
})

test('another set is judged on the features that both have, and refused where they share too few', () => {
  const other = { ...data, matrix: { ...data.matrix, features: ['f0', 'f1', 'colour'] } }
  const { splits } = planSplits(data, { seed: 1, kinds: ['other-data'], other })
  expect(splits[0]!.testData.matrix.features).toEqual(['f0', 'f1'])
  expect(splits[0]!.remark).toContain('2 features')
  const strange = { ...data, matrix: { ...data.matrix, features: ['a', 'b', 'c'] } }
  expect(planSplits(data, { seed: 1, kinds: ['other-data'], other: strange }).refusals[0]).toContain('0 of these 3')
})
