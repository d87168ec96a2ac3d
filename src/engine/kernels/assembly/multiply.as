// Matrix products in tiles of 4 × 8. The right matrix is packed into panels of 8 columns first (weights once per step), so that
// its rows lie next to each other in the cache whatever its width, and so that ragged edges need no code of their own.
import { put } from './math'

/** Inner products longer than this are cut, so that a panel and the left rows stay in the first-level cache. */
const INNER_BLOCK: i32 = 256

/** Packs `inner` × `columns`, element (p, j) at b + 4·(p·rowStep + j·columnStep), into panels of 8 columns, zeros to the right. */
export function pack(inner: i32, columns: i32, b: usize, rowStep: i32, columnStep: i32, packed: usize): void {
  const rowBytes = <usize>rowStep << 2
  const columnBytes = <usize>columnStep << 2
  for (let j: i32 = 0; j < columns; j += 8) {
    const wide = min(8, columns - j)
    let from = b + <usize>j * columnBytes
    if (wide == 8 && columnStep == 1) {
      for (let p: i32 = 0; p < inner; p++) {
        v128.store(packed, v128.load(from))
        v128.store(packed, v128.load(from, 16), 16)
        packed += 32
        from += rowBytes
      }
      continue
    }
    for (let p: i32 = 0; p < inner; p++) {
      let cell = from
      for (let q: i32 = 0; q < 8; q++) {
        store<f32>(packed + (<usize>q << 2), q < wide ? load<f32>(cell) : 0)
        cell += columnBytes
      }
      packed += 32
      from += rowBytes
    }
  }
}

/**
 * c = start + a · packed. `a` is rows × inner, element (i, p) at a + 4·(i·rowStep + p·innerStep), one of the steps being 1;
 * `packedInner` is the inner length that was packed, of which this product may use a part; row i of `start` at start + 4·i·startStep (step 0: the same row for all, a bias); `start` may be `c`.
 */
export function multiply(
  rows: i32, columns: i32, inner: i32,
  a: usize, rowStep: i32, innerStep: i32,
  packed: usize, packedInner: i32,
  start: usize, startStep: i32,
  c: usize, cStep: i32,
): void {
  const panelBytes = <usize>packedInner << 5
  for (let from: i32 = 0; from < inner; from += INNER_BLOCK) {
    const length = min(INNER_BLOCK, inner - from)
    const left = a + (<usize>(from * innerStep) << 2)
    let panel = packed + (<usize>from << 5)
    for (let j: i32 = 0; j < columns; j += 8) {
      const offset = <usize>j << 2
      for (let i: i32 = 0; i < rows; i += 4) {
        tile(
          min(4, rows - i), min(8, columns - j), length,
          left + (<usize>(i * rowStep) << 2), rowStep, innerStep,
          panel,
          start + offset + (<usize>(i * startStep) << 2), <usize>startStep << 2,
          c + offset + (<usize>(i * cStep) << 2), <usize>cStep << 2,
        )
      }
      panel += panelBytes
    }
    start = c
    startStep = cStep
  }
}

