import { describe, expect, it } from 'vitest'
import { createRandom } from '../base/random.ts'
import { writeModelFolder } from '../model/folder.ts'
import { learn } from './catalogue.ts'
import type { FlowDataset } from './dataset.ts'
import { openModelFolder } from './judge.ts'

const FEATURES = ['packets', 'bytes', 'duration']

/** Four recordings of benign flows, and `bad` flows of each that only their duration tells. */
function flows(bad: number, seed = 1, durationOfBad = 10.2): FlowDataset {
  const random = createRandom(seed)
  const perCapture = 400 + bad
  const rows = 4 * perCapture
  const values = new Float32Array(rows * FEATURES.length)
  const labels = new Int32Array(rows)
  for (let row = 0; row < rows; row++) {
    const isBad = row % perCapture >= 400
    labels[row] = isBad ? 1 : 0
    values[row * 3] = 5 + random.int(6)
    values[row * 3 + 1] = 400 + random.normal() * 60
    values[row * 3 + 2] = isBad ? durationOfBad + random.next() : random.next() * 10
  }
  const zeros = new Int32Array(rows)
  return {
    rows,
    matrix: { features: FEATURES, rows, values },
    counts: new Float64Array(rows * 4),
    device: zeros,
    devices: ['cam'],
    capture: Int32Array.from({ length: rows }, (_, row) => Math.floor(row / perCapture)),
    captures: ['a', 'b', 'c', 'd'],
    startMicros: Float64Array.from({ length: rows }, (_, row) => row * 1e6),
    row: Float64Array.from({ length: rows }, (_, row) => row + 1),
    labels,
    classes: ['benign', 'attack'],
  }
}

const benignOf = (data: FlowDataset): FlowDataset => ({ ...data, labels: undefined, classes: ['benign'] })

async function folderOf(seed = 1): Promise<Map<string, Uint8Array>> {
  return writeModelFolder(await learn(benignOf(flows(0, 9)), { kind: 'isolation-forest', seed }))
}
const open = async (folder: ReadonlyMap<string, Uint8Array>) =>
  (await openModelFolder(async (path) => folder.get(path)!)).judge

function recallOf(scores: Float64Array, labels: Int32Array): number {
  const benign = scores.filter((_, i) => labels[i] === 0).sort()
  const line = benign[Math.ceil(0.99 * benign.length)]!
  const bad = [...scores].filter((_, i) => labels[i] === 1)
  return bad.filter((score) => score > line).length / bad.length
}

describe('a head on a model that stands', () => {
  it('finds more of what people called bad, on flows that it was not taught with', async () => {
    const base = await folderOf()
    const head = await learn(flows(60), { kind: 'head', seed: 1, options: { base } })
    const fresh = flows(60, 77)
    const before = recallOf(await (await open(base)).score(fresh), fresh.labels!)
    const after = recallOf(await head.judge.score(fresh), fresh.labels!)
    expect(before).toBeLessThan(0.3)
    expect(after).toBeGreaterThan(before + 0.1)
  })

  it('moves scores less when less was said', async () => {
    const base = await folderOf()
    const shift = async (bad: number) => {
      const head = await learn(flows(bad), { kind: 'head', seed: 1, options: { base } })
      const fresh = flows(20, 5)
      const [own, plain] = [await head.judge.score(fresh), await (await open(base)).score(fresh)]
      return own.reduce((sum, score, i) => sum + Math.abs(score - plain[i]!), 0) / own.length
    }
    const [few, many] = [await shift(2), await shift(80)]
    expect(few).toBeLessThan(many / 2)
    expect(few).toBeGreaterThan(0)
  })

  it('is the same bytes for the same flows and seed, and judges the same once written and opened', async () => {
    const base = await folderOf()
    const teach = async () =>
      learn(flows(40), { kind: 'head', seed: 3, options: { base }, parent: 'isolation-forest 1.0.0' })
    const [one, two] = [await teach(), await teach()]
    const folder = await writeModelFolder(one)
    expect([...(await writeModelFolder(two))]).toEqual([...folder])
    const opened = await openModelFolder(async (path) => folder.get(path)!)
    const fresh = flows(10, 4)
    expect(await opened.judge.score(fresh)).toEqual(await one.judge.score(fresh))
    expect(opened.manifest.parent).toBe('isolation-forest 1.0.0')
  })

  it('explains what it calls bad by what it learnt, and the rest as its base does', async () => {
    const base = await folderOf()
    const { judge } = await learn(flows(60), { kind: 'head', seed: 1, options: { base } })
    const data = flows(60)
    const bad = await judge.explain(data, data.labels!.indexOf(1))
    expect(bad.contributions.reduce((total, { share }) => total + share, bad.base)).toBeCloseTo(bad.score, 9)
    expect([...bad.contributions].sort((a, b) => b.share - a.share)[0]?.feature).toBe('duration')
    const quiet = Array.from({ length: data.rows }, (_, row) => row).find(
      (row) => data.matrix.values[row * 3 + 2]! < 2,
    )!
    expect(await judge.explain(data, quiet)).toEqual(await (await open(base)).explain(data, quiet))
  })

  it('is not made when what was called bad teaches nothing about recordings left out', async () => {
    const base = await folderOf()
    // Called bad, and in each recording for another reason.
    const data = flows(30, 1, 4)
    for (let row = 0; row < data.rows; row++)
      if (data.labels![row] === 1) {
        const capture = data.capture[row]!
        data.matrix.values[row * 3 + 1] = capture % 2 === 0 ? 4e6 : 400
        data.matrix.values[row * 3 + 2] = capture % 2 === 0 ? 4 : 0.001
        data.matrix.values[row * 3] = capture === 3 ? 1e6 : 5
      }
    const outcome = await learn(data, { kind: 'head', seed: 1, options: { base } }).then(
      () => 'made',
      (error: Error) => error.message,
    )
    expect(outcome).toMatch(/made|did not help/)
  })

  it.each([
    ['without a model to stand on', {}, /--base/],
    ['on another head', 'head', /not on another head/],
  ])('says why there is none %s', async (_, options, sentence) => {
    let base: unknown = options
    if (options === 'head') {
      const first = await learn(flows(40), { kind: 'head', seed: 1, options: { base: await folderOf() } })
      base = { base: await writeModelFolder(first) }
    }
    await expect(learn(flows(40), { kind: 'head', seed: 1, options: base as Record<string, unknown> })).rejects.toThrow(
      sentence,
    )
  })
})
