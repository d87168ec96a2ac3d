/**
 * Training of a network over a `Trainer`: shuffled batches, a validation part that is never trained on, early stopping, the best weights
 * kept. Everything follows from the seed, so that a run taken up again from a checkpoint ends with the same bytes as one that was not
 * interrupted.
 */
import { InputError } from '../base/errors.ts'
import type { Architecture } from './architecture.ts'
import { type Trainer, type TrainerOptions, type TrainerState, TrainingError } from './trainer.ts'
import { fingerprintOf, shuffle, splitRows, type TrainingSet, takeBatch } from './training-set.ts'

export type TrainerFactory = (options: TrainerOptions) => Promise<Trainer>

export interface TrainingOptions {
  readonly architecture: Architecture
  readonly seed: number
  readonly epochs: number
  readonly batchRows: number
  /** Epochs without a better validation loss after which it stops. */
  readonly patience: number
  /** Of the rows, by whole groups; with one group its last rows in time. */
  readonly validationShare: number
  readonly learningRate: number
  readonly maxGradientNorm: number | undefined
}

/**
 * As the product trains both of its networks; relu cells have no ceiling, hence the short gradients. Batches of 128, which two cores could
 * share, learn less in the same time: after 5 s on 8,000 CIC flows the autoencoder's validation loss was 0.78 instead of 0.42, after 10 s on
 * 66,000 of UNSW-NB15 the CNN-LSTM's 0.32 instead of 0.21 (twice the learning rate, one core, 2026-11-21); on the CIC flows it was 0.132
 * instead of 0.149, the other way round.
 */
export const DEFAULT_TRAINING = {
  epochs: 50,
  batchRows: 32,
  patience: 10,
  validationShare: 0.2,
  learningRate: 1e-3,
  maxGradientNorm: 1,
} as const

export interface EpochLoss {
  /** From 1. */
  readonly epoch: number
  readonly trainLoss: number
  readonly validationLoss: number
}

export interface TrainingProgress {
  readonly epoch: number
  readonly epochs: number
  /** Of the running epoch. */
  readonly batch: number
  readonly batches: number
  readonly losses: readonly EpochLoss[]
  readonly bestEpoch: number
}

/** All of a run but its data: what a page stores, so that a reload loses no more than what came after. */
export interface TrainingCheckpoint {
  readonly state: TrainerState
  /** Batches done of the epoch after the last in `losses`, and the sum of their rows' losses. */
  readonly batch: number
  readonly lossSum: number
  readonly bestWeights: Float32Array
  readonly bestEpoch: number
  readonly losses: readonly EpochLoss[]
  /** Of options and data: a checkpoint is taken up only by the run that wrote it. */
  readonly fingerprint: number
}

export interface TrainingResult {
  readonly weights: Float32Array
  readonly bestEpoch: number
  readonly losses: readonly EpochLoss[]
  readonly trainRows: number
  readonly validationRows: number
  readonly validation: Int32Array
  /** `ran away`: the numbers left every bound; the best weights are from before. */
  readonly ended: 'epochs' | 'no longer better' | 'stopped' | 'ran away'
}

export interface TrainingControl {
  readonly signal?: AbortSignal | undefined
  readonly resumeFrom?: TrainingCheckpoint | undefined
  /** Between epochs and some batches; waiting here lets messages in. */
  readonly onProgress?: ((progress: TrainingProgress) => void | Promise<void>) | undefined
  /** Asked between batches: whether a checkpoint is wanted now. After each epoch there is one in any case. */
  readonly isCheckpointDue?: (() => boolean) | undefined
  readonly onCheckpoint?: ((checkpoint: TrainingCheckpoint) => void | Promise<void>) | undefined
}

const PROGRESS_EVERY_BATCHES = 20

/**
 * Throws InputError when there are too few rows or the checkpoint is another run's, TrainingError when the numbers run away before the
 * first epoch is over. `signal` stops it at the next batch; the best weights until then are the result.
 */
export async function trainNetwork(
  set: TrainingSet,
  options: TrainingOptions,
  createTrainer: TrainerFactory,
  control: TrainingControl = {},
): Promise<TrainingResult> {
  const { train, validation } = splitRows(set, options)
  const fingerprint = fingerprintOf(set, options)
  const trainer = await createTrainer(options)
  try {
    const run = new Run({ set, options, trainer, control, train, validation, fingerprint })
    if (control.resumeFrom) await run.resume(control.resumeFrom)
    return await run.go()
  } finally {
    await trainer.dispose()
  }
}

interface RunParts {
  readonly set: TrainingSet
  readonly options: TrainingOptions
  readonly trainer: Trainer
  readonly control: TrainingControl
  readonly train: Int32Array
  readonly validation: Int32Array
  readonly fingerprint: number
}

