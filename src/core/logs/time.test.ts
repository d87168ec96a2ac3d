import { describe, expect, it } from 'vitest'
import { detectTimeUnit, isMonthFirst, parseTime } from './time.ts'

const utc = (...parts: Parameters<typeof Date.UTC>) => Date.UTC(...parts) * 1000

describe('parseTime', () => {
  it.each([
    ['2019-09-28 16:14:01.657102', utc(2019, 8, 28, 16, 14, 1) + 657_102],
    ['2019-09-28T16:14:01Z', utc(2019, 8, 28, 16, 14, 1)],
    ['2019-09-28T16:14:01.5+0200', utc(2019, 8, 28, 14, 14, 1) + 500_000],
    ['2019-09-28T16:14:01-05:30', utc(2019, 8, 28, 21, 44, 1)],
    ['2019-09-28', utc(2019, 8, 28)],
    ['09/06/2016 01:15:44 PM', utc(2016, 5, 9, 13, 15, 44)],
    ['09/06/2016 12:15:44 AM', utc(2016, 5, 9, 0, 15, 44)],
    ['7/7/2017 3:30', utc(2017, 6, 7, 3, 30)],
    ['14/02/2018 08:31:01', utc(2018, 1, 14, 8, 31, 1)],
  ])('%s', (text, micros) => expect(parseTime(text)).toBe(micros))

  it('takes the month first when told', () =>
    expect(parseTime('02/14/2018 08:31:01', 'month-first')).toBe(utc(2018, 1, 14, 8, 31, 1)))

  it.each([
    'soon',
    '',
    '2019-13-01',
    '2019-02-01 25:00:00',
    '32/01/2018 08:00',
    '13/01/2018 13:00 PM',
    'XXXXXXXXXX.XXXXXX',
  ])('not "%s"', (text) => expect(parseTime(text)).toBeNaN())
})

it('tells the unit of numbers by their size', () => {
  expect(detectTimeUnit(['19.98', '20.1'])).toBe('s')
  expect(detectTimeUnit(['1545403816.87'])).toBe('s')
  expect(detectTimeUnit(['1545403816870'])).toBe('ms')
  expect(detectTimeUnit(['1545403816870900'])).toBe('us')
  expect(detectTimeUnit(['1545403816870900123'])).toBe('ns')
  expect(detectTimeUnit(['2019-09-28'])).toBe('text')
})

it('tells month first by a day that can be no month', () => {
  expect(isMonthFirst(['01/02/2018 10:00', '02/14/2018 10:00'])).toBe(true)
  expect(isMonthFirst(['01/02/2018 10:00', '14/02/2018 10:00'])).toBe(false)
})
