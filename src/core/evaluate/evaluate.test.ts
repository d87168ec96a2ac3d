import { expect, test } from 'vitest'
import type { FlowDataset, FlowJudge } from '../detect/dataset.ts'
import { judgeDataset } from './evaluate.ts'
import { type MadeRow, makeData } from './fixture.ts'

/** Scores a flow by its first feature; what has none is not judged. */
const judge: FlowJudge = {
  name: 'first-feature',
  version: '1.0.0',
  kind: 'test',
  threshold: 5,
  score: async ({ matrix, rows }) =>
    Float64Array.from({ length: rows }, (_, row) => matrix.values[row * matrix.features.length]!),
  explain: async () => ({ scale: '', score: 0, base: 0, contributions: [] }),
}

const hour = 3600
/** Scores 0 … 9 benign over ten hours of one device, attacks 3, 7, 8 and one that is not judged. */
const rows: MadeRow[] = [
  ...Array.from({ length: 10 }, (_, i) => ({ values: [i], label: 'Benign', at: i * hour })),
  ...[3, 7, 8, Number.NaN].map((score) => ({ values: [score], label: 'DoS', at: 20 * hour + score })),
]
const data = makeData(rows, { classes: ['Benign', 'DoS', 'Unknown', 'DoS - Attempted'] })

test('one judgement holds what was found, what it cost and what was not judged', async () => {
  const result = await judgeDataset(judge, data)
  expect(result).toMatchObject({
    rows: 14,
    baseRate: 4 / 14,
    abstained: 1,
    confusion: { truePositives: 2, falsePositives: 4, trueNegatives: 6, falseNegatives: 1 },
  })
  expect(Object.keys(result).sort()).toEqual(
    [
      'rows',
      'baseRate',
      'perClass',
      'prAuc',
      'rocAuc',
      'recallAtFpr',
      'falseCasesPerDeviceWeek',
      'abstained',
      'confusion',
      'elapsedMs',
    ].sort(),
  )
  expect(result.perClass.DoS).toMatchObject({ n: 4, recall: 0.5 })
  expect(result.perClass.Benign).toMatchObject({ n: 10, recall: 0.6 })
  // Four of ten quiet device-hours are above the threshold: 4 cases in 10/168 of a week.
  expect(result.falseCasesPerDeviceWeek).toBeCloseTo(4 / (10 / 168), 9)
  // scikit-learn 1.2.1 roc_auc_score and average_precision_score of the 13 judged rows.
  expect(result.rocAuc).toBeCloseTo(0.65, 12)
  expect(result.prAuc).toBeCloseTo(0.34444444444444444, 12)
})

test('what cannot be told is null, not zero', async () => {
  const timeless = makeData(rows.map(({ values, label }) => ({ values, label })))
  const labels = timeless.labels.map((label) => (label < 0 ? 1 : label))
  expect((await judgeDataset(judge, { ...timeless, labels })).falseCasesPerDeviceWeek).toBeNull()
  const blind: FlowJudge = { ...judge, score: async ({ rows: n }) => new Float64Array(n).fill(Number.NaN) }
  expect(await judgeDataset(blind, data)).toMatchObject({
    prAuc: null,
    rocAuc: null,
    recallAtFpr: { '0.01': null, '0.001': null },
    abstained: 14,
  })
})

test('rows whose label does not know are kept out; attempted attacks count as asked', async () => {
  const more = makeData(
    [
      ...rows,
      { values: [9], label: 'Unknown' },
      { values: [9], label: 'DoS - Attempted' },
      { values: [9], label: 'DoS - Attempted' },
    ],
    { classes: ['Benign', 'DoS', 'Unknown', 'DoS - Attempted'] },
  )
  const asAttack = await judgeDataset(judge, more)
  expect(asAttack.rows).toBe(16)
  expect(asAttack.perClass['DoS - Attempted']).toMatchObject({ n: 2, recall: 1 })
  const asBenign = await judgeDataset(judge, more, { attempted: 'benign' })
  expect(asBenign.perClass).not.toHaveProperty('DoS - Attempted')
  expect(asBenign.perClass.Benign).toMatchObject({ n: 12, recall: 0.5 })
})

test.each<[string, FlowDataset, string]>([
  ['no labels', { ...data, labels: undefined }, 'no label column'],
  ['all benign', makeData(rows.slice(0, 10)), 'all 10 rows are labelled Benign, which is benign'],
  [
    'no benign row',
    makeData(rows.map((row) => ({ ...row, label: 'Attack' }))),
    'none of the 14 rows is labelled Benign',
  ],
  [
    'three rows',
    makeData(rows.slice(8, 11).map((row, i) => ({ ...row, label: i ? 'Benign' : 'Attack' }))),
    'at least 10',
  ],
])('%s is refused in a sentence', async (_, refused, sentence) => {
  await expect(judgeDataset(judge, refused)).rejects.toThrow(sentence)
})
