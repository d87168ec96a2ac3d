/**
 * A small network for windows of `steps` × `features` as plain data: its layers, what shapes pass between them, and where each
 * layer's numbers lie in the one flat array in which weights, gradients and checkpoints travel.
 *
 * The order inside a layer is Keras': kernel, recurrent kernel, bias; LSTM gates input, forget, candidate, output; a Conv1D
 * kernel is 3 × inputs × filters. The LSTM autoencoder's array is therefore the one that models/ is exported from.
 */
import { createRandom, type Random } from '../base/random.ts'

export type Layer =
  /** Gates are sigmoids; `activation` is that of the candidate and of the cell's output. `last` gives the last step only. */
  | { kind: 'lstm'; units: number; activation: 'tanh' | 'relu'; returns: 'sequence' | 'last' }
  /** The one step that comes in, at each of so many steps; an LSTM follows. */
  | { kind: 'repeat'; steps: number }
  /** Three steps wide, same length out. */
  | { kind: 'conv1d'; filters: number; activation: 'linear' | 'relu' }
  /** The larger of two steps; an odd last step is left out. */
  | { kind: 'max-pool' }
  /** At each step by itself. */
  | { kind: 'dense'; units: number; activation: 'linear' | 'relu' | 'sigmoid' }

export interface Architecture {
  readonly steps: number
  readonly features: number
  readonly layers: readonly Layer[]
  /** Mean squared error, or binary cross entropy, for which the last layer is a dense one with a sigmoid. */
  readonly loss: 'mse' | 'bce'
}

export interface Shape {
  readonly steps: number
  readonly width: number
}

export interface Tensor {
  /** Where it begins in the flat array. */
  readonly offset: number
  readonly shape: readonly number[]
  readonly role: 'kernel' | 'recurrent' | 'bias'
}

export interface LayerPlan {
  readonly layer: Layer
  readonly input: Shape
  readonly output: Shape
  readonly tensors: readonly Tensor[]
}

export interface NetworkPlan {
  readonly layers: readonly LayerPlan[]
  readonly output: Shape
  /** How many numbers the flat array has. */
  readonly parameters: number
}

export const CONV_STEPS = 3
const MAX_PARAMETERS = 10_000_000

/** The LSTM autoencoder of the product: 34,364 parameters for 10 × 4. */
export function lstmAutoencoder({ steps, features }: { steps: number; features: number }): Architecture {
  const lstm = (units: number, returns: 'sequence' | 'last'): Layer => ({
    kind: 'lstm',
    units,
    activation: 'relu',
    returns,
  })
  return {
    steps,
    features,
    loss: 'mse',
    layers: [
      lstm(50, 'sequence'),
      lstm(20, 'last'),
      { kind: 'repeat', steps },
      lstm(20, 'sequence'),
      lstm(50, 'sequence'),
      { kind: 'dense', units: features, activation: 'linear' },
    ],
  }
}

/** Convolutions, then an LSTM, to one probability of attack: 62,529 parameters for 10 × 78. */
export function cnnLstm({ steps, features }: { steps: number; features: number }): Architecture {
  return {
    steps,
    features,
    loss: 'bce',
    layers: [
      { kind: 'conv1d', filters: 64, activation: 'relu' },
      { kind: 'conv1d', filters: 64, activation: 'relu' },
      { kind: 'max-pool' },
      { kind: 'lstm', units: 64, activation: 'tanh', returns: 'last' },
      { kind: 'dense', units: 32, activation: 'relu' },
      { kind: 'dense', units: 1, activation: 'sigmoid' },
    ],
  }
}

/** Throws a plain Error when layers do not fit together: architectures are ours, or were checked when a model was imported. */
export function planNetwork(architecture: Architecture): NetworkPlan {
  let shape: Shape = { steps: count(architecture.steps), width: count(architecture.features) }
  let parameters = 0
  const layers = architecture.layers.map((layer, i): LayerPlan => {
    const input = shape
    shape = outputShape(layer, input)
    const tensors = tensorShapes(layer, input.width).map(([role, ...dimensions]): Tensor => {
      const offset = parameters
      parameters += dimensions.reduce((product, size) => product * size, 1)
      return { offset, shape: dimensions, role }
    })
    if (layer.kind === 'repeat' && architecture.layers[i + 1]?.kind !== 'lstm') {
      throw new Error('a repeat must stand before an LSTM')
    }
    return { layer, input, output: shape, tensors }
  })
  const last = layers.at(-1)?.layer
  if (!last) throw new Error('a network needs a layer')
  if (architecture.loss === 'bce' && !(last.kind === 'dense' && last.activation === 'sigmoid')) {
    throw new Error('cross entropy needs a dense layer with a sigmoid at the end')
  }
  if (parameters > MAX_PARAMETERS) throw new Error(`${parameters} parameters are more than ${MAX_PARAMETERS}`)
  return { layers, output: shape, parameters }
}

