/**
 * An ONNX file whose graph is one that this app exports, as architecture and flat weights: it then runs on our own kernels, which
 * take kilobytes where a general runtime takes many megabytes.
 */
import { type ReadGraph, type ReadTensor, readOnnx } from '../model/onnx-read.ts'
import { type Architecture, CONV_STEPS, type Layer, planNetwork, type Shape } from './architecture.ts'

export interface KnownNetwork {
  readonly architecture: Architecture
  /** In the order of planNetwork(architecture). */
  readonly weights: Float32Array
}

/** Keras has an LSTM's gates as input, forget, candidate, output; ONNX as input, output, forget, candidate. Ours → theirs. */
export const ONNX_GATE_ORDER = [0, 3, 1, 2] as const

/** Undefined for any other graph. Throws ModelError when the bytes are no ONNX file. */
export function readKnownNetwork(model: Uint8Array): KnownNetwork | undefined {
  const graph = readOnnx(model)
  return readAutoencoder(graph) ?? readClassifier(graph)
}

type GraphLine = readonly [op: string, inputs: readonly string[], output: string]

/** What the autoencoder's graph holds: each node's operator, what it reads and what it gives, in order. */
const AUTOENCODER: readonly GraphLine[] = [
  ['Transpose', ['windows'], 'input'],
  ['LSTM', ['input', 'kernel-0', 'recurrent-0', 'bias-0'], 'states-0'],
  ['Squeeze', ['states-0', 'steps-axis'], 'sequence-0'],
  ['LSTM', ['sequence-0', 'kernel-1', 'recurrent-1', 'bias-1'], 'code'],
  ['Expand', ['code', 'repeat'], 'repeated'],
  ['LSTM', ['repeated', 'kernel-2', 'recurrent-2', 'bias-2'], 'states-2'],
  ['Squeeze', ['states-2', 'steps-axis'], 'sequence-2'],
  ['LSTM', ['sequence-2', 'kernel-3', 'recurrent-3', 'bias-3'], 'states-3'],
  ['Squeeze', ['states-3', 'steps-axis'], 'sequence-3'],
  ['MatMul', ['sequence-3', 'dense-kernel'], 'unbiased'],
  ['Add', ['unbiased', 'dense-bias'], 'rebuilt'],
  ['Sub', ['rebuilt', 'input'], 'difference'],
  ['Mul', ['difference', 'difference'], 'squared'],
  ['ReduceMean', ['squared'], 'errors'],
  ['Transpose', ['rebuilt'], 'reconstruction'],
]
const LSTMS = 4

/** The same of the classifier, convolutions before an LSTM (architecture.ts, cnnLstm). */
const CLASSIFIER: readonly GraphLine[] = [
  ['Transpose', ['windows'], 'input'],
  ...convolution('input', 'conv-0'),
  ...convolution('conv-0', 'conv-1'),
  ['Transpose', ['conv-1'], 'pooled-0-in'],
  ['MaxPool', ['pooled-0-in'], 'pooled-0-out'],
  ['Transpose', ['pooled-0-out'], 'pooled-0'],
  ['LSTM', ['pooled-0', 'kernel-0', 'recurrent-0', 'bias-0'], 'code-0'],
  ['MatMul', ['code-0', 'dense-kernel'], 'unbiased'],
  ['Add', ['unbiased', 'dense-bias'], 'sum'],
  ['Relu', ['sum'], 'sum-relu'],
  ['MatMul', ['sum-relu', 'dense-kernel-1'], 'unbiased-1'],
  ['Add', ['unbiased-1', 'dense-bias-1'], 'sum-1'],
  ['Sigmoid', ['sum-1'], 'sum-1-sigmoid'],
  ['Squeeze', ['sum-1-sigmoid', 'first-axis'], 'probability'],
]

function convolution(from: string, name: string): GraphLine[] {
  return [
    ['Transpose', [from], `${name}-in`],
    ['Conv', [`${name}-in`, `${name}-kernel`, `${name}-bias`], `${name}-out`],
    ['Relu', [`${name}-out`], `${name}-out-relu`],
    ['Transpose', [`${name}-out-relu`], name],
  ]
}

function follows({ nodes }: ReadGraph, lines: readonly GraphLine[]): boolean {
  if (nodes.length !== lines.length) return false
  return lines.every(([op, inputs, output], i) => {
    const node = nodes[i]!
    return node.op === op && String(node.inputs) === String(inputs) && node.outputs.includes(output)
  })
}

function readClassifier(graph: ReadGraph): KnownNetwork | undefined {
  if (!follows(graph, CLASSIFIER)) return undefined
  const { nodes, tensors, inputDims } = graph
  const [, steps, features] = inputDims.get('windows') ?? []
  const lstm = readLstm(tensors, 0)
  const activation = activationOf(nodes.find(({ op }) => op === 'LSTM')!)
  if (!steps || !features || !lstm || !activation) return undefined
  const layers: Layer[] = []
  const parts: Float32Array[] = []
  for (const name of ['conv-0', 'conv-1']) {
    const conv = readConvolution(tensors, name)
    if (!conv) return undefined
    layers.push({ kind: 'conv1d', filters: conv.filters, activation: 'relu' })
    parts.push(...conv.parts)
  }
  layers.push({ kind: 'max-pool' }, { kind: 'lstm', units: lstm.units, activation, returns: 'last' })
  parts.push(...lstm.parts)
  for (const [suffix, active] of [
    ['', 'relu'],
    ['-1', 'sigmoid'],
  ] as const) {
    const kernel = tensors.get(`dense-kernel${suffix}`)?.values
    const bias = tensors.get(`dense-bias${suffix}`)?.values
    if (!kernel || !bias) return undefined
    layers.push({ kind: 'dense', units: bias.length, activation: active })
    parts.push(kernel, bias)
  }
  return assemble({ steps, features, loss: 'bce', layers }, parts, { steps: 1, width: 1 })
}

