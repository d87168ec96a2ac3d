/**
 * Exact path-dependent TreeSHAP (Lundberg, Erion & Lee 2018), leaf by leaf: the game of one path is v · Π o · Π z, with o = 1 where
 * the row meets a feature's conditions on the path and z the share of training rows that do. Features with o = 0 all get the
 * same part, so only the met ones cost anything: O(met²) for a leaf instead of O(depth²).
 */
import type { Forest } from './forest.ts'

export interface TreeExplainer {
  /** Mean output over the training rows. */
  readonly base: number
  /** Adds each feature's part of output − base to `shares` (one number per column of the row). */
  explain(row: Float32Array, shares: Float64Array): void
}

/** Paths of all leaves, one feature at most once in each: elements starts[p] … starts[p + 1]. */
interface Paths {
  readonly values: Float64Array
  readonly starts: Int32Array
  readonly feature: Int32Array
  /** The row's value is above `low` (NaN: no such condition) and at most `high`. */
  readonly low: Float32Array
  readonly high: Float32Array
  readonly missingGoes: Uint8Array
  /** Share of training rows that go this way. */
  readonly zero: Float64Array
  readonly longest: number
}

/** Explains the sum of the forest's outputs, each times its weight, such as −1 for benign and +1 for an attack. */
export function createTreeExplainer(forest: Forest, weights: ArrayLike<number>): TreeExplainer {
  const paths = findPaths(forest, weights)
  const { values, starts, feature, low, high, missingGoes, zero, longest } = paths
  const subsetWeights = weightTable(longest)
  const met = new Int32Array(longest)
  const coefficients = new Float64Array(longest + 1)
  return {
    base: meanOutput(paths),
    explain(row, shares) {
      for (let path = 0; path < values.length; path++) {
        const start = starts[path]!
        const end = starts[path + 1]!
        let count = 0
        let unmet = values[path]!
        for (let e = start; e < end; e++) {
          const x = row[feature[e]!]!
          if (Number.isNaN(x) ? missingGoes[e] === 1 : !(x <= low[e]!) && x <= high[e]!) met[count++] = e
          else unmet *= zero[e]!
        }
        const length = end - start
        const table = subsetWeights[length]!
        // Coefficients of Π (z + y) over what is met; that of y^s belongs to subsets of s features
        coefficients[0] = 1
        for (let m = 0; m < count; m++) {
          const z = zero[met[m]!]!
          coefficients[m + 1] = coefficients[m]!
          for (let s = m; s > 0; s--) coefficients[s] = coefficients[s]! * z + coefficients[s - 1]!
          coefficients[0] = coefficients[0]! * z
        }
        if (count < length) {
          let sum = 0
          for (let s = 0; s <= count; s++) sum += table[s]! * coefficients[s]!
          const share = unmet * sum
          let next = 0
          for (let e = start; e < end; e++) {
            if (next < count && met[next] === e) next++
            else shares[feature[e]!] = shares[feature[e]!]! - share
          }
        }
        for (let m = 0; m < count; m++) {
          const e = met[m]!
          const z = zero[e]!
          // The product without this factor, by dividing from the top: errors shrink by z each time
          let coefficient = 0
          let sum = 0
          for (let s = count - 1; s >= 0; s--) {
            coefficient = coefficients[s + 1]! - z * coefficient
            sum += table[s]! * coefficient
          }
          shares[feature[e]!] = shares[feature[e]!]! + unmet * (1 - z) * sum
        }
      }
    },
  }
}

function meanOutput({ values, starts, zero }: Paths): number {
  let mean = 0
  for (let path = 0; path < values.length; path++) {
    let value = values[path]!
    for (let e = starts[path]!; e < starts[path + 1]!; e++) value *= zero[e]!
    mean += value
  }
  return mean
}

/** Shapley weight of a subset of s among d features: s! (d − s − 1)! / d! (the last, s = d, is not used). */
function weightTable(longest: number): Float64Array[] {
  const table: Float64Array[] = []
  for (let d = 0; d <= longest; d++) {
    const weights = new Float64Array(d + 1)
    for (let s = 0, weight = 1 / d; s < d; s++) {
      weights[s] = weight
      weight *= (s + 1) / (d - s - 1)
    }
    table.push(weights)
  }
  return table
}

interface Element {
  readonly feature: number
  readonly low: number
  readonly high: number
  readonly missingGoes: boolean
  readonly zero: number
}

function findPaths(forest: Forest, weights: ArrayLike<number>): Paths {
  const { roots, feature, threshold, left, right, missingLeft, cover } = forest
  const values: number[] = []
  const starts: number[] = [0]
  const elements: Element[] = []
  let longest = 0

  const visit = (tree: number, node: number, path: readonly Element[]): void => {
    const column = feature[node]!
    if (column < 0) {
      const value = leafValue(forest, { tree, node, weights })
      if (value === 0) return
      values.push(value)
      for (const element of path) elements.push(element)
      starts.push(elements.length)
      longest = Math.max(longest, path.length)
      return
    }
    const known = path.findIndex((element) => element.feature === column)
    const before = path[known] ?? { low: Number.NaN, high: Number.POSITIVE_INFINITY, missingGoes: true, zero: 1 }
    for (const goesLeft of [true, false]) {
      const child = goesLeft ? left[node]! : right[node]!
      const edge = threshold[node]!
      const element: Element = {
        feature: column,
        low: goesLeft || before.low >= edge ? before.low : edge,
        high: goesLeft && edge < before.high ? edge : before.high,
        missingGoes: before.missingGoes && (missingLeft[node] === 1) === goesLeft,
        zero: cover[node]! > 0 ? (before.zero * cover[child]!) / cover[node]! : 0,
      }
      visit(tree, child, known < 0 ? [...path, element] : path.with(known, element))
    }
  }
  for (let tree = 0; tree < roots.length; tree++) visit(tree, roots[tree]!, [])

  return {
    values: Float64Array.from(values),
    starts: Int32Array.from(starts),
    feature: Int32Array.from(elements, (element) => element.feature),
    low: Float32Array.from(elements, (element) => element.low),
    high: Float32Array.from(elements, (element) => element.high),
    missingGoes: Uint8Array.from(elements, (element) => (element.missingGoes ? 1 : 0)),
    zero: Float64Array.from(elements, (element) => element.zero),
    longest,
  }
}

function leafValue(
  { left, leaves, leafWidth, outputs }: Forest,
  { tree, node, weights }: { readonly tree: number; readonly node: number; readonly weights: ArrayLike<number> },
): number {
  const at = left[node]! * leafWidth
  if (leafWidth === 1) return leaves[at]! * weights[tree % outputs]!
  let value = 0
  for (let k = 0; k < leafWidth; k++) value += leaves[at + k]! * weights[k]!
  return value
}
