/**
 * A trained network as an ONNX file. Inside everything is time-major, which ONNX's LSTM wants. An autoencoder turns `windows`
 * [N, steps, F] into `errors` [N, F], the squared error of each feature averaged over the steps, and `reconstruction`; a classifier
 * into `probability` [N, 1].
 */
import { type OnnxGraph, type OnnxNode, type OnnxTensor, writeOnnx } from '../model/onnx-write.ts'
import { type Architecture, CONV_STEPS, type LayerPlan, planNetwork } from './architecture.ts'
import { ONNX_GATE_ORDER } from './known-network.ts'

/** `weights` in the order of planNetwork. Throws a plain Error when there are too many or too few. */
export function exportOnnx(architecture: Architecture, weights: Float32Array): Uint8Array {
  const plan = planNetwork(architecture)
  if (weights.length !== plan.parameters) throw new Error(`${weights.length} weights for ${plan.parameters} parameters`)
  const graph = new GraphBuilder(weights)
  graph.node('Transpose', ['windows'], ['input'], { perm: [1, 0, 2] })
  let value = 'input'
  for (const layer of plan.layers) value = graph.layer(layer, value)
  const isAutoencoder = architecture.loss === 'mse'
  return writeOnnx(isAutoencoder ? graph.asAutoencoder(value, architecture) : graph.asClassifier(value, architecture))
}

type Attributes = NonNullable<OnnxNode['attributes']>

class GraphBuilder {
  readonly #weights: Float32Array
  readonly #nodes: OnnxNode[] = []
  readonly #tensors: OnnxTensor[] = []
  readonly #counts = new Map<string, number>()

  constructor(weights: Float32Array) {
    this.#weights = weights
  }

  node(op: string, inputs: readonly string[], outputs: readonly string[], attributes?: Attributes): void {
    this.#nodes.push({ op, inputs, outputs, ...(attributes ? { attributes } : undefined) })
  }

  /** The name of what the layer gives, [steps, N, width]. */
  layer(plan: LayerPlan, input: string): string {
    switch (plan.layer.kind) {
      case 'lstm':
        return this.#lstm(plan, plan.layer, input)
      case 'repeat':
        this.#tensors.push({ name: 'repeat', dims: [3], data: BigInt64Array.of(BigInt(plan.layer.steps), 1n, 1n) })
        this.node('Expand', [input, 'repeat'], ['repeated'])
        return 'repeated'
      case 'conv1d':
        return this.#conv(plan, plan.layer, input)
      case 'max-pool': {
        const name = this.#next('pooled')
        this.node('Transpose', [input], [`${name}-in`], { perm: [1, 2, 0] })
        this.node('MaxPool', [`${name}-in`], [`${name}-out`], { kernel_shape: [2], strides: [2] })
        this.node('Transpose', [`${name}-out`], [name], { perm: [2, 0, 1] })
        return name
      }
      case 'dense':
        return this.#dense(plan, plan.layer, input)
    }
  }

  asAutoencoder(rebuilt: string, { steps, features }: Architecture): OnnxGraph {
    this.node('Sub', [rebuilt, 'input'], ['difference'])
    this.node('Mul', ['difference', 'difference'], ['squared'])
    this.node('ReduceMean', ['squared'], ['errors'], { axes: [0], keepdims: 0 })
    this.node('Transpose', [rebuilt], ['reconstruction'], { perm: [1, 0, 2] })
    return {
      name: 'lstm-autoencoder',
      nodes: this.#nodes,
      initializers: this.#tensors,
      inputs: [{ name: 'windows', dims: ['windows', steps, features] }],
      outputs: [
        { name: 'errors', dims: ['windows', features] },
        { name: 'reconstruction', dims: ['windows', steps, features] },
      ],
    }
  }

  asClassifier(value: string, { steps, features }: Architecture): OnnxGraph {
    this.#tensors.push({ name: 'first-axis', dims: [1], data: BigInt64Array.of(0n) })
    this.node('Squeeze', [value, 'first-axis'], ['probability'])
    return {
      name: 'cnn-lstm',
      nodes: this.#nodes,
      initializers: this.#tensors,
      inputs: [{ name: 'windows', dims: ['windows', steps, features] }],
      outputs: [{ name: 'probability', dims: ['windows', 1] }],
    }
  }

