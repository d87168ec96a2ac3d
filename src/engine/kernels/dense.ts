/** A dense layer at each step by itself: output = activation(input · kernel + bias). */
import { type LayerRun, multiply, packedLength, type Room } from './layer.ts'

export function runDense(
  { kernels, heap, plan, rows: most, weights, gradients, scratch }: Room,
  activation: 'linear' | 'relu' | 'sigmoid',
): LayerRun {
  const { steps, width: inputs } = plan.input
  const units = plan.output.width
  const [kernel, bias] = [weights[0]!, weights[1]!]
  const [kernelGradient, biasGradient] = [gradients[0]!, gradients[1]!]
  const output = heap.take(steps * most * units)
  const outputGradient = heap.take(steps * most * units)
  const packed = heap.take(packedLength(inputs, units))
  const packedBack = heap.take(packedLength(units, inputs))
  return {
    output: () => output,
    outputGradient: () => outputGradient,
    packForward: () => kernels.pack(inputs, units, kernel, units, 1, packed),
    packBackward: () => kernels.pack(units, inputs, kernel, 1, units, packedBack),
    forward(rows, input) {
      const all = steps * rows
      multiply(kernels, { rows: all, columns: units, inner: inputs, left: input, packed, bias, to: output })
      if (activation === 'relu') kernels.relu(all * units, output)
      else if (activation === 'sigmoid') kernels.sigmoid(all * units, output)
    },
    backward(rows, input, inputGradient) {
      const all = steps * rows
      if (activation === 'relu') kernels.reluBackward(all * units, output, outputGradient)
      else if (activation === 'sigmoid') kernels.sigmoidBackward(all * units, output, outputGradient)
      kernels.addColumns(all, units, outputGradient, biasGradient)
      kernels.pack(all, units, outputGradient, units, 1, scratch)
      const size = { rows: inputs, columns: units, inner: all }
      multiply(kernels, { ...size, left: input, transposed: true, packed: scratch, to: kernelGradient })
      if (!inputGradient) return
      const back = { rows: all, columns: inputs, inner: units, left: outputGradient }
      multiply(kernels, { ...back, packed: packedBack, bias: heap.zeros, to: inputGradient })
    },
  }
}
