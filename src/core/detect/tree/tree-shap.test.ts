import { describe, expect, test } from 'vitest'
import { createRandom } from '../../base/random.ts'
import { addLeaves, type Forest, ForestBuilder } from './forest.ts'
import { createTreeExplainer } from './tree-shap.ts'

const WIDTH = 5

/** Trees that ask for the same column again and again, with covers that add up. */
function randomForest(seed: number, { leafWidth, outputs }: { leafWidth: number; outputs: number }): Forest {
  const random = createRandom(seed)
  const builder = new ForestBuilder({ width: WIDTH, outputs, leafWidth })
  const grow = (cover: number, depth: number): number => {
    const node = builder.addNode(cover)
    if (depth === 0 || cover < 2 || random.next() < 0.15) {
      builder.setLeaf(
        node,
        Array.from({ length: leafWidth }, () => random.normal()),
      )
      return node
    }
    const leftCover = 1 + random.int(cover - 1)
    const feature = random.int(WIDTH)
    const threshold = random.int(7) - 3
    const missingLeft = random.next() < 0.5
    const left = grow(leftCover, depth - 1)
    const right = grow(cover - leftCover, depth - 1)
    builder.setSplit(node, { feature, threshold, missingLeft, left, right })
    return node
  }
  for (let tree = 0; tree < 4; tree++) {
    builder.startTree()
    grow(200, 6)
  }
  return builder.build()
}

/** Expected output when only the columns in `known` are: elsewhere both children, by cover. */
function conditional(
  forest: Forest,
  { row, known, weights }: { row: Float32Array; known: number; weights: number[] },
): number {
  const walk = (node: number, tree: number): number => {
    const column = forest.feature[node]!
    if (column < 0) {
      const at = forest.left[node]! * forest.leafWidth
      if (forest.leafWidth === 1) return forest.leaves[at]! * weights[tree % forest.outputs]!
      return weights.reduce((sum, weight, k) => sum + weight * forest.leaves[at + k]!, 0)
    }
    const left = forest.left[node]!
    const right = forest.right[node]!
    if ((known >> column) & 1) {
      const value = row[column]!
      const goesLeft = Number.isNaN(value) ? forest.missingLeft[node] === 1 : value <= forest.threshold[node]!
      return walk(goesLeft ? left : right, tree)
    }
    const a = forest.cover[left]!
    const b = forest.cover[right]!
    return (a * walk(left, tree) + b * walk(right, tree)) / (a + b)
  }
  return forest.roots.reduce((sum, root, tree) => sum + walk(root, tree), 0)
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1)
}

describe.each([
  ['one number per leaf', 1, 1],
  ['a tree for each output', 1, 2],
  ['a number per output in each leaf', 3, 3],
])('contributions of forests with %s', (_, leafWidth, outputs) => {
  const weights = [1, -0.5, 2].slice(0, outputs)

  test('are the Shapley values by enumeration of all subsets, and sum to the output', () => {
    const random = createRandom(9)
    for (let seed = 1; seed <= 20; seed++) {
      const forest = randomForest(seed, { leafWidth, outputs })
      const explainer = createTreeExplainer(forest, weights)
      for (let repeat = 0; repeat < 5; repeat++) {
        const row = Float32Array.from({ length: WIDTH }, () => (random.next() < 0.15 ? Number.NaN : random.int(9) - 4))
        const shares = new Float64Array(WIDTH)
        explainer.explain(row, shares)
        for (let column = 0; column < WIDTH; column++) {
          let expected = 0
          for (let known = 0; known < 1 << WIDTH; known++) {
            if ((known >> column) & 1) continue
            const size = known.toString(2).replaceAll('0', '').length
            const weight = (factorial(size) * factorial(WIDTH - size - 1)) / factorial(WIDTH)
            const gain =
              conditional(forest, { row, known: known | (1 << column), weights }) -
              conditional(forest, { row, known, weights })
            expected += weight * gain
          }
          expect(shares[column]!).toBeCloseTo(expected, 9)
        }
        const sums = new Float64Array(outputs)
        addLeaves(forest, row, 1, sums)
        const output = weights.reduce((sum, weight, k) => sum + weight * sums[k]!, 0)
        const total = shares.reduce((sum, share) => sum + share, explainer.base)
        expect(Math.abs(total - output)).toBeLessThan(1e-9)
      }
    }
  })
})
