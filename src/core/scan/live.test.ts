import { describe, expect, it } from 'vitest'
import type { Case } from '../alert/case.ts'
import { createRandom } from '../base/random.ts'
import { Tally } from '../base/tally.ts'
import type { FlowInput } from '../flow/input.ts'
import type { LiveFlows } from '../live/record.ts'
import { type FixtureFlow, tableFlows } from './fixture.ts'
import { type LiveOptions, LiveRun, type LiveStep } from './live.ts'
import { manifest, zeros } from './plain-model.ts'
import { scan } from './scan.ts'

const START = Date.UTC(2026, 2, 1) * 1000

const options: LiveOptions = {
  model: { manifest, sha256: 'none', network: zeros },
  threshold: { kind: 'value', value: 2 },
  timeZone: 'UTC',
  deviceName: (id) => id,
}

/** Two devices that poll, one of which sends much for a while. */
function makeFlows(count: number): FixtureFlow[] {
  const random = createRandom(3)
  return Array.from({ length: count }, (_, i) => {
    const isLoud = i % 2 === 0 && i > count / 2 && i < count / 2 + 60
    const bytes = isLoud ? 4_000_000 : 120 + random.int(60)
    return {
      startMicros: START + i * 30e6,
      device: i % 2 === 0 ? 'a' : 'b',
      peer: `198.51.100.${random.int(3)}`,
      port: 443,
      counts: [2 + random.int(2), 2, bytes, 150],
    }
  })
}

const batchesOf = (flows: readonly FixtureFlow[], size: number, first = 1): LiveFlows[] =>
  Array.from({ length: Math.ceil(flows.length / size) }, (_, i) =>
    tableFlows(flows.slice(i * size, (i + 1) * size), first + i * size),
  )

async function feed(run: LiveRun, batches: readonly LiveFlows[]): Promise<LiveStep[]> {
  const steps: LiveStep[] = []
  for (const batch of batches) steps.push(await run.take(batch))
  return steps
}
const verdictsOf = (steps: readonly LiveStep[]) => steps.flatMap(({ verdicts }) => verdicts)
const lastCases = (steps: readonly LiveStep[]) => [
  ...new Map(steps.flatMap(({ cases }) => cases).map((told) => [told.case.id, told.case])).values(),
]

async function scanCases(flows: readonly FixtureFlow[]): Promise<readonly Case[]> {
  const input: FlowInput = {
    kind: 'flow-csv',
    stats: { bytesRead: 0, packets: 0, rows: 0, skipped: new Tally(), remarks: [], readMs: 0, featuresMs: 0 },
    async *steps() {
      for (const { batch } of batchesOf(flows, 50)) yield { flows: [batch], sightings: [] }
    },
  }
  const source = { file: 't', bytesTotal: undefined, vendorOf: () => undefined, inFlight: 1, updateEveryMs: 0 }
  let last: readonly Case[] = []
  for await (const { cases } of scan(input, { ...source, ...options })) if (cases.length > 0) last = cases
  return last
}

describe('live traffic', () => {
  it('is judged window by window from the eleventh flow of a device on', async () => {
    const steps = await feed(new LiveRun(options), batchesOf(makeFlows(40), 1))
    expect(steps.map(({ verdicts }) => verdicts.length)).toEqual([
      ...Array.from({ length: 20 }, () => 0),
      ...Array.from({ length: 20 }, () => 1),
    ])
    expect(steps[39]?.verdicts[0]).toMatchObject({ device: 'b', rows: [22, 40], isOdd: false, reasons: [] })
  })

  it('is judged the same however it is cut into batches', async () => {
    const flows = makeFlows(400)
    const one = verdictsOf(await feed(new LiveRun(options), batchesOf(flows, 1)))
    const scores = (verdicts: typeof one) => verdicts.map(({ device, rows, score }) => [device, ...rows, score])
    for (const size of [7, 150]) {
      const more = verdictsOf(await feed(new LiveRun(options), batchesOf(flows, size)))
      expect(scores(more)).toEqual(scores(one))
    }
  })

  it('has the cases of a scan of the same flows', async () => {
    // Without addresses all flows of a table are of one device, so each device is scanned alone.
    const flows = makeFlows(400).map(({ peer: _, ...flow }) => flow)
    const words = ({ startMicros, endMicros, severity }: Case) => `${startMicros} ${endMicros} ${severity}`
    const scanned: string[] = []
    for (const device of ['a', 'b']) {
      const cases = await scanCases(flows.filter((flow) => flow.device === device))
      scanned.push(...cases.map(words))
    }
    const live = lastCases(await feed(new LiveRun(options), batchesOf(flows, 9)))
    expect(live.map(words)).toEqual(scanned)
    expect(live).toHaveLength(1)
  })

  it('tells a case as new once, then as one that has grown', async () => {
    const steps = await feed(new LiveRun(options), batchesOf(makeFlows(400), 1))
    const told = steps.flatMap(({ cases }) => cases)
    expect(told.filter(({ isNew }) => isNew)).toHaveLength(1)
    expect(told.length).toBeGreaterThan(10)
    expect(told.at(-1)?.ratio).toBeGreaterThanOrEqual(told[0]!.ratio)
  })

  it.each([37, 200, 215, 399])('goes on after flow %i from what is in the log', async (at) => {
    const flows = makeFlows(400)
    const whole = await feed(new LiveRun(options), batchesOf(flows, 1))
    const next = new LiveRun(options)
    const from = Math.max(0, at - 25)
    for (const told of lastCases(whole.slice(0, at))) next.restore(told)
    next.remember(tableFlows(flows.slice(from, at), from + 1))
    const rest = await feed(next, batchesOf(flows.slice(at), 1, at + 1))
    const scores = (steps: readonly LiveStep[]) =>
      verdictsOf(steps).map(({ rows, score, isOdd }) => [...rows, score, isOdd])
    expect(scores(rest)).toEqual(scores(whole.slice(at)))
    const ids = (steps: readonly LiveStep[]) => lastCases(steps).map(({ id }) => id)
    expect(ids([...whole.slice(0, at), ...rest])).toEqual(ids(whole))
    const wasTold = ids(whole.slice(0, at)).length > 0
    if (wasTold) expect(rest.flatMap(({ cases }) => cases).some(({ isNew }) => isNew)).toBe(false)
  })

  it('gives up what is long over', async () => {
    const run = new LiveRun(options)
    const first = makeFlows(400)
    await feed(run, batchesOf(first, 50))
    const monthLater = first.map((flow) => ({ ...flow, startMicros: flow.startMicros + 40 * 86_400e6 }))
    const steps = await feed(run, batchesOf(monthLater, 50, 401))
    const cases = lastCases(steps)
    expect(cases).toHaveLength(1)
    // Nothing of the month before is there to compare with but this day's own.
    expect(cases[0]?.startMicros).toBeGreaterThan(START + 39 * 86_400e6)
  })
})
