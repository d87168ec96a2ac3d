import { expect, it } from 'vitest'
import { paceOf } from './pace.ts'

const progress = { bytesRead: 0, bytesTotal: 1000, packets: 0, rows: 0, windows: 0, anomalies: 0, elapsedMs: 0 }

it('says nothing about speed before there is something to say', () => {
  expect(paceOf(progress)).toEqual({ share: 0, bytesPerSecond: undefined, leftMs: undefined })
})
it('extrapolates what is left from what was read', () => {
  expect(paceOf({ ...progress, bytesRead: 250, elapsedMs: 1000 })).toEqual({
    share: 0.25,
    bytesPerSecond: 250,
    leftMs: 3000,
  })
})
it('knows no share of a file of unknown size, and never more than all of it', () => {
  expect(paceOf({ ...progress, bytesTotal: undefined, bytesRead: 9, elapsedMs: 900 }).share).toBeUndefined()
  expect(paceOf({ ...progress, bytesRead: 2000, elapsedMs: 900 }).share).toBe(1)
})
