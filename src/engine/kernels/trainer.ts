/**
 * The `Trainer` port on WebAssembly SIMD kernels: one thread, float32, the same bytes for the same seed on every machine (no
 * relaxed arithmetic). A batch of any size is worked through in pieces, for which there is memory; their gradients add up in a fixed order.
 */
import { type Architecture, initialWeights, type NetworkPlan, planNetwork } from '#core/detect/architecture.ts'
import {
  ADAM,
  adamDecay,
  type Batch,
  checkBatch,
  checkInputs,
  checkLength,
  checkState,
  checkWeights,
  clipScale,
  type Gradients,
  type InputGradients,
  type Trainer,
  type TrainerOptions,
  type TrainerState,
} from '#core/detect/trainer.ts'
import { buildLayers } from './build.ts'
import { Heap } from './heap.ts'
import { type Address, type Kernels, startKernels } from './kernels.ts'
import type { LayerRun } from './layer.ts'

/** 16 and 64 are as fast (docs/bench.md). */
const PIECE_ROWS = 32

export interface KernelTrainer extends Trainer {
  /**
   * `predict` without an array of its own: `use` gets some rows at a time, as a view of the kernels' memory that is good during the
   * call, and the first of them.
   */
  predictPieces(inputs: Float32Array, rows: number, use: (outputs: Float32Array, from: number) => void): void
}

/** `module` from `compileKernels`. */
export async function createKernelTrainer(options: TrainerOptions, module: WebAssembly.Module): Promise<KernelTrainer> {
  return new FusedTrainer(options, await startKernels(module))
}

class FusedTrainer implements KernelTrainer {
  readonly parameters: number
  readonly outputs: number
  readonly #options: TrainerOptions
  readonly #architecture: Architecture
  readonly #plan: NetworkPlan
  readonly #kernels: Kernels
  readonly #heap: Heap
  readonly #layers: readonly LayerRun[]
  readonly #weights: Address
  readonly #gradients: Address
  readonly #means: Address
  readonly #squares: Address
  readonly #inputs: Address
  readonly #targets: Address
  readonly #rowWeights: Address
  /** Row-major, on the way in or out. */
  readonly #passing: Address
  #steps = 0
  #decay = adamDecay(0)
  #isPackedForward = false
  #isPackedBackward = false
  /** Time-major; there is room for it once somebody asks. */
  #inputGradient: Address | undefined

