import { describe, expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import type { FeatureMatrix } from '../detect/detector.ts'
import { gradientBoosting } from '../detect/gradient-boosting.ts'
import { explainByKernelShap } from './kernel-shap.ts'
import type { ScoreRows } from './score-rows.ts'

const ROWS = 40

function background(width: number, seed: number): FeatureMatrix {
  const random = createRandom(seed)
  return {
    features: Array.from({ length: width }, (_, i) => `f${i}`),
    rows: ROWS,
    values: Float32Array.from({ length: ROWS * width }, () => random.normal()),
  }
}

function eachRow(width: number, score: (row: Float32Array) => number): ScoreRows {
  return ({ rows, values }) =>
    Float64Array.from({ length: rows }, (_, i) => score(values.subarray(i * width, (i + 1) * width)))
}

function options(matrix: FeatureMatrix) {
  return { background: matrix, typical: new Float32Array(matrix.features.length), scale: 'made up', seed: 1 }
}

/** Interventional values of an additive score: what the feature gives here less what it gives in the background on average. */
function additiveShares(parts: readonly ((x: number) => number)[], row: Float32Array, { values }: FeatureMatrix) {
  return parts.map((part, f) => {
    let mean = 0
    for (let b = 0; b < ROWS; b++) mean += part(values[b * parts.length + f]!) / ROWS
    return part(row[f]!) - mean
  })
}

describe('Shapley values of any score', () => {
  test.each([
    ['all sets', 4],
    ['a sample of sets', 14],
  ])('over %s are the known ones of an additive score', async (_, width) => {
    const matrix = background(width, 2)
    const parts = Array.from({ length: width }, (_, f) => (x: number) => (f % 2 ? f * x : Math.sin(x) + x * x))
    const row = Float32Array.from({ length: width }, (_, f) => 1 + f / 3)
    const score = eachRow(width, (one) => one.reduce((sum, x, f) => sum + parts[f]!(x), 0))
    const { contributions } = await explainByKernelShap(score, row, { ...options(matrix), coalitions: 400 })
    const expected = additiveShares(parts, row, matrix)
    contributions.forEach(({ share }, f) => {
      expect(share).toBeCloseTo(expected[f]!, 6)
    })
  })

  test('split a product between its two features alike', async () => {
    const matrix: FeatureMatrix = { features: ['a', 'b', 'c'], rows: 1, values: new Float32Array(3) }
    const { contributions, base, score } = await explainByKernelShap(
      eachRow(3, ([a, b]) => a! * b!),
      Float32Array.of(2, 3, 9),
      options(matrix),
    )
    expect(contributions.map(({ share }) => share)).toEqual([3, 3, 0])
    expect([base, score]).toEqual([0, 6])
  })

  test('by a sample are near those by all sets, and sum to score less base', async () => {
    const width = 11
    const matrix = background(width, 3)
    const row = Float32Array.from({ length: width }, (_, f) => (f % 3) - 1.5)
    const bent = eachRow(width, (x) => x[0]! * x[1]! + Math.max(0, x[2]! + x[3]! - x[4]!) + Math.tanh(x[5]!) * x[6]!)
    const sampled = await explainByKernelShap(bent, row, { ...options(matrix), coalitions: 600 })
    const sum = sampled.contributions.reduce((total, { share }) => total + share, 0)
    expect(sum).toBeCloseTo(sampled.score - sampled.base, 9)
    // Features 7 to 10 do nothing: without them there are few enough to try all sets.
    const narrow: FeatureMatrix = {
      features: matrix.features.slice(0, 7),
      rows: ROWS,
      values: Float32Array.from({ length: ROWS * 7 }, (_, i) => matrix.values[Math.floor(i / 7) * width + (i % 7)]!),
    }
    const wide = eachRow(7, (x) => x[0]! * x[1]! + Math.max(0, x[2]! + x[3]! - x[4]!) + Math.tanh(x[5]!) * x[6]!)
    const exact = await explainByKernelShap(wide, row.slice(0, 7), options(narrow))
    sampled.contributions.forEach(({ share }, f) => {
      expect(Math.abs(share - (exact.contributions[f]?.share ?? 0))).toBeLessThan(0.05)
    })
  })

  test('agree with TreeSHAP where features are independent', async () => {
    const random = createRandom(5)
    const rows = 3000
    const width = 5
    const values = Float32Array.from({ length: rows * width }, () => random.normal())
    const features = Array.from({ length: width }, (_, i) => `f${i}`)
    const labels = Uint8Array.from({ length: rows }, (_, i) =>
      Number(values[i * width]! + values[i * width + 1]! > 0.5),
    )
    const table = { features, rows, values, labels, classes: ['Benign', 'Attack'] }
    const model = await gradientBoosting.fit(table, { seed: 1 }, { rounds: 20 })
    const part: FeatureMatrix = { features, rows: 500, values: values.slice(0, 500 * width) }
    for (const row of [600, 601, 602]) {
      const own = gradientBoosting.explain(model, table, row)
      const checked = await explainByKernelShap(
        (data) => gradientBoosting.score(model, data).map((p) => Math.log(p / (1 - p))),
        values.slice(row * width, (row + 1) * width),
        { ...options(part), typical: model.typical },
      )
      expect(checked.score).toBeCloseTo(own.score, 6)
      const size = Math.max(...own.contributions.map(({ share }) => Math.abs(share)))
      checked.contributions.forEach(({ share }, f) => {
        expect(Math.abs(share - own.contributions[f]!.share)).toBeLessThan(0.2 * size)
      })
    }
  })

  test('refuse a row of another width, and a score that is no number', async () => {
    const matrix = background(3, 1)
    const nothing = eachRow(3, () => 0)
    await expect(explainByKernelShap(nothing, new Float32Array(2), options(matrix))).rejects.toThrow(
      'the row has 2 numbers for 3 features',
    )
    const broken = eachRow(3, () => Number.NaN)
    await expect(explainByKernelShap(broken, new Float32Array(3), options(matrix))).rejects.toThrow('only numbers')
  })
})