class Run {
  readonly #parts: RunParts
  readonly #losses: EpochLoss[] = []
  #bestWeights: Float32Array = new Float32Array(0)
  #bestEpoch = 0
  /** Where the running epoch stands. */
  #batch = 0
  #lossSum = 0

  constructor(parts: RunParts) {
    this.#parts = parts
  }

  async resume(checkpoint: TrainingCheckpoint): Promise<void> {
    const { trainer, fingerprint } = this.#parts
    if (checkpoint.fingerprint !== fingerprint) {
      throw new InputError(
        'the interrupted training was of other data or settings; it cannot go on with these. Start it anew.',
      )
    }
    await trainer.restoreState(checkpoint.state)
    this.#losses.push(...checkpoint.losses)
    this.#bestWeights = checkpoint.bestWeights
    this.#bestEpoch = checkpoint.bestEpoch
    this.#batch = checkpoint.batch
    this.#lossSum = checkpoint.lossSum
  }

  async go(): Promise<TrainingResult> {
    const { options, trainer, control } = this.#parts
    let ended: TrainingResult['ended'] = 'epochs'
    for (let epoch = this.#losses.length + 1; epoch <= options.epochs; epoch++) {
      if (this.#losses.length - this.#bestEpoch >= options.patience) {
        ended = 'no longer better'
        break
      }
      const stop = await this.#trainEpoch(epoch)
      if (stop) {
        ended = stop
        break
      }
      const trainLoss = this.#lossSum / this.#parts.train.length
      const validationLoss = await this.#validationLoss()
      const best = this.#losses[this.#bestEpoch - 1]?.validationLoss ?? Number.POSITIVE_INFINITY
      this.#losses.push({ epoch, trainLoss, validationLoss })
      this.#batch = 0
      this.#lossSum = 0
      if (validationLoss < best) {
        this.#bestEpoch = epoch
        this.#bestWeights = await trainer.exportWeights()
      }
      await control.onCheckpoint?.(await this.#checkpoint())
      await control.onProgress?.(this.#progress(epoch, 0))
    }
    // Stopped within the first epoch: what it learnt so far.
    if (this.#bestEpoch === 0) this.#bestWeights = await trainer.exportWeights()
    return {
      weights: this.#bestWeights,
      bestEpoch: this.#bestEpoch,
      losses: this.#losses,
      trainRows: this.#parts.train.length,
      validationRows: this.#parts.validation.length,
      validation: this.#parts.validation,
      ended,
    }
  }

  /** From where the epoch stands to its end; why not, when it did not get there. */
  async #trainEpoch(epoch: number): Promise<'stopped' | 'ran away' | undefined> {
    const { set, options, trainer, control, train } = this.#parts
    const order = train.slice()
    shuffle(order, options.seed, epoch)
    while (this.#batch * options.batchRows < order.length) {
      if (control.signal?.aborted) return 'stopped'
      const from = this.#batch * options.batchRows
      const rows = order.subarray(from, from + options.batchRows)
      try {
        this.#lossSum += (await trainer.step(takeBatch(set, rows))) * rows.length
      } catch (error) {
        if (error instanceof TrainingError && this.#bestEpoch > 0) return 'ran away'
        throw error
      }
      if (this.#batch++ % PROGRESS_EVERY_BATCHES === 0) await control.onProgress?.(this.#progress(epoch, this.#batch))
      if (control.isCheckpointDue?.()) await control.onCheckpoint?.(await this.#checkpoint())
    }
    return undefined
  }

  async #validationLoss(): Promise<number> {
    const { set, trainer, validation } = this.#parts
    const step = 256
    let sum = 0
    for (let at = 0; at < validation.length; at += step) {
      const rows = validation.subarray(at, at + step)
      sum += (await trainer.loss(takeBatch(set, rows))) * rows.length
    }
    return sum / validation.length
  }

  async #checkpoint(): Promise<TrainingCheckpoint> {
    const { trainer, fingerprint } = this.#parts
    return {
      state: await trainer.saveState(),
      batch: this.#batch,
      lossSum: this.#lossSum,
      bestWeights: this.#bestWeights,
      bestEpoch: this.#bestEpoch,
      losses: [...this.#losses],
      fingerprint,
    }
  }

  #progress(epoch: number, batch: number): TrainingProgress {
    const { epochs, batchRows } = this.#parts.options
    const batches = Math.ceil(this.#parts.train.length / batchRows)
    return { epoch, epochs, batch, batches, losses: [...this.#losses], bestEpoch: this.#bestEpoch }
  }
}
