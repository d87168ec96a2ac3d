import { expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import type { FlowJudge } from '../detect/dataset.ts'
import { FEATURES } from '../flow/features.ts'
import { BASELINES } from './baselines.ts'
import { type MadeRow, makeData } from './fixture.ts'
import type { LabelledDataset } from './labels.ts'
import { findLeaks, identifierOf, leaningOf, permuteFeatures } from './leak.ts'
import { takeLabelled } from './rows.ts'
import { planSplits } from './splits.ts'

const random = createRandom(5)
const NAMES = ['bytes', 'packets', 'lifetime']
/** Attacks are a little larger; the third feature is the lab's TTL under another name: 64 or 254, one in 500 the other way. */
const rows = Array.from({ length: 1000 }, (_, i): MadeRow => {
  const attack = i % 5 === 0
  const swapped = i % 500 === 0
  return {
    values: [random.normal() + (attack ? 1 : 0), random.normal(), attack !== swapped ? 254 : 64],
    label: attack ? 'Attack' : 'Benign',
    device: ['lamp', 'camera'][i % 2]!,
    at: i * 60,
  }
})
const data = makeData(rows, { features: NAMES })

test('a label hidden in a TTL is caught by what it does, whatever it is called', () => {
  const leaks = findLeaks(data)
  expect(leaks.map(({ feature }) => feature)).toEqual(['lifetime'])
  expect(leaks[0]!.sentence).toContain('gives the label away')
})

test('a label hidden in two values on either side of the benign one is caught too', () => {
  const hidden = makeData(
    rows.map((row, i) => ({ ...row, values: [row.values[0]!, row.label === 'Attack' ? (i % 2 ? 32 : 254) : 64] })),
    { features: ['bytes', 'lifetime'] },
  )
  expect(findLeaks(hidden).map(({ feature, reason }) => [feature, reason])).toEqual([
    ['lifetime', 'few values separate'],
  ])
})

test('traffic without a leak has none, and its name alone makes an identifier one', () => {
  const clean = makeData(
    rows.map((row) => ({ ...row, values: row.values.slice(0, 2) })),
    { features: ['bytes', 'sttl'] },
  )
  expect(findLeaks(clean)).toMatchObject([{ feature: 'sttl', reason: 'identifier' }])
})

test.each([
  'Destination Port',
  'Src IP',
  'dst_mac',
  'Timestamp',
  'Flow ID',
  'uid',
  'ts',
  'sttl',
  'ct_state_ttl',
  'id.orig_p',
])('%s is no feature', (name) => {
  expect(identifierOf(name)).toBeDefined()
})

test('of the 78 features only the port is an identifier', () => {
  expect(FEATURES.map(([name]) => name).filter((name) => identifierOf(name))).toEqual(['Destination Port'])
  for (const name of ['hosts 1 min', 'ports reached 10 s', 'new hosts per hour', 'Idle Mean', 'ct_dst_src_ltm']) {
    expect(identifierOf(name)).toBeUndefined()
  }
})

test('permuting shows what a detector leans on', async () => {
  const trees = BASELINES.find(({ name }) => name === 'boosted trees')!
  const score = await trees.fit(data, { seed: 1 })
  const done: number[] = []
  const drops = await permuteFeatures(data, score, { seed: 1, onProgress: (count) => void done.push(count) })
  expect(done).toHaveLength(data.matrix.features.length)
  expect(await permuteFeatures(data, score, { seed: 1, features: ['lifetime'] })).toEqual(drops.slice(0, 1))
  expect(drops[0]).toMatchObject({ feature: 'lifetime' })
  expect(drops[0]!.drop).toBeGreaterThan(0.3)
})

test('a judge is tried on an even part of many flows, and one of windows is refused', async () => {
  const judge: FlowJudge = {
    name: 'made up',
    version: '1.0.0',
    kind: 'made up',
    threshold: 0,
    score: async ({ matrix }) => Float64Array.from({ length: matrix.rows }, (_, row) => matrix.values[row * 3 + 2]!),
    explain: () => Promise.reject(new Error('not asked')),
  }
  const { rows, features } = await leaningOf({ judge, window: 1, features: NAMES }, data, { mostRows: 300 })
  expect(rows).toBe(300)
  expect(features.map(({ drop }) => drop > 0.3)).toEqual([true, false, false])
  expect(features.slice(1).map(({ drop }) => drop)).toEqual([0, 0])
  const windowed = { judge, window: 10, features: NAMES }
  await expect(leaningOf(windowed, data)).rejects.toThrow('10 flows together')
})

test.each(BASELINES.map((contender) => [contender.name, contender] as const))(
  'who, where and when do not change a score of %s',
  async (_, contender) => {
    const [split] = planSplits(data, { seed: 1, kinds: ['in-time'] }).splits
    const train = takeLabelled(data, split!.train)
    const test = takeLabelled(data, split!.test)
    const plain = await (await contender.fit(train, { seed: 1 }))(test)
    const hidden = await (await contender.fit(hideIdentity(train), { seed: 1 }))(hideIdentity(test))
    expect(hidden).toEqual(plain)
  },
)

/** The same flows with everything that is no feature dealt out anew: names, places and absolute times. */
function hideIdentity(data: LabelledDataset): LabelledDataset {
  const rename = (names: readonly string[], noun: string) => names.map((_, at) => `${noun} ${names.length - at}`)
  return {
    ...data,
    devices: rename(data.devices, 'device'),
    captures: rename(data.captures, 'capture'),
    startMicros: data.startMicros.map((at) => at + 86_400e6 * 365),
  }
}
