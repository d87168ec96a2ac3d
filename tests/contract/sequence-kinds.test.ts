/** Networks over ten flows: learnt, written, opened again, explained. */
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { learn } from '#core/detect/catalogue.ts'
import type { FlowDataset } from '#core/detect/dataset.ts'
import { openModelFolder } from '#core/detect/judge.ts'
import { kindOf } from '#core/detect/kinds.ts'
import type { TrainerFactory } from '#core/detect/training.ts'
import { rocAuc } from '#core/evaluate/metrics.ts'
import { ONNX_FILE, writeModelFolder } from '#core/model/folder.ts'
import { compileKernels } from '#engine/kernels/kernels.ts'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'

const kernels = await compileKernels({
  binary: await readFile(new URL('../../src/engine/kernels/kernels.wasm', import.meta.url)),
})
const createTrainer: TrainerFactory = (options) => createKernelTrainer(options, kernels)
const FEATURES = ['size', 'rate', 'gap', 'half known']
const PER_DEVICE = 400

/** Devices with a steady rhythm; in the last quarter of half of them the flows swell: those are attacks. */
function makeFlows(seed: number): FlowDataset & { labels: Int32Array } {
  const random = createRandom(seed)
  const devices = ['lamp', 'plug', 'camera', 'printer']
  const rows = devices.length * PER_DEVICE
  const values = new Float32Array(rows * FEATURES.length)
  const counts = new Float64Array(rows * 4)
  const labels = new Int32Array(rows)
  const device = Int32Array.from({ length: rows }, (_, i) => i % devices.length)
  for (let i = 0; i < rows; i++) {
    const step = Math.floor(i / devices.length)
    const isAttack = device[i]! >= 2 && step % 100 >= 75
    const size = (isAttack ? 900 : 100) * (1 + 0.2 * random.normal()) + 30 * (step % 3)
    labels[i] = Number(isAttack)
    values.set([size, random.next(), step % 3, random.int(2) === 0 ? Number.NaN : random.normal()], i * FEATURES.length)
    counts.set([3 + (step % 3), 2, Math.max(0, size), 80], 4 * i)
  }
  return {
    rows,
    matrix: { features: FEATURES, rows, values },
    counts,
    device,
    devices,
    capture: new Int32Array(rows),
    captures: ['made.csv'],
    startMicros: Float64Array.from({ length: rows }, (_, i) => i * 1e6),
    row: Float64Array.from({ length: rows }, (_, i) => i + 1),
    labels,
    classes: ['Benign', 'Attack'],
  }
}

const KINDS = ['lstm-autoencoder', 'cnn-lstm'] as const
const options = { epochs: 6 }

describe.each(KINDS)('%s', (kind) => {
  const request = { kind, seed: 2, createTrainer, options }

  test('finds what swells, judges as before when opened again, and says which feature it was', async () => {
    const data = makeFlows(1)
    const model = await learn(data, request)
    const folder = await writeModelFolder(model)
    const lines = kind === 'lstm-autoencoder' ? ['budget.bin'] : []
    const rest = ['card.md', 'manifest.json', 'model.bin', 'model.onnx', 'scope.bin']
    expect([...folder.keys()].sort()).toEqual([...lines, ...rest])
    const { judge } = await openModelFolder(async (path) => folder.get(path)!, createTrainer)
    const other = makeFlows(7)
    const scores = await judge.score(other)
    expect(scores).toEqual(await model.judge.score(other))
    // The first ten flows of each of the four devices are the scene.
    expect(scores.filter(Number.isNaN)).toHaveLength(40)
    const judged = Array.from(scores, (_, i) => i).filter((i) => !Number.isNaN(scores[i]!))
    const auc = rocAuc({
      scores: Float64Array.from(judged, (i) => scores[i]!),
      attacks: Uint8Array.from(judged, (i) => other.labels[i]!),
    })
    expect(auc).toBeGreaterThan(0.95)
    const row = other.labels.indexOf(1)
    const told = await judge.explain(other, row)
    const sum = told.contributions.reduce((total, { share }) => total + share, told.base)
    expect(sum).toBeCloseTo(told.score, 6)
    expect(told.score).toBeCloseTo(scores[row]!, 5)
    const first = [...told.contributions].sort((a, b) => b.share - a.share)[0]
    expect(['size', 'orig_bytes']).toContain(first?.feature)
  })

  test('gives the same bytes for the same seed', async () => {
    const data = makeFlows(1)
    const [first, again] = [await learn(data, request), await learn(data, request)]
    expect(again.files).toEqual(first.files)
    const other = await learn(data, { ...request, seed: 3 })
    expect(other.files).not.toEqual(first.files)
    const mixed = new Map([...first.files, [ONNX_FILE, other.files.get(ONNX_FILE)!]])
    const open = (files: ReadonlyMap<string, Uint8Array>) =>
      kindOf(kind).open(files, first.manifest.features, undefined)
    expect(() => open(first.files)).not.toThrow()
    expect(() => open(mixed)).toThrow('holds another network')
  })

  test('stops and keeps what it learnt so far', async () => {
    const stop = new AbortController()
    const onEpochs = ({ losses }: { losses: readonly unknown[] }) => {
      if (losses.length === 1) stop.abort()
    }
    const model = await learn(makeFlows(1), { ...request, signal: stop.signal, onEpochs })
    expect((await model.judge.score(makeFlows(2))).some((score) => score > 0)).toBe(true)
  })

  test('does not judge or explain the first flows of a device', async () => {
    const data = makeFlows(1)
    const { judge } = await learn(data, request)
    await expect(judge.explain(data, 3)).rejects.toThrow(/needs 10 flows of the same device before it/)
  })
})
