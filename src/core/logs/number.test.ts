import { describe, expect, it } from 'vitest'
import { NUMBER_MISSING, NUMBER_NOT_FINITE, NUMBER_TEXT, numberState, parseNumber } from './number.ts'

describe('parseNumber', () => {
  it.each([
    ['12', 12],
    [' -1.5e3 ', -1500],
    ['.5', 0.5],
    ['5.', 5],
    ['+7', 7],
    ['1e-400', 0],
  ])('reads "%s"', (text, value) => expect(parseNumber(text)).toBe(value))

  it.each([
    ['', NUMBER_MISSING],
    ['-', NUMBER_MISSING],
    ['N/A', NUMBER_MISSING],
    ['(empty)', NUMBER_MISSING],
    ['NaN', NUMBER_NOT_FINITE],
    ['-Infinity', NUMBER_NOT_FINITE],
    ['1e999', NUMBER_NOT_FINITE],
    ['0x10', NUMBER_TEXT],
    ['1,5', NUMBER_TEXT],
    ['.', NUMBER_TEXT],
    ['1_000', NUMBER_TEXT],
    ['true', NUMBER_TEXT],
  ])('does not read "%s", and says why', (text, state) => {
    expect(parseNumber(text)).toBeNaN()
    expect(numberState(text)).toBe(state)
  })

  it('answers a million digits and a letter at once', () => {
    expect(parseNumber(`${'1'.repeat(1e6)}x`)).toBeNaN()
    expect(numberState(`${'1'.repeat(1e6)}x`)).toBe(NUMBER_TEXT)
  })
})
