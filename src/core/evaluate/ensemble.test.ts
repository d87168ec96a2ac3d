import { expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import type { Contender } from './baselines.ts'
import { joinContenders } from './ensemble.ts'
import { makeData } from './fixture.ts'
import { prAuc } from './metrics.ts'

const column = (at: number): Contender => ({
  name: `feature ${at}`,
  supervised: false,
  fit: async () => (data) =>
    Float64Array.from({ length: data.rows }, (_, row) => data.matrix.values[row * data.matrix.features.length + at]!),
})

const random = createRandom(8)
const data = makeData(
  Array.from({ length: 3000 }, (_, i) => {
    const attack = i % 10 === 0
    return {
      values: [0, 1].map(() => Math.exp(random.normal()) * (attack ? 6 : 1)),
      label: attack ? 'Attack' : 'Benign',
    }
  }),
)
const areaOf = async (contender: Contender) => {
  const scores = await (await contender.fit(data, { seed: 1 }))(data)
  return prAuc({ scores, attacks: data.labels })
}

test('two that see weakly see better together, whatever the size of their numbers', async () => {
  const alone = Math.max(await areaOf(column(0)), await areaOf(column(1)))
  const joined = joinContenders('both', [column(0), column(1)])
  expect(await areaOf(joined)).toBeGreaterThan(alone + 0.05)
  const large: Contender = {
    ...column(1),
    fit: async () => async (judged) =>
      (await (await column(1).fit(judged, { seed: 1 }))(judged)).map((score) => score * 1e6),
  }
  expect(await areaOf(joinContenders('both', [column(0), large]))).toBeCloseTo(await areaOf(joined), 9)
})

test('an abstention says nothing, and a score beyond all benign ones goes on rising', async () => {
  const score = await joinContenders('both', [column(0), column(1)]).fit(data, { seed: 1 })
  const [silent, far, farther] = await score(
    makeData([
      { values: [Number.NaN, Number.NaN], label: 'Benign' },
      { values: [100, Number.NaN], label: 'Attack' },
      { values: [1000, Number.NaN], label: 'Attack' },
    ]),
  )
  expect(silent).toBe(0)
  expect(far).toBeGreaterThan(5)
  expect(farther).toBeGreaterThan(far!)
})

test('too few benign rows are a sentence', async () => {
  const few = makeData(Array.from({ length: 30 }, (_, i) => ({ values: [i, i], label: i < 5 ? 'Attack' : 'Benign' })))
  await expect(joinContenders('both', [column(0)]).fit(few, { seed: 1 })).rejects.toThrow('80 benign rows')
})
