/** One column of a table in ascending order: a radix sort over the bits of the floats, linear in the rows. */

const DIGIT_BITS = 11
const DIGITS = 1 << DIGIT_BITS

export interface ColumnSorter {
  /** The numbers of a column that are not NaN, ascending; valid until the next call. */
  sort(values: Float32Array, column: number): Float32Array
}

export function createColumnSorter(rows: number, width: number): ColumnSorter {
  const floats = new Float32Array(rows)
  const keys = new Uint32Array(floats.buffer)
  const other = new Uint32Array(rows)
  const counts = new Uint32Array(3 * DIGITS)
  return {
    sort(values, column) {
      let count = 0
      for (let row = 0, at = column; row < rows; row++, at += width) {
        const value = values[at]!
        if (!Number.isNaN(value)) floats[count++] = value + 0
      }
      counts.fill(0)
      for (let i = 0; i < count; i++) {
        const bits = keys[i]!
        const key = bits >>> 31 ? ~bits : bits | 0x80000000
        keys[i] = key
        const low = key & (DIGITS - 1)
        const middle = DIGITS + ((key >>> DIGIT_BITS) & (DIGITS - 1))
        const high = 2 * DIGITS + (key >>> (2 * DIGIT_BITS))
        counts[low] = counts[low]! + 1
        counts[middle] = counts[middle]! + 1
        counts[high] = counts[high]! + 1
      }
      const key = keys
      pass(key, other, count, counts.subarray(0, DIGITS), 0)
      pass(other, key, count, counts.subarray(DIGITS, 2 * DIGITS), DIGIT_BITS)
      pass(key, other, count, counts.subarray(2 * DIGITS), 2 * DIGIT_BITS)
      for (let i = 0; i < count; i++) {
        const sorted = other[i]!
        keys[i] = sorted >>> 31 ? sorted & 0x7fffffff : ~sorted
      }
      return floats.subarray(0, count)
    },
  }
}

/** Moves keys in the order of one digit, stable. */
function pass(from: Uint32Array, to: Uint32Array, count: number, counts: Uint32Array, shift: number): void {
  let sum = 0
  for (let digit = 0; digit < DIGITS; digit++) {
    const here = counts[digit]!
    counts[digit] = sum
    sum += here
  }
  for (let i = 0; i < count; i++) {
    const key = from[i]!
    const digit = (key >>> shift) & (DIGITS - 1)
    const place = counts[digit]!
    counts[digit] = place + 1
    to[place] = key
  }
}

/** Median of each column over the rows that have it; NaN for a column without numbers. */
export function columnMedians(values: Float32Array, rows: number, width: number): Float32Array {
  const sorter = createColumnSorter(rows, width)
  const medians = new Float32Array(width)
  for (let column = 0; column < width; column++) {
    const sorted = sorter.sort(values, column)
    const middle = sorted.length >> 1
    medians[column] =
      sorted.length === 0
        ? Number.NaN
        : sorted.length % 2 === 1
          ? sorted[middle]!
          : (sorted[middle - 1]! + sorted[middle]!) / 2
  }
  return medians
}
