/** What a table's cell says when it should be a number: one rule for every reader (CSV bytes, PapaParse, JSON, Parquet). */

export const NUMBER_OK = 0
export const NUMBER_MISSING = 1
export const NUMBER_TEXT = 2
export const NUMBER_NOT_FINITE = 3
export const TIME_UNREADABLE = 4

const MISSING = new Set(['', '-', '--', '?', 'na', 'n/a', 'null', 'none', '(empty)', 'undefined'])
const NOT_FINITE = new Set([
  'nan',
  'inf',
  'infinity',
  '+inf',
  '-inf',
  '+infinity',
  '-infinity',
  '-nan',
  '1.#inf',
  '1.#qnan',
])

/** Decimal notation only: `Number` alone would also take 0x10, 0b1 and blanks. Linear-time. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?$/

/** No number is written longer than this. */
export const MAX_NUMBER_CHARACTERS = 400

/** NaN when `text` is no finite decimal number; `numberState` then says why. */
export function parseNumber(text: string): number {
  const trimmed = text.trim()
  return trimmed.length <= MAX_NUMBER_CHARACTERS && DECIMAL.test(trimmed) ? finiteOrNaN(Number(trimmed)) : Number.NaN
}

export function numberState(text: string): number {
  const trimmed = text.trim().toLowerCase()
  if (MISSING.has(trimmed)) return NUMBER_MISSING
  if (NOT_FINITE.has(trimmed)) return NUMBER_NOT_FINITE
  if (trimmed.length > MAX_NUMBER_CHARACTERS || !DECIMAL.test(trimmed)) return NUMBER_TEXT
  return Number.isFinite(Number(trimmed)) ? NUMBER_OK : NUMBER_NOT_FINITE
}

export const isMissing = (text: string): boolean => MISSING.has(text.trim().toLowerCase())

const finiteOrNaN = (value: number): number => (Number.isFinite(value) ? value : Number.NaN)
