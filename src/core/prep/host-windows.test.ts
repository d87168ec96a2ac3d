import { describe, expect, test } from 'vitest'
import type { FlowBatch } from '../flow/batch.ts'
import { HOST_WINDOW_NAMES, HostWindows } from './host-windows.ts'

interface Made {
  readonly at: number
  readonly to?: string
  readonly port?: number
  readonly answered?: boolean
  readonly bytes?: number
  readonly device?: number
}

const DEVICES = ['camera', 'lamp']

function batchOf(flows: readonly Made[]): FlowBatch {
  const addresses = ['192.168.1.2', '192.168.1.3', ...new Set(flows.map(({ to = '203.0.113.1' }) => to))]
  const column = <T>(pick: (flow: Made) => T) => flows.map(pick)
  return {
    length: flows.length,
    row: Float64Array.from(flows, (_, i) => i + 1),
    startMicros: Float64Array.from(column(({ at }) => at * 1e6)),
    endMicros: Float64Array.from(column(({ at }) => at * 1e6)),
    addresses,
    origAddress: Int32Array.from(column(({ device = 0 }) => device)),
    respAddress: Int32Array.from(column(({ to = '203.0.113.1' }) => addresses.indexOf(to))),
    origPort: new Int32Array(flows.length).fill(40000),
    respPort: Int32Array.from(column(({ port = 443 }) => port)),
    protocol: new Int16Array(flows.length).fill(6),
    counts: Float64Array.from(flows.flatMap(({ answered = true, bytes = 100 }) => [2, answered ? 2 : 0, bytes, 50])),
    features: undefined,
    labels: [],
    label: undefined,
    categories: [],
    watermarkMicros: Number.NaN,
  }
}

function run(flows: readonly Made[]): (name: string, row?: number) => number {
  const windows = new HostWindows()
  const values = windows.add(batchOf(flows), {
    deviceIds: DEVICES,
    device: Int32Array.from(flows, ({ device = 0 }) => device),
    outward: new Uint8Array(flows.length).fill(1),
  })!
  return (name, row = flows.length - 1) => values[row * HOST_WINDOW_NAMES.length + HOST_WINDOW_NAMES.indexOf(name)]!
}

const sweep = (count: number) =>
  Array.from({ length: count }, (_, i): Made => ({ at: 100 + i / 100, to: `192.168.1.${i + 4}`, answered: false }))

