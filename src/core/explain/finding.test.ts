import { expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import type { FlowDataset, FlowJudge } from '../detect/dataset.ts'
import { isolationForestKind } from '../detect/tabular-kinds.ts'
import { explainFinding } from './finding.ts'

const STEPS = 3
const COUNTS = ['orig_pkts', 'resp_pkts', 'orig_bytes', 'resp_bytes'] as const

/** A device's flows: 4 packets and 100 bytes each way, but for some that send much. */
function flowsOf(sent: readonly number[]): FlowDataset {
  const rows = sent.length
  const counts = Float64Array.from(sent.flatMap((bytes) => [4, 4, bytes, 100]))
  return {
    rows,
    matrix: { features: COUNTS, rows, values: Float32Array.from(counts) },
    counts,
    device: new Int32Array(rows),
    devices: ['camera'],
    capture: new Int32Array(rows),
    captures: [''],
    startMicros: Float64Array.from(sent, (_, i) => i * 1e6),
    // As a capture numbers flows by their end, not in the order of their start.
    row: Float64Array.from(sent, (_, i) => 100 + (i ^ 1)),
    labels: undefined,
    classes: ['benign'],
  }
}

/** Of each window of three: how far the mean of the sent bytes' logarithms is from that of 100, squared; the parts are known. */
const windowJudge: FlowJudge = {
  name: 'made up',
  version: '1.0.0',
  kind: 'made up',
  threshold: 4,
  async score({ rows, counts, capture }) {
    return Float64Array.from({ length: rows }, (_, i) => {
      if (capture[i - STEPS] !== capture[i]) return Number.NaN
      let sum = 0
      for (let k = 0; k < STEPS; k++) sum += Math.log2(counts[4 * (i - k) + 2]! / 100) / STEPS
      return sum ** 2
    })
  },
  async explain(data, row) {
    const [score] = (await this.score(data)).slice(row)
    let mean = 0
    for (let k = 0; k < STEPS; k++) mean += data.counts[4 * (row - k) + 2]! / STEPS
    const part = (feature: string, value: number, share: number) => ({ feature, value, typical: 90, share })
    return { scale: 'made up', score: score!, base: 0, contributions: [part('orig_bytes', mean, score!)] }
  },
}

const told = (score: number) => score

test('a window is found by its rows and its score, and told with the change that would have let it pass', async () => {
  const data = flowsOf([100, 100, 100, 100, 1600, 1600, 1600, 100, 100])
  const scores = await windowJudge.score(data)
  expect(scores[6]).toBeCloseTo(16, 9)
  const found = await explainFinding({
    judge: windowJudge,
    window: STEPS,
    data,
    finding: { rows: [104, 107], score: 16 },
    told,
    threshold: windowJudge.threshold,
    usual: new Map([['orig_bytes', 100]]),
  })
  expect(found).toMatchObject({ flows: STEPS, lastRow: 107, line: 4 })
  expect(found.explanation).toMatchObject({ score: 16, contributions: [{ value: 1600, typical: 100, share: 16 }] })
  expect(found.sentence).toContain('On average their amount of data sent was 1.6 kB (usually 100 B)')
  // Two doublings less: 400 B.
  expect(found.change).toMatch(/^These 3 flows would have passed as normal with .* at (39\d|400) B instead of 1\.6 kB/)
})

test('flows that are gone, and flows that score otherwise, are said', async () => {
  const data = flowsOf([100, 100, 100, 100, 100])
  const request = { judge: windowJudge, window: STEPS, data, told, threshold: 4 }
  await expect(explainFinding({ ...request, finding: { rows: [900, 950], score: 16 } })).rejects.toThrow('not kept')
  await expect(explainFinding({ ...request, finding: { rows: [100, 104], score: 16 } })).rejects.toThrow('No flow')
})

test('a single flow of a learnt model: the parts sum to the score, and the change passes its line', async () => {
  const random = createRandom(3)
  const learnt = flowsOf(Array.from({ length: 400 }, () => 80 + random.next() * 40))
  const { files } = await isolationForestKind.learn(learnt, { seed: 1 })
  const scorer = isolationForestKind.open(files, COUNTS, undefined)
  const data = flowsOf([100, 95, 5e6, 105])
  const scores = await scorer.score(data)
  const threshold = (scores[0]! + scores[2]!) / 2
  const judge: FlowJudge = {
    ...windowJudge,
    threshold,
    score: (flows) => scorer.score(flows),
    explain: (flows, row) => scorer.explain(flows, row),
  }
  const surprise = (score: number) => 10 * score
  const found = await explainFinding({
    judge,
    window: 1,
    data,
    finding: { rows: [100, 103], score: surprise(scores[2]!) },
    told: surprise,
    threshold,
  })
  expect(found.lastRow).toBe(103)
  const { score, base, contributions } = found.explanation
  expect(contributions.reduce((sum, { share }) => sum + share, base)).toBeCloseTo(score, 9)
  expect(found.line).toBeCloseTo(Math.log2(threshold), 9)
  expect(found.change).toMatch(/its amount of data sent at .* instead of 5\.0 MB/)
  expect(found.deletion!.area).toBeLessThan(found.deletion!.randomArea)
})
