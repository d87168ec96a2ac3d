/** Rows and features of labelled flows, chosen and compared. */
import { takeRows } from '../detect/dataset.ts'
import type { FeatureMatrix } from '../detect/detector.ts'
import type { LabelledDataset } from './labels.ts'

export function takeLabelled(data: LabelledDataset, rows: ArrayLike<number>): LabelledDataset {
  const taken = takeRows(data, rows)
  return { ...taken, labels: taken.labels! }
}

/** The columns named by `features`, in that order; all of them exist. */
export function takeFeatures(data: LabelledDataset, features: readonly string[]): LabelledDataset {
  const from = features.map((name) => data.matrix.features.indexOf(name))
  const width = data.matrix.features.length
  const values = new Float32Array(data.rows * from.length)
  for (let row = 0; row < data.rows; row++) {
    for (let i = 0; i < from.length; i++) values[row * from.length + i] = data.matrix.values[row * width + from[i]!]!
  }
  return { ...data, matrix: { features: [...features], rows: data.rows, values } }
}

/** How many of `rows` have exactly the features of one of the training rows. */
export function countDuplicates(
  train: { readonly matrix: FeatureMatrix; readonly rows: Int32Array },
  matrix: FeatureMatrix,
  rows: Int32Array,
): number {
  const known = new Set<number>()
  for (const row of train.rows) known.add(hashRow(train.matrix, row))
  let count = 0
  for (const row of rows) if (known.has(hashRow(matrix, row))) count++
  return count
}

/** 53 bits from two rounds of FNV-1a over the words of the row. */
function hashRow({ features, values }: FeatureMatrix, row: number): number {
  const width = features.length
  const words = new Uint32Array(values.buffer, values.byteOffset + row * width * 4, width)
  let a = 0x811c9dc5
  let b = 0x9e3779b9
  for (const word of words) {
    a = Math.imul(a ^ (word & 0xffff), 0x01000193)
    a = Math.imul(a ^ (word >>> 16), 0x01000193)
    b = Math.imul(b ^ word, 0x85ebca6b)
    b ^= b >>> 13
  }
  return (a >>> 0) * 0x200000 + (b >>> 11)
}
