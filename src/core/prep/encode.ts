/** Flows → the matrix a model was trained on, by the inputs of its manifest. */
import { ModelError } from '../base/errors.ts'
import { COUNT_COLUMNS, type FlowBatch } from '../flow/batch.ts'
import type { ModelInput, ModelManifest } from '../model/manifest.ts'
import { applyScaler } from './scaler.ts'

/** Columns of the matrix that `inputs` make: one for a number, one for each category. */
export function matrixWidth(inputs: readonly ModelInput[]): number {
  let width = 0
  for (const input of inputs) width += input.kind === 'number' ? 1 : input.categories.length
  return width
}

const COUNT_NAMES: readonly string[] = COUNT_COLUMNS

/** Position among COUNT_COLUMNS; -1 for another name. */
export function countColumn(name: string): number {
  return COUNT_NAMES.indexOf(name)
}

/**
 * Rows × matrixWidth, transformed and not yet scaled. A category that was not seen in training, and a missing one, is all 0.
 * Throws ModelError for a number column that flows do not have.
 */
export function encodeFlows(batch: FlowBatch, inputs: readonly ModelInput[]): Float32Array {
  const width = matrixWidth(inputs)
  const matrix = new Float32Array(batch.length * width)
  let column = 0
  for (const input of inputs) {
    if (input.kind === 'number') {
      encodeNumber(batch, input, matrix, column, width)
      column++
    } else {
      encodeCategory(batch, input, matrix, column, width)
      column += input.categories.length
    }
  }
  return matrix
}

/** Rows × matrixWidth, scaled by the frozen scaler: what windows are made of. */
export function encodeScaled(batch: FlowBatch, model: Pick<ModelManifest, 'inputs' | 'scaler'>): Float32Array {
  const matrix = encodeFlows(batch, model.inputs)
  applyScaler(matrix, model.scaler)
  return matrix
}

/** `log1p` of a count; what is below 0 in broken tables counts as 0. */
export function transformCount(value: number, transform: 'none' | 'log1p'): number {
  const count = value > 0 ? Math.min(value, Number.MAX_SAFE_INTEGER) : 0
  return transform === 'log1p' ? Math.log1p(count) : count
}

function encodeNumber(
  batch: FlowBatch,
  input: Extract<ModelInput, { kind: 'number' }>,
  matrix: Float32Array,
  column: number,
  width: number,
): void {
  const source = countColumn(input.column)
  if (source < 0) {
    throw new ModelError(`the model asks for the input ${input.column}; flows have ${COUNT_COLUMNS.join(', ')}`)
  }
  const counts = batch.counts
  for (let row = 0, from = source, to = column; row < batch.length; row++, from += 4, to += width) {
    matrix[to] = transformCount(counts[from]!, input.transform)
  }
}

function encodeCategory(
  batch: FlowBatch,
  input: Extract<ModelInput, { kind: 'category' }>,
  matrix: Float32Array,
  column: number,
  width: number,
): void {
  const source = batch.categories.find((category) => category.name === input.column)
  if (!source) return
  const offsets = source.values.map((value) => input.categories.indexOf(value))
  for (let row = 0; row < batch.length; row++) {
    const offset = offsets[source.code[row]!] ?? -1
    if (offset >= 0) matrix[row * width + column + offset] = 1
  }
}
