/**
 * Training of a network over a `Trainer`: shuffled batches, a validation part that is never trained on, early stopping, the best weights
 * kept. Everything follows from the seed, so that a run taken up again from a checkpoint ends with the same bytes as one that was not
 * interrupted.
 */
import { InputError, ModelError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import { type Architecture, planNetwork } from './architecture.ts'
import type { Batch, Trainer, TrainerOptions, TrainerState } from './trainer.ts'

export type TrainerFactory = (options: TrainerOptions) => Promise<Trainer>

export interface TrainingSet {
  readonly rows: number
  /** rows × steps × features. */
  readonly inputs: Float32Array
  /** rows × outputs; undefined where a network rebuilds its inputs. */
  readonly targets: Float32Array | undefined
  /** What each row counts; undefined: all alike. */
  readonly rowWeights: Float32Array | undefined
  /** Per row: rows of one group (a capture, a device) share their flows and are never on both sides of the validation split. */
  readonly group: Int32Array
}

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

/** As the product trains both of its networks; relu cells have no ceiling, hence the short gradients. */
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

/** Between two epochs; what a page stores so that a reload loses at most one of them. */
export interface TrainingCheckpoint {
  readonly state: TrainerState
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
  readonly ended: 'epochs' | 'no longer better' | 'stopped'
}

export interface TrainingControl {
  readonly signal?: AbortSignal | undefined
  readonly resumeFrom?: TrainingCheckpoint | undefined
  /** Between epochs and some batches; waiting here lets messages in. */
  readonly onProgress?: ((progress: TrainingProgress) => void | Promise<void>) | undefined
  readonly onCheckpoint?: ((checkpoint: TrainingCheckpoint) => void | Promise<void>) | undefined
}

const PROGRESS_EVERY_BATCHES = 20

/**
 * Throws InputError when there are too few rows or the checkpoint is another run's, TrainingError when the numbers run away. `signal` stops
 * it at the next batch; the best weights until then are the result.
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
  }

  async go(): Promise<TrainingResult> {
    const { options, trainer, control } = this.#parts
    let ended: TrainingResult['ended'] = 'epochs'
    for (let epoch = this.#losses.length + 1; epoch <= options.epochs; epoch++) {
      if (this.#losses.length - this.#bestEpoch >= options.patience) {
        ended = 'no longer better'
        break
      }
      const trainLoss = await this.#trainEpoch(epoch)
      if (trainLoss === undefined) {
        ended = 'stopped'
        break
      }
      const validationLoss = await this.#validationLoss()
      const best = this.#losses[this.#bestEpoch - 1]?.validationLoss ?? Number.POSITIVE_INFINITY
      this.#losses.push({ epoch, trainLoss, validationLoss })
      if (validationLoss < best) {
        this.#bestEpoch = epoch
        this.#bestWeights = await trainer.exportWeights()
      }
      await control.onCheckpoint?.(await this.#checkpoint())
      await control.onProgress?.(this.#progress(epoch, 0, 0))
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

  /** The mean loss; undefined when it was stopped on the way. */
  async #trainEpoch(epoch: number): Promise<number | undefined> {
    const { set, options, trainer, control, train } = this.#parts
    const order = train.slice()
    shuffle(order, options.seed, epoch)
    const batches = Math.ceil(order.length / options.batchRows)
    let sum = 0
    for (let i = 0; i < batches; i++) {
      if (control.signal?.aborted) return undefined
      const rows = order.subarray(i * options.batchRows, (i + 1) * options.batchRows)
      sum += (await trainer.step(takeBatch(set, rows))) * rows.length
      if (i % PROGRESS_EVERY_BATCHES === 0) await control.onProgress?.(this.#progress(epoch, i, batches))
    }
    return sum / order.length
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
      bestWeights: this.#bestWeights,
      bestEpoch: this.#bestEpoch,
      losses: [...this.#losses],
      fingerprint,
    }
  }

  #progress(epoch: number, batch: number, batches: number): TrainingProgress {
    const { epochs } = this.#parts.options
    return { epoch, epochs, batch, batches, losses: [...this.#losses], bestEpoch: this.#bestEpoch }
  }
}

/**
 * Whole groups, chosen by the seed, until the share is reached; a single group gives its last rows. Throws InputError when one side would
 * be empty.
 */
export function splitRows(
  { rows, group }: Pick<TrainingSet, 'rows' | 'group'>,
  { validationShare, seed, batchRows }: Pick<TrainingOptions, 'validationShare' | 'seed' | 'batchRows'>,
): { train: Int32Array; validation: Int32Array } {
  if (rows < 2) throw new InputError(`a network needs at least 2 windows to learn from; there are ${rows}`)
  const wanted = Math.max(1, Math.round(rows * validationShare))
  const groups = [...new Set(group)].sort((a, b) => a - b)
  if (groups.length === 1) {
    const all = Int32Array.from({ length: rows }, (_, i) => i)
    return { train: all.slice(0, rows - wanted), validation: all.slice(rows - wanted) }
  }
  const sizes = new Map<number, number>()
  for (const one of group) sizes.set(one, (sizes.get(one) ?? 0) + 1)
  const order = Int32Array.from(groups)
  shuffle(order, seed, 0)
  const held = new Set<number>()
  let heldRows = 0
  for (const one of order) {
    const size = sizes.get(one)!
    // The group that would take most of what is there stays for training.
    if (heldRows >= wanted || heldRows + size > Math.max(2 * wanted, rows - batchRows)) continue
    held.add(one)
    heldRows += size
  }
  if (held.size === 0) return splitRows({ rows, group: new Int32Array(rows) }, { validationShare, seed, batchRows })
  const train: number[] = []
  const validation: number[] = []
  for (let i = 0; i < rows; i++) (held.has(group[i]!) ? validation : train).push(i)
  if (train.length === 0)
    throw new InputError('all windows belong to groups that were held back; nothing is left to learn from')
  return { train: Int32Array.from(train), validation: Int32Array.from(validation) }
}

function takeBatch(set: TrainingSet, rows: Int32Array): Batch {
  const width = set.inputs.length / set.rows
  const inputs = gather(set.inputs, width, rows)
  const targets = set.targets ? gather(set.targets, set.targets.length / set.rows, rows) : inputs
  return {
    rows: rows.length,
    inputs,
    targets,
    ...(set.rowWeights ? { rowWeights: gather(set.rowWeights, 1, rows) } : undefined),
  }
}

function gather(values: Float32Array, width: number, rows: Int32Array): Float32Array {
  const out = new Float32Array(rows.length * width)
  rows.forEach((row, i) => {
    out.set(values.subarray(row * width, (row + 1) * width), i * width)
  })
  return out
}

/** Fisher–Yates; each epoch has its own order, known from the seed alone. */
function shuffle(order: Int32Array, seed: number, epoch: number): void {
  const random = createRandom(Math.imul(seed + 1, 0x9e3779b1) ^ epoch)
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.int(i + 1)
    const kept = order[i]!
    order[i] = order[j]!
    order[j] = kept
  }
}

/** FNV-1a over the settings and the numbers' bits. Throws ModelError when the set does not fit the architecture. */
function fingerprintOf(set: TrainingSet, options: TrainingOptions): number {
  const { architecture } = options
  const { output } = planNetwork(architecture)
  const targets = set.rows * output.steps * output.width
  if (set.inputs.length !== set.rows * architecture.steps * architecture.features) {
    throw new ModelError(`${set.inputs.length} numbers are not ${set.rows} windows of the network's shape`)
  }
  if ((set.targets ?? set.inputs).length !== targets) {
    throw new ModelError(`${(set.targets ?? set.inputs).length} targets are not the ${targets} that the network gives`)
  }
  let hash = 0x811c9dc5
  const mix = (word: number) => {
    hash = Math.imul(hash ^ word, 0x01000193)
  }
  for (const character of JSON.stringify(options)) mix(character.charCodeAt(0))
  for (const values of [set.inputs, set.targets, set.rowWeights]) {
    if (!values) continue
    const words = new Int32Array(values.buffer, values.byteOffset, values.length)
    for (let i = 0; i < words.length; i++) mix(words[i]!)
  }
  return hash >>> 0
}
