import { describe, expect, test } from 'vitest'
import { nearest } from './nearest.ts'
import { fusedNearest } from './nearest-fused.ts'
import { sampleTable } from './tree/fixture.ts'

describe('the louder of two distances', async () => {
  const data = sampleTable({ rows: 1500, width: 9 })
  const model = await fusedNearest.fit(data, { seed: 3 }, { references: 200 })
  const { index, order, means, factors } = model.base
  const standard = (value: number, f: number) =>
    Math.fround((Math.sign(value) * Math.log1p(Math.abs(value)) - means[f]!) * factors[f]!)

  test('is that of going through all kept flows, times one more for each number outside what was seen', () => {
    const scores = fusedNearest.score(model, data)
    for (let row = 0; row < data.rows; row += 7) {
      const values = data.values.subarray(row * 9, row * 9 + 9)
      let sum = Number.POSITIVE_INFINITY
      let largest = Number.POSITIVE_INFINITY
      for (let at = 0; at < index.rows.length; at += 9) {
        const differences = Array.from(order, (f, place) => Math.abs(index.rows[at + place]! - standard(values[f]!, f)))
        sum = Math.min(
          sum,
          differences.reduce((a, b) => a + b),
        )
        largest = Math.min(largest, Math.max(...differences))
      }
      const outside = Array.from(values).filter((value, f) => value < model.low[f]! || value > model.high[f]!).length
      const expected = Math.max(sum / model.sumScale, largest / model.largestScale) * (1 + outside)
      expect(scores[row]! / Math.max(expected, 1e-4)).toBeCloseTo(expected / Math.max(expected, 1e-4), 3)
    }
  })

  test('is explained by shares that sum to it', () => {
    const scores = fusedNearest.score(model, data)
    for (const row of [0, 5, 77]) {
      const { score, base, contributions } = fusedNearest.explain(model, data, row)
      expect(score).toBe(scores[row])
      expect(contributions.reduce((sum, { share }) => sum + share, base)).toBeCloseTo(score, 9)
    }
  })

  test('leaves out what a row lacks, and is the same from its bytes; bytes of the plain detector are refused', () => {
    const values = data.values.slice(0, 9)
    values[2] = 1e9
    const row = { features: data.features, rows: 1, values }
    expect(fusedNearest.score(model, row)[0]).toBeGreaterThan(2)
    const lacking = { ...row, values: values.with(2, Number.NaN) }
    expect(fusedNearest.score(model, lacking)[0]).toBeLessThan(2)
    expect(fusedNearest.explain(model, lacking, 0).contributions[2]!.share).toBe(0)
    const loaded = fusedNearest.load(fusedNearest.save(model))
    expect(fusedNearest.score(loaded, data)).toEqual(fusedNearest.score(model, data))
    expect(() => fusedNearest.load(nearest.save(model.base))).toThrow(/kind nearest, not nearest-fused/)
  })
})
