/**
 * The trained network as an ONNX graph: `windows` [N, steps, F] → `errors` [N, F], the squared error of each feature averaged over
 * the steps, and `reconstruction` [N, steps, F]. Inside everything is time-major, which ONNX's LSTM wants: only the four input
 * columns are ever transposed.
 */
import { type OnnxGraph, type OnnxNode, type OnnxTensor, writeOnnx } from '../onnx-writer.ts'
import type { LstmWeights } from './lstm.ts'
import type { Numbers } from './matmul.ts'
import type { AutoencoderWeights } from './network.ts'

export function exportAutoencoder(weights: AutoencoderWeights, steps: number): Uint8Array {
  const features = weights.dense.outputs
  const initializers: OnnxTensor[] = [
    { name: 'steps-axis', dims: [1], data: BigInt64Array.of(1n) },
    { name: 'repeat', dims: [3], data: BigInt64Array.of(BigInt(steps), 1n, 1n) },
    { name: 'dense-kernel', dims: [weights.dense.inputs, features], data: Float32Array.from(weights.dense.kernel) },
    { name: 'dense-bias', dims: [features], data: Float32Array.from(weights.dense.bias) },
  ]
  const nodes: OnnxNode[] = [
    { op: 'Transpose', inputs: ['windows'], outputs: ['input'], attributes: { perm: [1, 0, 2] } },
    lstm(0, 'input', ['states-0']),
    { op: 'Squeeze', inputs: ['states-0', 'steps-axis'], outputs: ['sequence-0'] },
    // The encoder's second layer gives its last state only.
    lstm(1, 'sequence-0', ['', 'code']),
    { op: 'Expand', inputs: ['code', 'repeat'], outputs: ['repeated'] },
    lstm(2, 'repeated', ['states-2']),
    { op: 'Squeeze', inputs: ['states-2', 'steps-axis'], outputs: ['sequence-2'] },
    lstm(3, 'sequence-2', ['states-3']),
    { op: 'Squeeze', inputs: ['states-3', 'steps-axis'], outputs: ['sequence-3'] },
    { op: 'MatMul', inputs: ['sequence-3', 'dense-kernel'], outputs: ['unbiased'] },
    { op: 'Add', inputs: ['unbiased', 'dense-bias'], outputs: ['rebuilt'] },
    { op: 'Sub', inputs: ['rebuilt', 'input'], outputs: ['difference'] },
    { op: 'Mul', inputs: ['difference', 'difference'], outputs: ['squared'] },
    { op: 'ReduceMean', inputs: ['squared'], outputs: ['errors'], attributes: { axes: [0], keepdims: 0 } },
    { op: 'Transpose', inputs: ['rebuilt'], outputs: ['reconstruction'], attributes: { perm: [1, 0, 2] } },
  ]
  for (const [index, layer] of weights.layers.entries()) initializers.push(...lstmTensors(index, layer))
  const graph: OnnxGraph = {
    name: 'lstm-autoencoder',
    nodes,
    initializers,
    inputs: [{ name: 'windows', dims: ['windows', steps, features] }],
    outputs: [
      { name: 'errors', dims: ['windows', features] },
      { name: 'reconstruction', dims: ['windows', steps, features] },
    ],
  }
  return writeOnnx(graph)

  function lstm(index: number, input: string, outputs: readonly string[]): OnnxNode {
    return {
      op: 'LSTM',
      inputs: [input, `kernel-${index}`, `recurrent-${index}`, `bias-${index}`],
      outputs,
      attributes: { hidden_size: weights.layers[index]!.units, activations: ['Sigmoid', 'Relu', 'Relu'] },
    }
  }
}

/** ONNX wants gates × inputs in the order input, output, forget, candidate; Keras has inputs × gates as i, f, c, o. */
const GATE_ORDER = [0, 3, 1, 2] as const

function lstmTensors(index: number, { inputs, units, kernel, recurrent, bias }: LstmWeights): OnnxTensor[] {
  const both = new Float32Array(8 * units)
  both.set(reorder(bias, 1, units))
  return [
    { name: `kernel-${index}`, dims: [1, 4 * units, inputs], data: reorder(kernel, inputs, units) },
    { name: `recurrent-${index}`, dims: [1, 4 * units, units], data: reorder(recurrent, units, units) },
    { name: `bias-${index}`, dims: [1, 8 * units], data: both },
  ]
}

function reorder(matrix: Numbers, rows: number, units: number): Float32Array {
  const out = new Float32Array(matrix.length)
  for (let gate = 0; gate < 4; gate++) {
    for (let unit = 0; unit < units; unit++) {
      for (let row = 0; row < rows; row++) {
        out[(gate * units + unit) * rows + row] = matrix[row * 4 * units + GATE_ORDER[gate]! * units + unit]!
      }
    }
  }
  return out
}