/** Rows below the edge repeat the last one and are not stored; columns beyond it are zeros in the panel. */
// @ts-ignore: decorator
@inline
function tile(
  rows: i32, columns: i32, inner: i32,
  a: usize, rowStep: i32, innerStep: i32,
  panel: usize,
  start: usize, startBytes: usize,
  c: usize, cBytes: usize,
): void {
  const s1 = rows > 1 ? start + startBytes : start
  const s2 = rows > 2 ? s1 + startBytes : s1
  const s3 = rows > 3 ? s2 + startBytes : s2
  let c00 = v128.load(start), c10 = v128.load(s1), c20 = v128.load(s2), c30 = v128.load(s3)
  let c01 = v128.load(start, 16), c11 = v128.load(s1, 16), c21 = v128.load(s2, 16), c31 = v128.load(s3, 16)
  const end = panel + (<usize>inner << 5)
  if (innerStep == 1) {
    const rowBytes = <usize>rowStep << 2
    let a0 = a
    let a1 = rows > 1 ? a0 + rowBytes : a0
    let a2 = rows > 2 ? a1 + rowBytes : a1
    let a3 = rows > 3 ? a2 + rowBytes : a2
    const even = panel + (<usize>(inner & ~1) << 5)
    while (panel < even) {
      let b0 = v128.load(panel), b1 = v128.load(panel, 16)
      let x = v128.load32_splat(a0)
      c00 = f32x4.add(c00, f32x4.mul(x, b0))
      c01 = f32x4.add(c01, f32x4.mul(x, b1))
      x = v128.load32_splat(a1)
      c10 = f32x4.add(c10, f32x4.mul(x, b0))
      c11 = f32x4.add(c11, f32x4.mul(x, b1))
      x = v128.load32_splat(a2)
      c20 = f32x4.add(c20, f32x4.mul(x, b0))
      c21 = f32x4.add(c21, f32x4.mul(x, b1))
      x = v128.load32_splat(a3)
      c30 = f32x4.add(c30, f32x4.mul(x, b0))
      c31 = f32x4.add(c31, f32x4.mul(x, b1))
      b0 = v128.load(panel, 32)
      b1 = v128.load(panel, 48)
      x = v128.load32_splat(a0, 4)
      c00 = f32x4.add(c00, f32x4.mul(x, b0))
      c01 = f32x4.add(c01, f32x4.mul(x, b1))
      x = v128.load32_splat(a1, 4)
      c10 = f32x4.add(c10, f32x4.mul(x, b0))
      c11 = f32x4.add(c11, f32x4.mul(x, b1))
      x = v128.load32_splat(a2, 4)
      c20 = f32x4.add(c20, f32x4.mul(x, b0))
      c21 = f32x4.add(c21, f32x4.mul(x, b1))
      x = v128.load32_splat(a3, 4)
      c30 = f32x4.add(c30, f32x4.mul(x, b0))
      c31 = f32x4.add(c31, f32x4.mul(x, b1))
      a0 += 8
      a1 += 8
      a2 += 8
      a3 += 8
      panel += 64
    }
    if (panel < end) {
      const b0 = v128.load(panel), b1 = v128.load(panel, 16)
      let x = v128.load32_splat(a0)
      c00 = f32x4.add(c00, f32x4.mul(x, b0))
      c01 = f32x4.add(c01, f32x4.mul(x, b1))
      x = v128.load32_splat(a1)
      c10 = f32x4.add(c10, f32x4.mul(x, b0))
      c11 = f32x4.add(c11, f32x4.mul(x, b1))
      x = v128.load32_splat(a2)
      c20 = f32x4.add(c20, f32x4.mul(x, b0))
      c21 = f32x4.add(c21, f32x4.mul(x, b1))
      x = v128.load32_splat(a3)
      c30 = f32x4.add(c30, f32x4.mul(x, b0))
      c31 = f32x4.add(c31, f32x4.mul(x, b1))
    }
  } else {
    // The left matrix is transposed: its four rows lie side by side.
    const stepBytes = <usize>innerStep << 2
    while (panel < end) {
      const b0 = v128.load(panel), b1 = v128.load(panel, 16)
      let x = v128.load32_splat(a)
      c00 = f32x4.add(c00, f32x4.mul(x, b0))
      c01 = f32x4.add(c01, f32x4.mul(x, b1))
      x = v128.load32_splat(a, 4)
      c10 = f32x4.add(c10, f32x4.mul(x, b0))
      c11 = f32x4.add(c11, f32x4.mul(x, b1))
      x = v128.load32_splat(a, 8)
      c20 = f32x4.add(c20, f32x4.mul(x, b0))
      c21 = f32x4.add(c21, f32x4.mul(x, b1))
      x = v128.load32_splat(a, 12)
      c30 = f32x4.add(c30, f32x4.mul(x, b0))
      c31 = f32x4.add(c31, f32x4.mul(x, b1))
      a += stepBytes
      panel += 32
    }
  }
  putRow(c, c00, c01, columns)
  if (rows > 1) putRow(c + cBytes, c10, c11, columns)
  if (rows > 2) putRow(c + 2 * cBytes, c20, c21, columns)
  if (rows > 3) putRow(c + 3 * cBytes, c30, c31, columns)
}

// @ts-ignore: decorator
@inline
function putRow(at: usize, low: v128, high: v128, columns: i32): void {
  put(at, low, columns)
  if (columns > 4) put(at + 16, high, columns - 4)
}
