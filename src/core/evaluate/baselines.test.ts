import { expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import type { FeatureMatrix } from '../detect/detector.ts'
import { BASELINES } from './baselines.ts'
import { makeData } from './fixture.ts'
import { fitLogistic, scoreLogistic } from './logistic.ts'
import { rocAuc } from './metrics.ts'
import { fitEcod, fitHbos } from './tail-baselines.ts'

function matrixOf(rows: readonly (readonly number[])[]): FeatureMatrix {
  const width = rows[0]!.length
  return {
    features: Array.from({ length: width }, (_, f) => `f${f}`),
    rows: rows.length,
    values: Float32Array.from(rows.flat()),
  }
}

/** scikit-learn 1.2.1 LogisticRegression(C=1, solver='newton-cg', tol=1e-12). */
test('logistic regression is scikit-learn’s', async () => {
  const flags = Array.from({ length: 40 }, (_, i) => Number(i % 3 === 0))
  const values = Float64Array.from({ length: 120 }, (_, at) => {
    const i = Math.floor(at / 3)
    const f = at % 3
    return ((i * (7 + 3 * f)) % 23) / 3 - 3 + (i % 3 === 0 && f === 0 ? 1.5 : 0)
  })
  const model = await fitLogistic({ values, width: 3, flags })
  const expected = [0.4362268047444933, -0.34795740729019636, -0.23026920662232916]
  expected.forEach((weight, f) => {
    expect(model.weights[f]).toBeCloseTo(weight, 6)
  })
  expect(model.intercept).toBeCloseTo(-0.9083702782518674, 6)
  expect(scoreLogistic(model, Float64Array.from([1, 1, 1]))[0]).toBeCloseTo(-1.0503701, 5)
})

test('classes that a line parts entirely still have a finite answer', async () => {
  const values = Float64Array.from({ length: 40 }, (_, i) => i)
  const { weights, intercept } = await fitLogistic({
    values,
    width: 1,
    flags: Array.from(values, (v) => Number(v > 20)),
  })
  expect(Number.isFinite(weights[0]! + intercept)).toBe(true)
  expect(weights[0]).toBeGreaterThan(0)
})

/** The paper's definition in NumPy 1.24.2, each judged row joined to the training rows. */
test('ECOD is the tails of the paper', () => {
  const train = matrixOf(Array.from({ length: 20 }, (_, i) => [((i * 11) % 17) / 2, ((i * 5) % 13) ** 2]))
  const score = fitEcod(train)
  const judged = matrixOf([
    [4, 10],
    [100, -1],
    [0, 144],
    [8, 500],
  ])
  const expected = [1.6582280766035324, 3.044522437723423, 1.9459101490553132, 5.395897694886901]
  expect(Array.from(score(judged), (value) => value.toFixed(9))).toEqual(expected.map((value) => value.toFixed(9)))
})

/** By hand: 8 rows, 3 bins over log1p, Laplace (count + 1) / (8 + 3). */
test('HBOS is −log of how full the bin is; beyond the bins is an empty one', () => {
  const score = fitHbos(matrixOf([[0], [0], [0], [0], [0], [0], [9], [99]]))
  const judged = score(matrixOf([[0], [9], [99], [1e6], [Number.NaN]]))
  const cost = (count: number) => -Math.log((count + 1) / 11)
  ;[cost(6), cost(1), cost(1), cost(0)].forEach((expected, row) => {
    expect(judged[row]).toBeCloseTo(expected, 9)
  })
  expect(Number.isFinite(judged[4]!)).toBe(true)
})

const random = createRandom(2)
const rows = Array.from({ length: 800 }, (_, i) => {
  const attack = i % 4 === 0
  const size = Math.exp(5 + random.normal() + (attack ? 5 : 0))
  return {
    values: [size, size * 100 * (1 + random.next()), i % 50 === 0 ? Number.NaN : random.normal()],
    label: attack ? 'Attack' : 'Benign',
  }
})
const data = makeData(rows)

test.each(
  BASELINES.filter(({ name }) => name !== 'always benign').map((contender) => [contender.name, contender] as const),
)('%s finds attacks that are plain to see, the same for the same seed', async (_, contender) => {
  const scores = await (await contender.fit(data, { seed: 1 }))(data)
  expect(rocAuc({ scores, attacks: data.labels })).toBeGreaterThan(0.9)
  expect(await (await contender.fit(data, { seed: 1 }))(data)).toEqual(scores)
})

test('always benign is right as often as the base rate; counts that nobody knows are not judged', async () => {
  const silent = BASELINES.find(({ name }) => name === 'always benign')!
  const scores = await (await silent.fit(data, { seed: 1 }))(data)
  expect(rocAuc({ scores, attacks: data.labels })).toBe(0.5)
  const boxPlot = BASELINES.find(({ name }) => name.startsWith('box-plot'))!
  const unknown = { ...data, counts: new Float64Array(data.rows * 4).fill(Number.NaN) }
  expect((await (await boxPlot.fit(data, { seed: 1 }))(unknown)).every((score) => Number.isNaN(score))).toBe(true)
})
