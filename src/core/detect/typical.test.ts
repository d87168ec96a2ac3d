import { expect, test } from 'vitest'
import { sampleRows } from '../prep/fixture.ts'
import { DeviceTypical } from './typical.ts'

function typicalOf(counts: readonly number[]): DeviceTypical {
  const typical = new DeviceTypical()
  typical.push(sampleRows(counts.map((count) => ({ counts: [count, 0, 0, 1e9] }))))
  return typical
}

test('a device with fewer than 30 flows has no usual of its own', () => {
  expect(typicalOf(new Array(29).fill(1)).median(0, 'orig_pkts')).toBeUndefined()
  expect(typicalOf([]).median(7, 'orig_pkts')).toBeUndefined()
})

test('small counts have their exact median, large ones within 5 %', () => {
  const small = typicalOf(Array.from({ length: 31 }, (_, i) => i % 8))
  expect(small.median(0, 'orig_pkts')).toBe(3)
  expect(small.median(0, 'resp_pkts')).toBe(0)
  for (const count of [17, 1000, 123_456, 7e8]) {
    const median = typicalOf(new Array(40).fill(count)).median(0, 'orig_pkts')!
    expect(Math.abs(median / count - 1)).toBeLessThan(0.05)
  }
})

test('a column that is no count has no usual', () => {
  expect(typicalOf(new Array(40).fill(1)).median(0, 'proto')).toBeUndefined()
})