  #lstm(plan: LayerPlan, layer: { units: number; activation: string; returns: string }, input: string): string {
    const i = this.#count('lstm')
    const { units } = layer
    const [kernel, recurrent, bias] = this.#parts(plan)
    const both = new Float32Array(8 * units)
    both.set(toOnnx(bias!, 1, units))
    const inputs = plan.input.width
    this.#tensors.push(
      { name: `kernel-${i}`, dims: [1, 4 * units, inputs], data: toOnnx(kernel!, inputs, units) },
      { name: `recurrent-${i}`, dims: [1, 4 * units, units], data: toOnnx(recurrent!, units, units) },
      { name: `bias-${i}`, dims: [1, 8 * units], data: both },
    )
    const cell = layer.activation === 'relu' ? 'Relu' : 'Tanh'
    const attributes = { hidden_size: units, activations: ['Sigmoid', cell, cell] }
    const from = [input, `kernel-${i}`, `recurrent-${i}`, `bias-${i}`]
    if (layer.returns === 'last') {
      const code = i === 1 ? 'code' : `code-${i}`
      this.node('LSTM', from, ['', code], attributes)
      return code
    }
    if (!this.#tensors.some(({ name }) => name === 'steps-axis')) {
      this.#tensors.push({ name: 'steps-axis', dims: [1], data: BigInt64Array.of(1n) })
    }
    this.node('LSTM', from, [`states-${i}`], attributes)
    this.node('Squeeze', [`states-${i}`, 'steps-axis'], [`sequence-${i}`])
    return `sequence-${i}`
  }

  /** ONNX wants [N, channels, steps], and its kernel as filters × channels × steps. */
  #conv(plan: LayerPlan, layer: { filters: number; activation: string }, input: string): string {
    const name = this.#next('conv')
    const [kernel, bias] = this.#parts(plan)
    const channels = plan.input.width
    const { filters } = layer
    const data = new Float32Array(kernel!.length)
    for (let step = 0; step < CONV_STEPS; step++) {
      for (let channel = 0; channel < channels; channel++) {
        for (let filter = 0; filter < filters; filter++) {
          data[(filter * channels + channel) * CONV_STEPS + step] =
            kernel![(step * channels + channel) * filters + filter]!
        }
      }
    }
    this.#tensors.push(
      { name: `${name}-kernel`, dims: [filters, channels, CONV_STEPS], data },
      { name: `${name}-bias`, dims: [filters], data: bias!.slice() },
    )
    this.node('Transpose', [input], [`${name}-in`], { perm: [1, 2, 0] })
    this.node('Conv', [`${name}-in`, `${name}-kernel`, `${name}-bias`], [`${name}-out`], {
      kernel_shape: [CONV_STEPS],
      pads: [1, 1],
    })
    const active = this.#activate(layer.activation, `${name}-out`)
    this.node('Transpose', [active], [name], { perm: [2, 0, 1] })
    return name
  }

  #dense(plan: LayerPlan, layer: { units: number; activation: string }, input: string): string {
    const i = this.#count('dense')
    const suffix = i === 0 ? '' : `-${i}`
    const [kernel, bias] = this.#parts(plan)
    this.#tensors.push(
      { name: `dense-kernel${suffix}`, dims: [plan.input.width, layer.units], data: kernel!.slice() },
      { name: `dense-bias${suffix}`, dims: [layer.units], data: bias!.slice() },
    )
    const sum = layer.activation === 'linear' ? `rebuilt${suffix}` : `sum${suffix}`
    this.node('MatMul', [input, `dense-kernel${suffix}`], [`unbiased${suffix}`])
    this.node('Add', [`unbiased${suffix}`, `dense-bias${suffix}`], [sum])
    return this.#activate(layer.activation, sum)
  }

  #activate(activation: string, value: string): string {
    if (activation === 'linear') return value
    this.node(activation === 'relu' ? 'Relu' : 'Sigmoid', [value], [`${value}-${activation}`])
    return `${value}-${activation}`
  }

  #parts({ tensors }: LayerPlan): Float32Array[] {
    return tensors.map(({ offset, shape }) => {
      const length = shape.reduce((product, size) => product * size, 1)
      return this.#weights.subarray(offset, offset + length)
    })
  }

  #count(what: string): number {
    const count = this.#counts.get(what) ?? 0
    this.#counts.set(what, count + 1)
    return count
  }

  #next(what: string): string {
    return `${what}-${this.#count(what)}`
  }
}

/** Keras' rows × gates → ONNX's gates × rows. */
function toOnnx(matrix: Float32Array, rows: number, units: number): Float32Array {
  const out = new Float32Array(matrix.length)
  for (let gate = 0; gate < 4; gate++) {
    for (let unit = 0; unit < units; unit++) {
      for (let row = 0; row < rows; row++) {
        out[(gate * units + unit) * rows + row] = matrix[row * 4 * units + ONNX_GATE_ORDER[gate]! * units + unit]!
      }
    }
  }
  return out
}
