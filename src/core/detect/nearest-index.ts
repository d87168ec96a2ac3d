/**
 * The nearest of many rows, exactly: rows stand in balls around their leaders, the triangle inequality rules out balls and then rows,
 * and a sum that has passed the best so far is not finished.
 */

export interface NearestIndex {
  readonly width: number
  /** rows × width, ball after ball. */
  readonly rows: Float32Array
  /** First row of each ball, which is its centre, and at last the number of rows. */
  readonly starts: Int32Array
  /** Distance of each row from the centre of its ball; ascending within a ball. */
  readonly fromCentre: Float32Array
}

export interface Found {
  /** Place in `rows` of the index. */
  row: number
  squared: number
}

/**
 * About 2 √n balls. Each next centre is the row farthest from the centres before (Gonzalez 1985), and every other time the farthest
 * in the fullest ball, so that dense traffic is parted too.
 */
export function buildIndex(rows: Float32Array, width: number): NearestIndex {
  const count = rows.length / width
  const balls = Math.max(1, Math.min(count, Math.ceil(2 * Math.sqrt(count))))
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY)
  const ball = new Int32Array(count)
  const sizes = new Int32Array(balls)
  const centres: number[] = []
  for (let next = 0; next >= 0 && centres.length < balls; ) {
    const number = centres.length
    const centre = rows.subarray(next * width, (next + 1) * width)
    for (let row = 0; row < count; row++) {
      const squared = squaredDistance(rows, row * width, centre, nearest[row]!)
      if (squared >= nearest[row]!) continue
      if (number > 0) sizes[ball[row]!] = sizes[ball[row]!]! - 1
      sizes[number] = sizes[number]! + 1
      nearest[row] = squared
      ball[row] = number
    }
    centres.push(next)
    const fullest = number % 2 === 0 ? -1 : sizes.indexOf(Math.max(...sizes))
    next = -1
    for (let row = 0; row < count; row++) {
      if (fullest >= 0 && ball[row] !== fullest) continue
      if (nearest[row]! > (next < 0 ? 0 : nearest[next]!)) next = row
    }
  }
  const order = Int32Array.from({ length: count }, (_, i) => i)
  order.sort((a, b) => ball[a]! - ball[b]! || nearest[a]! - nearest[b]! || a - b)
  const sorted = new Float32Array(rows.length)
  const fromCentre = new Float32Array(count)
  const starts = new Int32Array(centres.length + 1)
  starts[centres.length] = count
  for (let at = count - 1; at >= 0; at--) {
    const row = order[at]!
    sorted.set(rows.subarray(row * width, (row + 1) * width), at * width)
    fromCentre[at] = Math.sqrt(nearest[row]!)
    starts[ball[row]!] = at
  }
  return { width, rows: sorted, starts, fromCentre }
}

/** A search that keeps its working space; the result is valid until the next call. */
export function createSearch({ width, rows, starts, fromCentre }: NearestIndex): (row: Float32Array) => Found {
  const balls = starts.length - 1
  const centres = new Float32Array(balls * width)
  for (let ball = 0; ball < balls; ball++) {
    centres.set(rows.subarray(starts[ball]! * width, (starts[ball]! + 1) * width), ball * width)
  }
  /** Of each centre, or of as many of its numbers as it took to know that another is nearer. */
  const atLeast = new Float64Array(balls)
  const found: Found = { row: 0, squared: 0 }

  /** Rows of a ball that may be nearer than the best: by the triangle inequality those about as far from the centre as this one. */
  const searchBall = (row: Float32Array, ball: number, distance: number): void => {
    // Distances are rounded: the bound may be off in the last places of a 32-bit float
    const slack = 1e-6 * distance
    const start = starts[ball]!
    const end = starts[ball + 1]!
    let low = start
    for (let high = end; low < high; ) {
      const middle = (low + high) >> 1
      if (fromCentre[middle]! < distance) low = middle + 1
      else high = middle
    }
    let up = low
    let down = low - 1
    while (up < end || down >= start) {
      const above = up < end ? fromCentre[up]! - distance : Number.POSITIVE_INFINITY
      const below = down >= start ? distance - fromCentre[down]! : Number.POSITIVE_INFINITY
      if (Math.min(above, below) > Math.sqrt(found.squared) + slack) break
      const at = above < below ? up++ : down--
      const squared = squaredDistance(rows, at * width, row, found.squared)
      if (squared >= found.squared) continue
      found.squared = squared
      found.row = at
    }
  }

  return (row) => {
    let first = 0
    found.squared = Number.POSITIVE_INFINITY
    for (let ball = 0; ball < balls; ball++) {
      const squared = squaredDistance(centres, ball * width, row, found.squared)
      atLeast[ball] = squared
      if (squared >= found.squared) continue
      found.squared = squared
      found.row = starts[ball]!
      first = ball
    }
    searchBall(row, first, Math.sqrt(found.squared))
    for (let ball = 0; ball < balls; ball++) {
      if (ball === first) continue
      const farthest = (Math.sqrt(found.squared) + fromCentre[starts[ball + 1]! - 1]!) * (1 + 1e-6)
      if (atLeast[ball]! > farthest * farthest) continue
      const squared = squaredDistance(centres, ball * width, row, farthest * farthest)
      if (squared <= farthest * farthest) searchBall(row, ball, Math.sqrt(squared))
    }
    return found
  }
}

/** Stops early, with any number above `enough`, once the sum has passed it. */
export function squaredDistance(rows: Float32Array, start: number, row: Float32Array, enough: number): number {
  const width = row.length
  let sum = 0
  let i = 0
  for (; i + 8 <= width; i += 8) {
    const at = start + i
    const a = rows[at]! - row[i]!
    const b = rows[at + 1]! - row[i + 1]!
    const c = rows[at + 2]! - row[i + 2]!
    const d = rows[at + 3]! - row[i + 3]!
    const e = rows[at + 4]! - row[i + 4]!
    const f = rows[at + 5]! - row[i + 5]!
    const g = rows[at + 6]! - row[i + 6]!
    const h = rows[at + 7]! - row[i + 7]!
    sum += a * a + b * b + (c * c + d * d) + (e * e + f * f + (g * g + h * h))
    if (sum > enough) return sum
  }
  for (; i < width; i++) {
    const a = rows[start + i]! - row[i]!
    sum += a * a
  }
  return sum
}
