/**
 * Exponential and logarithm from additions and multiplications alone, after fdlibm's argument reduction: the language leaves the
 * last place of `Math.exp` and `Math.log` to each browser, and the same seed must give the same model bytes everywhere.
 */

const LN2_HIGH = 0.6931471803691238
const LN2_LOW = 1.9082149292705877e-10
const LOWEST = -708
const HIGHEST = 709
const EXP_TERMS = Float64Array.from(
  [1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800, 39916800, 479001600],
  (f) => 1 / f,
)
const POWERS = powersOfTwo()

const float = new Float64Array(1)
const words = new Uint32Array(float.buffer)

/** e^x to about one unit in the last place; 0 below −708, and the largest power above 709. */
export function exactExp(x: number): number {
  if (x < LOWEST) return 0
  const clamped = Math.min(x, HIGHEST)
  const k = Math.round(clamped / (LN2_HIGH + LN2_LOW))
  const r = clamped - k * LN2_HIGH - k * LN2_LOW
  let sum = EXP_TERMS[12]!
  for (let i = 11; i >= 0; i--) sum = sum * r + EXP_TERMS[i]!
  return sum * POWERS[k + 1022]!
}

/** Natural logarithm of a normal number above 0; −∞ at 0 and of what is too small to be normal. */
export function exactLog(x: number): number {
  if (x < 2.2250738585072014e-308) return x >= 0 ? Number.NEGATIVE_INFINITY : Number.NaN
  if (!(x < Number.POSITIVE_INFINITY)) return x
  float[0] = x
  let k = (words[1]! >>> 20) - 1023
  words[1] = (words[1]! & 0xfffff) | 0x3ff00000
  let f = float[0]!
  if (f > Math.SQRT2) {
    f /= 2
    k++
  }
  const s = (f - 1) / (f + 1)
  const square = s * s
  let sum = 0
  for (let n = 23; n >= 3; n -= 2) sum = (sum + 1 / n) * square
  return k * LN2_HIGH + (2 * s * (1 + sum) + k * LN2_LOW)
}

/** log(1 + x), also exact for small x (Goldberg 1991, theorem 4). */
export function exactLog1p(x: number): number {
  const u = 1 + x
  if (u === 1) return x
  return u < Number.POSITIVE_INFINITY ? (exactLog(u) * x) / (u - 1) : u
}

function powersOfTwo(): Float64Array {
  const powers = new Float64Array(2046)
  powers[1022] = 1
  for (let k = 1; k <= 1023; k++) powers[1022 + k] = powers[1021 + k]! * 2
  for (let k = 1; k <= 1022; k++) powers[1022 - k] = powers[1023 - k]! / 2
  return powers
}
