/** An architecture computed row by row in float64, straight from the equations of its layers: slow, and plain to check. */
import { type Architecture, type LayerPlan, planNetwork } from '#core/detect/architecture.ts'
import type { Batch } from '#core/detect/trainer.ts'

/** Steps × numbers. */
type Sequence = number[][]

export function referenceLoss(architecture: Architecture, weights: Float64Array, batch: Batch): number {
  const outputs = referencePredict(architecture, weights, batch)
  const width = outputs.length / batch.rows
  let sum = 0
  outputs.forEach((output, i) => {
    const target = batch.targets[i]!
    const each =
      architecture.loss === 'mse'
        ? (output - target) ** 2
        : -(target * Math.log(output) + (1 - target) * Math.log(1 - output))
    sum += each * (batch.rowWeights?.[Math.floor(i / width)] ?? 1)
  })
  return sum / outputs.length
}

export function referencePredict(
  architecture: Architecture,
  weights: Float64Array,
  { rows, inputs }: { readonly rows: number; readonly inputs: Float32Array | Float64Array },
): number[] {
  const { steps, features } = architecture
  const plan = planNetwork(architecture)
  return Array.from({ length: rows }, (_, r) => {
    const first: Sequence = Array.from({ length: steps }, (_, t) =>
      Array.from(inputs.subarray((r * steps + t) * features, (r * steps + t + 1) * features)),
    )
    return plan.layers.reduce((sequence, layer) => run(layer, weights, sequence), first).flat()
  }).flat()
}

/** By central differences in float64. */
export function finiteDifference(
  architecture: Architecture,
  { weights, batch, index }: { weights: Float64Array; batch: Batch; index: number },
): number {
  const step = 1e-5
  const moved = (by: number) => {
    const copy = weights.slice()
    copy[index] = copy[index]! + by
    return referenceLoss(architecture, copy, batch)
  }
  return (moved(step) - moved(-step)) / (2 * step)
}

function run({ layer, tensors, output }: LayerPlan, weights: Float64Array, sequence: Sequence): Sequence {
  const [kernel, second, third] = tensors.map(({ offset }) => weights.subarray(offset))
  switch (layer.kind) {
    case 'lstm': {
      const states = runLstm(sequence, {
        units: layer.units,
        squash: ACTIVATIONS[layer.activation],
        ...{ kernel: kernel!, recurrent: second!, bias: third! },
      })
      return layer.returns === 'last' ? states.slice(-1) : states
    }
    case 'repeat':
      return Array.from({ length: layer.steps }, () => sequence[0]!)
    case 'max-pool':
      return Array.from({ length: output.steps }, (_, t) =>
        sequence[2 * t]!.map((value, i) => Math.max(value, sequence[2 * t + 1]![i]!)),
      )
    case 'dense':
      return sequence.map((x) => {
        const sums = addProduct(Array.from(second!.subarray(0, layer.units)), x, kernel!)
        return sums.map(ACTIVATIONS[layer.activation])
      })
    case 'conv1d':
      return sequence.map((x, t) => {
        let sums = Array.from(second!.subarray(0, layer.filters))
        for (let k = 0; k < 3; k++) {
          const seen = sequence[t + k - 1]
          if (seen) sums = addProduct(sums, seen, kernel!.subarray(k * x.length * layer.filters))
        }
        return sums.map(ACTIVATIONS[layer.activation])
      })
  }
}

interface LstmParts {
  readonly units: number
  readonly squash: (x: number) => number
  readonly kernel: Float64Array
  readonly recurrent: Float64Array
  readonly bias: Float64Array
}

function runLstm(sequence: Sequence, { units, squash, kernel, recurrent, bias }: LstmParts): Sequence {
  let h = new Array<number>(units).fill(0)
  let c = h
  return sequence.map((x) => {
    const sums = addProduct(addProduct(Array.from(bias.subarray(0, 4 * units)), x, kernel), h, recurrent)
    const gate = (g: number, u: number) => sums[g * units + u]!
    c = c.map((cell, u) => sigmoid(gate(1, u)) * cell + sigmoid(gate(0, u)) * squash(gate(2, u)))
    h = c.map((cell, u) => sigmoid(gate(3, u)) * squash(cell))
    return h
  })
}

/** sums + x · matrix, of as many columns as there are sums. */
function addProduct(sums: number[], x: readonly number[], matrix: Float64Array): number[] {
  const width = sums.length
  const out = [...sums]
  x.forEach((value, i) => {
    for (let j = 0; j < width; j++) out[j]! += value * matrix[i * width + j]!
  })
  return out
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))

const ACTIVATIONS = {
  linear: (x: number) => x,
  relu: (x: number) => Math.max(0, x),
  tanh: Math.tanh,
  sigmoid,
}
