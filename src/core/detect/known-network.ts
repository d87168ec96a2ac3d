/**
 * An ONNX file whose graph is one that this app exports, as architecture and flat weights: it then runs on our own kernels, which
 * take kilobytes where a general runtime takes many megabytes.
 */
import { type ReadGraph, type ReadTensor, readOnnx } from '../model/onnx-read.ts'
import { type Architecture, type Layer, planNetwork } from './architecture.ts'

export interface KnownNetwork {
  readonly architecture: Architecture
  /** In the order of planNetwork(architecture). */
  readonly weights: Float32Array
}

/** Keras has an LSTM's gates as input, forget, candidate, output; ONNX as input, output, forget, candidate. Ours → theirs. */
export const ONNX_GATE_ORDER = [0, 3, 1, 2] as const

/** Undefined for any other graph. Throws ModelError when the bytes are no ONNX file. */
export function readKnownNetwork(model: Uint8Array): KnownNetwork | undefined {
  return readAutoencoder(readOnnx(model))
}

/** What the autoencoder's graph holds: each node's operator, what it reads and what it gives, in order. */
const AUTOENCODER: readonly (readonly [op: string, inputs: readonly string[], output: string])[] = [
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

function readAutoencoder({ nodes, tensors }: ReadGraph): KnownNetwork | undefined {
  const fits = AUTOENCODER.every(([op, inputs, output], i) => {
    const node = nodes[i]
    return node?.op === op && String(node.inputs) === String(inputs) && node.outputs.includes(output)
  })
  const steps = tensors.get('repeat')?.integers?.[0]
  const kernel = tensors.get('dense-kernel')
  const bias = tensors.get('dense-bias')
  if (!fits || nodes.length !== AUTOENCODER.length || steps === undefined || !kernel?.values || !bias?.values) {
    return undefined
  }
  const features = bias.values.length
  const layers: Layer[] = []
  const parts: Float32Array[] = []
  const lstmNodes = nodes.filter(({ op }) => op === 'LSTM')
  for (let i = 0; i < LSTMS; i++) {
    const activations = String(lstmNodes[i]!.texts.get('activations'))
    if (activations !== 'Sigmoid,Relu,Relu' && activations !== 'Sigmoid,Tanh,Tanh') return undefined
    const read = readLstm(tensors, i)
    if (!read) return undefined
    const activation = activations === 'Sigmoid,Relu,Relu' ? 'relu' : 'tanh'
    layers.push({ kind: 'lstm', units: read.units, activation, returns: i === 1 ? 'last' : 'sequence' })
    if (i === 1) layers.push({ kind: 'repeat', steps })
    parts.push(...read.parts)
  }
  layers.push({ kind: 'dense', units: features, activation: 'linear' })
  return assemble({ steps, features, loss: 'mse', layers }, [...parts, kernel.values, bias.values])
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

/** Undefined when the layers do not fit together, or need another number of weights. */
function assemble(architecture: Architecture, parts: readonly Float32Array[]): KnownNetwork | undefined {
  const weights = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    weights.set(part, at)
    at += part.length
  }
  try {
    const plan = planNetwork(architecture)
    const { steps, width } = plan.output
    const isWhole =
      plan.parameters === weights.length && steps === architecture.steps && width === architecture.features
    return isWhole ? { architecture, weights } : undefined
  } catch {
    return undefined
  }
}