  constructor(options: TrainerOptions, kernels: Kernels) {
    const { architecture } = options
    const plan = planNetwork(architecture)
    const inputs = architecture.steps * architecture.features
    const outputs = plan.output.steps * plan.output.width
    const heap = new Heap(kernels, Math.max(...plan.layers.map(({ input }) => input.width)))
    const take = () => heap.take(plan.parameters)
    this.#options = options
    this.#architecture = architecture
    this.#plan = plan
    this.#kernels = kernels
    this.#heap = heap
    this.parameters = plan.parameters
    this.outputs = outputs
    this.#weights = take()
    this.#gradients = take()
    this.#means = take()
    this.#squares = take()
    this.#inputs = heap.take(PIECE_ROWS * inputs)
    this.#targets = heap.take(PIECE_ROWS * outputs)
    this.#rowWeights = heap.take(PIECE_ROWS)
    this.#passing = heap.take(PIECE_ROWS * Math.max(inputs, outputs))
    const addresses = { weights: this.#weights, gradients: this.#gradients }
    this.#layers = buildLayers(architecture, plan, { kernels, heap, rows: PIECE_ROWS, ...addresses })
    this.#view(this.#weights).set(initialWeights(plan, options.seed))
  }

  async step(batch: Batch): Promise<number> {
    checkBatch(batch, this.#architecture, this.#plan)
    const loss = this.#computeGradients(batch)
    this.#stepAdam()
    return loss
  }

  async loss(batch: Batch): Promise<number> {
    checkBatch(batch, this.#architecture, this.#plan)
    return this.#sumLoss(batch, () => {})
  }

  async gradients(batch: Batch): Promise<Gradients> {
    checkBatch(batch, this.#architecture, this.#plan)
    const loss = this.#computeGradients(batch)
    return { loss, values: this.#view(this.#gradients).slice() }
  }

  async apply(gradients: Float32Array): Promise<void> {
    checkLength('gradients', gradients, this.parameters)
    this.#view(this.#gradients).set(gradients)
    this.#stepAdam()
  }

  async predict(inputs: Float32Array, rows: number): Promise<Float32Array> {
    const result = new Float32Array(rows * this.outputs)
    this.predictPieces(inputs, rows, (outputs, from) => result.set(outputs, from * this.outputs))
    return result
  }

  predictPieces(inputs: Float32Array, rows: number, use: (outputs: Float32Array, from: number) => void): void {
    checkInputs(inputs, rows, this.#architecture)
    const { steps, width } = this.#plan.output
    for (let from = 0; from < rows; from += PIECE_ROWS) {
      const count = Math.min(PIECE_ROWS, rows - from)
      const output = this.#forward(inputs, from, count)
      if (this.#architecture.loss === 'bce') this.#kernels.sigmoid(count * this.outputs, output)
      this.#kernels.exchange(steps, count, width, output, this.#passing)
      use(this.#heap.view(this.#passing, count * this.outputs), from)
    }
  }

  async inputGradients(inputs: Float32Array, rows: number): Promise<InputGradients> {
    checkInputs(inputs, rows, this.#architecture)
    const { steps, features } = this.#architecture
    const { output } = this.#plan
    const size = steps * features
    this.#inputGradient ??= this.#heap.take(PIECE_ROWS * size)
    const outputs = new Float32Array(rows * this.outputs)
    const values = new Float32Array(rows * size)
    for (let from = 0; from < rows; from += PIECE_ROWS) {
      const count = Math.min(PIECE_ROWS, rows - from)
      const result = this.#forward(inputs, from, count)
      this.#kernels.exchange(output.steps, count, output.width, result, this.#passing)
      outputs.set(this.#heap.view(this.#passing, count * this.outputs), from * this.outputs)
      this.#heap.view(this.#layers.at(-1)!.outputGradient(count), count * this.outputs).fill(1)
      this.#backward(count, this.#inputGradient)
      this.#kernels.exchange(steps, count, features, this.#inputGradient, this.#passing)
      values.set(this.#heap.view(this.#passing, count * size), from * size)
    }
    return { outputs, values }
  }

  async exportWeights(): Promise<Float32Array> {
    return this.#view(this.#weights).slice()
  }

  async importWeights(weights: Float32Array): Promise<void> {
    checkWeights(weights, this.parameters)
    this.#setWeights(weights)
  }

  async saveState(): Promise<TrainerState> {
    return {
      weights: this.#view(this.#weights).slice(),
      means: this.#view(this.#means).slice(),
      squares: this.#view(this.#squares).slice(),
      steps: this.#steps,
    }
  }

  async restoreState(state: TrainerState): Promise<void> {
    checkState(state, this.parameters)
    this.#setWeights(state.weights)
    this.#view(this.#means).set(state.means)
    this.#view(this.#squares).set(state.squares)
    this.#steps = state.steps
    this.#decay = adamDecay(state.steps)
  }

  /** The memory goes with the last reference to the trainer. */
  async dispose(): Promise<void> {}

  #computeGradients(batch: Batch): number {
    this.#view(this.#gradients).fill(0)
    return this.#sumLoss(batch, (rows) => this.#backward(rows))
  }

  /** Runs the batch piece by piece, `each` after the loss of a piece is known. */
  #sumLoss({ rows, inputs, targets, rowWeights }: Batch, each: (rows: number) => void): number {
    const { steps, width } = this.#plan.output
    const kernels = this.#kernels
    const measure = this.#architecture.loss === 'mse' ? kernels.squaredError : kernels.crossEntropy
    const gradient = this.#layers.at(-1)!
    const numbers = rows * this.outputs
    let sum = 0
    for (let from = 0; from < rows; from += PIECE_ROWS) {
      const count = Math.min(PIECE_ROWS, rows - from)
      const output = this.#forward(inputs, from, count)
      this.#bringIn(targets, { from, count, steps, width, to: this.#targets })
      const weights = this.#heap.view(this.#rowWeights, count)
      if (rowWeights) weights.set(rowWeights.subarray(from, from + count))
      else weights.fill(1)
      const outputGradient = gradient.outputGradient(count)
      sum += measure(steps, count, width, output, this.#targets, this.#rowWeights, 1 / numbers, outputGradient)
      each(count)
    }
    return sum / numbers
  }

  /** Rows of a row-major array into the kernels' memory, time-major. */
  #bringIn(
    values: Float32Array,
    { from, count, steps, width, to }: { from: number; count: number; steps: number; width: number; to: Address },
  ): void {
    const size = steps * width
    this.#heap.view(this.#passing, count * size).set(values.subarray(from * size, (from + count) * size))
    this.#kernels.exchange(count, steps, width, this.#passing, to)
  }

  #forward(inputs: Float32Array, from: number, count: number): Address {
    if (!this.#isPackedForward) {
      for (const layer of this.#layers) layer.packForward()
      this.#isPackedForward = true
    }
    const { steps, features: width } = this.#architecture
    this.#bringIn(inputs, { from, count, steps, width, to: this.#inputs })
    let address = this.#inputs
    for (const layer of this.#layers) {
      layer.forward(count, address)
      address = layer.output(count)
    }
    return address
  }

  #backward(count: number, inputGradient: Address = 0): void {
    if (!this.#isPackedBackward) {
      for (const layer of this.#layers) layer.packBackward()
      this.#isPackedBackward = true
    }
    for (let i = this.#layers.length - 1; i >= 0; i--) {
      const below = this.#layers[i - 1]
      if (below) this.#layers[i]!.backward(count, below.output(count), below.outputGradient(count))
      else this.#layers[i]!.backward(count, this.#inputs, inputGradient)
    }
  }

  #stepAdam(): void {
    const { parameters } = this
    const kernels = this.#kernels
    const norm = Math.sqrt(kernels.sumSquares(parameters, this.#gradients))
    const scale = clipScale(norm, this.#options, this.#steps)
    this.#steps++
    const { beta1, beta2, epsilon } = ADAM
    this.#decay = { mean: this.#decay.mean * beta1, square: this.#decay.square * beta2 }
    const rate = this.#options.learningRate / (1 - this.#decay.mean)
    const spread = 1 / Math.sqrt(1 - this.#decay.square)
    kernels.adam(
      parameters,
      this.#weights,
      this.#gradients,
      this.#means,
      this.#squares,
      scale,
      rate,
      spread,
      beta1,
      beta2,
      epsilon,
    )
    this.#isPackedForward = false
    this.#isPackedBackward = false
  }

  #setWeights(weights: Float32Array): void {
    this.#view(this.#weights).set(weights)
    this.#isPackedForward = false
    this.#isPackedBackward = false
  }

  #view(address: Address): Float32Array<ArrayBuffer> {
    return this.#heap.view(address, this.parameters)
  }
}
