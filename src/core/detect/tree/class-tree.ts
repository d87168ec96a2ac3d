/**
 * One tree of a random forest: Gini splits from histograms of a few columns drawn anew at each node (Breiman 2001). Small nodes look
 * only at the bins that they fill.
 */
import type { Random } from '../../base/random.ts'
import type { ForestBuilder } from './forest.ts'
import { type BinnedMatrix, MISSING_BIN } from './histogram.ts'

export interface ClassTreeOptions {
  readonly depth: number
  /** Columns that each node looks at; more only when none of them parts its rows. */
  readonly columns: number
  readonly minLeafRows: number
}

export interface ClassTreeGrower {
  /** Grows a tree over rows that count `times` each; their order changes. Leaves hold shares of classes. */
  grow(task: {
    readonly builder: ForestBuilder
    readonly rows: Int32Array
    readonly times: Uint8Array
    readonly random: Random
  }): void
}

interface Split {
  column: number
  bin: number
  missingLeft: boolean
  gain: number
}

export function createClassTreeGrower(
  { rows: rowCount, width, bins, edges, missing }: BinnedMatrix,
  { labels, classWeights }: { readonly labels: ArrayLike<number>; readonly classWeights: Float64Array },
  { depth: deepest, columns, minLeafRows }: ClassTreeOptions,
): ClassTreeGrower {
  const classes = classWeights.length
  const counts = new Int32Array(256 * classes)
  const filled = new Int32Array(8)
  const used = new Uint8Array(256)
  const moved = new Int32Array(rowCount)
  const order = Int32Array.from({ length: width }, (_, i) => i)
  /** Where a row's class counts, and how often the row does: gathered once for all columns of a node. */
  const nodeLabels = new Uint16Array(rowCount)
  const nodeTimes = new Uint8Array(rowCount)
  const leftCounts = new Float64Array(classes)
  const missingCounts = new Float64Array(classes)
  const best: Split = { column: -1, bin: 0, missingLeft: false, gain: 0 }

  /** Fills `counts` and lists the bins that occur, ascending, in `used`; gives their number. */
  const countColumn = (rows: Int32Array, from: number, to: number, column: number): number => {
    const start = column * rowCount
    filled.fill(0)
    for (let i = from; i < to; i++) {
      const bin = bins[start + rows[i]!]!
      const at = bin * classes + nodeLabels[i]!
      counts[at] = counts[at]! + nodeTimes[i]!
      filled[bin >> 5] = filled[bin >> 5]! | (1 << (bin & 31))
    }
    let number = 0
    for (let word = 0; word < 8; word++) {
      for (let bits = filled[word]!; bits !== 0; bits &= bits - 1)
        used[number++] = 32 * word + 31 - Math.clz32(bits & -bits)
    }
    return number
  }

  /** Looks for a better split in the counted column; leaves `counts` empty. */
  const searchColumn = (column: number, number: number, totals: Float64Array, nodeRows: number): void => {
    const hasMissing = missing[column] === 1 && used[number - 1] === MISSING_BIN
    missingCounts.fill(0)
    let missingRows = 0
    if (hasMissing) {
      for (let k = 0; k < classes; k++) {
        missingCounts[k] = counts[MISSING_BIN * classes + k]!
        missingRows += missingCounts[k]!
      }
    }
    const present = hasMissing ? number - 1 : number
    for (let pass = 0; pass < (hasMissing ? 2 : 1); pass++) {
      leftCounts.set(pass === 1 ? missingCounts : NONE.subarray(0, classes))
      let leftRows = pass === 1 ? missingRows : 0
      const last = hasMissing && pass === 0 ? present : present - 1
      for (let u = 0; u < last; u++) {
        const at = used[u]! * classes
        let leftWeight = 0
        let rightWeight = 0
        let leftSquares = 0
        let rightSquares = 0
        for (let k = 0; k < classes; k++) {
          const here = counts[at + k]!
          leftRows += here
          const left = leftCounts[k]! + here
          leftCounts[k] = left
          const weight = classWeights[k]!
          const a = left * weight
          const b = (totals[k]! - left) * weight
          leftWeight += a
          rightWeight += b
          leftSquares += a * a
          rightSquares += b * b
        }
        if (leftRows < minLeafRows || nodeRows - leftRows < minLeafRows || leftWeight <= 0 || rightWeight <= 0) continue
        const gain = leftSquares / leftWeight + rightSquares / rightWeight
        if (gain <= best.gain) continue
        best.gain = gain
        best.column = column
        best.bin = used[u]!
        best.missingLeft = hasMissing ? pass === 1 : 2 * leftRows >= nodeRows
      }
    }
    for (let u = 0; u < number; u++) {
      const at = used[u]! * classes
      for (let k = 0; k < classes; k++) counts[at + k] = 0
    }
  }

  return {
    grow({ builder, rows, times, random }) {
      const grow = (from: number, to: number, depth: number): number => {
        const totals = new Float64Array(classes)
        for (let i = from; i < to; i++) {
          const row = rows[i]!
          const label = labels[row]!
          const here = times[row]!
          nodeLabels[i] = label
          nodeTimes[i] = here
          totals[label] = totals[label]! + here
        }
        let nodeRows = 0
        let weight = 0
        let squares = 0
        let kinds = 0
        for (let k = 0; k < classes; k++) {
          const share = totals[k]! * classWeights[k]!
          nodeRows += totals[k]!
          weight += share
          squares += share * share
          if (totals[k]! > 0) kinds++
        }
        const node = builder.addNode(nodeRows)
        best.column = -1
        best.gain = (squares / weight) * (1 + 1e-12)
        if (depth < deepest && kinds > 1 && nodeRows >= 2 * minLeafRows) {
          for (let seen = 0; seen < width && (seen < columns || best.column < 0); seen++) {
            const drawn = seen + random.int(width - seen)
            const column = order[drawn]!
            order[drawn] = order[seen]!
            order[seen] = column
            searchColumn(column, countColumn(rows, from, to, column), totals, nodeRows)
          }
        }
        if (best.column < 0) {
          for (let k = 0; k < classes; k++)
            totals[k] = weight > 0 ? (totals[k]! * classWeights[k]!) / weight : 1 / classes
          builder.setLeaf(node, totals)
          return node
        }
        const { column, bin, missingLeft } = best
        const start = column * rowCount
        let middle = from
        let right = 0
        for (let i = from; i < to; i++) {
          const row = rows[i]!
          const here = bins[start + row]!
          if (here === MISSING_BIN ? missingLeft : here <= bin) rows[middle++] = row
          else moved[right++] = row
        }
        rows.set(moved.subarray(0, right), middle)
        const leftNode = grow(from, middle, depth + 1)
        const rightNode = grow(middle, to, depth + 1)
        const threshold = edges[column]![bin] ?? Number.POSITIVE_INFINITY
        builder.setSplit(node, { feature: column, threshold, missingLeft, left: leftNode, right: rightNode })
        return node
      }
      builder.startTree()
      grow(0, rows.length, 0)
    },
  }
}

export const MOST_CLASSES = 1024
const NONE = new Float64Array(MOST_CLASSES)
