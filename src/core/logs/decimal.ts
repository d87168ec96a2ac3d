/**
 * Decimal numbers of up to 30 digits, correctly rounded without a string: the digits as the sum of two doubles, divided by an exact power
 * of ten in double-double arithmetic (Dekker 1971). CICFlowMeter writes its means with 16 and 17 digits.
 */

/** Powers of ten to 10^22 are exact in a double. */
export const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))

const MAX_DIGITS = 30
/** 15 digits are below 2^53. */
const HIGH_DIGITS = 15
const DOT = 46
const ZERO = 48
const SPLITTER = 2 ** 27 + 1
/** Double-double is good to about 2^-104; what lies nearer to the middle between two doubles is left to the language. */
const DOUBT = 2 ** -95

/** The unsigned number in bytes[from, end), digits with at most one dot; NaN when it is too long or too close to call. */
export function readLongDecimal(bytes: Uint8Array, from: number, end: number): number {
  let high = 0
  let low = 0
  let digits = 0
  let power = 0
  let isFraction = false
  for (let at = from; at < end; at++) {
    const code = bytes[at]!
    if (code === DOT) {
      isFraction = true
      continue
    }
    if (digits < HIGH_DIGITS) high = high * 10 + (code - ZERO)
    else low = low * 10 + (code - ZERO)
    if (high !== 0) digits++
    if (isFraction) power++
  }
  if (digits > MAX_DIGITS || power > 22) return Number.NaN
  return divide(high, low, { shift: POWERS_OF_TEN[Math.max(0, digits - HIGH_DIGITS)]!, by: POWERS_OF_TEN[power]! })
}

/** (high · shift + low) / by */
function divide(high: number, low: number, { shift, by }: { shift: number; by: number }): number {
  const product = high * shift
  const sum = product + low
  const added = sum - product
  const rest = productError(high, shift, product) + (product - (sum - added) + (low - added))
  const quotient = sum / by
  const back = quotient * by
  const correction = (sum - back - productError(quotient, by, back) + rest) / by
  const doubt = quotient * DOUBT
  const value = quotient + correction
  return quotient + (correction + doubt) === value && quotient + (correction - doubt) === value ? value : Number.NaN
}

/** a · b - product, exactly (Veltkamp's split). */
function productError(a: number, b: number, product: number): number {
  const a1 = SPLITTER * a
  const aHigh = a1 - (a1 - a)
  const aLow = a - aHigh
  const b1 = SPLITTER * b
  const bHigh = b1 - (b1 - b)
  const bLow = b - bHigh
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow)
}
