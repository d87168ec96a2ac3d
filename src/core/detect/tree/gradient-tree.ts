/**
 * One tree of gradient boosting, grown leaf by leaf where the loss falls most, from histograms of gradients; of two children only the
 * smaller is counted, the other is the parent less it (Ke et al. 2017, LightGBM).
 */

import type { ForestBuilder } from './forest.ts'
import { type BinnedMatrix, MISSING_BIN } from './histogram.ts'

export interface GradientTreeOptions {
  readonly leaves: number
  readonly minLeafRows: number
  readonly learningRate: number
  readonly l2: number
}

export interface GradientTreeGrower {
  /**
   * Grows a tree over `rows` (whose order it changes) into the builder, adds its leaf values to `raw[row · stride + offset]` of
   * these rows and of `others`.
   */
  grow(task: {
    readonly builder: ForestBuilder
    readonly rows: Int32Array
    readonly others: Int32Array
    readonly gradients: Float32Array
    readonly hessians: Float32Array
    readonly raw: Float64Array
    readonly stride: number
    readonly offset: number
  }): void
}

/**
 * Of each bin two numbers side by side: the sum of gradients, and rows × unit + sum of hessians, which saves a third of the additions.
 * Hessians are rounded to so large a part of the unit that these sums are exact; the values of leaves come from the unrounded ones.
 */
const LANES = 2
const COLUMN_SIZE = 256 * LANES
const LEAST_HESSIAN = 1e-3
/** Keeps 0 / 0 away. */
const LEAST_DIVISOR = 1e-12

interface Split {
  readonly gain: number
  readonly column: number
  readonly bin: number
  readonly missingLeft: boolean
  readonly leftGradient: number
  readonly leftHessian: number
  readonly leftRows: number
}

interface Node {
  readonly from: number
  readonly to: number
  readonly gradient: number
  readonly hessian: number
  value: number
  histogram: Float64Array | undefined
  split: Split | undefined
  left: Node | undefined
  right: Node | undefined
}

