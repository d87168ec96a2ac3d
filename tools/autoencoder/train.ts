/** Adam on mini-batches with early stopping: the weights with the best validation loss are the result. */
import type { Random } from '#core/base/random.ts'
import type { Numbers } from './matmul.ts'
import { type AutoencoderWeights, allocateWeights, initialise, TrainableAutoencoder } from './network.ts'

export interface TrainOptions {
  readonly steps: number
  readonly features: number
  readonly epochs: number
  readonly batchRows: number
  /** Epochs without a better validation loss before it stops. */
  readonly patience: number
  readonly random: Random
  readonly onEpoch?: (epoch: EpochReport) => void
}

export interface EpochReport {
  readonly epoch: number
  readonly loss: number
  readonly validationLoss: number
  readonly best: boolean
}

export interface TrainResult {
  readonly weights: AutoencoderWeights
  readonly bestEpoch: number
  readonly validationLoss: number
  readonly history: readonly EpochReport[]
}

const LEARNING_RATE = 1e-3
const BETA1 = 0.9
const BETA2 = 0.999
const EPSILON = 1e-7
/** Relu cells have no ceiling: a rare window may give a gradient that undoes an epoch. */
const MAX_GRADIENT_NORM = 1

/** `train` and `validation` are windows (rows × steps × features, scaled). Same seed, same weights. */
export function trainAutoencoder(train: Float32Array, validation: Float32Array, options: TrainOptions): TrainResult {
  const { steps, features, batchRows, random } = options
  const make = (length: number): Numbers => new Float64Array(length)
  const network = new TrainableAutoencoder({ steps, features, rows: batchRows, make })
  initialise(network.weights, random)
  const rows = train.length / (steps * features)
  if (rows < batchRows) throw new Error(`${rows} windows are fewer than a batch of ${batchRows}`)
  const order = Int32Array.from({ length: rows }, (_, i) => i)
  const optimiser = new Adam(network.weights.flat.length)
  const best = allocateWeights(features, make)
  const history: EpochReport[] = []
  let bestEpoch = 0
  let bestLoss = Number.POSITIVE_INFINITY
  for (let epoch = 1; epoch <= options.epochs && epoch - bestEpoch <= options.patience; epoch++) {
    shuffle(order, random)
    let loss = 0
    let batches = 0
    for (let at = 0; at + batchRows <= rows; at += batchRows) {
      fillBatch(network, train, (i) => order[at + i]!)
      loss += network.forward()
      batches++
      network.backward()
      clip(network.gradients.flat)
      optimiser.step(network.weights.flat, network.gradients.flat)
    }
    const validationLoss = meanLoss(network, validation)
    if (validationLoss < bestLoss) {
      bestLoss = validationLoss
      bestEpoch = epoch
      best.flat.set(network.weights.flat)
    }
    const report = { epoch, loss: loss / batches, validationLoss, best: bestEpoch === epoch }
    history.push(report)
    options.onEpoch?.(report)
  }
  return { weights: best, bestEpoch, validationLoss: bestLoss, history }
}

/** Mean squared error over all windows; the last batch is filled up with windows from the start, which is then left out. */
function meanLoss(network: TrainableAutoencoder, windows: Float32Array): number {
  const { rows, steps, features } = network
  const count = windows.length / (steps * features)
  let sum = 0
  for (let at = 0; at < count; at += rows) {
    fillBatch(network, windows, (i) => (at + i) % count)
    network.forward()
    const used = Math.min(rows, count - at)
    for (let t = 0; t < steps; t++) {
      for (let cell = t * rows * features; cell < (t * rows + used) * features; cell++) {
        sum += (network.rebuilt[cell]! - network.input[cell]!) ** 2
      }
    }
  }
  return sum / (count * steps * features)
}

function fillBatch(network: TrainableAutoencoder, windows: Float32Array, pick: (row: number) => number): void {
  const { rows, steps, features, input } = network
  for (let r = 0; r < rows; r++) {
    const from = pick(r) * steps * features
    for (let t = 0; t < steps; t++) {
      for (let f = 0; f < features; f++) input[(t * rows + r) * features + f] = windows[from + t * features + f]!
    }
  }
}

/** Adam (Kingma & Ba 2015) with the bias correction folded into the step, as Keras has it. */
class Adam {
  readonly #mean: Float64Array
  readonly #square: Float64Array
  #steps = 0

  constructor(length: number) {
    this.#mean = new Float64Array(length)
    this.#square = new Float64Array(length)
  }

  step(weights: Numbers, gradients: Numbers): void {
    this.#steps++
    const rate = (LEARNING_RATE * Math.sqrt(1 - BETA2 ** this.#steps)) / (1 - BETA1 ** this.#steps)
    const mean = this.#mean
    const square = this.#square
    for (let i = 0; i < weights.length; i++) {
      const gradient = gradients[i]!
      mean[i] = BETA1 * mean[i]! + (1 - BETA1) * gradient
      square[i] = BETA2 * square[i]! + (1 - BETA2) * gradient * gradient
      weights[i] = weights[i]! - (rate * mean[i]!) / (Math.sqrt(square[i]!) + EPSILON)
    }
  }
}

function clip(gradients: Numbers): void {
  let squares = 0
  for (let i = 0; i < gradients.length; i++) squares += gradients[i]! * gradients[i]!
  const norm = Math.sqrt(squares)
  if (norm <= MAX_GRADIENT_NORM) return
  for (let i = 0; i < gradients.length; i++) gradients[i] = (gradients[i]! * MAX_GRADIENT_NORM) / norm
}

/** Fisher–Yates. */
function shuffle(order: Int32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.int(i + 1)
    const kept = order[i]!
    order[i] = order[j]!
    order[j] = kept
  }
}
