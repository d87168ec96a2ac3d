/** Logistic regression by Newton's method: sum of log losses + ½‖w‖² (the intercept is free), as scikit-learn's default of C = 1. */
import type { FitControl } from '../detect/detector.ts'

export interface Logistic {
  readonly weights: Float64Array
  readonly intercept: number
}

export interface LogisticRows {
  /** rows × width. */
  readonly values: Float64Array
  readonly width: number
  /** 0 or 1. */
  readonly flags: ArrayLike<number>
}

const MOST_STEPS = 50
const TOLERANCE = 1e-10

export async function fitLogistic(
  rows: LogisticRows,
  { onProgress, signal }: Pick<FitControl, 'onProgress' | 'signal'> = {},
): Promise<Logistic> {
  const size = rows.width + 1
  let point = new Float64Array(size)
  let loss = lossAt(rows, point)
  for (let step = 0; step < MOST_STEPS; step++) {
    signal?.throwIfAborted()
    await onProgress?.(step, MOST_STEPS)
    const { gradient, hessian } = derive(rows, point)
    const direction = solve(hessian, gradient)
    let share = 1
    let next = point
    let nextLoss = loss
    for (; share > 1e-6; share /= 2) {
      next = point.map((value, i) => value - share * direction[i]!)
      nextLoss = lossAt(rows, next)
      if (nextLoss <= loss) break
    }
    const gained = loss - nextLoss
    if (!(gained >= 0)) break
    point = next
    loss = nextLoss
    if (gained <= TOLERANCE * Math.abs(loss)) break
  }
  return { weights: point.slice(0, rows.width), intercept: point[rows.width]! }
}

/** Log-odds per row. */
export function scoreLogistic({ weights, intercept }: Logistic, values: Float64Array): Float64Array {
  const width = weights.length
  const scores = new Float64Array(values.length / width).fill(intercept)
  for (let row = 0; row < scores.length; row++) {
    let sum = intercept
    for (let f = 0; f < width; f++) sum += weights[f]! * values[row * width + f]!
    scores[row] = sum
  }
  return scores
}

function lossAt({ values, width, flags }: LogisticRows, point: Float64Array): number {
  const scores = scoreLogistic({ weights: point.subarray(0, width), intercept: point[width]! }, values)
  let loss = 0
  for (let row = 0; row < scores.length; row++) {
    const margin = flags[row] === 1 ? scores[row]! : -scores[row]!
    loss += margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin
  }
  for (let f = 0; f < width; f++) loss += 0.5 * point[f]! ** 2
  return loss
}

function derive({ values, width, flags }: LogisticRows, point: Float64Array) {
  const size = width + 1
  const scores = scoreLogistic({ weights: point.subarray(0, width), intercept: point[width]! }, values)
  const gradient = new Float64Array(size)
  const hessian = new Float64Array(size * size)
  const row = new Float64Array(size)
  row[width] = 1
  for (let i = 0; i < scores.length; i++) {
    row.set(values.subarray(i * width, (i + 1) * width))
    const chance = 1 / (1 + Math.exp(-scores[i]!))
    const error = chance - (flags[i] === 1 ? 1 : 0)
    const weight = chance * (1 - chance)
    for (let a = 0; a < size; a++) {
      gradient[a]! += error * row[a]!
      const scaled = weight * row[a]!
      if (scaled === 0) continue
      for (let b = 0; b <= a; b++) hessian[a * size + b]! += scaled * row[b]!
    }
  }
  for (let f = 0; f < width; f++) {
    gradient[f]! += point[f]!
    hessian[f * size + f]! += 1
  }
  // The intercept has no penalty; this keeps it solvable where every chance is 0 or 1.
  hessian[size * size - 1]! += 1e-9
  return { gradient, hessian }
}

/** Cholesky; only the lower half of `matrix` is read, and it is overwritten. */
function solve(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]!
      for (let k = 0; k < j; k++) sum -= matrix[i * n + k]! * matrix[j * n + k]!
      matrix[i * n + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / matrix[j * n + j]!
    }
  }
  const x = right.slice()
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= matrix[i * n + k]! * x[k]!
    x[i]! /= matrix[i * n + i]!
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= matrix[k * n + i]! * x[k]!
    x[i]! /= matrix[i * n + i]!
  }
  return x
}
