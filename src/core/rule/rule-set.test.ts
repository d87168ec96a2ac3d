import { describe, expect, it } from 'vitest'
import { filmHome } from '../../../tools/demo/home.ts'
import { writePcap } from '../../../tools/demo/pcap-writer.ts'
import { RULE_CAPTURES } from '../../../tools/demo/rule-captures.ts'
import { createRandom } from '../base/random.ts'
import { bytesSource } from '../base/source.ts'
import type { Sighting } from '../device/device.ts'
import { Inventory } from '../device/inventory.ts'
import type { FlowBatch } from '../flow/batch.ts'
import { openCapture } from '../scan/capture-input.ts'
import { Acquaintances, MAX_DESTINATIONS, ownerOf } from './acquaintance.ts'
import { ArpSpoofing, MAX_ADDRESSES, MAX_MACS } from './arp-spoofing.ts'
import { Beaconing, MAX_PAIRS } from './beacon.ts'
import { BruteForce, MAX_RUNS as MAX_LOGIN_RUNS } from './brute-force.ts'
import type { FlowEvent, OwnedFlows } from './event.ts'
import { EventOrder } from './event-order.ts'
import { RULE_IDS, type RuleFinding } from './finding.ts'
import { DnsTunnel, Exfiltration, entropyBits } from './outflow.ts'
import { relativeSpread } from './rule.ts'
import { RuleSet } from './rule-set.ts'
import { HostSweep, MAX_QUIET_PORTS, MAX_RUNS, PortScan } from './scan-rules.ts'

const START = 1.78e15
const SECOND = 1e6

const base: FlowEvent = {
  micros: START,
  endMicros: START,
  row: 1,
  device: 0,
  peer: '192.168.1.2',
  outside: false,
  outward: true,
  port: 80,
  callerPort: 40_000,
  protocol: 6,
  packetsOut: 1,
  packetsIn: 0,
  bytesOut: 0,
  bytesIn: 0,
  failed: true,
}

/** One batch of flows of device 'a' towards the given doors. */
function batchOf(
  flows: readonly { micros: number; row: number; peer: string; port: number }[],
  watermark: number,
): OwnedFlows {
  const addresses = ['192.168.1.9', ...new Set(flows.map(({ peer }) => peer))]
  const indexOf = new Map(addresses.map((address, i) => [address, i]))
  const n = flows.length
  const batch: FlowBatch = {
    length: n,
    row: Float64Array.from(flows, ({ row }) => row),
    startMicros: Float64Array.from(flows, ({ micros }) => micros),
    endMicros: Float64Array.from(flows, ({ micros }) => micros),
    addresses,
    origAddress: new Int32Array(n),
    respAddress: Int32Array.from(flows, ({ peer }) => indexOf.get(peer)!),
    origPort: new Int32Array(n).fill(40_000),
    respPort: Int32Array.from(flows, ({ port }) => port),
    protocol: new Int16Array(n).fill(6),
    counts: Float64Array.from(flows.flatMap(() => [1, 0, 0, 0])),
    features: undefined,
    labels: [],
    label: undefined,
    categories: [],
    watermarkMicros: watermark,
  }
  return { batch, deviceIds: ['a'], device: new Int32Array(n), outward: new Uint8Array(n).fill(1) }
}

async function readCapture(pcap: Uint8Array): Promise<{ flows: OwnedFlows[]; sightings: Sighting[] }> {
  const input = await openCapture(bytesSource('x.pcap', pcap))
  const inventory = new Inventory()
  const flows: OwnedFlows[] = []
  const sightings: Sighting[] = []
  for await (const step of input.steps()) {
    sightings.push(...step.sightings)
    inventory.see(step.sightings)
    for (const batch of step.flows) flows.push({ batch, ...inventory.assign(batch) })
  }
  return { flows, sightings }
}

function hearAll({
  flows,
  sightings,
}: {
  flows: readonly OwnedFlows[]
  sightings: readonly Sighting[]
}): RuleFinding[] {
  const rules = new RuleSet()
  rules.see(sightings)
  return [...flows.flatMap((owned) => rules.add(owned)), ...rules.finish()]
}

/** The same rows in another order, in batches of `size`; the watermark says that all may still come. */
function shuffled(owned: OwnedFlows, seed: number, size: number): OwnedFlows[] {
  const random = createRandom(seed)
  const order = Array.from({ length: owned.batch.length }, (_, i) => i)
  for (let i = order.length - 1; i > 0; i--) {
    const k = random.int(i + 1)
    ;[order[i], order[k]] = [order[k]!, order[i]!]
  }
  const batches: OwnedFlows[] = []
  for (let from = 0; from < order.length; from += size) batches.push(pickRows(owned, order.slice(from, from + size)))
  return batches
}

