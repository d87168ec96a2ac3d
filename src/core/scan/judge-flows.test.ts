import { describe, expect, it } from 'vitest'
import { createRandom } from '../base/random.ts'
import { Tally } from '../base/tally.ts'
import { makeCalibration } from '../detect/calibration.ts'
import { learn } from '../detect/catalogue.ts'
import { openModelFolder } from '../detect/judge.ts'
import type { Network } from '../detect/network.ts'
import { lastRow, windowsOf } from '../detect/window-data.ts'
import type { FlowInput } from '../flow/input.ts'
import { WEIGHTS_FILE, writeModelFolder } from '../model/folder.ts'
import type { ModelManifest } from '../model/manifest.ts'
import { collectDataset } from './dataset.ts'
import { type FixtureFlow, tableFlows } from './fixture.ts'
import type { ScanJudge } from './judge-flows.ts'
import { type ScanOptions, scan } from './scan.ts'
import type { ScanSummary, ScanUpdate } from './update.ts'

const START = Date.UTC(2026, 2, 1) * 1000
const MINUTE = 60e6

const untouched: Network = {
  engine: 'plain',
  batchRows: 64,
  async reconstructionErrors() {
    throw new Error('the shipped model was asked though another one judges')
  },
  async dispose() {},
}
const manifest: ModelManifest = {
  format: 'iot-guardian-model/1',
  name: 'shipped',
  version: '1.0.0',
  kind: 'lstm-autoencoder',
  parameters: 0,
  window: 10,
  inputs: ['orig_pkts', 'resp_pkts', 'orig_bytes', 'resp_bytes'].map((column) => ({
    column,
    kind: 'number',
    transform: 'log1p',
  })),
  scaler: { mean: [1, 1, 5, 5], deviation: [1, 1, 2, 2] },
  calibration: makeCalibration([Array.from({ length: 1000 }, (_, i) => i / 1000)], 10),
  typical: [2, 2, 150, 150],
  files: [],
  created: '2026-01-01',
}

/** A camera that talks to its cloud each minute; `oddFrom` … `oddTo` it sends a hundred times as much. */
function camera(options: { seed: number; flows: number; oddFrom?: number; oddTo?: number }): FixtureFlow[] {
  const random = createRandom(options.seed)
  return Array.from({ length: options.flows }, (_, i) => {
    const factor = i >= (options.oddFrom ?? options.flows) && i < (options.oddTo ?? options.flows) ? 100 : 1
    return {
      startMicros: START + i * MINUTE,
      device: '192.168.1.20',
      peer: '203.0.113.5',
      counts: [4 + random.int(4), 3 + random.int(3), (300 + random.int(200)) * factor, 500 + random.int(200)],
    }
  })
}

function inputOf(flows: readonly FixtureFlow[]): FlowInput {
  const stats = { bytesRead: 0, packets: 0, rows: 0, skipped: new Tally(), remarks: [], readMs: 0, featuresMs: 0 }
  return {
    kind: 'flow-csv',
    stats,
    async *steps() {
      for (let at = 0; at < flows.length; at += 100) {
        const { batch } = tableFlows(flows.slice(at, at + 100), at + 1)
        stats.rows += batch.length
        yield { flows: [batch], sightings: [] }
      }
    },
  }
}

async function learnHome(): Promise<ScanJudge> {
  const data = await collectDataset([{ name: 'week one', input: inputOf(camera({ seed: 1, flows: 1500 })) }])
  const learnt = await learn(data, { kind: 'nearest', seed: 1 })
  const files = await writeModelFolder(learnt)
  const opened = await openModelFolder(async (path) => files.get(path)!)
  const sha256 = opened.manifest.files.find(({ path }) => path === WEIGHTS_FILE)?.sha256 ?? ''
  return { judge: opened.judge, manifest: opened.manifest, sha256 }
}

async function run(input: FlowInput, judge: ScanJudge, { network = untouched, perWeek = 1 } = {}) {
  const options: ScanOptions = {
    file: 'test.csv',
    bytesTotal: undefined,
    model: { manifest, sha256: 'none', network },
    judge,
    threshold: { kind: 'budget', perWeek },
    vendorOf: () => undefined,
    timeZone: 'UTC',
    inFlight: 2,
    updateEveryMs: 0,
  }
  const updates: ScanUpdate[] = []
  const steps = scan(input, options)
  for (;;) {
    const { done, value } = await steps.next()
    if (done) return { updates, summary: value satisfies ScanSummary }
    updates.push(value)
  }
}

