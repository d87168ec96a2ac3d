/**
 * The LSTM autoencoder of the product: 10 × 4 → LSTM 50 → LSTM 20 → the last state repeated 10 times → LSTM 20 → LSTM 50 →
 * dense 4, trained on the mean squared error of rebuilding its own input.
 */
import type { Random } from '#core/base/random.ts'
import { LstmLayer, type LstmWeights } from './lstm.ts'
import { addColumnSums, multiplyAdd, type Numbers, spreadBias, transpose, transposed, view } from './matmul.ts'

export interface AutoencoderWeights {
  /** Encoder 50, 20, decoder 20, 50. */
  readonly layers: readonly LstmWeights[]
  readonly dense: {
    readonly inputs: number
    readonly outputs: number
    readonly kernel: Numbers
    readonly bias: Numbers
  }
  /** All of the above in one stretch, for the optimiser and for checkpoints. */
  readonly flat: Numbers
}

const UNITS = [50, 20, 20, 50] as const

/** Zeros in the shape of the network; 34,364 numbers for 4 features. */
export function allocateWeights(features: number, make: (length: number) => Numbers): AutoencoderWeights {
  const sizes = UNITS.map((units, i) => ({ inputs: i === 0 ? features : UNITS[i - 1]!, units }))
  let total = 0
  for (const { inputs, units } of sizes) total += 4 * units * (inputs + units + 1)
  const last = UNITS[UNITS.length - 1]!
  total += last * features + features
  const flat = make(total)
  let at = 0
  const take = (length: number): Numbers => {
    at += length
    return flat.subarray(at - length, at)
  }
  const layers = sizes.map(({ inputs, units }) => ({
    inputs,
    units,
    kernel: take(inputs * 4 * units),
    recurrent: take(units * 4 * units),
    bias: take(4 * units),
  }))
  const dense = { inputs: last, outputs: features, kernel: take(last * features), bias: take(features) }
  return { layers, dense, flat }
}

/** Keras' defaults: Glorot uniform kernels, orthogonal recurrent kernels, biases 0 but 1 for the forget gate. */
export function initialise(weights: AutoencoderWeights, random: Random): void {
  for (const { inputs, units, kernel, recurrent, bias } of weights.layers) {
    fillGlorot(kernel, inputs, 4 * units, random)
    fillOrthogonal(recurrent, units, 4 * units, random)
    bias.fill(0).fill(1, units, 2 * units)
  }
  const { inputs, outputs, kernel, bias } = weights.dense
  fillGlorot(kernel, inputs, outputs, random)
  bias.fill(0)
}

export class TrainableAutoencoder {
  readonly weights: AutoencoderWeights
  readonly gradients: AutoencoderWeights
  /** steps × rows × features, time-major: fill before `forward`. */
  readonly input: Numbers
  /** What the network makes of it, same shape. */
  readonly rebuilt: Numbers
  readonly rows: number
  readonly steps: number
  readonly features: number
  readonly #layers: readonly [LstmLayer, LstmLayer, LstmLayer, LstmLayer]
  readonly #rebuiltGradient: Numbers
  readonly #denseT: Numbers

  constructor({
    features,
    steps,
    rows,
    make,
    weights = allocateWeights(features, make),
  }: {
    features: number
    steps: number
    rows: number
    make: (length: number) => Numbers
    weights?: AutoencoderWeights
  }) {
    this.features = features
    this.steps = steps
    this.rows = rows
    this.weights = weights
    this.gradients = allocateWeights(features, make)
    this.input = make(steps * rows * features)
    this.rebuilt = make(steps * rows * features)
    this.#rebuiltGradient = make(steps * rows * features)
    this.#denseT = make(weights.dense.kernel.length)
    const layer = (i: number) =>
      new LstmLayer(weights.layers[i]!, this.gradients.layers[i]!, { steps, rows, repeats: i === 2 })
    this.#layers = [layer(0), layer(1), layer(2), layer(3)]
  }

  /** Fills `rebuilt` and returns the mean squared error over everything. */
  forward(): number {
    const [first, second, third, fourth] = this.#layers
    first.forward(this.input)
    second.forward(first.output)
    third.forward(this.#lastStep(second.output))
    fourth.forward(third.output)
    const { inputs, outputs, kernel, bias } = this.weights.dense
    const size = { rows: this.steps * this.rows, columns: outputs, inner: inputs }
    spreadBias(bias, this.rebuilt, size.rows)
    multiplyAdd(view(fourth.output, 0, inputs), view(kernel, 0, outputs), view(this.rebuilt, 0, outputs), size)
    let sum = 0
    for (let i = 0; i < this.rebuilt.length; i++) sum += (this.rebuilt[i]! - this.input[i]!) ** 2
    return sum / this.rebuilt.length
  }

  /** After `forward`: fills `gradients` with the loss by each weight. */
  backward(): void {
    const [first, second, third, fourth] = this.#layers
    this.gradients.flat.fill(0)
    const scale = 2 / this.rebuilt.length
    const gradient = this.#rebuiltGradient
    for (let i = 0; i < gradient.length; i++) gradient[i] = scale * (this.rebuilt[i]! - this.input[i]!)
    const { inputs, outputs, kernel } = this.weights.dense
    const rows = this.steps * this.rows
    const size = { rows: inputs, columns: outputs, inner: rows }
    const target = view(this.gradients.dense.kernel, 0, outputs)
    multiplyAdd(transposed(view(fourth.output, 0, inputs)), view(gradient, 0, outputs), target, size)
    addColumnSums(gradient, this.gradients.dense.bias, rows)
    transpose(kernel, this.#denseT, inputs, outputs)
    fourth.outputGradient.fill(0)
    const back = { rows, columns: inputs, inner: outputs }
    multiplyAdd(view(gradient, 0, outputs), view(this.#denseT, 0, inputs), view(fourth.outputGradient, 0, inputs), back)
    third.outputGradient.fill(0)
    fourth.backward(third.outputGradient)
    second.outputGradient.fill(0)
    third.backward(this.#lastStep(second.outputGradient))
    first.outputGradient.fill(0)
    second.backward(first.outputGradient)
    first.backward(undefined)
  }

  #lastStep(states: Numbers): Numbers {
    return states.subarray(states.length - states.length / this.steps)
  }
}

function fillGlorot(matrix: Numbers, inputs: number, outputs: number, random: Random): void {
  const limit = Math.sqrt(6 / (inputs + outputs))
  for (let i = 0; i < matrix.length; i++) matrix[i] = (2 * random.next() - 1) * limit
}

/** Orthonormal rows by Gram–Schmidt over normal draws (rows ≤ columns). */
function fillOrthogonal(matrix: Numbers, rows: number, columns: number, random: Random): void {
  const done: Float64Array[] = []
  for (let i = 0; i < rows; i++) {
    const row = Float64Array.from({ length: columns }, () => random.normal())
    for (const other of done) {
      const dot = row.reduce((sum, value, j) => sum + value * other[j]!, 0)
      for (let j = 0; j < columns; j++) row[j] = row[j]! - dot * other[j]!
    }
    const norm = Math.hypot(...row)
    for (let j = 0; j < columns; j++) row[j] = row[j]! / norm
    done.push(row)
    matrix.set(row, i * columns)
  }
}
