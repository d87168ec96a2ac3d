/** A kind of the catalogue as a contender: learnt as `guardian train` learns it, with settings of its own, and judged without an alarm line. */
import type { LearnRequest } from '../detect/catalogue.ts'
import { selectColumns, teachingColumns } from '../detect/columns.ts'
import type { FlowDataset } from '../detect/dataset.ts'
import type { KindControl } from '../detect/kind.ts'
import { kindOf } from '../detect/kinds.ts'
import type { Settings } from '../detect/tuning.ts'
import type { Contender } from './baselines.ts'
import type { LabelledDataset } from './labels.ts'
import { takeLabelled } from './rows.ts'

export type ModelKind = LearnRequest['kind']

export function contendKind(
  name: ModelKind,
  settings: Settings,
  createTrainer?: KindControl['createTrainer'],
): Contender {
  const kind = kindOf(name)
  return {
    name,
    supervised: kind.supervised,
    async fit(train, { seed, signal, onProgress }) {
      const forKind = kind.supervised ? joinAttacks(train) : benignOf(train)
      const columns = teachingColumns(forKind.matrix)
      const weights = await kind.learn(selectColumns(forKind, columns), {
        seed,
        signal,
        onProgress,
        options: settings,
        createTrainer,
      })
      const scorer = kind.open(weights.files, weights.features, createTrainer)
      return (data) => scorer.score(selectColumns(data, weights.features))
    },
  }
}

function joinAttacks(train: LabelledDataset): FlowDataset {
  return { ...train, labels: train.labels.map((label) => Math.min(label, 1)), classes: [train.classes[0]!, 'attack'] }
}

function benignOf(train: LabelledDataset): FlowDataset {
  const benign = Array.from(train.labels, (_, row) => row).filter((row) => train.labels[row] === 0)
  return { ...takeLabelled(train, benign), labels: undefined, classes: train.classes.slice(0, 1) }
}
