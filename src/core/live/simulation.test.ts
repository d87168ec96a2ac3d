import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { SIMULATED_ATTACKS, type SimulatedType, Simulation } from './simulation.ts'
import { DEVICES } from './simulation-profiles.ts'
import { flowRecord } from './wire.ts'

const T = 1_763_000_000e6
const HOUR = 3600e6
const types = Object.keys(DEVICES) as SimulatedType[]
const open = (type: SimulatedType, seed = 1) => new Simulation({ type, seed, startMicros: T })

describe('a simulated device', () => {
  it.each(types)('%s sends flow records in the order in which they end, the same with the same seed', (type) => {
    const flows = open(type).take(T + HOUR, 300)
    expect(flows.length).toBeGreaterThan(20)
    for (const flow of flows) expect(v.safeParse(flowRecord, flow).issues).toBeUndefined()
    const ends = flows.map(({ ts = 0, duration = 0 }) => ts + duration)
    expect(ends.every((end, i) => i === 0 || end >= ends[i - 1]! - 1e-3)).toBe(true)
    const again = open(type)
    expect([...again.take(T + HOUR / 7, 300), ...again.take(T + HOUR, 300)].slice(0, 300)).toEqual(flows)
    expect(open(type, 2).take(T + HOUR, 300)).not.toEqual(flows)
  })

  it('sends what the recordings had: no more at once than the largest seen', () => {
    const largest = Math.max(...DEVICES.camera.flatMap(({ packets }) => packets))
    expect(
      Math.max(
        ...open('camera')
          .take(T + HOUR, 1000)
          .map(({ orig_pkts }) => orig_pkts),
      ),
    ).toBeLessThanOrEqual(largest)
  })

  it.each(SIMULATED_ATTACKS)('%s comes in its time only, and the device goes on beside it', (attack) => {
    const [usual, attacked] = [open('sensor'), open('sensor')]
    attacked.attack(attack, T + HOUR, 600)
    const count = (from: number, to: number) => {
      const [without, withIt] = [usual, attacked].map((one) => one.take(to, 1e6).length)
      return (withIt ?? 0) - (without ?? 0) > (to - from) / 1e6 / 120
    }
    expect(count(T, T + HOUR - 1e6)).toBe(false)
    expect(count(T + HOUR, T + HOUR + 600e6)).toBe(true)
    attacked.take(T + 2 * HOUR, 1e6)
    const after = attacked.take(T + 3 * HOUR, 1e6)
    expect(after.length).toBeGreaterThan(0)
    expect(after.every(({ ts = 0 }) => ts * 1e6 > T + HOUR)).toBe(true)
  })

  it('scans one port after the other', () => {
    const device = open('smart_plug')
    device.attack('port-scan', T, 20)
    const scanned = device.take(T + 20e6, 1e6).filter(({ peer }) => peer === '192.168.1.1')
    expect(scanned.length).toBeGreaterThan(500)
    expect(new Set(scanned.map(({ peer_port }) => peer_port)).size).toBe(scanned.length)
  })
})
