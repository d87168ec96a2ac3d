/** Many binary trees as flat arrays: grown node by node, walked row by row, checked when they come from a file. */
import { ModelError } from '../../base/errors.ts'
import type { ModelArray, ModelReader } from '../detector-file.ts'

export interface Forest {
  /** Number columns of a row. */
  readonly width: number
  /** Sums that come out for a row. */
  readonly outputs: number
  /** Numbers per leaf: `outputs`, or 1, and then tree t adds to sum t mod outputs. */
  readonly leafWidth: number
  /** First node of each tree. */
  readonly roots: Int32Array
  /** Column that a node asks for; −1 is a leaf. */
  readonly feature: Int32Array
  /** Rows with value ≤ threshold go left. */
  readonly threshold: Float32Array
  /** Of a leaf: its place among the leaves. Children stand after their parent. */
  readonly left: Int32Array
  readonly right: Int32Array
  /** 1 where rows without the value go left. */
  readonly missingLeft: Uint8Array
  /** Training rows that passed the node, by weight. */
  readonly cover: Float32Array
  /** leaves × leafWidth. */
  readonly leaves: Float32Array
}

/** Growable arrays of a forest in the making. */
export class ForestBuilder {
  readonly #shape: { readonly width: number; readonly outputs: number; readonly leafWidth: number }
  readonly #roots: number[] = []
  #nodes = 0
  #leafCount = 0
  #feature = new Int32Array(1024)
  #threshold = new Float32Array(1024)
  #left = new Int32Array(1024)
  #right = new Int32Array(1024)
  #missingLeft = new Uint8Array(1024)
  #cover = new Float32Array(1024)
  #leaves = new Float32Array(1024)

  constructor(shape: { readonly width: number; readonly outputs: number; readonly leafWidth: number }) {
    this.#shape = shape
  }

  get trees(): number {
    return this.#roots.length
  }

  startTree(): void {
    this.#roots.push(this.#nodes)
  }

