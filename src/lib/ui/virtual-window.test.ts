import { describe, expect, it } from 'vitest'
import { MAX_TABLE_PX, ROW_PX, windowOf } from './virtual-window.ts'

describe('windowOf', () => {
  it('shows all of a short table', () => {
    expect(windowOf({ rowCount: 3, scrollTop: 0, viewPx: 400 })).toMatchObject({ first: 0, count: 3, totalPx: 84 })
    expect(windowOf({ rowCount: 0, scrollTop: 0, viewPx: 400 })).toMatchObject({ first: 0, count: 0 })
  })
  it('draws what is in view and a few rows around it', () => {
    const view = windowOf({ rowCount: 1000, scrollTop: 500 * ROW_PX, viewPx: 280 })
    expect(view.first).toBeLessThanOrEqual(500)
    expect(view.first + view.count).toBeGreaterThanOrEqual(511)
    expect(view.count).toBeLessThan(30)
    expect(view.offsetPx).toBe(view.first * ROW_PX)
  })
  it('reaches the first and the last of ten million rows within what a browser can be tall', () => {
    const rowCount = 10_000_000
    expect(windowOf({ rowCount, scrollTop: 0, viewPx: 400 }).first).toBe(0)
    const end = windowOf({ rowCount, scrollTop: MAX_TABLE_PX, viewPx: 400 })
    expect(end.totalPx).toBe(MAX_TABLE_PX)
    expect(end.first + end.count).toBe(rowCount)
  })
  it('moves by one row when scrolled by one row', () => {
    const rowCount = 10_000_000
    const at = 5_000_000
    const { pxPerRow } = windowOf({ rowCount, scrollTop: 0, viewPx: 400 })
    const before = windowOf({ rowCount, scrollTop: at, viewPx: 400 }).first
    expect(windowOf({ rowCount, scrollTop: at + pxPerRow, viewPx: 400 }).first).toBe(before + 1)
  })
})
