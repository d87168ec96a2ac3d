// The smaller steps of the layers. Lengths are counted in numbers; whole buffers are padded to a multiple of four.
import { put, sigmoid4 } from './math'

/** rows × steps × width to steps × rows × width; called with rows and steps exchanged it is its own inverse. */
export function exchange(rows: i32, steps: i32, width: i32, from: usize, to: usize): void {
  const bytes = <usize>width << 2
  for (let r: i32 = 0; r < rows; r++) {
    for (let t: i32 = 0; t < steps; t++) {
      const target = to + <usize>(t * rows + r) * bytes
      for (let i: i32 = 0; i < width; i += 4) {
        const at = <usize>i << 2
        put(target + at, v128.load(from + at), width - i)
      }
      from += bytes
    }
  }
}

/** Adds the sum over rows of rows × width to `sums`. */
export function addColumns(rows: i32, width: i32, values: usize, sums: usize): void {
  const bytes = <usize>width << 2
  let i: i32 = 0
  // Sixteen columns at a time: four sums that do not wait for each other.
  for (; i + 16 <= width; i += 16) {
    const to = sums + (<usize>i << 2)
    let a = v128.load(to), b = v128.load(to, 16), c = v128.load(to, 32), d = v128.load(to, 48)
    let from = values + (<usize>i << 2)
    for (let r: i32 = 0; r < rows; r++) {
      a = f32x4.add(a, v128.load(from))
      b = f32x4.add(b, v128.load(from, 16))
      c = f32x4.add(c, v128.load(from, 32))
      d = f32x4.add(d, v128.load(from, 48))
      from += bytes
    }
    v128.store(to, a)
    v128.store(to, b, 16)
    v128.store(to, c, 32)
    v128.store(to, d, 48)
  }
  for (; i < width; i += 4) {
    const at = <usize>i << 2
    let sum = v128.load(sums + at)
    let from = values + at
    for (let r: i32 = 0; r < rows; r++) {
      sum = f32x4.add(sum, v128.load(from))
      from += bytes
    }
    put(sums + at, sum, width - i)
  }
}

/** to += from, over a whole buffer. */
export function addTo(length: i32, to: usize, from: usize): void {
  for (let i: i32 = 0; i < length; i += 4) {
    const at = <usize>i << 2
    v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)))
  }
}

export function relu(length: i32, values: usize): void {
  for (let i: i32 = 0; i < length; i += 4) {
    const at = values + (<usize>i << 2)
    v128.store(at, f32x4.max(v128.load(at), f32x4.splat(0)))
  }
}

export function reluBackward(length: i32, values: usize, gradients: usize): void {
  for (let i: i32 = 0; i < length; i += 4) {
    const at = <usize>i << 2
    v128.store(gradients + at, v128.and(v128.load(gradients + at), f32x4.gt(v128.load(values + at), f32x4.splat(0))))
  }
}

export function sigmoid(length: i32, values: usize): void {
  for (let i: i32 = 0; i < length; i += 4) {
    const at = values + (<usize>i << 2)
    v128.store(at, sigmoid4(v128.load(at)))
  }
}

export function sigmoidBackward(length: i32, values: usize, gradients: usize): void {
  for (let i: i32 = 0; i < length; i += 4) {
    const at = <usize>i << 2
    const y = v128.load(values + at)
    const slope = f32x4.mul(y, f32x4.sub(f32x4.splat(1), y))
    v128.store(gradients + at, f32x4.mul(v128.load(gradients + at), slope))
  }
}

/** The larger of two blocks, number by number. */
export function larger(length: i32, first: usize, second: usize, to: usize): void {
  for (let i: i32 = 0; i < length; i += 4) {
    const at = <usize>i << 2
    put(to + at, f32x4.max(v128.load(first + at), v128.load(second + at)), length - i)
  }
}

/** The gradient goes to the block that was larger; to the first when both are equal. */
export function largerBackward(length: i32, first: usize, second: usize, gradient: usize, toFirst: usize, toSecond: usize): void {
  for (let i: i32 = 0; i < length; i += 4) {
    const at = <usize>i << 2
    const isFirst = f32x4.ge(v128.load(first + at), v128.load(second + at))
    const value = v128.load(gradient + at)
    put(toFirst + at, v128.and(value, isFirst), length - i)
    put(toSecond + at, v128.andnot(value, isFirst), length - i)
  }
}
