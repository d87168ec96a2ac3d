import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import type { Detector, DetectorModel, Explanation, TrainingData } from '../detect/detector.ts'
import { gradientBoosting } from '../detect/gradient-boosting.ts'
import { isolationForest } from '../detect/isolation-forest.ts'
import { nearest } from '../detect/nearest.ts'
import { sampleTable } from '../detect/tree/fixture.ts'
import { checkByDeletion, deletionCurve, orderByShare } from './deletion.ts'

const CIC = new URL('../../../../shared/data/cicids2017-flows/cleaned52_balanced.csv.gz', import.meta.url)
const EXPLAINED = 40

test('the curve of a sum falls by the shares, and its area is known', async () => {
  const explanation = made([4, 0, 1])
  const sum = ({ rows, values }: { rows: number; values: Float32Array }) =>
    Float64Array.from({ length: rows }, (_, i) => values[3 * i]! + values[3 * i + 1]! + values[3 * i + 2]!)
  expect(orderByShare(explanation)).toEqual([0, 2, 1])
  const { scores, area } = await deletionCurve(sum, explanation, [0, 2, 1])
  expect([...scores]).toEqual([5, 1, 0, 0])
  expect(area).toBeCloseTo((3 + 0.5 + 0) / 3 / 5, 12)
})

test('an explanation that names the wrong features loses against random orders', async () => {
  const wrong = made([1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1])
  const sum = ({ rows, values }: { rows: number; values: Float32Array }) =>
    Float64Array.from({ length: rows }, (_, i) => values.subarray(6 * i, 6 * i + 6).reduce((total, x) => total + x, 0))
  const check = await checkByDeletion(sum, wrong, { seed: 1, orders: 50 })
  expect(check.area).toBeGreaterThan(check.randomArea)
  expect(check.beatenBy).toBeGreaterThan(40)
})

test('a row that scores no higher than the usual one is refused', async () => {
  const flat = ({ rows }: { rows: number }) => new Float64Array(rows)
  await expect(checkByDeletion(flat, made([1, 2]), { seed: 1 })).rejects.toThrow('no higher than a usual one')
})

describe('shares beat random order', () => {
  const made = sampleTable({ rows: 3000, width: 20, seed: 4 })
  test.each([
    ['Isolation Forest', () => meanAreas(isolationForest, made)],
    ['boosting', () => meanAreas(gradientBoosting, made, { rounds: 30 })],
    ['nearest flow', () => meanAreas(nearest, made)],
  ])('for %s on made rows', async (_, run) => {
    const { own, random } = await run()
    expect(own).toBeLessThan(0.8 * random)
  })

  test.skipIf(!existsSync(CIC)).each([
    ['Isolation Forest', (table: TrainingData) => meanAreas(isolationForest, table)],
    ['boosting', (table: TrainingData) => meanAreas(gradientBoosting, table, { rounds: 30 })],
    ['nearest flow', (table: TrainingData) => meanAreas(nearest, table)],
  ])('for %s on CIC flows', async (_, run) => {
    const { own, random } = await run(readCic())
    expect(own).toBeLessThan(0.7 * random)
  })
})

/** Over the rows that score highest among some. */
async function meanAreas<Model extends DetectorModel, Options>(
  detector: Detector<Model, Options>,
  table: TrainingData,
  options?: Partial<Options>,
): Promise<{ own: number; random: number }> {
  const model = await detector.fit(table, { seed: 1 }, options)
  const scores = detector.score(model, table)
  const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]!)
  const step = Math.floor(order.length / 5 / EXPLAINED)
  let own = 0
  let random = 0
  for (let i = 0; i < EXPLAINED; i++) {
    const explanation = raising(detector.explain(model, table, order[i * step]!))
    const check = await checkByDeletion((data) => detector.score(model, data), explanation, { seed: i, orders: 5 })
    own += check.area / EXPLAINED
    random += check.randomArea / EXPLAINED
  }
  return { own, random }
}

/** An Isolation Forest explains the length of paths, which falls as the score rises. */
function raising(explanation: Explanation): Explanation {
  if (!explanation.scale.includes('path length')) return explanation
  const contributions = explanation.contributions.map((one) => ({ ...one, share: -one.share }))
  return { ...explanation, score: -explanation.score, base: -explanation.base, contributions }
}

/** About 4,000 flows of the table, without the port. */
function readCic(): TrainingData {
  const [header = '', ...lines] = gunzipSync(readFileSync(CIC)).toString().trim().split('\n')
  const names = header.split(',')
  const columns = names.flatMap((name, i) => (/label|attack type|port/i.test(name) ? [] : [i]))
  const random = createRandom(1)
  const kept = lines.filter(() => random.next() < 4000 / lines.length).map((line) => line.split(','))
  return {
    features: columns.map((i) => names[i]!),
    rows: kept.length,
    values: Float32Array.from(kept.flatMap((cells) => columns.map((i) => Number(cells[i])))),
    labels: Uint8Array.from(kept, (cells) => Number(cells.at(-1)!.trim() !== 'Normal Traffic')),
    classes: ['Benign', 'attack'],
  }
}

function made(values: readonly number[], shares = values): Explanation {
  return {
    scale: 'sum',
    score: values.reduce((sum, value) => sum + value, 0),
    base: 0,
    contributions: values.map((value, i) => ({ feature: `f${i}`, value, typical: 0, share: shares[i]! })),
  }
}
