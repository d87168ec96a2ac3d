// Losses, the norm of the gradient and Adam. Sums over many numbers are kept in float64.
import { exp4, sigmoid4 } from './math'

/**
 * Squared error of `outputs` (steps × rows × width) against `targets`, each row weighted: returns its weighted sum and fills
 * `gradients` with `scale` · 2 · weight · error.
 */
export function squaredError(steps: i32, rows: i32, width: i32, outputs: usize, targets: usize, weights: usize, scale: f32, gradients: usize): f64 {
  let sum: f64 = 0
  for (let t: i32 = 0; t < steps; t++) {
    for (let r: i32 = 0; r < rows; r++) {
      const weight = load<f32>(weights + (<usize>r << 2))
      const slope: f32 = 2 * scale * weight
      let squares: f32 = 0
      for (let i: i32 = 0; i < width; i++) {
        const error = load<f32>(outputs) - load<f32>(targets)
        squares += error * error
        store<f32>(gradients, slope * error)
        outputs += 4
        targets += 4
        gradients += 4
      }
      sum += <f64>squares * <f64>weight
    }
  }
  return sum
}

/** The same for cross entropy, `outputs` being what goes into the sigmoid: log(1 + e^z) − target · z, without overflow. */
export function crossEntropy(steps: i32, rows: i32, width: i32, outputs: usize, targets: usize, weights: usize, scale: f32, gradients: usize): f64 {
  let sum: f64 = 0
  for (let t: i32 = 0; t < steps; t++) {
    for (let r: i32 = 0; r < rows; r++) {
      const weight = load<f32>(weights + (<usize>r << 2))
      for (let i: i32 = 0; i < width; i++) {
        const z = load<f32>(outputs)
        const target = load<f32>(targets)
        const small = f32x4.extract_lane(exp4(f32x4.splat(-abs(z))), 0)
        sum += <f64>weight * (<f64>max(z, <f32>0) - <f64>target * <f64>z + Math.log1p(<f64>small))
        const probability = f32x4.extract_lane(sigmoid4(f32x4.splat(z)), 0)
        store<f32>(gradients, scale * weight * (probability - target))
        outputs += 4
        targets += 4
        gradients += 4
      }
    }
  }
  return sum
}

export function sumSquares(length: i32, values: usize): f64 {
  let low = f64x2.splat(0)
  let high = f64x2.splat(0)
  for (let i: i32 = 0; i < length; i += 4) {
    const value = v128.load(values + (<usize>i << 2))
    const a = f64x2.promote_low_f32x4(value)
    const b = f64x2.promote_low_f32x4(v128.shuffle<i64>(value, value, 1, 0))
    low = f64x2.add(low, f64x2.mul(a, a))
    high = f64x2.add(high, f64x2.mul(b, b))
  }
  const sum = f64x2.add(low, high)
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)
}

/**
 * Adam (Kingma & Ba 2015, algorithm 1). `rate` is the learning rate over 1 − β1^t, `spread` 1 / √(1 − β2^t); gradients are
 * multiplied by `scale` first (clipping).
 */
export function adam(
  length: i32, values: usize, gradients: usize, means: usize, squares: usize,
  scale: f32, rate: f32, spread: f32, beta1: f32, beta2: f32, epsilon: f32,
): void {
  const keepMean = f32x4.splat(beta1)
  const newMean = f32x4.splat(1 - beta1)
  const keepSquare = f32x4.splat(beta2)
  const newSquare = f32x4.splat(1 - beta2)
  for (let i: i32 = 0; i < length; i += 4) {
    const at = <usize>i << 2
    const g = f32x4.mul(v128.load(gradients + at), f32x4.splat(scale))
    const m = f32x4.add(f32x4.mul(keepMean, v128.load(means + at)), f32x4.mul(newMean, g))
    const v = f32x4.add(f32x4.mul(keepSquare, v128.load(squares + at)), f32x4.mul(newSquare, f32x4.mul(g, g)))
    v128.store(means + at, m)
    v128.store(squares + at, v)
    const size = f32x4.add(f32x4.mul(f32x4.sqrt(v), f32x4.splat(spread)), f32x4.splat(epsilon))
    const step = f32x4.div(f32x4.mul(f32x4.splat(rate), m), size)
    v128.store(values + at, f32x4.sub(v128.load(values + at), step))
  }
}