  /** An empty node, to be made a split or a leaf; gives its place. */
  addNode(cover: number): number {
    const node = this.#nodes++
    if (node === this.#feature.length) this.#grow()
    this.#feature[node] = -1
    this.#left[node] = -1
    this.#cover[node] = cover
    return node
  }

  setSplit(
    node: number,
    split: { feature: number; threshold: number; missingLeft: boolean; left: number; right: number },
  ): void {
    this.#feature[node] = split.feature
    this.#threshold[node] = floorToFloat32(split.threshold)
    this.#missingLeft[node] = split.missingLeft ? 1 : 0
    this.#left[node] = split.left
    this.#right[node] = split.right
  }

  setLeaf(node: number, values: ArrayLike<number>): void {
    const { leafWidth } = this.#shape
    const at = this.#leafCount * leafWidth
    if (at + leafWidth > this.#leaves.length) this.#leaves = grown(this.#leaves)
    for (let i = 0; i < leafWidth; i++) this.#leaves[at + i] = values[i]!
    this.#left[node] = this.#leafCount++
  }

  /** The forest of the first `trees` trees; the nodes of a tree stand together. */
  build(trees = this.#roots.length): Forest {
    const nodes = this.#roots[trees] ?? this.#nodes
    let leaves = 0
    for (let node = 0; node < nodes; node++) if (this.#feature[node] === -1) leaves++
    return {
      ...this.#shape,
      roots: Int32Array.from(this.#roots.slice(0, trees)),
      feature: this.#feature.slice(0, nodes),
      threshold: this.#threshold.slice(0, nodes),
      left: this.#left.slice(0, nodes),
      right: this.#right.slice(0, nodes),
      missingLeft: this.#missingLeft.slice(0, nodes),
      cover: this.#cover.slice(0, nodes),
      leaves: this.#leaves.slice(0, leaves * this.#shape.leafWidth),
    }
  }

  /** The newest tree alone. */
  lastTree(): Forest {
    const root = this.#roots[this.#roots.length - 1] ?? 0
    const shift = (value: number) => value - root
    const feature = this.#feature.slice(root, this.#nodes)
    let leaves = 0
    for (let node = 0; node < feature.length; node++) if (feature[node] === -1) leaves++
    const firstLeaf = this.#leafCount - leaves
    return {
      ...this.#shape,
      roots: Int32Array.of(0),
      feature,
      threshold: this.#threshold.slice(root, this.#nodes),
      left: this.#left
        .slice(root, this.#nodes)
        .map((value, node) => (feature[node] === -1 ? value - firstLeaf : shift(value))),
      right: this.#right.slice(root, this.#nodes).map(shift),
      missingLeft: this.#missingLeft.slice(root, this.#nodes),
      cover: this.#cover.slice(root, this.#nodes),
      leaves: this.#leaves.slice(firstLeaf * this.#shape.leafWidth, this.#leafCount * this.#shape.leafWidth),
    }
  }

  #grow(): void {
    this.#feature = grown(this.#feature)
    this.#threshold = grown(this.#threshold)
    this.#left = grown(this.#left)
    this.#right = grown(this.#right)
    this.#missingLeft = grown(this.#missingLeft)
    this.#cover = grown(this.#cover)
  }
}

function grown<T extends ModelArray>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(2 * array.length)
  larger.set(array)
  return larger
}

const single = new Float32Array(1)
const singleBits = new Int32Array(single.buffer)

/** The largest 32-bit float that is not above `value`: a 32-bit float is ≤ the one exactly when it is ≤ the other. */
export function floorToFloat32(value: number): number {
  const rounded = Math.fround(value)
  if (!(rounded > value)) return rounded
  single[0] = rounded
  if (rounded === 0) return -1.401298464324817e-45
  singleBits[0] = singleBits[0]! + (rounded > 0 ? -1 : 1)
  return single[0]!
}

/** Sums of the leaves that each row reaches: rows × outputs, added to `sums`. */
export function addLeaves(forest: Forest, values: Float32Array, rows: number, sums: Float64Array): void {
  const { roots, leafWidth, outputs, leaves, width } = forest
  const walk = createWalk(forest)
  const reached = new Int32Array(BLOCK_ROWS)
  for (let from = 0; from < rows; from += BLOCK_ROWS) {
    const block = Math.min(BLOCK_ROWS, rows - from)
    const part = values.subarray(from * width, (from + block) * width)
    const complete = !hasMissing(part)
    for (let tree = 0; tree < roots.length; tree++) {
      walk(tree, part, block, complete, reached)
      if (leafWidth === 1) {
        let at = from * outputs + (tree % outputs)
        for (let i = 0; i < block; i++, at += outputs) sums[at] = sums[at]! + leaves[reached[i]!]!
        continue
      }
      let at = from * outputs
      for (let i = 0; i < block; i++) {
        const leaf = reached[i]! * leafWidth
        for (let k = 0; k < leafWidth; k++, at++) sums[at] = sums[at]! + leaves[leaf + k]!
      }
    }
  }
}

/** Rows whose values stay in the nearest cache while all trees pass over them. */
const BLOCK_ROWS = 256

type Walk = (tree: number, values: Float32Array, rows: number, complete: boolean, reached: Int32Array) => void

/**
 * Leaves of one tree for a block of rows. Nodes are laid side by side, four words each; a leaf leads to itself, so that four rows go
 * down together, without a branch to guess, as many steps as the tree is deep.
 */
function createWalk(forest: Forest): Walk {
  const { feature, threshold, left, right, missingLeft, roots, width } = forest
  const nodes = feature.length
  const words = new Int32Array(4 * nodes)
  const floats = new Float32Array(words.buffer)
  const depths = new Int32Array(nodes)
  for (let node = nodes - 1; node >= 0; node--) {
    const leaf = feature[node]! < 0
    words[4 * node] = leaf ? 0 : feature[node]!
    floats[4 * node + 1] = leaf ? Number.POSITIVE_INFINITY : threshold[node]!
    words[4 * node + 2] = 4 * (leaf ? node : left[node]!)
    words[4 * node + 3] = 4 * (leaf ? node : right[node]!)
    depths[node] = leaf ? 0 : 1 + Math.max(depths[left[node]!]!, depths[right[node]!]!)
  }
  return (tree, values, rows, complete, reached) => {
    const root = 4 * roots[tree]!
    const depth = depths[roots[tree]!]!
    let i = 0
    for (; complete && i + 4 <= rows; i += 4) {
      const rowA = i * width
      const rowB = rowA + width
      const rowC = rowB + width
      const rowD = rowC + width
      let a = root
      let b = root
      let c = root
      let d = root
      for (let step = 0; step < depth; step++) {
        a = words[a + 2 + Number(values[rowA + words[a]!]! > floats[a + 1]!)]!
        b = words[b + 2 + Number(values[rowB + words[b]!]! > floats[b + 1]!)]!
        c = words[c + 2 + Number(values[rowC + words[c]!]! > floats[c + 1]!)]!
        d = words[d + 2 + Number(values[rowD + words[d]!]! > floats[d + 1]!)]!
      }
      reached[i] = left[a >> 2]!
      reached[i + 1] = left[b >> 2]!
      reached[i + 2] = left[c >> 2]!
      reached[i + 3] = left[d >> 2]!
    }
    for (; i < rows; i++) {
      const row = i * width
      let node = roots[tree]!
      for (let column = feature[node]!; column >= 0; column = feature[node]!) {
        const value = values[row + column]!
        const goesLeft = Number.isNaN(value) ? missingLeft[node] === 1 : value <= threshold[node]!
        node = goesLeft ? left[node]! : right[node]!
      }
      reached[i] = left[node]!
    }
  }
}

/** The leaf of a forest of one tree that each of the rows reaches. */
export function leavesOfRows(
  { feature, threshold, left, right, missingLeft, width }: Forest,
  values: Float32Array,
  rows: Int32Array,
  visit: (row: number, leaf: number) => void,
): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    const at = row * width
    let node = 0
    for (let column = feature[0]!; column >= 0; column = feature[node]!) {
      const value = values[at + column]!
      const goesLeft = Number.isNaN(value) ? missingLeft[node] === 1 : value <= threshold[node]!
      node = goesLeft ? left[node]! : right[node]!
    }
    visit(row, left[node]!)
  }
}

/** The sums of a single row, without the preparation that pays for many. */
export function addLeavesOfRow(forest: Forest, row: Float32Array, sums: Float64Array): void {
  const { roots, feature, threshold, left, right, missingLeft, leaves, leafWidth, outputs } = forest
  for (let tree = 0; tree < roots.length; tree++) {
    let node = roots[tree]!
    for (let column = feature[node]!; column >= 0; column = feature[node]!) {
      const value = row[column]!
      const goesLeft = Number.isNaN(value) ? missingLeft[node] === 1 : value <= threshold[node]!
      node = goesLeft ? left[node]! : right[node]!
    }
    const leaf = left[node]! * leafWidth
    const at = leafWidth === 1 ? tree % outputs : 0
    for (let k = 0; k < leafWidth; k++) sums[at + k] = sums[at + k]! + leaves[leaf + k]!
  }
}

function hasMissing(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i]!)) return true
  return false
}

