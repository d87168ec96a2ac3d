/**
 * One LSTM layer, forward and backward, as Keras runs it with `activation='relu'`: sigmoid gates, relu for the candidate and for
 * the cell's output. Gates in Keras' order: input, forget, candidate, output. Everything is time-major (step, row, column).
 */
import { addColumnSums, multiplyAdd, type Numbers, spreadBias, transpose, transposed, view } from './matmul.ts'

export interface LstmWeights {
  readonly inputs: number
  readonly units: number
  /** inputs × 4·units. */
  readonly kernel: Numbers
  /** units × 4·units. */
  readonly recurrent: Numbers
  /** 4·units. */
  readonly bias: Numbers
}

export class LstmLayer {
  /** steps × rows × units. */
  readonly output: Numbers
  /** Loss by output, filled by the layer above before `backward`. */
  readonly outputGradient: Numbers
  readonly #weights: LstmWeights
  readonly #gradients: LstmWeights
  readonly #steps: number
  readonly #rows: number
  /** The same input row at each step (the repeat between encoder and decoder). */
  readonly #repeats: boolean
  readonly #gates: Numbers
  readonly #cells: Numbers
  readonly #cellGradient: Numbers
  readonly #kernelT: Numbers
  readonly #recurrentT: Numbers
  #input: Numbers

  constructor(
    weights: LstmWeights,
    gradients: LstmWeights,
    { steps, rows, repeats }: { steps: number; rows: number; repeats: boolean },
  ) {
    const { inputs, units, kernel } = weights
    const make = (length: number): Numbers =>
      kernel instanceof Float64Array ? new Float64Array(length) : new Float32Array(length)
    this.#weights = weights
    this.#gradients = gradients
    this.#steps = steps
    this.#rows = rows
    this.#repeats = repeats
    this.output = make(steps * rows * units)
    this.outputGradient = make(steps * rows * units)
    this.#gates = make(steps * rows * 4 * units)
    this.#cells = make(steps * rows * units)
    this.#cellGradient = make(rows * units)
    this.#kernelT = make(inputs * 4 * units)
    this.#recurrentT = make(units * 4 * units)
    this.#input = make(0)
  }

  /** `input` is steps × rows × inputs, or rows × inputs when the layer repeats it; it is kept for `backward`. */
  forward(input: Numbers): void {
    this.#input = input
    const { inputs, units, kernel, recurrent, bias } = this.#weights
    const steps = this.#steps
    const rows = this.#rows
    const wide = 4 * units
    const gates = this.#gates
    spreadBias(bias, gates, steps * rows)
    const weights = view(kernel, 0, wide)
    if (this.#repeats) {
      for (let t = 0; t < steps; t++) {
        const out = view(gates, t * rows * wide, wide)
        multiplyAdd(view(input, 0, inputs), weights, out, { rows, columns: wide, inner: inputs })
      }
    } else {
      const size = { rows: steps * rows, columns: wide, inner: inputs }
      multiplyAdd(view(input, 0, inputs), weights, view(gates, 0, wide), size)
    }
    for (let t = 0; t < steps; t++) {
      if (t > 0) {
        const previous = view(this.output, (t - 1) * rows * units, units)
        const size = { rows, columns: wide, inner: units }
        multiplyAdd(previous, view(recurrent, 0, wide), view(gates, t * rows * wide, wide), size)
      }
      this.#stepForward(t)
    }
  }

