import { expect, test } from 'vitest'
import { quantile } from '../base/stats.ts'
import { isolationForest } from '../detect/isolation-forest.ts'
import { sampleTable } from '../detect/tree/fixture.ts'
import { findCounterfactual } from './counterfactual.ts'
import type { ScoreRows } from './score-rows.ts'

function eachRow(width: number, score: (row: Float32Array) => number): ScoreRows {
  return ({ rows, values }) =>
    Float64Array.from({ length: rows }, (_, i) => score(values.subarray(i * width, (i + 1) * width)))
}
const sum = eachRow(3, (row) => row.reduce((total, x) => total + x, 0))
const request = { features: ['a', 'b', 'c'], typical: Float32Array.of(0, 0, 0) }

test('the one feature that does it is moved no further than it must be', async () => {
  const found = await findCounterfactual(sum, { ...request, row: Float32Array.of(100, 3, 2), threshold: 20 })
  expect(found!.changes).toEqual([{ feature: 'a', from: 100, to: expect.any(Number) }])
  expect(found!.changes[0]!.to).toBeLessThanOrEqual(15)
  expect(found!.changes[0]!.to).toBeGreaterThan(13)
  expect(found!.score).toBeLessThanOrEqual(20)
})

test('a change that a later one makes needless is taken back', async () => {
  // Either of a and b lowers the score a little first; c with b is enough.
  const trap = eachRow(3, ([a, b, c]) => (b === 0 && c === 0 ? 0 : 10 - (a === 0 ? 3 : 0) - (b === 0 ? 1 : 0)))
  const found = await findCounterfactual(trap, { ...request, row: Float32Array.of(1, 1, 1), threshold: 5 })
  expect(found!.changes.map(({ feature }) => feature).sort()).toEqual(['b', 'c'])
})

test('nothing is to change in a row that passes, and nothing can be in one that cannot', async () => {
  const row = Float32Array.of(1, 1, 1)
  expect(await findCounterfactual(sum, { ...request, row, threshold: 5 })).toEqual({ changes: [], score: 3 })
  expect(await findCounterfactual(sum, { ...request, row, threshold: -1 })).toBeUndefined()
})

test('a missing value is filled, and a usual one that is missing is taken away', async () => {
  const gaps = eachRow(3, ([a, b]) => (Number.isNaN(a!) ? 4 : 0) + (Number.isNaN(b!) ? 0 : 4))
  const typical = Float32Array.of(7, Number.NaN, 0)
  const row = Float32Array.of(Number.NaN, 1, 0)
  const found = await findCounterfactual(gaps, { features: request.features, row, typical, threshold: 1 })
  expect(found!.changes).toEqual([
    { feature: 'a', from: Number.NaN, to: 7 },
    { feature: 'b', from: 1, to: Number.NaN },
  ])
})

test('rows that an Isolation Forest finds unusual pass after it, and with one change less they do not', async () => {
  const table = sampleTable({ rows: 2000, width: 12, seed: 7 })
  const model = await isolationForest.fit({ ...table, labels: new Uint8Array(2000) }, { seed: 1 })
  const scores = isolationForest.score(model, table)
  const threshold = quantile(scores.slice().sort(), 0.95)
  const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, 10)
  const score: ScoreRows = (data) => isolationForest.score(model, data)
  for (const at of order) {
    const row = table.values.slice(at * 12, (at + 1) * 12)
    const { features } = table
    const found = await findCounterfactual(score, { features, row, typical: model.typical, threshold })
    const places = found!.changes.map(({ feature }) => features.indexOf(feature))
    const changed = row.slice()
    found!.changes.forEach(({ to }, i) => {
      changed[places[i]!] = to
    })
    const judge = (values: Float32Array) => isolationForest.score(model, { features, rows: 1, values })[0]!
    expect(judge(changed)).toBeLessThanOrEqual(threshold)
    for (const place of places) expect(judge(changed.with(place, row[place]!))).toBeGreaterThan(threshold)
  }
})
