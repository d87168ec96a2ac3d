/** Isolation forests grown by scikit-learn, so that both can be held against each other on the same trees. */
import { ModelError } from '../base/errors.ts'
import { type IsolationForest, meanPathLength } from './isolation-forest.ts'
import { checkForest, ForestBuilder } from './tree/forest.ts'

/** Of `tree_` of each estimator, and `max_samples_` of the forest. */
export interface ExportedForest {
  readonly features: readonly string[]
  readonly maxSamples: number
  readonly trees: readonly {
    /** Column of the rows for each column that the tree saw (`estimators_features_`). */
    readonly columns: readonly number[]
    readonly childrenLeft: readonly number[]
    readonly childrenRight: readonly number[]
    readonly feature: readonly number[]
    readonly threshold: readonly number[]
    readonly rows: readonly number[]
  }[]
}

const DEEPEST = 512

/** Throws ModelError for trees that are not whole. */
export function importIsolationForest({ features, maxSamples, trees }: ExportedForest): IsolationForest {
  const builder = new ForestBuilder({ width: features.length, outputs: 1, leafWidth: 1 })
  const damaged = () => new ModelError('the exported trees are damaged')
  for (const { columns, childrenLeft, childrenRight, feature, threshold, rows } of trees) {
    const copy = (node: number, depth: number): number => {
      const left = childrenLeft[node]
      const right = childrenRight[node]
      const count = rows[node]
      if (left === undefined || right === undefined || count === undefined || depth > DEEPEST) throw damaged()
      const place = builder.addNode(count)
      if (left < 0) {
        builder.setLeaf(place, [depth + meanPathLength(count)])
        return place
      }
      const column = columns[feature[node] ?? -1]
      const edge = threshold[node]
      if (column === undefined || edge === undefined || left <= node || right <= node) throw damaged()
      const missingLeft = (rows[left] ?? 0) >= (rows[right] ?? 0)
      const leftPlace = copy(left, depth + 1)
      const rightPlace = copy(right, depth + 1)
      builder.setSplit(place, { feature: column, threshold: edge, missingLeft, left: leftPlace, right: rightPlace })
      return place
    }
    builder.startTree()
    copy(0, 0)
  }
  const forest = builder.build()
  checkForest(forest)
  return {
    features: [...features],
    typical: new Float32Array(features.length).fill(Number.NaN),
    forest,
    sampleRows: maxSamples,
  }
}