/** Filters × channels × steps → steps × channels × filters. */
function readConvolution(
  tensors: ReadonlyMap<string, ReadTensor>,
  name: string,
): { filters: number; parts: Float32Array[] } | undefined {
  const kernel = tensors.get(`${name}-kernel`)
  const bias = tensors.get(`${name}-bias`)
  const [filters, channels, steps] = kernel?.dims ?? []
  if (!kernel?.values || !bias?.values || !filters || !channels || steps !== CONV_STEPS) return undefined
  if (bias.values.length !== filters) return undefined
  const values = new Float32Array(kernel.values.length)
  for (let filter = 0, from = 0; filter < filters; filter++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let step = 0; step < steps; step++) {
        values[(step * channels + channel) * filters + filter] = kernel.values[from++]!
      }
    }
  }
  return { filters, parts: [values, bias.values] }
}

/** Undefined for a cell that is none of ours. */
function activationOf({ texts }: ReadGraph['nodes'][number]): 'relu' | 'tanh' | undefined {
  const activations = String(texts.get('activations'))
  if (activations === 'Sigmoid,Relu,Relu') return 'relu'
  return activations === 'Sigmoid,Tanh,Tanh' ? 'tanh' : undefined
}

function readAutoencoder(graph: ReadGraph): KnownNetwork | undefined {
  const { nodes, tensors } = graph
  const steps = tensors.get('repeat')?.integers?.[0]
  const kernel = tensors.get('dense-kernel')
  const bias = tensors.get('dense-bias')
  if (!follows(graph, AUTOENCODER) || steps === undefined || !kernel?.values || !bias?.values) {
    return undefined
  }
  const features = bias.values.length
  const layers: Layer[] = []
  const parts: Float32Array[] = []
  const lstmNodes = nodes.filter(({ op }) => op === 'LSTM')
  for (let i = 0; i < LSTMS; i++) {
    const activation = activationOf(lstmNodes[i]!)
    const read = readLstm(tensors, i)
    if (!read || !activation) return undefined
    layers.push({ kind: 'lstm', units: read.units, activation, returns: i === 1 ? 'last' : 'sequence' })
    if (i === 1) layers.push({ kind: 'repeat', steps })
    parts.push(...read.parts)
  }
  layers.push({ kind: 'dense', units: features, activation: 'linear' })
  const architecture: Architecture = { steps, features, loss: 'mse', layers }
  return assemble(architecture, [...parts, kernel.values, bias.values], { steps, width: features })
}

/** Kernel, recurrent kernel and bias of an LSTM in Keras' order; undefined when the tensors are no LSTM's. */
function readLstm(
  tensors: ReadonlyMap<string, ReadTensor>,
  index: number,
): { units: number; parts: Float32Array[] } | undefined {
  const kernel = tensors.get(`kernel-${index}`)
  const recurrent = tensors.get(`recurrent-${index}`)
  const bias = tensors.get(`bias-${index}`)
  const [directions, gates, inputs] = kernel?.dims ?? []
  if (!kernel?.values || !recurrent?.values || !bias?.values || directions !== 1 || !gates || !inputs) return undefined
  const units = gates / 4
  if (!Number.isInteger(units) || recurrent.values.length !== 4 * units * units || bias.values.length !== 8 * units) {
    return undefined
  }
  // ONNX keeps two biases, which add up.
  const both = Float32Array.from({ length: 4 * units }, (_, i) => bias.values![i]! + bias.values![4 * units + i]!)
  return {
    units,
    parts: [toKeras(kernel.values, inputs, units), toKeras(recurrent.values, units, units), toKeras(both, 1, units)],
  }
}

/** ONNX's gates × rows → Keras' rows × gates. */
function toKeras(values: Float32Array, rows: number, units: number): Float32Array {
  const out = new Float32Array(values.length)
  for (let gate = 0; gate < 4; gate++) {
    for (let unit = 0; unit < units; unit++) {
      for (let row = 0; row < rows; row++) {
        out[row * 4 * units + ONNX_GATE_ORDER[gate]! * units + unit] = values[(gate * units + unit) * rows + row]!
      }
    }
  }
  return out
}

/** Undefined when the layers do not fit together, need another number of weights, or give something else. */
function assemble(architecture: Architecture, parts: readonly Float32Array[], gives: Shape): KnownNetwork | undefined {
  const weights = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    weights.set(part, at)
    at += part.length
  }
  try {
    const plan = planNetwork(architecture)
    const { steps, width } = plan.output
    const isWhole = plan.parameters === weights.length && steps === gives.steps && width === gives.width
    return isWhole ? { architecture, weights } : undefined
  } catch {
    return undefined
  }
}
