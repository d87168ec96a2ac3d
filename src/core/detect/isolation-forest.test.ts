import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isolationForest, meanPathLength } from './isolation-forest.ts'
import { type ExportedForest, importIsolationForest } from './isolation-forest-import.ts'

/** 40 rows, 8 trees of 32 rows grown by scikit-learn 1.2.1, and its −score_samples. */
const golden: { readonly values: number[]; readonly scores: number[]; readonly forest: ExportedForest } = JSON.parse(
  readFileSync(new URL('../../../tests/golden/scikit-learn/isolation-forest.json', import.meta.url), 'utf8'),
)

test('scores trees of scikit-learn as it does, to 1e-6', () => {
  const model = importIsolationForest(golden.forest)
  const scores = isolationForest.score(model, {
    features: golden.forest.features,
    rows: golden.scores.length,
    values: Float32Array.from(golden.values),
  })
  golden.scores.forEach((score, i) => {
    expect(Math.abs(scores[i]! - score)).toBeLessThan(1e-6)
  })
})

test('c(n) is the paper’s: 0, 1 and 10.24 for 1, 2 and 256 rows', () => {
  expect(meanPathLength(1)).toBe(0)
  expect(meanPathLength(2)).toBe(1)
  expect(meanPathLength(256)).toBeCloseTo(10.2448, 4)
})

test('exported trees that point back or nowhere are refused', () => {
  const [tree] = golden.forest.trees
  for (const childrenLeft of [tree!.childrenLeft.map(() => 0), tree!.childrenLeft.map((child) => child + 1000), []]) {
    const trees = [{ ...tree!, childrenLeft }]
    expect(() => importIsolationForest({ ...golden.forest, trees })).toThrow('damaged')
  }
})

test('a row far from all others stands out', async () => {
  const rows = 300
  const values = Float32Array.from({ length: rows * 3 }, (_, i) => Math.sin(i * 12.9898) * 2)
  values.fill(40, 0, 3)
  const data = { features: ['a', 'b', 'c'], rows, values }
  const scores = isolationForest.score(await isolationForest.fit(data, { seed: 1 }), data)
  expect(scores.indexOf(Math.max(...scores))).toBe(0)
  expect(scores[0]!).toBeGreaterThan(0.7)
})
