import { expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import { describeSettings, tuningOf } from '../detect/tuning.ts'
import { makeData } from './fixture.ts'
import { type SearchOptions, type SearchProgress, searchSettings } from './search.ts'
import { drawSettings, sampleTraining } from './search-draw.ts'
import { planInner } from './search-plan.ts'
import { searchWords } from './search-words.ts'
import { planSplits } from './splits.ts'

const random = createRandom(7)
const families = ['Benign', 'Scan', 'Flood', 'Theft']
/** Two days; three kinds of attack, each odd in a feature of its own by little more than what is usual. */
const data = makeData(
  Array.from({ length: 1600 }, (_, i) => {
    const kind = i % 5 === 0 ? 1 + ((i / 5) % 3) : 0
    const values = [0, 1, 2, 3].map((f) => random.normal() + (f === kind && kind > 0 ? 2.5 : 0))
    return { values, label: families[kind]!, device: `device ${i % 3}`, at: 1_700_000_000 + i * 60 }
  }),
  { classes: families },
)
const options: SearchOptions = { kind: 'isolation-forest', seed: 3, trials: 12, now: () => 0 }

test('a fixed number of trials repeats byte for byte, and another seed tries others', async () => {
  const first = await searchSettings(data, options)
  const second = await searchSettings(data, options)
  expect(JSON.stringify(second)).toBe(JSON.stringify(first))
  expect(first.trials).toHaveLength(12)
  expect(first.ended).toBe('trials')
  const other = await searchSettings(data, { ...options, seed: 4 })
  expect(JSON.stringify(other.trials)).not.toBe(JSON.stringify(first.trials))
})

test('the default is the first trial, and the winner is best of those seen on all rows', async () => {
  const { trials, winner, judged } = await searchSettings(data, options)
  expect(trials[0]).toMatchObject({ settings: {}, looks: [{ share: 1 }] })
  const full = trials.map(({ looks }) => looks.find(({ share }) => share === 1)?.score)
  const best = Math.max(...full.filter((score) => score !== undefined))
  expect(full[winner]).toBe(best)
  // Halving: fewer are looked at on all rows than on a part of them.
  expect(full.filter((score) => score !== undefined).length).toBeLessThan(trials.length)
  expect(judged!.winner.recall).toHaveLength(2)
})

test('the rows that judge are never among those that choose', () => {
  for (const kind of ['in-time', 'family', 'random'] as const) {
    for (const outer of planSplits(data, { seed: 1, kinds: [kind] }).splits) {
      const judged = new Set(Array.from(outer.test, (row) => data.row[row]))
      const inner = planInner(outer, 1)
      expect(inner.length).toBeGreaterThan(0)
      for (const { trainData, testData, train, calibrate, test: chosenBy } of inner) {
        const used = [...train, ...calibrate].map((row) => trainData.row[row])
        const choosing = Array.from(chosenBy, (row) => testData.row[row])
        expect([...used, ...choosing].filter((row) => judged.has(row))).toEqual([])
      }
      if (kind === 'family') {
        const seen = inner.flatMap(({ trainData, train }) => Array.from(train, (row) => trainData.labels[row]))
        expect(seen).not.toContain(families.indexOf(outer.leftOut))
      }
    }
  }
})

test('what was judged follows from labels of the outer rows that the choice never asks', async () => {
  const { splits } = planSplits(data, { seed: 3, kinds: ['in-time'] })
  const hidden = { ...data, labels: data.labels.slice() }
  for (const row of splits[0]!.test) hidden.labels[row] = hidden.labels[row] === 0 ? 1 : 0
  const honest = await searchSettings(data, { ...options, split: 'in-time' })
  const turned = await searchSettings(hidden, { ...options, split: 'in-time' })
  expect(turned.trials).toEqual(honest.trials)
  expect(turned.judged).not.toEqual(honest.judged)
})

test('time ends it, and leaves time for judging', async () => {
  let clock = 0
  const onProgress = () => {
    clock += 100
  }
  const timed = { ...options, trials: undefined, now: () => clock, onProgress }
  const { ended, trials, judged } = await searchSettings(data, { ...timed, budgetMs: 90_000 })
  expect(ended).toBe('time')
  expect(trials.length).toBeGreaterThan(1)
  expect(trials.length).toBeLessThan(28)
  expect(judged).toBeDefined()
  expect(clock).toBeLessThan(90_000)
})

test('time that is over within the first look ends it there, and the default stays', async () => {
  let clock = 0
  const onProgress = () => {
    clock += 100
  }
  const timed = { ...options, trials: undefined, now: () => clock, onProgress, budgetMs: 100 }
  const report = await searchSettings(data, timed)
  expect(report).toMatchObject({ ended: 'time', winner: 0, judged: undefined, trials: [{ settings: {}, looks: [] }] })
  expect(searchWords(report).sentences.join(' ')).toContain('what the search gained is not known')
})

test('a stop keeps the best so far and does not ask the rows that judge', async () => {
  const stop = new AbortController()
  const seen: SearchProgress[] = []
  const report = await searchSettings(data, {
    ...options,
    trials: 200,
    signal: stop.signal,
    onProgress: (progress) => {
      seen.push(progress)
      if (progress.trial === 11) stop.abort()
    },
  })
  expect(report.ended).toBe('stopped')
  expect(report.judged).toBeUndefined()
  expect(report.trials.length).toBeLessThan(13)
  expect(seen.at(-1)!.bestScore).toBe(report.trials[report.winner]!.looks.at(-1)!.score)
  expect(searchWords(report).sentences.join(' ')).toContain('stopped')
})

test('a small table is used up', async () => {
  const { ended, trials } = await searchSettings(data, { ...options, kind: 'nearest', trials: 500 })
  expect(ended).toBe('all settings tried')
  expect(trials).toHaveLength(12)
})

test('the card’s words hold every trial, the winner, and the figures of the rows put away', async () => {
  const report = await searchSettings(data, options)
  const { sentences, trials } = searchWords(report)
  expect(trials).toHaveLength(report.trials.length)
  expect(trials[report.winner]).toContain('taken')
  expect(sentences.join(' ')).toContain(describeSettings(report.trials[report.winner]!.settings))
  expect(sentences.join(' ')).toMatch(/recall .* at 1 %/)
})

test.each<[string, SearchOptions, RegExp]>([
  ['a kind without settings', { ...options, kind: 'home' }, /kind home has no settings/],
  ['no end', { kind: 'nearest', seed: 1, now: () => 0 }, /needs an end/],
  ['one trial', { ...options, trials: 1 }, /at least 2 trials/],
  ['no minutes', { ...options, budgetMs: 0 }, /more than 0 minutes/],
])('%s is refused in a sentence', async (_, wrong, sentence) => {
  await expect(searchSettings(data, wrong)).rejects.toMatchObject({
    name: 'InputError',
    message: expect.stringMatching(sentence),
  })
})

test('flows without attacks are refused: there is nothing to choose by', async () => {
  const benign = { ...data, labels: new Int32Array(data.rows) }
  await expect(searchSettings(benign, options)).rejects.toThrow(/no attack would be judged/)
  await expect(searchSettings({ ...data, labels: undefined }, options)).rejects.toThrow(/needs labels/)
})

test('each table begins with the defaults, and what is drawn is new', () => {
  const table = tuningOf('boosting')!
  const known = new Set(['{}'])
  const drawn = drawSettings(table, { random: createRandom(1), known, count: 100 })
  expect(new Set(drawn.map((one) => JSON.stringify(one))).size).toBe(100)
  for (const settings of drawn) {
    for (const [name, value] of Object.entries(settings)) expect(table.values[name]!.slice(1)).toContain(value)
  }
})

test('a cheap look keeps the shares of the classes', () => {
  const [split] = planSplits(data, { seed: 1, kinds: ['in-time'] }).splits
  const rows = sampleTraining(split!, { share: 1 / 3, seed: 1 })
  const share = (some: Int32Array) => some.filter((row) => data.labels[row] === 0).length / some.length
  expect(rows.length).toBeCloseTo(split!.train.length / 3, -1)
  expect(share(rows)).toBeCloseTo(share(split!.train), 2)
})