function pickRows({ batch, ...rest }: OwnedFlows, rows: readonly number[]): OwnedFlows {
  const float = (column: Float64Array) => Float64Array.from(rows, (i) => column[i]!)
  const int = (column: Int32Array) => Int32Array.from(rows, (i) => column[i]!)
  return {
    deviceIds: rest.deviceIds,
    device: int(rest.device),
    outward: Uint8Array.from(rows, (i) => rest.outward[i]!),
    batch: {
      ...batch,
      length: rows.length,
      row: float(batch.row),
      startMicros: float(batch.startMicros),
      endMicros: float(batch.endMicros),
      origAddress: int(batch.origAddress),
      respAddress: int(batch.respAddress),
      origPort: int(batch.origPort),
      respPort: int(batch.respPort),
      protocol: Int16Array.from(rows, (i) => batch.protocol[i]!),
      counts: Float64Array.from(rows.flatMap((i) => [...batch.counts.subarray(4 * i, 4 * i + 4)])),
      watermarkMicros: Number.NEGATIVE_INFINITY,
    },
  }
}

const key = ({ rule, device, rows, startMicros, score, peer }: RuleFinding) =>
  `${rule} ${device} ${rows.join('-')} ${startMicros} ${score} ${peer}`

describe('the rule set', () => {
  it.each(RULE_IDS.filter((id) => id !== 'arp-spoofing'))(
    'says the same of %s in whatever order flows come within the watermark',
    async (id) => {
      const read = await readCapture(writePcap(RULE_CAPTURES[id].positive(5)))
      const expected = hearAll(read).map(key).sort()
      expect(expected.length).toBeGreaterThan(0)
      for (const [seed, size] of [
        [1, 1],
        [2, 37],
        [3, 100_000],
      ] as const)
        expect(
          hearAll({ ...read, flows: read.flows.flatMap((owned) => shuffled(owned, seed, size)) })
            .map(key)
            .sort(),
        ).toEqual(expected)
    },
  )

  it('finds each act of the demo home’s story, and nothing louder than a readable page without it', async () => {
    const loud = (findings: readonly RuleFinding[]) =>
      new Set(findings.filter(({ rule }) => rule !== 'clear-text-login').map(({ rule, device }) => `${rule} ${device}`))
    const camera = 'mac:10:68:38:5d:21:9a'
    const story = loud(hearAll(await readCapture(writePcap(filmHome(20_260_512)))))
    expect(story).toContain(`host-sweep ${camera}`)
    expect(story).toContain(`brute-force ${camera}`)
    expect(story).toContain(`exfiltration ${camera}`)
    expect(story).toContain(`beaconing ${camera}`)
    expect(story).toContain(`new-destination ${camera}`)
    expect([...story].filter((text) => !text.endsWith(camera))).toEqual([])
    expect(loud(hearAll(await readCapture(writePcap(filmHome(20_260_512, [])))))).toEqual(new Set())
  })

  it('leaves out rows without a time, a peer or a port, and broken counts', () => {
    const rules = new RuleSet()
    const rows = Array.from({ length: 100 }, (_, i) => ({
      micros: Number.NaN,
      row: i + 1,
      peer: '192.168.1.1',
      port: i,
    }))
    const { batch, ...rest } = batchOf(rows, Number.NaN)
    expect(rules.add({ batch, ...rest })).toEqual([])
    const nobody = {
      ...batch,
      startMicros: new Float64Array(100).fill(START),
      respAddress: new Int32Array(100).fill(-1),
    }
    expect(rules.add({ batch: nobody, ...rest })).toEqual([])
    const broken = {
      ...batchOf(
        rows.map((row) => ({ ...row, micros: START, port: -1 })),
        START,
      ).batch,
    }
    broken.counts.fill(Number.NaN)
    expect(rules.add({ batch: broken, ...rest })).toEqual([])
    expect(rules.finish()).toEqual([])
  })

  it('tells a growing scan at its limit and at each doubling, not at each flow', () => {
    const rules = new RuleSet()
    const rows = Array.from({ length: 240 }, (_, i) => ({
      micros: START + i * SECOND,
      row: i + 1,
      peer: '192.168.1.1',
      port: i + 1,
    }))
    const findings = [...rules.add(batchOf(rows, START)), ...rules.finish()]
    expect(findings.map(({ score }) => score).sort((a, b) => a - b)).toEqual([15, 30, 60, 120, 240])
    expect(MAX_QUIET_PORTS).toBe(14)
  })

  it('bears a flood of invented addresses and says little about it', () => {
    const random = createRandom(7)
    const rules = new RuleSet()
    let found = 0
    for (let step = 0; step < 12; step++) {
      const rows = Array.from({ length: 5000 }, (_, i) => ({
        micros: START + (step * 5000 + i) * 100,
        row: step * 5000 + i + 1,
        peer: `${1 + random.int(200)}.${random.int(256)}.${random.int(256)}.${random.int(256)}`,
        port: random.int(30_000),
      }))
      found += rules.add(batchOf(rows, START + step * 5e5)).length
    }
    found += rules.finish().length
    expect(rules.lost).toBe(0)
    expect(found).toBeLessThan(200)
  })
})

