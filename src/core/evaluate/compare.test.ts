import { expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import { compareModels, signTest } from './compare.ts'
import { makeData } from './fixture.ts'
import { prAuc, recallAtRate } from './metrics.ts'
import { createCurve } from './weighted-curve.ts'

/** SciPy 1.10.1 stats.binomtest(k, n, .5).pvalue. */
test.each([
  [3, 10, 0.09228515625],
  [40, 60, 0.05688793364098088],
  [900, 1100, 8.457089535503812e-6],
  [0, 0, 1],
])('%i against %i has the exact p of a fair coin', (a, b, p) => {
  expect(signTest(a, b)).toBeCloseTo(p, 9)
  expect(signTest(b, a)).toBeCloseTo(p, 9)
})

test('the weighted curve is the plain one for weights of one, and of repeated rows for others', () => {
  const random = createRandom(3)
  const scores = Float64Array.from({ length: 200 }, () => Math.round(random.next() * 40))
  const flags = Uint8Array.from(scores, (score) => (random.next() * 40 < score ? 1 : 0))
  const curve = createCurve(scores, flags)
  const plain = curve(new Uint16Array(200).fill(1), 0.1)
  expect(plain.prAuc).toBeCloseTo(prAuc({ scores, attacks: flags }), 12)
  expect(plain.recall).toBeCloseTo(recallAtRate({ scores, attacks: flags }, 0.1).recall, 12)
  const weights = Uint16Array.from(scores, () => random.int(4))
  const repeated = Array.from(weights).flatMap((weight, row) => new Array<number>(weight).fill(row))
  const judged = { scores: repeated.map((row) => scores[row]!), attacks: repeated.map((row) => flags[row]!) }
  expect(curve(weights, 0.1).prAuc).toBeCloseTo(prAuc(judged), 12)
  expect(curve(weights, 0.1).recall).toBeCloseTo(recallAtRate(judged, 0.1).recall, 12)
})

const random = createRandom(1)
const rows = Array.from({ length: 2000 }, (_, i) => ({ values: [i], label: i % 4 === 0 ? 'Attack' : 'Benign' }))
const data = makeData(rows)
const scored = (name: string, gap: number) => ({
  name,
  threshold: 1.5,
  scores: Float64Array.from(data.labels, (label) => random.normal() + (label === 1 ? gap : 0)),
})
const good = scored('good', 3)
const bad = scored('bad', 1)

test('the better model is said to be better, the worse worse', () => {
  const better = compareModels(data, { champion: bad, challenger: good })
  expect(better.verdict).toBe('better')
  expect(better.sentence).toContain('good does better than bad')
  expect(better.prAuc!.low).toBeGreaterThan(0)
  expect(better.prAuc!.low).toBeLessThan(better.prAuc!.difference)
  expect(better.prAuc!.high).toBeGreaterThan(better.prAuc!.difference)
  const worse = compareModels(data, { champion: good, challenger: bad })
  expect(worse.verdict).toBe('worse')
  expect(worse.mcnemar.onlyChampion).toBe(better.mcnemar.onlyChallenger)
})

test('a model is no better than itself, and two equally good ones rarely differ', () => {
  const same = compareModels(data, { champion: good, challenger: { ...good, name: 'twin' } })
  expect(same).toMatchObject({ verdict: 'no difference', mcnemar: { onlyChampion: 0, onlyChallenger: 0, p: 1 } })
  const verdicts = Array.from({ length: 10 }, () =>
    compareModels(data, { champion: good, challenger: scored('other', 3), resamples: 200 }),
  ).map(({ verdict }) => verdict)
  expect(verdicts.filter((verdict) => verdict === 'no difference').length).toBeGreaterThanOrEqual(7)
})

test('without labels fewer alarms are better, and rows that one does not judge are left out', () => {
  const loud = { ...good, name: 'loud', threshold: 0 }
  const quiet = { ...good, name: 'quiet', threshold: 9 }
  const found = compareModels({ ...data, labels: undefined }, { champion: loud, challenger: quiet })
  expect(found).toMatchObject({ verdict: 'better', prAuc: undefined, recall: undefined, rows: 2000 })
  const few = { ...quiet, scores: quiet.scores.map((score, row) => (row < 1990 ? Number.NaN : score)) }
  expect(() => compareModels(data, { champion: loud, challenger: few })).toThrow('both models judge; there are 10')
})