describe('HostWindows', () => {
  test('counts the hosts of a sweep, and that none answered', () => {
    const value = run(sweep(50))
    expect(value('host_hosts_1min')).toBeCloseTo(50, 0)
    expect(value('host_unanswered_1min')).toBeCloseTo(1, 6)
    expect(value('host_flows_1h')).toBeCloseTo(50, 0)
  })

  test('counts the ports of a scan, not its one host again and again', () => {
    const value = run(Array.from({ length: 40 }, (_, i) => ({ at: 10 + i / 50, port: i + 1 })))
    expect(value('host_services_10s')).toBeGreaterThan(35)
    expect(value('host_hosts_10s')).toBeLessThan(1.1)
  })

  test('knows the same small flow again, and how regular it comes', () => {
    const beacon = run(Array.from({ length: 30 }, (_, i) => ({ at: 60 * i })))
    expect(beacon('host_gap')).toBeCloseTo(60, 3)
    expect(beacon('host_gap_variation')).toBeLessThan(0.01)
    expect(beacon('host_alike_1h')).toBeGreaterThan(0.9)
    const person = run(Array.from({ length: 30 }, (_, i) => ({ at: 60 * i + (i % 3) * 45, bytes: 100 * 3 ** (i % 6) })))
    expect(person('host_gap_variation')).toBeGreaterThan(0.3)
    const stranger = run([{ at: 100 }])
    expect([stranger('host_gap'), stranger('host_gap_variation')]).toEqual([0, 1])
  })

  test('forgets: an hour later nothing is left in the short windows', () => {
    const value = run([...sweep(50), { at: 4000 }])
    expect(value('host_flows_10s')).toBeCloseTo(1, 6)
    expect(value('host_hosts_1min')).toBeCloseTo(1, 6)
    expect(value('host_flows_1h')).toBeGreaterThan(10)
  })

  test('sees an upload that is far beyond what the device sends', () => {
    const quiet = Array.from({ length: 200 }, (_, i): Made => ({ at: 300 * i }))
    expect(run([...quiet, { at: 60_000, bytes: 5e7 }])('host_bytes_out_vs_own')).toBeGreaterThan(2.5)
    expect(run([...quiet, { at: 60_000 }])('host_bytes_out_vs_own')).toBeLessThan(1)
  })

  test('keeps devices apart, and gives the same whatever hosts are called', () => {
    const flows = [...sweep(20), { at: 101, device: 1 }]
    expect(run(flows)('host_hosts_1min')).toBe(1)
    const renamed = flows.map((flow) => ({ ...flow, to: flow.to?.replace('192.168.1', '10.7.7') ?? '198.51.100.9' }))
    for (const name of HOST_WINDOW_NAMES) expect(run(renamed)(name)).toEqual(run(flows)(name))
  })

  test('is silent without times', () => {
    const windows = new HostWindows()
    const batch = { ...batchOf([{ at: 1 }]), startMicros: Float64Array.of(Number.NaN) }
    const owners = { deviceIds: DEVICES, device: Int32Array.of(0), outward: Uint8Array.of(1) }
    expect(windows.add(batch, owners)).toBeUndefined()
  })

  test('bears a flood of invented addresses', () => {
    const windows = new HostWindows()
    for (let round = 0; round < 30; round++) {
      const flows = Array.from({ length: 1000 }, (_, i): Made => ({ at: round + i / 1000, to: `198.18.${round}.${i}` }))
      const values = windows.add(batchOf(flows), {
        deviceIds: DEVICES,
        device: new Int32Array(1000),
        outward: new Uint8Array(1000).fill(1),
      })!
      expect(values.some((value) => value === Number.POSITIVE_INFINITY)).toBe(false)
    }
  })

  test('takes back what reaches further than the recording, but not what is more than was ever seen', () => {
    const flows = [
      ...Array.from({ length: 150 }, (_, i): Made => ({ at: 60 * i })),
      ...sweep(40).map((one) => ({ ...one, at: one.at + 100 })),
    ]
    const batch = batchOf(flows.sort((a, b) => a.at - b.at))
    const owners = {
      deviceIds: DEVICES,
      device: new Int32Array(batch.length),
      outward: new Uint8Array(batch.length).fill(1),
    }
    const windows = new HostWindows()
    const values = windows.add(batch, owners)!
    const whole = values.slice()
    const most = (name: string) => (name === 'host_hosts_1h' ? 20 : 1e9)
    expect(windows.hideUnfilled(values, batch, most)).toBe(true)
    const hidden = (name: string, row: number) =>
      Number.isNaN(values[row * HOST_WINDOW_NAMES.length + HOST_WINDOW_NAMES.indexOf(name)]!)
    const at = (micros: number) => batch.startMicros.findIndex((start) => start >= micros * 1e6)
    expect(hidden('host_flows_10s', at(0))).toBe(true)
    expect(hidden('host_flows_10s', at(120))).toBe(false)
    expect([hidden('host_flows_1min', at(60)), hidden('host_flows_1min', at(180))]).toEqual([true, false])
    expect([hidden('host_flows_10min', at(1140)), hidden('host_flows_10min', at(1200))]).toEqual([true, false])
    expect([
      hidden('host_flows_1h', at(7140)),
      hidden('host_gap', at(7140)),
      hidden('host_flows_1h', at(7200)),
    ]).toEqual([true, true, false])
    // Forty hosts within a minute, three minutes after the start
    expect([hidden('host_hosts_1h', at(200.3)), hidden('host_hosts_1h', at(240))]).toEqual([false, false])
    expect(hidden('host_hosts_1h', at(120))).toBe(true)
    const last = batch.length - 1
    expect(values.subarray(last * HOST_WINDOW_NAMES.length)).toEqual(whole.subarray(last * HOST_WINDOW_NAMES.length))
    const rest = batchOf([{ at: 9000 }])
    const later = windows.add(rest, { ...owners, device: Int32Array.of(0), outward: Uint8Array.of(1) })!
    expect(windows.hideUnfilled(later, rest, most)).toBe(false)
  })
})