export function forestArrays(forest: Forest): Record<string, ModelArray> {
  const { roots, feature, threshold, left, right, missingLeft, cover, leaves } = forest
  return { roots, feature, threshold, left, right, missingLeft, cover, leaves }
}

/** Throws ModelError unless each walk ends in a leaf: children after their parent and inside the tree, columns inside the row. */
export function readForest(
  reader: ModelReader,
  shape: { readonly width: number; readonly outputs: number; readonly leafWidth: number },
): Forest {
  const feature = reader.int32('feature')
  const nodes = feature.length
  const forest: Forest = {
    ...shape,
    roots: reader.int32('roots'),
    feature,
    threshold: reader.float32('threshold', nodes),
    left: reader.int32('left', nodes),
    right: reader.int32('right', nodes),
    missingLeft: reader.uint8('missingLeft', nodes),
    cover: reader.float32('cover', nodes),
    leaves: reader.float32('leaves'),
  }
  checkForest(forest)
  return forest
}

export function checkForest({
  width,
  leafWidth,
  roots,
  feature,
  left,
  right,
  missingLeft,
  cover,
  leaves,
}: Forest): void {
  const bad = () => new ModelError('the trees of the model are damaged')
  const nodes = feature.length
  const leafCount = leaves.length / leafWidth
  if (roots.length === 0 || !Number.isInteger(leafCount)) throw bad()
  for (let tree = 0; tree < roots.length; tree++) {
    const start = roots[tree]!
    const end = roots[tree + 1] ?? nodes
    if (start < 0 || start >= end || end > nodes || (tree === 0 && start !== 0)) throw bad()
    for (let node = start; node < end; node++) {
      const column = feature[node]!
      const a = left[node]!
      const b = right[node]!
      if (!(cover[node]! >= 0) || missingLeft[node]! > 1) throw bad()
      if (
        column === -1
          ? a < 0 || a >= leafCount
          : column < 0 || column >= width || a <= node || a >= end || b <= node || b >= end
      ) {
        throw bad()
      }
    }
  }
  for (let i = 0; i < leaves.length; i++) if (!Number.isFinite(leaves[i]!)) throw bad()
}
