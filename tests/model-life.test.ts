/** Every kind of model from flows to a folder and back: the same scores, the same bytes, shares that sum, and refusals that say why. */
import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { bytesSource } from '#core/base/source.ts'
import { type LearntModel, learn } from '#core/detect/catalogue.ts'
import { takeRows } from '#core/detect/dataset.ts'
import { linesOfFiles, openModelFolder } from '#core/detect/judge.ts'
import { LEARNABLE_KINDS } from '#core/detect/kinds.ts'
import type { TrainerFactory } from '#core/detect/training.ts'
import { writeModelFolder } from '#core/model/folder.ts'
import { type CollectedDataset, collectDataset } from '#core/scan/dataset.ts'
import { openInputs } from '#core/scan/open.ts'
import { compileKernels } from '#engine/kernels/kernels.ts'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'
import { labelledTable } from './labelled-table.ts'

/** Enough to see that learning works; how well is the business of the evaluation. */
const QUICK = { epochs: 4, trees: 30, rounds: 20 }

let createTrainer: TrainerFactory
let data: CollectedDataset
let later: CollectedDataset

async function collect(text: string): Promise<CollectedDataset> {
  const source = bytesSource('table.csv', new TextEncoder().encode(text))
  const inputs = await openInputs(source, { labelColumn: 'label', ownNumbers: true })
  return collectDataset(inputs, { labelColumn: 'label', benign: 'Benign' })
}

beforeAll(async () => {
  const binary = await readFile(new URL('../src/engine/kernels/kernels.wasm', import.meta.url))
  const module = await compileKernels({ binary: new Uint8Array(binary) })
  createTrainer = (options) => createKernelTrainer(options, module)
  data = await collect(labelledTable({ seed: 1, benign: 1200, scan: 120, transfer: 60 }))
  later = await collect(labelledTable({ seed: 2, benign: 400, scan: 60, transfer: 30 }))
})

const options = (kind: string): Record<string, number> => {
  if (kind === 'lstm-autoencoder' || kind === 'cnn-lstm') return { epochs: QUICK.epochs }
  if (kind === 'boosting') return { rounds: QUICK.rounds }
  return kind === 'nearest' ? {} : { trees: QUICK.trees }
}

async function train(kind: (typeof LEARNABLE_KINDS)[number], seed = 7): Promise<LearntModel> {
  return learn(data, { kind, seed, options: await allOptions(kind), createTrainer })
}

/** With what a head stands on. */
async function allOptions(kind: string): Promise<Record<string, unknown>> {
  return kind === 'head' ? { base: await writeModelFolder(await train('isolation-forest', 1)) } : options(kind)
}

async function open(files: ReadonlyMap<string, Uint8Array>) {
  const fetchFile = async (path: string) => {
    const bytes = files.get(path)
    if (!bytes) throw new Error(`no file ${path}`)
    return bytes
  }
  return openModelFolder(fetchFile, createTrainer)
}

