import { expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import { sampleRows } from './fixture.ts'
import { TimeOrder } from './order.ts'

const starts = (rows: { startMicros: Float64Array } | undefined) => Array.from(rows?.startMicros ?? [])

test('rows wait until the watermark has passed them, and come out in time order', () => {
  const order = new TimeOrder()
  expect(starts(order.push(sampleRows([{ start: 50 }, { start: 20 }]), 10))).toEqual([])
  expect(starts(order.push(sampleRows([{ start: 30 }, { start: 90 }]), 40))).toEqual([20, 30])
  expect(order.held).toBe(2)
  expect(starts(order.flush())).toEqual([50, 90])
  expect(order.flush()).toBeUndefined()
  expect(order.disordered).toBe(0)
})

test('any order within the watermark gives the same rows as sorting, whatever the size of the batches', () => {
  for (const size of [1, 7, 100]) {
    const random = createRandom(4)
    const times = Array.from({ length: 1000 }, (_, i) => i * 10 + random.int(500))
    const order = new TimeOrder()
    const out: number[] = []
    for (let at = 0; at < times.length; at += size) {
      const samples = times.slice(at, at + size).map((start, k) => ({ start, row: at + k + 1 }))
      out.push(...starts(order.push(sampleRows(samples), (at + size) * 10)))
    }
    out.push(...starts(order.flush()))
    expect(out).toEqual([...times].sort((a, b) => a - b))
    expect(order.disordered).toBe(0)
  }
})

test('equal times keep the order of arrival', () => {
  const order = new TimeOrder()
  order.push(
    sampleRows([
      { start: 5, row: 1 },
      { start: 5, row: 2 },
      { start: 4, row: 3 },
    ]),
    0,
  )
  order.push(sampleRows([{ start: 5, row: 4 }]), 0)
  expect(Array.from(order.flush()!.row)).toEqual([3, 1, 2, 4])
})

test('rows without a time pass at once', () => {
  const order = new TimeOrder()
  const rows = sampleRows([{ row: 1 }, { row: 2 }])
  expect(order.push(rows, Number.NaN)).toBe(rows)
  expect(Array.from(order.push(sampleRows([{ row: 3, start: 9 }, { row: 4 }]), 0).row)).toEqual([4])
})

test('beyond the limit the oldest go, and a row that comes too late is counted and still passed on', () => {
  const order = new TimeOrder(2)
  expect(starts(order.push(sampleRows([{ start: 3 }, { start: 2 }, { start: 4 }]), 0))).toEqual([2])
  expect(starts(order.push(sampleRows([{ start: 1 }]), 0))).toEqual([1])
  expect(order.disordered).toBe(1)
  expect(order.held).toBe(2)
})

test('a sorted batch below the watermark is handed on without a copy', () => {
  const order = new TimeOrder()
  const rows = sampleRows([{ start: 1 }, { start: 2 }])
  expect(order.push(rows, 5)).toBe(rows)
})

test('all columns travel with the row', () => {
  const order = new TimeOrder()
  order.push(
    sampleRows([
      { start: 9, end: 12, row: 1, device: 3, peer: 77, counts: [1, 2, 3, 4] },
      { start: 8, row: 2 },
    ]),
    0,
  )
  const out = order.flush()!
  expect([out.row[1], out.device[1], out.peer[1], out.endMicros[1], out.scaled[1]]).toEqual([1, 3, 77, 12, 1])
  expect(Array.from(out.counts.slice(4))).toEqual([1, 2, 3, 4])
})
