/** Matrix products on flat arrays, written for the JavaScript compiler: two rows and four terms at a time, no allocation. */

export type Numbers = Float32Array | Float64Array

/** A matrix inside a flat array; row-major unless `columnStride` says otherwise. */
export interface View {
  readonly data: Numbers
  readonly at: number
  readonly rowStride: number
  readonly columnStride: number
}

export function view(data: Numbers, at: number, columns: number): View {
  return { data, at, rowStride: columns, columnStride: 1 }
}

/** The same numbers with rows and columns exchanged. */
export function transposed(matrix: View): View {
  return { ...matrix, rowStride: matrix.columnStride, columnStride: matrix.rowStride }
}

/** out (rows × columns) += a (rows × inner) · b (inner × columns); `b` and `out` are row-major. */
export function multiplyAdd(
  a: View,
  b: View,
  out: View,
  { rows, columns, inner }: { rows: number; columns: number; inner: number },
): void {
  const A = a.data
  const B = b.data
  const C = out.data
  const step = a.columnStride
  let i = 0
  for (; i + 2 <= rows; i += 2) {
    const rowA = a.at + i * a.rowStride
    const rowB = rowA + a.rowStride
    const c0 = out.at + i * out.rowStride
    const c1 = c0 + out.rowStride
    let k = 0
    for (; k + 4 <= inner; k += 4) {
      const p = rowA + k * step
      const q = rowB + k * step
      const p0 = A[p]!
      const p1 = A[p + step]!
      const p2 = A[p + 2 * step]!
      const p3 = A[p + 3 * step]!
      const q0 = A[q]!
      const q1 = A[q + step]!
      const q2 = A[q + 2 * step]!
      const q3 = A[q + 3 * step]!
      const b0 = b.at + k * b.rowStride
      const b1 = b0 + b.rowStride
      const b2 = b1 + b.rowStride
      const b3 = b2 + b.rowStride
      for (let j = 0; j < columns; j++) {
        const v0 = B[b0 + j]!
        const v1 = B[b1 + j]!
        const v2 = B[b2 + j]!
        const v3 = B[b3 + j]!
        C[c0 + j] = C[c0 + j]! + p0 * v0 + p1 * v1 + p2 * v2 + p3 * v3
        C[c1 + j] = C[c1 + j]! + q0 * v0 + q1 * v1 + q2 * v2 + q3 * v3
      }
    }
    for (; k < inner; k++) {
      const p0 = A[rowA + k * step]!
      const q0 = A[rowB + k * step]!
      const b0 = b.at + k * b.rowStride
      for (let j = 0; j < columns; j++) {
        const v0 = B[b0 + j]!
        C[c0 + j] = C[c0 + j]! + p0 * v0
        C[c1 + j] = C[c1 + j]! + q0 * v0
      }
    }
  }
  for (; i < rows; i++) {
    const c0 = out.at + i * out.rowStride
    for (let k = 0; k < inner; k++) {
      const p0 = A[a.at + i * a.rowStride + k * step]!
      const b0 = b.at + k * b.rowStride
      for (let j = 0; j < columns; j++) C[c0 + j] = C[c0 + j]! + p0 * B[b0 + j]!
    }
  }
}

/** Fills each row of `out` (rows × bias.length) with `bias`. */
export function spreadBias(bias: Numbers, out: Numbers, rows: number): void {
  for (let i = 0; i < rows; i++) out.set(bias, i * bias.length)
}

/** sums (columns) += the sum of the rows of `matrix` (rows × columns). */
export function addColumnSums(matrix: Numbers, sums: Numbers, rows: number): void {
  const columns = sums.length
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) sums[j] = sums[j]! + matrix[i * columns + j]!
  }
}

/** `to` (columns × rows) becomes the transpose of `from` (rows × columns). */
export function transpose(from: Numbers, to: Numbers, rows: number, columns: number): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) to[j * rows + i] = from[i * columns + j]!
  }
}