  /** Adds to the weight gradients; adds the loss by the input to `inputGradient` when one is given. */
  backward(inputGradient: Numbers | undefined): void {
    const { inputs, units, kernel, recurrent } = this.#weights
    const gradients = this.#gradients
    const steps = this.#steps
    const rows = this.#rows
    const wide = 4 * units
    const gates = this.#gates
    transpose(recurrent, this.#recurrentT, units, wide)
    this.#cellGradient.fill(0)
    for (let t = steps - 1; t >= 0; t--) {
      this.#stepBackward(t)
      if (t === 0) continue
      const out = view(this.outputGradient, (t - 1) * rows * units, units)
      const size = { rows, columns: units, inner: wide }
      multiplyAdd(view(gates, t * rows * wide, wide), view(this.#recurrentT, 0, units), out, size)
    }
    // From here on `gates` holds the loss by the gates' sums.
    multiplyAdd(
      transposed(view(this.output, 0, units)),
      view(gates, rows * wide, wide),
      view(gradients.recurrent, 0, wide),
      { rows: units, columns: wide, inner: (steps - 1) * rows },
    )
    addColumnSums(gates, gradients.bias, steps * rows)
    const kernelGradient = view(gradients.kernel, 0, wide)
    const input = transposed(view(this.#input, 0, inputs))
    if (inputGradient) transpose(kernel, this.#kernelT, inputs, wide)
    const kernelT = view(this.#kernelT, 0, inputs)
    if (!this.#repeats) {
      const inner = steps * rows
      multiplyAdd(input, view(gates, 0, wide), kernelGradient, { rows: inputs, columns: wide, inner })
      if (!inputGradient) return
      const size = { rows: inner, columns: inputs, inner: wide }
      multiplyAdd(view(gates, 0, wide), kernelT, view(inputGradient, 0, inputs), size)
      return
    }
    for (let t = 0; t < steps; t++) {
      const step = view(gates, t * rows * wide, wide)
      multiplyAdd(input, step, kernelGradient, { rows: inputs, columns: wide, inner: rows })
      if (!inputGradient) continue
      multiplyAdd(step, kernelT, view(inputGradient, 0, inputs), { rows, columns: inputs, inner: wide })
    }
  }

  #stepForward(t: number): void {
    const units = this.#weights.units
    const rows = this.#rows
    const gates = this.#gates
    const cells = this.#cells
    const output = this.output
    for (let r = 0; r < rows; r++) {
      const z = (t * rows + r) * 4 * units
      const h = (t * rows + r) * units
      const before = h - rows * units
      for (let j = 0; j < units; j++) {
        const inGate = sigmoid(gates[z + j]!)
        const forget = sigmoid(gates[z + units + j]!)
        const candidate = Math.max(gates[z + 2 * units + j]!, 0)
        const out = sigmoid(gates[z + 3 * units + j]!)
        const cell = inGate * candidate + (t > 0 ? forget * cells[before + j]! : 0)
        gates[z + j] = inGate
        gates[z + units + j] = forget
        gates[z + 2 * units + j] = candidate
        gates[z + 3 * units + j] = out
        cells[h + j] = cell
        output[h + j] = cell > 0 ? out * cell : 0
      }
    }
  }

  /** Replaces the gates of step t by the loss by their sums, and carries the cell's gradient one step back. */
  #stepBackward(t: number): void {
    const units = this.#weights.units
    const rows = this.#rows
    const gates = this.#gates
    const cells = this.#cells
    const cellGradient = this.#cellGradient
    const outputGradient = this.outputGradient
    for (let r = 0; r < rows; r++) {
      const z = (t * rows + r) * 4 * units
      const h = (t * rows + r) * units
      const before = h - rows * units
      for (let j = 0; j < units; j++) {
        const inGate = gates[z + j]!
        const forget = gates[z + units + j]!
        const candidate = gates[z + 2 * units + j]!
        const out = gates[z + 3 * units + j]!
        const cell = cells[h + j]!
        const dh = outputGradient[h + j]!
        const active = cell > 0
        const dc = cellGradient[r * units + j]! + (active ? dh * out : 0)
        gates[z + j] = dc * candidate * inGate * (1 - inGate)
        gates[z + units + j] = t > 0 ? dc * cells[before + j]! * forget * (1 - forget) : 0
        gates[z + 2 * units + j] = candidate > 0 ? dc * inGate : 0
        gates[z + 3 * units + j] = active ? dh * cell * out * (1 - out) : 0
        cellGradient[r * units + j] = dc * forget
      }
    }
  }
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}
