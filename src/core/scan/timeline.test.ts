import { describe, expect, it } from 'vitest'
import { createRandom } from '../base/random.ts'
import { tableFlows } from './fixture.ts'
import { MAX_BINS, TimelineBuilder } from './timeline.ts'

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)

describe('a timeline', () => {
  it('keeps every flow, byte and finding however often its bins double', () => {
    const random = createRandom(4)
    const builder = new TimelineBuilder(true)
    const times = Array.from({ length: 2000 }, () => 1.6e15 + random.next() ** 4 * 40 * 86_400e6)
    for (let at = 0; at < times.length; at += 100) {
      builder.addFlows(
        tableFlows(times.slice(at, at + 100).map((startMicros) => ({ startMicros, counts: [1, 1, 10, 5] }))),
      )
    }
    for (const at of times.slice(0, 50)) builder.addFinding('a', at)
    const { lanes, bins, startMicros, binMicros } = builder.build()
    expect(bins).toBeLessThanOrEqual(MAX_BINS)
    expect(startMicros).toBeLessThanOrEqual(Math.min(...times))
    expect(startMicros + bins * binMicros).toBeGreaterThan(Math.max(...times))
    expect(sum(lanes.flatMap(({ flows }) => flows))).toBe(2000)
    expect(sum(lanes.flatMap(({ bytes }) => bytes))).toBe(30_000)
    expect(sum(lanes.flatMap(({ findings }) => findings))).toBe(50)
  })

  it('puts each flow into the bin of its own time, also when earlier flows come later', () => {
    const hour = 3600e6
    const times = [5 * hour, 9 * hour, 1 * hour, 300 * hour, 2 * hour]
    const builder = new TimelineBuilder(true)
    for (const startMicros of times) builder.addFlows(tableFlows([{ startMicros, counts: [1, 0, 1, 0] }]))
    const { startMicros, binMicros, lanes } = builder.build()
    const filled = lanes[0]!.flows.flatMap((count, bin) => (count > 0 ? [startMicros + bin * binMicros] : []))
    const expected = [...times].sort((a, b) => a - b)
    expect(filled.length).toBe(expected.length)
    filled.forEach((left, i) => {
      expect(expected[i]! - left).toBeGreaterThanOrEqual(0)
      expect(expected[i]! - left).toBeLessThan(binMicros)
    })
  })

  it('counts rows where the source has no times', () => {
    const builder = new TimelineBuilder(false)
    builder.addFlows(tableFlows(Array.from({ length: 95 }, () => ({ startMicros: Number.NaN, counts: [1, 1, 1, 1] }))))
    const { lanes, binRows } = builder.build()
    expect(binRows).toBe(10)
    expect(lanes[0]!.flows).toEqual([9, 10, 10, 10, 10, 10, 10, 10, 10, 6])
  })
})
