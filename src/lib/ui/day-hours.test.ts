import { expect, it } from 'vitest'
import { dayHours, hourText, loudestHour } from './day-hours.ts'

const HOUR = 3600e6
const startMicros = Date.UTC(2026, 0, 5, 20) * 1000

function recording(bytes: number[], binMicros: number, start = startMicros) {
  const none = bytes.map(() => 0)
  const lane = { device: 'a', bytes, flows: none, findings: none }
  return {
    timeline: { startMicros: start, binMicros, binRows: 0, bins: bytes.length, lanes: [lane] },
    lane,
    zone: 'UTC',
  }
}

it('tells hours by the clock of the zone, over midnight', () => {
  const bytes = [1, 2, 3, 4, 5, 6]
  const hoursIn = (zone: string) =>
    dayHours({ ...recording(bytes, HOUR), zone })?.flatMap(({ hour, bytes }) => (bytes > 0 ? [[hour, bytes]] : []))
  expect(hoursIn('UTC')).toEqual([[0, 5], [1, 6], [20, 1], [21, 2], [22, 3], [23, 4]]) // biome-ignore format: pairs
  // Nepal is 5:45 ahead: 20:00 is 01:45, so a quarter of the first hour falls to 01 and the rest to 02.
  expect(hoursIn('Asia/Kathmandu')?.slice(0, 2)).toEqual([[1, 0.25], [2, 0.75 + 0.5]]) // biome-ignore format: pairs
})

it('gives the mean over days, and does not blow up a part of an hour', () => {
  const twoDays = Array.from({ length: 48 }, (_, hour) => (hour === 3 ? 100 : hour === 27 ? 300 : 0))
  expect(dayHours(recording(twoDays, HOUR))?.[23]).toEqual({ hour: 23, bytes: 200, hoursSeen: 2 })
  const part = dayHours(recording([...Array.from({ length: 12 }, () => 0), 40], HOUR / 2))
  expect(part?.[2]).toEqual({ hour: 2, bytes: 40, hoursSeen: 0.5 })
})

it('leaves nothing to hours before the first flow, though its bin begins there', () => {
  const given = recording([80, 0, 0, 0, 0, 0, 0], HOUR, startMicros - HOUR / 4)
  const rows = dayHours({ ...given, recorded: { from: startMicros + 9e6, to: startMicros + 6.5 * HOUR } })
  expect([rows?.[19], rows?.[20]?.bytes]).toEqual([{ hour: 19, bytes: 0, hoursSeen: 0 }, 80])
})

it('spreads a bin wider than an hour over the hours that it spans', () => {
  const rows = dayHours(recording([60, 0, 0, 0], 1.5 * HOUR))
  expect([rows?.[20]?.bytes, rows?.[21]?.bytes]).toEqual([40, 20])
})

it('is not there without times, for bins of many hours, or for less than six hours', () => {
  expect(dayHours(recording([1, 2, 3, 4, 5, 6, 7], HOUR, Number.NaN))).toBeUndefined()
  expect(dayHours(recording([1, 2, 3, 4, 5, 6, 7], 3 * HOUR))).toBeUndefined()
  expect(dayHours(recording([1, 2, 3, 4, 5], HOUR))).toBeUndefined()
})

it('names the loudest hour', () => {
  const rows = dayHours(recording([0, 0, 0, 9, 0, 0], HOUR))
  expect(rows && loudestHour(rows)?.hour).toBe(23)
  expect([hourText(9), hourText(24)]).toEqual(['09:00', '00:00'])
  expect(loudestHour([{ hour: 0, bytes: 0, hoursSeen: 1 }])).toBeUndefined()
})
