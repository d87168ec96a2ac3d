import { describe, expect, it } from 'vitest'
import { chooseLanes, fullSpan, moveSpan, timeRows, zoomSpan } from './timeline-view.ts'

const lane = (device: string, bytes: number[]) => ({
  device,
  bytes,
  flows: bytes.map((b) => (b > 0 ? 1 : 0)),
  findings: bytes.map(() => 0),
})
const timeline = {
  startMicros: 1000,
  binMicros: 10,
  binRows: 10,
  bins: 4,
  lanes: [lane('a', [1, 0, 0, 0]), lane('b', [5, 5, 0, 0]), lane('c', [0, 0, 9, 9]), lane('', [2, 0, 0, 0])],
}
const names = new Map([['a', 'Camera']])

describe('chooseLanes', () => {
  it('puts devices with cases first, then the busiest, and gathers the rest', () => {
    const lanes = chooseLanes({ timeline, names, withCases: new Set(['a']), limit: 3 })
    expect(lanes.map((l) => l.name)).toEqual(['Camera', 'c', '1 more'])
    expect(lanes[2]!.bytes).toEqual([7, 5, 0, 0])
  })
  it('leaves lanes in their order while a scan grows', () => {
    const lanes = chooseLanes({ timeline, names, withCases: new Set(['c']), ranked: false, limit: 3 })
    expect(lanes.map((l) => l.name)).toEqual(['Camera', 'b', '1 more'])
  })
  it('names the gathered lane of a scan that has too many devices', () => {
    const lanes = chooseLanes({ timeline, names, withCases: new Set(), limit: 12 })
    expect(lanes.map((l) => l.name)).toEqual(['c', 'b', 'Camera', 'the others'])
  })
})

describe('spans', () => {
  const whole = fullSpan(timeline)
  it('covers all bins', () => expect(whole).toEqual({ from: 1000, to: 1040 }))
  it('moves without leaving the whole', () => {
    expect(moveSpan({ from: 1000, to: 1020 }, 0.5, whole)).toEqual({ from: 1010, to: 1030 })
    expect(moveSpan({ from: 1010, to: 1030 }, 5, whole)).toEqual({ from: 1020, to: 1040 })
    expect(moveSpan({ from: 1010, to: 1030 }, -5, whole)).toEqual({ from: 1000, to: 1020 })
  })
  it('zooms between two bins and everything', () => {
    expect(zoomSpan({ span: whole, factor: 0.5, whole, least: 20 })).toEqual({ from: 1010, to: 1030 })
    expect(zoomSpan({ span: { from: 1010, to: 1030 }, factor: 0.1, whole, least: 20 })).toEqual({
      from: 1010,
      to: 1030,
    })
    expect(zoomSpan({ span: { from: 1010, to: 1030 }, factor: 9, whole, least: 20 })).toEqual(whole)
  })
})

it('says the picture as rows, without empty ones', () => {
  const lanes = chooseLanes({ timeline, names, withCases: new Set() })
  const rows = timeRows({ timeline, lanes, span: { from: 1000, to: 1020 } })
  expect(rows).toEqual([
    { from: 1000, flows: 3, bytes: 8, findings: 0, busiest: 'b' },
    { from: 1010, flows: 1, bytes: 5, findings: 0, busiest: 'b' },
  ])
  expect(timeRows({ timeline, lanes, span: fullSpan(timeline), limit: 2 })).toHaveLength(2)
})
