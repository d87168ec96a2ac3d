/** What the catalogue asks of a kind of model: learn from flows, become bytes, and judge flows again from these bytes. */

import type { FlowDataset } from './dataset.ts'
import type { Explanation } from './detector.ts'
import type { TrainerFactory, TrainingCheckpoint, TrainingProgress } from './training.ts'

export interface KindControl {
  readonly seed: number
  readonly onProgress?: ((done: number, total: number) => void | Promise<void>) | undefined
  readonly signal?: AbortSignal | undefined
  /** Options of the detector itself; the defaults are what was measured best. */
  readonly options?: Readonly<Record<string, unknown>> | undefined
  /** The engine of networks; the other kinds need none. */
  readonly createTrainer?: TrainerFactory | undefined
  /** Of networks: loss curves, and checkpoints from which an interrupted training goes on. */
  readonly onEpochs?: ((progress: TrainingProgress) => void | Promise<void>) | undefined
  readonly isCheckpointDue?: (() => boolean) | undefined
  readonly onCheckpoint?: ((checkpoint: TrainingCheckpoint) => void | Promise<void>) | undefined
  readonly resumeFrom?: TrainingCheckpoint | undefined
}

export interface LearntWeights {
  /** Columns that the model asks for. */
  readonly features: readonly string[]
  /** By name as in the model's folder. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** The judging half: what FlowJudge needs, without names and threshold. */
export interface Scorer {
  /** One number for each row, higher is more unusual; NaN where it is not judged. */
  score(data: FlowDataset): Promise<Float64Array>
  explain(data: FlowDataset, row: number): Promise<Explanation>
  families?(data: FlowDataset): Promise<{ readonly classes: readonly string[]; readonly family: Int32Array }>
}

export interface LearnKind {
  /** Whether labels of at least two classes are needed. */
  readonly supervised: boolean
  /** Its scores part classes: beyond the benign ones are those of attacks, so that no tail of benign scores draws a line there. */
  readonly classifies?: boolean
  /** Tells attacks from each other, so that it needs every class by itself. */
  readonly eachClass?: boolean
  /** Benign flows that it needs, when that is more than FEWEST_BENIGN_ROWS (training-split.ts). */
  readonly fewestBenign?: number
  /** Flows of a device that are judged together. */
  readonly window: number
  /** A score is never above it; undefined where it has no end. Keeps an alarm line from being out of reach. */
  readonly highestLine: number | undefined
  /** The columns that it learns from, when they are given beforehand; by default all that can teach. */
  columns?(options: Readonly<Record<string, unknown>>): readonly string[]
  /** `train` holds what may be learnt from: benign rows alone unless supervised. */
  learn(train: FlowDataset, control: KindControl): Promise<LearntWeights>
  /** Throws ModelError for files that are no model of this kind. */
  open(
    files: ReadonlyMap<string, Uint8Array>,
    features: readonly string[],
    createTrainer: TrainerFactory | undefined,
  ): Scorer
}
