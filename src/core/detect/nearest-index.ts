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

/** About √n balls, their centres chosen each farthest from those before (Gonzalez 1985). */
export function buildIndex(rows: Float32Array, width: number): NearestIndex {
  const count = rows.length / width
  const balls = Math.max(1, Math.min(count, Math.ceil(2 * Math.sqrt(count))))
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY)
  const ball = new Int32Array(count)
  const centres: number[] = []
  for (let next = 0; centres.length < balls; ) {
    const centre = rows.subarray(next * width, (next + 1) * width)
    for (let row = 0; row < count; row++) {
      const squared = squaredDistance(rows, row * width, centre, nearest[row]!)
      if (squared >= nearest[row]!) continue
      nearest[row] = squared
      ball[row] = centres.length
    }
    centres.push(next)
    let farthest = 0
    for (let row = 1; row < count; row++) if (nearest[row]! > nearest[farthest]!) farthest = row
    if (nearest[farthest] === 0) break
    next = farthest
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
  const distances = new Float64Array(balls)
  const found: Found = { row: 0, squared: 0 }
  return (row) => {
    let first = 0
    for (let ball = 0; ball < balls; ball++) {
      distances[ball] = Math.sqrt(squaredDistance(centres, ball * width, row, Number.POSITIVE_INFINITY))
      if (distances[ball]! < distances[first]!) first = ball
    }
    let best = distances[first]! * distances[first]!
    let reach = distances[first]!
    let bestRow = starts[first]!
    for (let turn = -1; turn < balls; turn++) {
      if (turn === first) continue
      const ball = turn < 0 ? first : turn
      const distance = distances[ball]!
      const end = starts[ball + 1]!
      // Float32 distances may be off in the last place
      const slack = 1e-6 * distance
      if (distance - fromCentre[end - 1]! > reach + slack) continue
      for (let at = starts[ball]!; at < end; at++) {
        const gap = distance - fromCentre[at]!
        if (gap > reach + slack) continue
        if (-gap > reach + slack) break
        const squared = squaredDistance(rows, at * width, row, best)
        if (squared >= best) continue
        best = squared
        reach = Math.sqrt(best)
        bestRow = at
      }
    }
    found.row = bestRow
    found.squared = best
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