describe('a scan with a model of the registry', () => {
  it('raises a case where the flows leave what it learnt, explained by what changed, and is named in the summary', async () => {
    const judge = await learnHome()
    const { updates, summary } = await run(inputOf(camera({ seed: 2, flows: 600, oddFrom: 400, oddTo: 430 })), judge)
    expect(summary.model).toEqual({ name: 'nearest', version: '1.0.0', sha256: judge.sha256 })
    expect(summary.windows).toBe(600)
    expect(summary.anomalies).toBeGreaterThanOrEqual(30)
    const found = updates.at(-1)?.cases.flatMap(({ findings }) => findings) ?? []
    const model = found.filter(({ detector }) => detector === 'model')
    expect(model.length).toBeGreaterThan(0)
    const [loudest] = model.sort((a, b) => b.score - a.score)
    expect(loudest?.rows[0]).toBeGreaterThan(395)
    expect(loudest?.rows[0]).toBeLessThanOrEqual(430)
    for (const { score, threshold, reasons } of model) {
      expect(score).toBeGreaterThanOrEqual(threshold)
      expect(reasons.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9)
    }
    expect(model.flatMap(({ reasons }) => reasons.map(({ feature }) => feature)).join(' ')).toContain('orig_bytes')
  })

  it('draws the line from the budget, and says in the summary what it means', async () => {
    const judge = await learnHome()
    const input = () => inputOf(camera({ seed: 2, flows: 600, oddFrom: 400, oddTo: 430 }))
    const [strict, loose] = [await run(input(), judge, { perWeek: 0.1 }), await run(input(), judge, { perWeek: 500 })]
    expect(loose.summary.threshold).toBeLessThan(strict.summary.threshold)
    expect(loose.summary.anomalies).toBeGreaterThan(strict.summary.anomalies)
    expect(strict.summary.thresholdText).toMatch(
      /^Alarm budget of 0\.1 a week: scores above .* about 0\.\d+ false cases a week/,
    )
    expect(loose.summary.thresholdText).toMatch(/^Alarm budget of 500 a week/)
  })

  it('judges windows of flows across the batches that they came in', async () => {
    const { judge, ...rest } = await learnHome()
    const { scope: _, drawLines: __, ...silent } = judge
    const windows: ScanJudge = {
      ...rest,
      judge: {
        ...silent,
        context: 10,
        async score(data) {
          const scores = new Float64Array(data.rows).fill(Number.NaN)
          const found = windowsOf(data, 10)
          for (let i = 0; i < found.length; i++) scores[lastRow(found, i)] = 0
          return scores
        },
      },
    }
    const { summary } = await run(inputOf(camera({ seed: 2, flows: 600 })), windows)
    // The first flow of a device is only the scene of its first window
    expect(summary.windows).toBe(590)
  })

  it('leaves a file without its columns to the shipped model, and says so', async () => {
    const judge = await learnHome()
    const asking = { ...judge, manifest: { ...judge.manifest, features: ['tcprtt', 'synack'] } }
    const zeros: Network = {
      ...untouched,
      async reconstructionErrors(_, rows) {
        return new Float32Array(rows * 4)
      },
    }
    const { summary } = await run(inputOf(camera({ seed: 2, flows: 60 })), asking, { network: zeros })
    expect(summary.model.name).toBe('shipped')
    expect(summary.windows).toBe(50)
    expect(summary.remarks.join(' ')).toMatch(/nearest 1\.0\.0 could not judge this file.*tcprtt, synack/)
  })

  it('holds its findings back where the traffic is of a kind it never saw, and says so', async () => {
    const judge = await learnHome()
    const foreign = camera({ seed: 3, flows: 600 }).map((flow, i) => ({
      ...flow,
      startMicros: START + i * 1000,
      peer: `198.51.100.${i % 250}`,
      counts: [900 + (i % 40), 0, 5e6 + i, 0] as const,
    }))
    const { updates, summary } = await run(inputOf(foreign), judge)
    expect(summary.remarks.join(' ')).toMatch(/This is not the kind of traffic that the model knows: \d+ % of it/)
    expect(summary.windows).toBe(600)
    const findings = updates.at(-1)?.cases.flatMap((found) => found.findings) ?? []
    expect(findings.filter(({ detector, rows }) => detector === 'model' && rows[1] > 400)).toEqual([])
    const known = await run(inputOf(camera({ seed: 4, flows: 600 })), judge)
    expect(known.summary.remarks.join(' ')).not.toMatch(/kind of traffic/)
  })
})