export function createGradientTreeGrower(binned: BinnedMatrix, options: GradientTreeOptions): GradientTreeGrower {
  const { rows: rowCount, width, bins, edges } = binned
  const { leaves: mostLeaves, minLeafRows, learningRate, l2 } = options
  const nodeGradients = new Float64Array(rowCount)
  const nodeHessians = new Float64Array(rowCount)
  const moved = new Int32Array(rowCount)
  const spare: Float64Array[] = []

  return {
    grow({ builder, rows, others, gradients, hessians, raw, stride, offset }) {
      let gradientSum = 0
      let hessianSum = 0
      for (let i = 0; i < rows.length; i++) {
        gradientSum += gradients[rows[i]!]!
        hessianSum += hessians[rows[i]!]!
      }
      let unit = 2 ** -40
      while (unit < 2 * hessianSum) unit *= 2
      let rounding = 1.5 * unit
      for (let more = 1; more < rows.length; more *= 2) rounding *= 2
      const makeNode = (from: number, to: number, gradient: number, hessian: number): Node => ({
        from,
        to,
        gradient,
        hessian,
        value: 0,
        histogram: undefined,
        split: undefined,
        left: undefined,
        right: undefined,
      })
      const count = ({ from, to }: Node): Float64Array => {
        for (let i = from; i < to; i++) {
          nodeGradients[i] = gradients[rows[i]!]!
          nodeHessians[i] = unit + (hessians[rows[i]!]! + rounding - rounding)
        }
        const histogram = spare.pop() ?? new Float64Array(width * COLUMN_SIZE)
        countGradients(
          { bins, rowCount, width, rows, from, to, gradients: nodeGradients, hessians: nodeHessians },
          histogram,
        )
        return histogram
      }
      const consider = (node: Node): void => {
        node.split = findSplit(binned, node, { minLeafRows, l2, unit })
        if (!node.split) release(node)
      }
      const release = (node: Node): void => {
        if (node.histogram) spare.push(node.histogram)
        node.histogram = undefined
      }

      const root = makeNode(0, rows.length, gradientSum, hessianSum)
      root.histogram = count(root)
      consider(root)
      const open = [root]
      for (let leaves = 1; leaves < mostLeaves; leaves++) {
        const node = takeBest(open)
        if (!node?.split) break
        const { split } = node
        const middle = node.from + split.leftRows
        partRows(rows.subarray(node.from, node.to), moved, bins.subarray(split.column * rowCount), split)
        const left = makeNode(node.from, middle, split.leftGradient, split.leftHessian)
        const right = makeNode(middle, node.to, node.gradient - split.leftGradient, node.hessian - split.leftHessian)
        node.left = left
        node.right = right
        const last = leaves + 1 === mostLeaves
        const small = split.leftRows <= node.to - middle ? left : right
        const large = small === left ? right : left
        if (!last && node.histogram && large.to - large.from >= 2 * minLeafRows) {
          small.histogram = count(small)
          subtract(node.histogram, small.histogram)
          large.histogram = node.histogram
          node.histogram = undefined
          if (small.to - small.from >= 2 * minLeafRows) consider(small)
          else release(small)
          consider(large)
        }
        release(node)
        open.push(left, right)
      }
      for (const node of open) release(node)

      const write = (node: Node): number => {
        const place = builder.addNode(node.to - node.from)
        const { split, left, right } = node
        if (!left || !right || !split) {
          let gradient = 0
          let hessian = 0
          for (let i = node.from; i < node.to; i++) {
            gradient += gradients[rows[i]!]!
            hessian += hessians[rows[i]!]!
          }
          node.value = Math.fround((-learningRate * gradient) / (hessian + l2 + LEAST_DIVISOR))
          for (let i = node.from; i < node.to; i++) {
            const at = rows[i]! * stride + offset
            raw[at] = raw[at]! + node.value
          }
          builder.setLeaf(place, [node.value])
          return place
        }
        const threshold = edges[split.column]![split.bin] ?? Number.POSITIVE_INFINITY
        const leftPlace = write(left)
        const rightPlace = write(right)
        const { column, missingLeft } = split
        builder.setSplit(place, { feature: column, threshold, missingLeft, left: leftPlace, right: rightPlace })
        return place
      }
      builder.startTree()
      write(root)
      for (let i = 0; i < others.length; i++) {
        const row = others[i]!
        let node = root
        while (node.left && node.right && node.split) {
          node = goesLeft(bins[node.split.column * rowCount + row]!, node.split) ? node.left : node.right
        }
        const at = row * stride + offset
        raw[at] = raw[at]! + node.value
      }
    },
  }
}

function takeBest(open: Node[]): Node | undefined {
  let best = -1
  for (let i = 0; i < open.length; i++) {
    const gain = open[i]!.split?.gain ?? 0
    if (gain > 0 && (best < 0 || gain > open[best]!.split!.gain)) best = i
  }
  return best < 0 ? undefined : open.splice(best, 1)[0]
}

function goesLeft(bin: number, { bin: last, missingLeft }: Split): boolean {
  return bin === MISSING_BIN ? missingLeft : bin <= last
}

/** Stable, so that reading columns stays in order. */
function partRows(rows: Int32Array, moved: Int32Array, column: Uint8Array, split: Split): void {
  let left = 0
  let right = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    if (goesLeft(column[row]!, split)) rows[left++] = row
    else moved[right++] = row
  }
  rows.set(moved.subarray(0, right), left)
}

interface Counting {
  readonly bins: Uint8Array
  readonly rowCount: number
  readonly width: number
  readonly rows: Int32Array
  readonly from: number
  readonly to: number
  readonly gradients: Float64Array
  /** Each with the unit. */
  readonly hessians: Float64Array
}

