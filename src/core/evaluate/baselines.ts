/** What every evaluation puts side by side: detectors to beat, and any other that is to be judged, behind one interface. */
import { quantile, RunningStats } from '../base/stats.ts'
import type { FlowJudge } from '../detect/dataset.ts'
import {
  benignRows,
  type Detector,
  type DetectorModel,
  type FitControl,
  type TrainingData,
} from '../detect/detector.ts'
import { gradientBoosting } from '../detect/gradient-boosting.ts'
import { isolationForest } from '../detect/isolation-forest.ts'
import { nearest } from '../detect/nearest.ts'
import { fusedNearest } from '../detect/nearest-fused.ts'
import { joinContenders } from './ensemble.ts'
import { attackFlags, type LabelledDataset } from './labels.ts'
import { fitLogistic, scoreLogistic } from './logistic.ts'
import { takeLabelled } from './rows.ts'
import { fitStandardizer, standardize } from './standardize.ts'
import { fitEcod, fitHbos } from './tail-baselines.ts'

export interface Contender {
  readonly name: string
  /** Whether it learns from attacks; the others learn from the benign rows alone. */
  readonly supervised: boolean
  /** Throws InputError for rows that it cannot learn from. The scorer gives one number per row, higher is more suspicious; NaN abstains. */
  fit(train: LabelledDataset, control: FitControl): Promise<Scorer>
}

export type Scorer = (data: LabelledDataset) => Float64Array | Promise<Float64Array>

const HBOS: Contender = {
  name: 'HBOS',
  supervised: false,
  fit: async (train) => overMatrix(fitHbos(benignRows(trainingOf(train)))),
}

export const BASELINES: readonly Contender[] = [
  {
    name: 'always benign',
    supervised: false,
    fit: async () => (data) => new Float64Array(data.rows),
  },
  {
    name: 'box-plot on packets and bytes',
    supervised: false,
    fit: async (train) => scoreMetrics(train, fitFence),
  },
  {
    name: 'z-score of packets and bytes',
    supervised: false,
    fit: async (train) => scoreMetrics(train, fitDeviation),
  },
  HBOS,
  {
    name: 'ECOD',
    supervised: false,
    fit: async (train) => overMatrix(fitEcod(benignRows(trainingOf(train)))),
  },
  contend(isolationForest, { name: 'Isolation Forest' }),
  contend(nearest, { name: 'nearest benign flow, unweighted', options: { weighted: false } }),
  contend(nearest, { name: 'nearest benign flow' }),
  contend(fusedNearest, { name: 'nearest benign flow, two distances' }),
  {
    name: 'logistic regression',
    supervised: true,
    async fit(train, control) {
      const scaler = fitStandardizer(train.matrix)
      const values = standardize(scaler, train.matrix)
      const width = train.matrix.features.length
      const model = await fitLogistic({ values, width, flags: attackFlags(train) }, control)
      return (data) => scoreLogistic(model, standardize(scaler, data.matrix))
    },
  },
  contend(gradientBoosting, { name: 'boosted trees' }),
]

/** Rare things that several see: what finds most at the lowest rates on families never seen (docs/evaluation.md). It costs all its members. */
export const TOGETHER: Contender = joinContenders('nearest, HBOS and trees together', [
  contend(nearest, { name: 'nearest' }),
  contend(nearest, { name: 'nearest, unweighted', options: { weighted: false } }),
  HBOS,
  contend(gradientBoosting, { name: 'boosted trees' }),
])

/** A detector of core/detect; one that learns from labels learns attack against benign. */
export function contend<Model extends DetectorModel, Options>(
  detector: Detector<Model, Options>,
  { name, options }: { readonly name: string; readonly options?: Partial<Options> },
): Contender {
  return {
    name,
    supervised: detector.supervised,
    async fit(train, control) {
      const model = await detector.fit(trainingOf(train), control, options)
      return overMatrix((data) => detector.score(model, data))
    },
  }
}

/** A model that is trained already: nothing is fitted. */
export function contendJudge(judge: FlowJudge): Contender {
  return { name: `${judge.name} ${judge.version}`, supervised: false, fit: async () => (data) => judge.score(data) }
}

function trainingOf(data: LabelledDataset): TrainingData {
  return { ...data.matrix, labels: attackFlags(data), classes: ['benign', 'attack'] }
}

function overMatrix(score: (data: LabelledDataset['matrix']) => Float64Array): Scorer {
  return (data) => score(data.matrix)
}

/** Packets and bytes in both directions; a direction that the source does not say counts nothing, neither known is NaN. */
const METRICS = [
  [0, 1],
  [2, 3],
] as const

function metricOf({ counts }: LabelledDataset, row: number, [there, back]: readonly [number, number]): number {
  const sent = counts[row * 4 + there]!
  const received = counts[row * 4 + back]!
  if (Number.isNaN(sent)) return received
  return Number.isNaN(received) ? sent : sent + received
}

/** The worse of both metrics, each by the rule that was fitted to its benign values. */
function scoreMetrics(train: LabelledDataset, teach: (values: Float64Array) => (value: number) => number): Scorer {
  const benign = takeLabelled(
    train,
    Array.from({ length: train.rows }, (_, row) => row).filter((row) => train.labels[row] === 0),
  )
  const rules = METRICS.map((metric) => {
    const values = Float64Array.from({ length: benign.rows }, (_, row) => metricOf(benign, row, metric))
    return teach(values.filter((value) => Number.isFinite(value)))
  })
  return (data) =>
    Float64Array.from({ length: data.rows }, (_, row) => {
      const scores = METRICS.map((metric, at) => rules[at]!(metricOf(data, row, metric))).filter(
        (score) => !Number.isNaN(score),
      )
      return scores.length > 0 ? Math.max(...scores) : Number.NaN
    })
}

/** Over Tukey's far-out fence. */
function fitFence(values: Float64Array): (value: number) => number {
  const sorted = values.slice().sort()
  const upper = quantile(sorted, 0.75)
  const limit = Math.max(1, upper + 3 * (upper - quantile(sorted, 0.25)))
  return (value) => value / limit
}

function fitDeviation(values: Float64Array): (value: number) => number {
  const stats = new RunningStats()
  for (const value of values) stats.add(value)
  return (value) => (value - stats.mean) / Math.max(stats.deviation, Number.MIN_VALUE)
}
