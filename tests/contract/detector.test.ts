import { describe, expect, test } from 'vitest'
import type { Detector, DetectorModel, TrainingData } from '#core/detect/detector.ts'
import { gradientBoosting } from '#core/detect/gradient-boosting.ts'
import { isolationForest } from '#core/detect/isolation-forest.ts'
import { nearest } from '#core/detect/nearest.ts'
import { fusedNearest } from '#core/detect/nearest-fused.ts'
import { randomForest } from '#core/detect/random-forest.ts'
import { sampleTable } from '#core/detect/tree/fixture.ts'
import { rocAuc } from '#core/evaluate/metrics.ts'

const control = { seed: 5 }

/** A detector with its model out of sight, so that one suite can run on all. */
function bind<Model extends DetectorModel, Options>(detector: Detector<Model, Options>, options: Partial<Options>) {
  const open = (model: Model) => ({
    features: model.features,
    score: (data: TrainingData) => detector.score(model, data),
    explain: (data: TrainingData, row: number) => detector.explain(model, data, row),
    bytes: () => detector.save(model),
  })
  return {
    kind: detector.kind,
    supervised: detector.supervised,
    fit: async (data: TrainingData, more = control) => open(await detector.fit(data, more, options)),
    load: (bytes: Uint8Array) => open(detector.load(bytes)),
  }
}

const detectors = [
  bind(isolationForest, { trees: 30 }),
  bind(randomForest, { trees: 20, depth: 8 }),
  bind(gradientBoosting, { rounds: 20 }),
  bind(nearest, { references: 300 }),
  bind(fusedNearest, { references: 300 }),
]

const complete = sampleTable({ rows: 600, width: 9 })
const patchy = sampleTable({ rows: 600, width: 9, missing: 0.2, classes: 3, seed: 2 })

function withValues(data: TrainingData, change: (value: number, column: number) => number): TrainingData {
  const width = data.features.length
  return { ...data, values: data.values.map((value, i) => change(value, i % width)) }
}