/** Four columns in one pass: rows and gradients are read less often, and additions to one bin wait for each other less. */
function countGradients(counting: Counting, histogram: Float64Array): void {
  const { bins, rowCount, width, rows, from, to, gradients, hessians } = counting
  histogram.fill(0)
  let column = 0
  for (; column + 4 <= width; column += 4) {
    const a = column * rowCount
    const b = a + rowCount
    const c = b + rowCount
    const d = c + rowCount
    const atA = column * COLUMN_SIZE
    const atB = atA + COLUMN_SIZE
    const atC = atB + COLUMN_SIZE
    const atD = atC + COLUMN_SIZE
    for (let i = from; i < to; i++) {
      const row = rows[i]!
      const gradient = gradients[i]!
      const hessian = hessians[i]!
      const inA = atA + LANES * bins[a + row]!
      const inB = atB + LANES * bins[b + row]!
      const inC = atC + LANES * bins[c + row]!
      const inD = atD + LANES * bins[d + row]!
      histogram[inA] = histogram[inA]! + gradient
      histogram[inA + 1] = histogram[inA + 1]! + hessian
      histogram[inB] = histogram[inB]! + gradient
      histogram[inB + 1] = histogram[inB + 1]! + hessian
      histogram[inC] = histogram[inC]! + gradient
      histogram[inC + 1] = histogram[inC + 1]! + hessian
      histogram[inD] = histogram[inD]! + gradient
      histogram[inD + 1] = histogram[inD + 1]! + hessian
    }
  }
  for (; column < width; column++) {
    const start = column * rowCount
    const atColumn = column * COLUMN_SIZE
    for (let i = from; i < to; i++) {
      const at = atColumn + LANES * bins[start + rows[i]!]!
      histogram[at] = histogram[at]! + gradients[i]!
      histogram[at + 1] = histogram[at + 1]! + hessians[i]!
    }
  }
}

function subtract(from: Float64Array, part: Float64Array): void {
  for (let i = 0; i < from.length; i++) from[i] = from[i]! - part[i]!
}

function findSplit(
  { width, edges, missing }: BinnedMatrix,
  node: Node,
  { minLeafRows, l2, unit }: { readonly minLeafRows: number; readonly l2: number; readonly unit: number },
): Split | undefined {
  const { histogram, gradient, hessian } = node
  if (!histogram) return undefined
  const perUnit = 1 / unit
  const rows = node.to - node.from
  const whole = (gradient * gradient) / (hessian + l2 + LEAST_DIVISOR)
  let best: Split | undefined
  let bestGain = whole + 1e-9 * whole
  for (let column = 0; column < width; column++) {
    const start = column * COLUMN_SIZE
    const columnEdges = edges[column]!.length
    const missingAt = start + LANES * MISSING_BIN
    const missingSum = missing[column] === 1 ? histogram[missingAt + 1]! : 0
    const missingRows = Math.floor(missingSum * perUnit)
    for (let pass = 0; pass < (missingRows > 0 ? 2 : 1); pass++) {
      let leftGradient = pass === 1 ? histogram[missingAt]! : 0
      let leftHessian = pass === 1 ? missingSum - missingRows * unit : 0
      let leftRows = pass === 1 ? missingRows : 0
      const last = missingRows > 0 && pass === 0 ? columnEdges : columnEdges - 1
      for (let bin = 0, at = start; bin <= last; bin++, at += LANES) {
        const sum = histogram[at + 1]!
        if (sum === 0) continue
        const here = Math.floor(sum * perUnit)
        leftGradient += histogram[at]!
        leftHessian += sum - here * unit
        leftRows += here
        if (leftRows < minLeafRows || leftHessian < LEAST_HESSIAN) continue
        const rightHessian = hessian - leftHessian
        if (rows - leftRows < minLeafRows || rightHessian < LEAST_HESSIAN) break
        const rightGradient = gradient - leftGradient
        const gain =
          (leftGradient * leftGradient) / (leftHessian + l2) + (rightGradient * rightGradient) / (rightHessian + l2)
        if (!(gain > bestGain)) continue
        bestGain = gain
        const missingLeft = missingRows > 0 ? pass === 1 : 2 * leftRows >= rows
        best = { gain: gain - whole, column, bin, missingLeft, leftGradient, leftHessian, leftRows }
      }
    }
  }
  return best
}
