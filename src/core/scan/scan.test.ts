import { describe, expect, it } from 'vitest'
import { Tally } from '../base/tally.ts'
import type { Network } from '../detect/network.ts'
import type { FlowInput } from '../flow/input.ts'
import { type FixtureFlow, tableFlows } from './fixture.ts'
import { manifest, WIDTH, zeros } from './plain-model.ts'
import { type ScanOptions, scan } from './scan.ts'
import type { ScanSummary, ScanUpdate } from './update.ts'

const START = Date.UTC(2026, 2, 1) * 1000
const MINUTE = 60e6

const options: ScanOptions = {
  file: 'test.csv',
  bytesTotal: undefined,
  model: { manifest, sha256: 'none', network: zeros },
  threshold: { kind: 'value', value: 2 },
  vendorOf: () => undefined,
  timeZone: 'UTC',
  inFlight: 2,
  updateEveryMs: 0,
}

function inputOf(flows: readonly FixtureFlow[], perStep = 50, onStep?: (step: number) => void): FlowInput {
  const stats = { bytesRead: 0, packets: 0, rows: 0, skipped: new Tally(), remarks: [], readMs: 0, featuresMs: 0 }
  return {
    kind: 'flow-csv',
    stats,
    async *steps() {
      for (let at = 0; at < flows.length; at += perStep) {
        const { batch } = tableFlows(flows.slice(at, at + perStep), at + 1)
        stats.rows += batch.length
        onStep?.(at / perStep)
        yield { flows: [batch], sightings: [] }
      }
    },
  }
}

async function run(
  input: FlowInput,
  change: Partial<ScanOptions> = {},
  signal?: AbortSignal,
): Promise<{ updates: ScanUpdate[]; summary: ScanSummary }> {
  const updates: ScanUpdate[] = []
  const steps = scan(input, { ...options, ...change }, signal)
  for (;;) {
    const { done, value } = await steps.next()
    if (done) return { updates, summary: value }
    updates.push(value)
  }
}

const calm = (n: number): FixtureFlow[] =>
  Array.from({ length: n }, (_, i) => ({ startMicros: START + i * MINUTE, counts: [2, 2, 150 + (i % 7), 150] }))

describe('a scan', () => {
  it('makes as many windows as rows less ten and finds nothing in calm traffic', async () => {
    const { summary, updates } = await run(inputOf(calm(200)))
    expect(summary).toMatchObject({
      rows: 200,
      windows: 190,
      anomalies: 0,
      percentage: 0,
      cases: 0,
      devices: 1,
      stopped: false,
    })
    expect(updates.flatMap(({ flows }) => flows.map(({ batch }) => batch.length)).reduce((a, b) => a + b)).toBe(200)
  })

  it('finds a flow that is unlike the rest in the windows that hold it, and tells one case', async () => {
    const flows = calm(300)
    flows[150] = { startMicros: START + 150 * MINUTE, counts: [4000, 3000, 5e7, 1e4] }
    const { summary, updates } = await run(inputOf(flows))
    expect(summary.anomalies).toBe(10)
    const [found, ...others] = updates.at(-1)!.cases
    expect(others).toEqual([])
    const windows = found!.findings.filter(({ detector }) => detector === 'model')
    expect(windows.map(({ rows }) => rows[1])).toEqual([151, 152, 153, 154, 155, 156, 157, 158, 159, 160])
    expect(found!.reasons.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
    expect(found!.reasons[0]!.feature).toBe('orig_pkts')
    expect(summary.timeline.lanes[0]!.findings.reduce((a, b) => a + b)).toBe(10)
  })

  it('says the same however the input is cut into steps, and whatever the scorer has in flight', async () => {
    const flows = calm(400).map((flow, i) =>
      i % 90 === 40 ? { ...flow, counts: [900, 900, 1e6, 1e6] as const } : flow,
    )
    const results = await Promise.all(
      [
        [7, 1],
        [50, 4],
        [400, 2],
      ].map(([perStep, inFlight]) => run(inputOf(flows, perStep), { inFlight: inFlight! })),
    )
    const told = results.map(({ updates, summary }) => ({ cases: updates.at(-1)!.cases, anomalies: summary.anomalies }))
    expect(told[0]!.anomalies).toBeGreaterThan(10)
    expect(told[1]).toEqual(told[0])
    expect(told[2]).toEqual(told[0])
  })

  it('does not change its verdict on some rows when others are added after them', async () => {
    const flows = calm(300)
    flows[100] = { startMicros: START + 100 * MINUTE, counts: [4000, 3000, 5e7, 1e4] }
    const flood = Array.from(
      { length: 3000 },
      (_, i): FixtureFlow => ({ startMicros: START + (301 * 60 + i) * 1e6, counts: [4000, 3000, 5e7, 1e4] }),
    )
    const alone = await run(inputOf(flows))
    const flooded = await run(inputOf([...flows, ...flood]))
    const rows = (result: typeof alone) =>
      result.updates
        .flatMap(({ cases }) => cases.flatMap(({ findings }) => findings.map((finding) => finding.rows[0])))
        .filter((row) => row < 200)
    expect(new Set(rows(flooded))).toEqual(new Set(rows(alone)))
    expect(flooded.summary.anomalies).toBeGreaterThan(2900)
  })

  it('keeps what it found when it is stopped', async () => {
    const flows = calm(2000)
    flows[30] = { startMicros: START + 30 * MINUTE, counts: [4000, 3000, 5e7, 1e4] }
    const controller = new AbortController()
    const input = inputOf(flows, 100, (step) => step === 10 && controller.abort())
    const { summary, updates } = await run(input, {}, controller.signal)
    expect(summary.stopped).toBe(true)
    expect(summary.rows).toBeLessThan(2000)
    expect(updates.at(-1)!.cases).toHaveLength(1)
  })

  it('never lets a window span two devices', async () => {
    const flows = Array.from(
      { length: 40 },
      (_, i): FixtureFlow => ({
        startMicros: START + i * MINUTE,
        counts: [2, 2, 150, 150],
        peer: `192.168.1.${i % 8}`,
      }),
    )
    const { summary } = await run(inputOf(flows))
    expect(summary.devices).toBe(8)
    expect(summary.windows).toBe(0)
  })

  it('fails closed when the network gives nonsense', async () => {
    const broken: Network = {
      ...zeros,
      reconstructionErrors: async (_, rows) => new Float32Array(rows * WIDTH).fill(Number.NaN),
    }
    await expect(run(inputOf(calm(100)), { model: { ...options.model, network: broken } })).rejects.toThrow(
      /not a number/,
    )
  })
})
