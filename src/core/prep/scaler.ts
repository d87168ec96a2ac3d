/** Standardising with a mean and deviation frozen at training: a file is never scaled by itself. */
import { RunningStats } from '../base/stats.ts'

export interface Scaler {
  readonly mean: readonly number[]
  /** Never 0: a constant column has 1. */
  readonly deviation: readonly number[]
}

/** Mean and sample deviation of each column of `matrix` (rows × width). */
export function fitScaler(matrix: ArrayLike<number>, width: number): Scaler {
  const columns = Array.from({ length: width }, () => new RunningStats())
  for (let i = 0; i < matrix.length; i++) columns[i % width]!.add(matrix[i]!)
  return {
    mean: columns.map((column) => column.mean),
    deviation: columns.map((column) => (column.deviation > 0 ? column.deviation : 1)),
  }
}

/** Scales `matrix` (rows × width) in place. */
export function applyScaler(matrix: Float32Array | Float64Array, scaler: Scaler): void {
  const width = scaler.mean.length
  for (let column = 0; column < width; column++) {
    const mean = scaler.mean[column]!
    const deviation = scaler.deviation[column]!
    for (let i = column; i < matrix.length; i += width) matrix[i] = (matrix[i]! - mean) / deviation
  }
}