describe('bounded state', () => {
  it('holds each cap, and keeps the later half', () => {
    const known = new Acquaintances()
    const rules = [
      { rule: new PortScan(), size: (r: PortScan) => r.runs.size, most: MAX_RUNS },
      { rule: new HostSweep(), size: (r: HostSweep) => r.runs.size, most: MAX_RUNS },
    ] as const
    const login = new BruteForce()
    const beacon = new Beaconing(known)
    const sent = new Exfiltration(known)
    const dns = new DnsTunnel()
    const emit = () => undefined
    for (let i = 0; i < 20_000; i++) {
      const event = {
        ...base,
        device: i,
        micros: START + i,
        peer: `9.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
        port: i,
      }
      const open = { ...event, outside: true, failed: false, bytesOut: 9, bytesIn: 9 }
      const meeting = known.meet(open)
      for (const { rule } of rules) rule.hear(event, emit)
      login.hear({ ...open, port: 22 }, emit)
      beacon.hear(open, emit, meeting)
      sent.hear(open, emit)
      dns.hear({ ...open, port: 53 }, emit)
    }
    const within = (size: number, cap: number) => {
      expect(size).toBeLessThanOrEqual(cap)
      expect(size).toBeGreaterThanOrEqual(cap / 2)
    }
    within(rules[0].size(rules[0].rule), MAX_RUNS)
    within(rules[1].size(rules[1].rule), MAX_RUNS)
    within(login.size, MAX_LOGIN_RUNS)
    within(beacon.size, MAX_PAIRS)
    for (const size of [known.devices, sent.size, dns.size]) within(size, 4096)
    const arp = new ArpSpoofing()
    for (let i = 0; i < 20_000; i++) {
      const mac = `00:11:22:${[16, 8, 0].map((by) => ((i >> by) & 255).toString(16).padStart(2, '0')).join(':')}`
      arp.see(mac, `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, START + i)
    }
    within(arp.size, MAX_ADDRESSES + MAX_MACS)
  })

  it('passes on what is held past the cap, the earliest first', () => {
    const order = new EventOrder(10)
    for (let i = 0; i < 11; i++) order.push({ ...base, micros: START - i, row: i })
    const taken = order.take(Number.NaN)
    expect(taken.map(({ row }) => row)).toEqual([10, 9, 8, 7, 6])
    expect(order.held).toBe(6)
  })

  it('takes a device that meets more than a few dozen destinations for one that roams', () => {
    const known = new Acquaintances()
    const meet = (i: number) => known.meet({ ...base, outside: true, peer: `9.9.${i}.1`, micros: START + i })
    for (let i = 0; i < MAX_DESTINATIONS; i++) expect(meet(i).destination).toBeDefined()
    expect(meet(MAX_DESTINATIONS).destination).toBeUndefined()
    expect(meet(0).destination).toBeUndefined()
  })
})

describe('small measures', () => {
  it('names owners', () => {
    expect(['a.b.maker.example', 'maker.example', 'x.maker.co.uk', 'localhost'].map(ownerOf)).toEqual([
      'maker.example',
      'maker.example',
      'maker.co.uk',
      'localhost',
    ])
  })

  it('knows spread and entropy by heart', () => {
    expect(relativeSpread([10, 10, 10, 10, 99])).toEqual({ median: 10, spread: 0 })
    expect(relativeSpread([1, 2, 3, 4]).spread).toBeCloseTo(1.4826 / 2.5)
    expect(relativeSpread([]).spread).toBe(Number.POSITIVE_INFINITY)
    expect(entropyBits('abcd')).toBe(2)
    expect(entropyBits('aaaa')).toBe(0)
  })
})