describe.each(LEARNABLE_KINDS)('a model of kind %s', (kind) => {
  let model: LearntModel
  let folder: Map<string, Uint8Array>

  beforeAll(async () => {
    model = await train(kind)
    folder = await writeModelFolder(model)
  }, 60_000)

  test('scores the same after it went through its folder', async () => {
    const { judge, manifest } = await open(folder)
    expect(manifest).toMatchObject({ kind, seed: 7, benignRows: 1200, leftOut: [], captures: ['table.csv'] })
    expect(await judge.score(later)).toEqual(await model.judge.score(later))
    expect(judge.threshold).toBe(model.manifest.threshold)
  })

  test('draws the same lines from its files alone, lower for a larger budget', () => {
    const { name, draw } = linesOfFiles(folder)
    expect(name).toBe(`${kind} 1.0.0`)
    const { home } = draw({ kind: 'budget', perWeek: 1 })
    expect(home).toEqual({ value: model.manifest.threshold, text: model.manifest.thresholdText })
    const [device] = data.devices
    const [strict, loose] = [0.1, 1000].map((perWeek) => draw({ kind: 'budget', perWeek }))
    expect(loose!.lineOf(device!)).toBeLessThanOrEqual(strict!.lineOf(device!))
    // What parts classes goes no further than its sample, however small the budget.
    const classifies = !folder.has('budget.bin')
    expect(loose!.casesPerWeek).toBeGreaterThan(classifies ? strict!.casesPerWeek - 1 : strict!.casesPerWeek)
    expect(draw({ kind: 'value', value: 3 }).lineOf(device!)).toBeLessThanOrEqual(3)
  })

  test('tells attacks from benign flows that it has not seen', async () => {
    const scores = await model.judge.score(later)
    const mean = (label: number) => {
      const some = scores.filter((score, i) => !Number.isNaN(score) && Math.min(1, later.labels![i]!) === label)
      return some.reduce((sum, score) => sum + score, 0) / some.length
    }
    expect(mean(1)).toBeGreaterThan(mean(0))
    const judged = scores.filter((score, i) => later.labels![i] === 0 && !Number.isNaN(score))
    // Drawn for one in a few hundred; 400 flows of another day may pass it a few times.
    expect(judged.filter((score) => score > model.judge.threshold).length / judged.length).toBeLessThan(0.03)
  })

  test('explains a flow in parts that sum to the score', async () => {
    const row = later.labels!.lastIndexOf(later.classes.indexOf('Transfer'))
    const { score, base, contributions } = await model.judge.explain(later, row)
    const sum = contributions.reduce((total, { share }) => total + share, base)
    expect(Math.abs(sum - score)).toBeLessThan(1e-6 * Math.max(1, Math.abs(score)))
    expect(contributions.map(({ feature }) => feature)).toEqual(model.manifest.features)
    expect(score).toBeGreaterThan(base)
  })

  test('is the same bytes from the same flows and seed', async () => {
    expect(await writeModelFolder(await train(kind))).toEqual(folder)
  }, 60_000)

  test('refuses flows that lack its columns, naming them', async () => {
    const { matrix } = later
    const keep = matrix.features.map((_, i) => i).slice(0, 3)
    const values = Float32Array.from({ length: later.rows * 3 }, (_, i) => {
      return matrix.values[Math.floor(i / 3) * matrix.features.length + (i % 3)]!
    })
    const poorer = { ...later, matrix: { features: keep.map((i) => matrix.features[i]!), rows: later.rows, values } }
    if (kind === 'lstm-autoencoder') return expect(await model.judge.score(poorer)).toHaveLength(later.rows)
    await expect(model.judge.score(poorer)).rejects.toThrow(/these flows lack \d+ of them: /)
  })

  test('refuses what cannot teach it', async () => {
    const request = { kind, seed: 1, options: await allOptions(kind), createTrainer }
    const few = takeRows(data, [0, 1, 2])
    await expect(learn(few, request)).rejects.toThrow(/at least \d+ benign flows.*there (?:are|is) \d/)
    const same = { ...data, matrix: { ...data.matrix, values: new Float32Array(data.matrix.values.length).fill(3) } }
    const still = { ...same, counts: new Float64Array(data.counts.length).fill(3) }
    await expect(learn(still, request)).rejects.toThrow(/the same value in all/)
    const values = new Float32Array(data.matrix.values.length).fill(Number.NaN)
    await expect(learn({ ...data, matrix: { ...data.matrix, values } }, request)).rejects.toThrow(/has a number/)
    await expect(learn(data, { ...request, leaveOut: ['Scn'] })).rejects.toThrow(
      /labelled "Scn"; the labels are Benign, /,
    )
    await expect(learn(data, { ...request, leaveOut: ['Benign'] })).rejects.toThrow(/is the benign class/)
  })
})

test('a home of few flows is told how many it needs, of those that it gave', async () => {
  const benign = [...data.labels!.keys()].filter((row) => data.labels![row] === 0)
  const home = (rows: number) => learn(takeRows(data, benign.slice(0, rows)), { kind: 'home', seed: 1 })
  await expect(home(249)).rejects.toThrow(/at least 250 benign flows.*there are 249/)
  expect((await home(250)).manifest.benignRows).toBe(250)
})

test('a model that learns from labels says when there are none, or one class alone', async () => {
  const request = { kind: 'boosting', seed: 1 } as const
  await expect(learn({ ...data, labels: undefined }, request)).rejects.toThrow(/which column holds the label/)
  const benign = takeRows(
    data,
    [...data.labels!.keys()].filter((row) => data.labels![row] === 0),
  )
  await expect(learn(benign, request)).rejects.toThrow(/all 1200 flows are labelled Benign/)
})

test('a class left out teaches nothing and is written down', async () => {
  const model = await learn(data, { kind: 'boosting', seed: 1, leaveOut: ['Scan'], eachClass: true })
  expect(model.manifest).toMatchObject({ leftOut: ['Scan'], classes: ['Benign', 'Transfer'] })
  const without = takeRows(
    data,
    [...data.labels!.keys()].filter((row) => data.classes[data.labels![row]!] !== 'Scan'),
  )
  const other = await learn(without, { kind: 'boosting', seed: 1, eachClass: true })
  expect(model.files).toEqual(other.files)
})

test('weights of another kind or for other columns than the manifest says are refused', async () => {
  const forest = await train('isolation-forest')
  const swapped = await writeModelFolder({ ...forest, manifest: { ...forest.manifest, kind: 'nearest' } })
  await expect(open(swapped)).rejects.toThrow(/holds a model of kind isolation-forest, not nearest/)
  const [first, ...rest] = forest.manifest.features
  const renamed = await writeModelFolder({ ...forest, manifest: { ...forest.manifest, features: [...rest, first!] } })
  await expect(open(renamed)).rejects.toThrow(/other columns than its manifest says/)
})