describe.each(detectors.map((detector) => [detector.kind, detector] as const))('%s as a detector', (_, detector) => {
  test.each([
    ['complete rows', complete],
    ['rows of three classes that lack values', patchy],
  ])('scores %s: finite, the same for the same seed, bytes included', async (_, data) => {
    const first = await detector.fit(data)
    const second = await detector.fit(data)
    const scores = first.score(data)
    expect(scores.length).toBe(data.rows)
    expect(scores.every((score) => Number.isFinite(score))).toBe(true)
    expect(second.bytes()).toEqual(first.bytes())
    expect(new Set(scores).size).toBeGreaterThan(10)
  })

  test('parts attacks from benign rows better than chance', async () => {
    const data = sampleTable({ rows: 1500, width: 6, seed: 8 })
    const unseen = sampleTable({ rows: 800, width: 6, seed: 9 })
    const model = await detector.fit(data)
    expect(rocAuc({ scores: model.score(unseen), attacks: unseen.labels })).toBeGreaterThan(0.6)
  })

  test('another seed gives another model', async () => {
    const a = await detector.fit(complete)
    const b = await detector.fit(complete, { seed: 6 })
    expect(b.bytes()).not.toEqual(a.bytes())
  })

  test('comes back from its bytes exactly, wherever they lie', async () => {
    const model = await detector.fit(patchy)
    const bytes = model.bytes()
    const elsewhere = new Uint8Array(bytes.length + 3)
    elsewhere.set(bytes, 3)
    const loaded = detector.load(elsewhere.subarray(3))
    expect(loaded.score(patchy)).toEqual(model.score(patchy))
    expect(loaded.explain(patchy, 7)).toEqual(model.explain(patchy, 7))
    expect(loaded.bytes()).toEqual(bytes)
  })

  test('explains: the shares sum to score less base within 1e-6', async () => {
    for (const data of [complete, patchy]) {
      const model = await detector.fit(data)
      for (let row = 0; row < 60; row++) {
        const { score, base, contributions } = model.explain(data, row)
        const sum = contributions.reduce((total, { share }) => total + share, base)
        expect(Math.abs(sum - score)).toBeLessThan(1e-6 * Math.max(1, Math.abs(score)))
        expect(contributions.map(({ feature }) => feature)).toEqual(data.features)
        expect(contributions[3]!.value).toBe(data.values[row * 9 + 3])
      }
    }
  })

  test('a constant column and one without any number change nothing else', async () => {
    const odd = withValues(complete, (value, column) => (column === 2 ? 7 : column === 4 ? Number.NaN : value))
    const model = await detector.fit(odd)
    expect(model.score(odd).every((score) => Number.isFinite(score))).toBe(true)
    const { contributions } = model.explain(odd, 3)
    expect(contributions[2]!.share).toBe(0)
    expect(contributions[4]!.share).toBe(0)
    expect(contributions[4]!.typical).toBeNaN()
  })

  test('infinite rates are numbers like others', async () => {
    const odd = withValues(complete, (value, column) => (column === 1 && value > 3 ? Number.POSITIVE_INFINITY : value))
    const model = await detector.fit(odd)
    expect(model.score(odd).every((score) => Number.isFinite(score))).toBe(true)
  })

  test('columns that are all the same in training score finitely', async () => {
    const flat = withValues(complete, () => 3)
    const model = await detector.fit(flat)
    expect(model.score(complete).every((score) => Number.isFinite(score))).toBe(true)
  })

  test('one class only: an unsupervised detector learns, a supervised one says why not', async () => {
    const data = { ...complete, labels: new Uint8Array(600) }
    if (!detector.supervised) {
      expect((await detector.fit(data)).score(data).length).toBe(600)
      return
    }
    await expect(detector.fit(data)).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringContaining('all 600 rows are labelled Benign'),
    })
  })

  test.each([
    [
      '3 rows',
      { ...complete, rows: 3, values: complete.values.slice(0, 27), labels: Uint8Array.of(0, 1, 0) },
      'there are 3',
    ],
    ['no number anywhere', withValues(complete, () => Number.NaN), 'no number in any'],
    ['no columns', { features: [], rows: 600, values: new Float32Array(0) }, 'no number columns'],
  ])('refuses %s in a sentence', async (_, data, sentence) => {
    await expect(detector.fit(data)).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringContaining(sentence),
    })
  })

  test('refuses rows of other features', async () => {
    const model = await detector.fit(complete)
    const other = { ...complete, features: complete.features.map((name, i) => (i === 5 ? 'speed' : name)) }
    expect(() => model.score(other)).toThrow('feature 6 is missing')
    expect(() => model.explain(complete, 600)).toThrow('row 600 does not exist')
  })

  test('a file cut short, of another kind or changed anywhere is a ModelError or still a model, never a hang', async () => {
    const model = await detector.fit(complete)
    const bytes = model.bytes()
    for (const length of [0, 5, 11, 40, bytes.length >> 1, bytes.length - 9]) {
      expect(() => detector.load(bytes.subarray(0, length))).toThrow(expect.objectContaining({ name: 'ModelError' }))
    }
    const next = detectors[(detectors.indexOf(detector) + 1) % detectors.length]!
    expect(() => next.load(bytes)).toThrow(`not ${next.kind}`)
    for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 300)) {
      const changed = bytes.slice()
      changed[at] = changed[at]! ^ 0x85
      try {
        detector.load(changed).score({ ...complete, rows: 5, values: complete.values.slice(0, 45) })
      } catch (error) {
        expect(['ModelError', 'InputError']).toContain((error as Error).name)
      }
    }
  })

  test('tells its progress and stops when told', async () => {
    const seen: number[] = []
    await bindProgress(detector, complete, (done) => seen.push(done))
    expect(seen.length).toBeGreaterThan(1)
    const stop = new AbortController()
    const fitting = detector.fit(complete, {
      ...control,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    } as typeof control)
    if (!detector.kind.startsWith('nearest')) await expect(fitting).rejects.toMatchObject({ name: 'AbortError' })
    else await fitting.catch((error: Error) => expect(error.name).toBe('AbortError'))
  })
})

async function bindProgress(
  detector: (typeof detectors)[number],
  data: TrainingData,
  onProgress: (done: number) => void,
) {
  await detector.fit(data, { ...control, onProgress } as typeof control)
}
