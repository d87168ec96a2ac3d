/** The models that come with the app: whole, small, and able to judge. */
import { readdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { openModelFolder } from '#core/detect/judge.ts'
import { loadModel } from '#core/model/load.ts'
import { SHIPPED_MODEL, SHIPPED_MODELS, shippedFolder } from '#core/model/shipped.ts'
import { createTrainer } from '../cli/engine.ts'

const ROOT = new URL('../', import.meta.url).pathname
const ROWS = 60

test('take less than 2 MB together', () => {
  const sizes = readdirSync(join(ROOT, 'models'), { recursive: true, encoding: 'utf8' }).map((path) => {
    const info = statSync(join(ROOT, 'models', path))
    return info.isFile() ? info.size : 0
  })
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(2e6)
})

test('the default one loads with every hash verified', async () => {
  const folder = join(ROOT, shippedFolder(SHIPPED_MODELS[0]))
  expect((await loadModel((path) => readFile(join(folder, path)))).manifest.name).toBe(SHIPPED_MODEL)
})

test.each(SHIPPED_MODELS.slice(1))('$name opens with every hash verified and judges flows', async (model) => {
  const folder = join(ROOT, shippedFolder(model))
  const { judge, manifest } = await openModelFolder((path) => readFile(join(folder, path)), createTrainer)
  expect(manifest).toMatchObject({ name: model.name, version: model.version })
  expect(manifest.features.filter((name) => /port$|addr|\bip\b|time ?stamp/i.test(name))).toEqual([])
  const random = createRandom(1)
  const values = Float32Array.from({ length: ROWS * manifest.features.length }, () => 1000 * random.next())
  const scores = await judge.score({
    rows: ROWS,
    matrix: { features: manifest.features, rows: ROWS, values },
    counts: new Float64Array(4 * ROWS),
    device: new Int32Array(ROWS),
    devices: ['lamp'],
    capture: new Int32Array(ROWS),
    captures: ['made.csv'],
    startMicros: new Float64Array(ROWS).fill(Number.NaN),
    row: Float64Array.from({ length: ROWS }, (_, i) => i + 1),
    labels: undefined,
    classes: ['Benign'],
  })
  expect(scores.slice(manifest.window).every(Number.isFinite)).toBe(true)
  const card = await readFile(join(folder, 'card.md'), 'utf8')
  for (const part of ['## What it learnt from', '95 % interval', '## Where it fails']) expect(card).toContain(part)
})