/** Keras' defaults: Glorot uniform kernels, orthogonal recurrent kernels, biases 0, but 1 for an LSTM's forget gate. */
export function initialWeights(plan: NetworkPlan, seed: number): Float32Array {
  const random = createRandom(seed)
  const weights = new Float32Array(plan.parameters)
  for (const { layer, tensors } of plan.layers) {
    for (const { offset, shape, role } of tensors) {
      const outputs = shape.at(-1)!
      const length = shape.reduce((product, size) => product * size, 1)
      const values = weights.subarray(offset, offset + length)
      if (role === 'kernel') fillGlorot(values, outputs, shape.length === 3 ? CONV_STEPS : 1, random)
      else if (role === 'recurrent') fillOrthogonal(values, outputs, random)
      else if (layer.kind === 'lstm') values.fill(1, layer.units, 2 * layer.units)
    }
  }
  return weights
}

function outputShape(layer: Layer, { steps, width }: Shape): Shape {
  switch (layer.kind) {
    case 'lstm':
      return { steps: layer.returns === 'last' ? 1 : steps, width: count(layer.units) }
    case 'repeat':
      if (steps !== 1) throw new Error(`a repeat takes one step, not ${steps}`)
      return { steps: count(layer.steps), width }
    case 'conv1d':
      return { steps, width: count(layer.filters) }
    case 'max-pool':
      return { steps: count(Math.floor(steps / 2)), width }
    case 'dense':
      return { steps, width: count(layer.units) }
  }
}

function tensorShapes(layer: Layer, inputs: number): (readonly [Tensor['role'], ...number[]])[] {
  switch (layer.kind) {
    case 'lstm':
      return [
        ['kernel', inputs, 4 * layer.units],
        ['recurrent', layer.units, 4 * layer.units],
        ['bias', 4 * layer.units],
      ]
    case 'conv1d':
      return [
        ['kernel', CONV_STEPS, inputs, layer.filters],
        ['bias', layer.filters],
      ]
    case 'dense':
      return [
        ['kernel', inputs, layer.units],
        ['bias', layer.units],
      ]
    case 'repeat':
    case 'max-pool':
      return []
  }
}

function count(value: number): number {
  if (!Number.isInteger(value) || value < 1) throw new Error(`${value} is no size for a layer`)
  return value
}

/** Uniform in ± √(6 / (fan in + fan out)); a convolution's fans count its steps. */
function fillGlorot(values: Float32Array, outputs: number, steps: number, random: Random): void {
  const limit = Math.sqrt(6 / (values.length / outputs + outputs * steps))
  for (let i = 0; i < values.length; i++) values[i] = (2 * random.next() - 1) * limit
}

/**
 * Orthonormal rows by Gram–Schmidt. The raw rows are sums of four uniforms, not normals: logarithm and cosine may differ in the
 * last place from one browser to the next, and the same seed must give the same bytes everywhere.
 */
function fillOrthogonal(values: Float32Array, width: number, random: Random): void {
  const rows: Float64Array[] = []
  while (rows.length < values.length / width) {
    const row = Float64Array.from(
      { length: width },
      () => random.next() + random.next() + random.next() + random.next() - 2,
    )
    for (const earlier of rows) {
      const along = dot(row, earlier)
      for (let i = 0; i < width; i++) row[i] = row[i]! - along * earlier[i]!
    }
    const norm = Math.sqrt(dot(row, row))
    for (let i = 0; i < width; i++) row[i] = row[i]! / norm
    rows.push(row)
  }
  rows.forEach((row, i) => {
    values.set(row, i * width)
  })
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
