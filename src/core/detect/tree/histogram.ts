/**
 * Columns as 8-bit bins (LightGBM, Ke et al. 2017, and scikit-learn's histogram trees): up to 255 bins of about equally many rows,
 * and bin 255 for rows without the value. Bins lie column after column.
 */
import { createColumnSorter } from './sort.ts'

export const MISSING_BIN = 255
const MOST_BINS = 255

export interface BinnedMatrix {
  readonly rows: number
  readonly width: number
  /** width × rows. */
  readonly bins: Uint8Array
  /** Per column: bin b holds values ≤ edges[b] (and above the edge before); the last bin has no edge. */
  readonly edges: readonly Float32Array[]
  /** 1 where some row lacks the value. */
  readonly missing: Uint8Array
}

export function binColumns(values: Float32Array, rows: number, width: number): BinnedMatrix {
  const sorter = createColumnSorter(rows, width)
  const bins = new Uint8Array(width * rows)
  const missing = new Uint8Array(width)
  const edges: Float32Array[] = []
  for (let column = 0; column < width; column++) {
    const sorted = sorter.sort(values, column)
    if (sorted.length < rows) missing[column] = 1
    const columnEdges = findEdges(sorted)
    edges.push(columnEdges)
    fillBins(values, column, width, columnEdges, bins.subarray(column * rows, (column + 1) * rows))
  }
  return { rows, width, bins, edges, missing }
}

/** Middles between neighbouring values when there are few, else between those at equal ranks. */
function findEdges(sorted: Float32Array): Float32Array {
  const distinct: number[] = []
  for (let i = 0; i < sorted.length && distinct.length <= MOST_BINS; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) distinct.push(sorted[i]!)
  }
  const edges: number[] = []
  if (distinct.length <= MOST_BINS) {
    for (let i = 1; i < distinct.length; i++) edges.push(between(distinct[i - 1]!, distinct[i]!))
    return Float32Array.from(edges)
  }
  for (let bin = 1; bin < MOST_BINS; bin++) {
    const at = Math.floor((bin * sorted.length) / MOST_BINS)
    const value = sorted[at - 1]!
    let next = at
    while (next < sorted.length && sorted[next] === value) next++
    if (next === sorted.length) break
    const edge = between(value, sorted[next]!)
    if (edges.length === 0 || edge > edges[edges.length - 1]!) edges.push(edge)
  }
  return Float32Array.from(edges)
}

/** A 32-bit float with low ≤ it < high, near the middle; also where one of them is infinite. */
export function between(low: number, high: number): number {
  const middle = Math.fround(low / 2 + high / 2)
  return middle >= low && middle < high ? middle : low
}

function fillBins(values: Float32Array, column: number, width: number, edges: Float32Array, bins: Uint8Array): void {
  const padded = new Float32Array(256).fill(Number.POSITIVE_INFINITY)
  padded.set(edges)
  const last = edges.length
  for (let row = 0, at = column; row < bins.length; row++, at += width) {
    const value = values[at]!
    let bin = value > padded[127]! ? 128 : 0
    if (value > padded[bin + 63]!) bin += 64
    if (value > padded[bin + 31]!) bin += 32
    if (value > padded[bin + 15]!) bin += 16
    if (value > padded[bin + 7]!) bin += 8
    if (value > padded[bin + 3]!) bin += 4
    if (value > padded[bin + 1]!) bin += 2
    if (value > padded[bin]!) bin += 1
    bins[row] = Number.isNaN(value) ? MISSING_BIN : Math.min(bin, last)
  }
}
