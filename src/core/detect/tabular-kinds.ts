/** The kinds of model that judge each flow alone, by its row of numbers. */
import { ModelError } from '../base/errors.ts'
import { WEIGHTS_FILE } from '../model/folder.ts'
import type { FlowDataset } from './dataset.ts'
import type { Detector, DetectorModel, Explanation, FeatureMatrix, TrainingData } from './detector.ts'
import { type GradientBoosting, gradientBoosting } from './gradient-boosting.ts'
import { type IsolationForest, isolationForest, meanPathLength } from './isolation-forest.ts'
import type { LearnKind } from './kind.ts'
import { fusedNearest } from './nearest-fused.ts'
import { randomForest } from './random-forest.ts'
import { exactLog } from './tree/exact-math.ts'

interface Scales<Model> {
  score(model: Model, data: FeatureMatrix): Float64Array
  explain(model: Model, data: FeatureMatrix, row: number): Explanation
}

/** Unanimous trees reach 1; a line above it would never be crossed. */
const HIGHEST_PROBABILITY = 0.995
/** A flow that the first cut of every tree sets apart scores 0.93 with samples of 256. */
const HIGHEST_ISOLATION = 0.9

export const nearestKind = tabular(fusedNearest, fusedNearest)
export const randomForestKind = tabular(randomForest, randomForest, HIGHEST_PROBABILITY)
export const isolationForestKind = tabular(
  isolationForest,
  {
    score: isolationForest.score,
    /** The path length adds up over features, and so does the logarithm of the score, which rises as the score does. */
    explain(model: IsolationForest, data, row) {
      const { score, base, contributions } = isolationForest.explain(model, data, row)
      const scale = -1 / meanPathLength(model.sampleRows)
      return {
        scale: 'log2 of the isolation score',
        score: score * scale,
        base: base * scale,
        contributions: contributions.map((part) => ({ ...part, share: part.share * scale })),
      }
    },
  },
  HIGHEST_ISOLATION,
)
export const boostingKind = tabular(gradientBoosting, {
  /** Log-odds of not being benign: the probability itself has no room left between 0.999… and 1 for an alarm line. */
  score(model: GradientBoosting, data) {
    const shares = gradientBoosting.probabilities(model, data)
    const classes = model.classes.length
    return Float64Array.from({ length: data.rows }, (_, row) => {
      let attack = 0
      for (let k = 1; k < classes; k++) attack += shares[row * classes + k]!
      return exactLog(Math.max(attack, Number.MIN_VALUE)) - exactLog(Math.max(shares[row * classes]!, Number.MIN_VALUE))
    })
  },
  explain: gradientBoosting.explain,
})

function tabular<Model extends DetectorModel, Options>(
  detector: Detector<Model, Options>,
  scales: Scales<Model>,
  highestLine?: number,
): LearnKind {
  return {
    supervised: detector.supervised,
    classifies: detector.supervised,
    window: 1,
    highestLine,
    async learn(train, { seed, onProgress, signal, options }) {
      const control = { seed, ...(onProgress ? { onProgress } : {}), ...(signal ? { signal } : {}) }
      const model = await detector.fit(trainingOf(train), control, options as Partial<Options> | undefined)
      return { features: model.features, files: new Map([[WEIGHTS_FILE, detector.save(model)]]) }
    },
    open(files, features) {
      const bytes = files.get(WEIGHTS_FILE)
      if (!bytes) throw new ModelError(`the model has no file ${WEIGHTS_FILE}`)
      const model = detector.load(bytes)
      if (model.features.length !== features.length || features.some((name, i) => name !== model.features[i]))
        throw new ModelError('the weights of the model are for other columns than its manifest says')
      return {
        score: async ({ matrix }) => scales.score(model, matrix),
        explain: async ({ matrix }, row) => scales.explain(model, matrix, row),
      }
    },
  }
}

function trainingOf({ matrix, labels, classes }: FlowDataset): TrainingData {
  return labels ? { ...matrix, labels, classes } : matrix
}
