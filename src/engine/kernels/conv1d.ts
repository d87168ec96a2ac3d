/** A convolution over three steps, with zeros beyond both ends: one product per step of the kernel, each shifted by a step. */
import { CONV_STEPS } from '#core/detect/architecture.ts'
import { type LayerRun, multiply, packedLength, type Room } from './layer.ts'

export function runConv1d(
  { kernels, heap, plan, rows: most, weights, gradients, scratch }: Room,
  activation: 'linear' | 'relu',
): LayerRun {
  const { steps, width: inputs } = plan.input
  const filters = plan.output.width
  const [kernel, bias] = [weights[0]!, weights[1]!]
  const [kernelGradient, biasGradient] = [gradients[0]!, gradients[1]!]
  const output = heap.take(steps * most * filters)
  const outputGradient = heap.take(steps * most * filters)
  const taps = Array.from({ length: CONV_STEPS }, (_, k) => {
    const from = k * inputs * filters * 4
    return {
      kernel: kernel + from,
      gradient: kernelGradient + from,
      packed: heap.take(packedLength(inputs, filters)),
      packedBack: heap.take(packedLength(filters, inputs)),
    }
  })
  const [before, at, after] = [taps[0]!, taps[1]!, taps[2]!]
  return {
    output: () => output,
    outputGradient: () => outputGradient,
    packForward() {
      for (const tap of taps) kernels.pack(inputs, filters, tap.kernel, filters, 1, tap.packed)
    },
    packBackward() {
      for (const tap of taps) kernels.pack(filters, inputs, tap.kernel, 1, filters, tap.packedBack)
    },
    forward(rows, input) {
      const size = { rows: steps * rows, columns: filters, inner: inputs }
      const shifted = { ...size, rows: size.rows - rows }
      const later = (address: number, width: number) => address + rows * width * 4
      multiply(kernels, { ...size, left: input, packed: at.packed, bias, to: output })
      multiply(kernels, { ...shifted, left: input, packed: before.packed, to: later(output, filters) })
      multiply(kernels, { ...shifted, left: later(input, inputs), packed: after.packed, to: output })
      if (activation === 'relu') kernels.relu(size.rows * filters, output)
    },
    backward(rows, input, inputGradient) {
      const all = steps * rows
      const later = (address: number, width: number) => address + rows * width * 4
      if (activation === 'relu') kernels.reluBackward(all * filters, output, outputGradient)
      kernels.addColumns(all, filters, outputGradient, biasGradient)
      kernels.pack(all, filters, outputGradient, filters, 1, scratch)
      const size = { rows: inputs, columns: filters, inner: all, transposed: true, packedInner: all }
      const shifted = { ...size, inner: all - rows }
      // A packed panel has 8 numbers for each row.
      const scratchLater = later(scratch, 8)
      multiply(kernels, { ...size, left: input, packed: scratch, to: at.gradient })
      multiply(kernels, { ...shifted, left: input, packed: scratchLater, to: before.gradient })
      multiply(kernels, { ...shifted, left: later(input, inputs), packed: scratch, to: after.gradient })
      if (!inputGradient) return
      const back = { rows: all, columns: inputs, inner: filters }
      const backShifted = { ...back, rows: all - rows }
      const [dOutput, dInput] = [outputGradient, inputGradient]
      multiply(kernels, { ...back, left: dOutput, packed: at.packedBack, bias: heap.zeros, to: dInput })
      multiply(kernels, { ...backShifted, left: later(dOutput, filters), packed: before.packedBack, to: dInput })
      multiply(kernels, { ...backShifted, left: dOutput, packed: after.packedBack, to: later(dInput, inputs) })
    },
  }
}
