import { describe, expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import { nearest } from './nearest.ts'
import { buildIndex, createSearch } from './nearest-index.ts'
import { sampleTable } from './tree/fixture.ts'

describe('the index', () => {
  test.each([
    [1, 3],
    [7, 1],
    [500, 9],
    [900, 20],
  ])('of %i rows × %i finds the same distance as going through all', (count, width) => {
    const random = createRandom(count)
    const rows = Float32Array.from({ length: count * width }, (_, i) => random.normal() * (i % width < 3 ? 4 : 0.2))
    for (let i = 0; i < count * width; i += 5 * width) rows.fill(1, i, i + width)
    const search = createSearch(buildIndex(rows, width))
    for (let query = 0; query < 300; query++) {
      const from = random.int(count) * width
      const near = query % 3 === 0 ? 0 : query % 3 === 1 ? 0.05 : 3
      const row = rows.slice(from, from + width).map((value) => value + near * random.normal())
      let best = Number.POSITIVE_INFINITY
      for (let at = 0; at < rows.length; at += width) {
        let sum = 0
        for (let i = 0; i < width; i++) sum += (rows[at + i]! - row[i]!) ** 2
        best = Math.min(best, sum)
      }
      expect(search(row).squared).toBeCloseTo(best, 9)
    }
  })
})

test('a benign flow of training is as near as the radius, and no more are kept than asked for', async () => {
  const data = sampleTable({ rows: 2000, width: 8 })
  const benign = data.labels.reduce((count, label) => count + (label === 0 ? 1 : 0), 0)
  for (const references of [100, 5000]) {
    const model = await nearest.fit(data, { seed: 3 }, { references })
    const kept = model.index.rows.length / 8
    expect(kept).toBeLessThanOrEqual(Math.min(references, benign))
    const scores = nearest.score(model, data)
    for (let row = 0; row < data.rows; row++) {
      // Thinning twice may move a row's nearest by the sum of the radii, which double
      if (data.labels[row] === 0) expect(Math.sqrt(scores[row]!)).toBeLessThanOrEqual(3.5 * model.radius + 1e-3)
    }
  }
})

test('a column that the row lacks is left out, and the rest counts for it', async () => {
  const data = sampleTable({ rows: 400, width: 6 })
  const model = await nearest.fit(data, { seed: 3 })
  const values = data.values.slice(0, 6)
  values[2] = 1e6
  const row = { features: data.features, rows: 1, values }
  expect(nearest.score(model, row)[0]!).toBeGreaterThan(10)
  const lacking = { ...row, values: values.with(2, Number.NaN) }
  expect(nearest.score(model, lacking)[0]!).toBeLessThan(1)
  expect(nearest.explain(model, lacking, 0).contributions[2]!.share).toBe(0)
  expect(() => nearest.score(model, { ...row, values: values.map(() => Number.NaN) })).toThrow(
    'no number in any column',
  )
})
