/**
 * An LSTM over all steps of a batch: the inputs' share of the gates in one product, then step by step the state's share and the
 * fused cell. When a repeat stands before it, the one input row is multiplied once, and its gradients are summed before they are.
 */
import { type LayerRun, multiply, packedLength, type Room } from './layer.ts'

export interface LstmOptions {
  readonly activation: 'tanh' | 'relu'
  readonly returns: 'sequence' | 'last'
  readonly repeats: boolean
}

export function runLstm(
  { kernels, heap, plan, rows: most, weights, gradients, scratch }: Room,
  { activation, returns, repeats }: LstmOptions,
): LayerRun {
  const { steps, width: inputs } = plan.input
  const units = plan.output.width
  const wide = 4 * units
  const relu = activation === 'relu' ? 1 : 0
  const [kernel, recurrent, bias] = [weights[0]!, weights[1]!, weights[2]!]
  const [kernelGradient, recurrentGradient, biasGradient] = [gradients[0]!, gradients[1]!, gradients[2]!]
  const gates = heap.take(steps * most * wide)
  const cells = heap.take(steps * most * units)
  const squashed = heap.take(steps * most * units)
  const hidden = heap.take(steps * most * units)
  const hiddenGradient = heap.take(steps * most * units)
  const cellGradient = heap.take(most * units)
  const shared = heap.take(repeats ? most * wide : 0)
  const packedKernel = heap.take(packedLength(inputs, wide))
  const packedRecurrent = heap.take(packedLength(units, wide))
  const packedKernelBack = heap.take(packedLength(wide, inputs))
  const packedRecurrentBack = heap.take(packedLength(wide, units))
  const skip = returns === 'last' ? steps - 1 : 0
  return {
    output: (rows) => hidden + skip * rows * units * 4,
    outputGradient: (rows) => hiddenGradient + skip * rows * units * 4,
    packForward() {
      kernels.pack(inputs, wide, kernel, wide, 1, packedKernel)
      kernels.pack(units, wide, recurrent, wide, 1, packedRecurrent)
    },
    packBackward() {
      kernels.pack(wide, inputs, kernel, 1, wide, packedKernelBack)
      kernels.pack(wide, units, recurrent, 1, wide, packedRecurrentBack)
    },
    forward(rows, input) {
      const to = repeats ? shared : gates
      const fromInput = { rows: repeats ? rows : steps * rows, columns: wide, inner: inputs }
      multiply(kernels, { ...fromInput, left: input, packed: packedKernel, bias, to })
      if (repeats) heap.view(gates, rows * wide).set(heap.view(shared, rows * wide))
      const fromState = { rows, columns: wide, inner: units, packed: packedRecurrent }
      const stateBytes = rows * units * 4
      for (let t = 0; t < steps; t++) {
        const now = gates + t * rows * wide * 4
        const state = t * stateBytes
        if (t > 0) {
          multiply(kernels, { ...fromState, left: hidden + state - stateBytes, start: repeats ? shared : now, to: now })
        }
        const before = t > 0 ? cells + state - stateBytes : 0
        kernels.cellForward(relu, rows, units, now, before, cells + state, squashed + state, hidden + state)
      }
    },
    backward(rows, input, inputGradient) {
      const stateBytes = rows * units * 4
      const gateBytes = rows * wide * 4
      const all = steps * rows
      heap.view(cellGradient, rows * units).fill(0)
      const toState = { rows, columns: units, inner: wide, packed: packedRecurrentBack }
      for (let t = steps - 1; t >= 0; t--) {
        const now = gates + t * gateBytes
        const state = t * stateBytes
        const before = t > 0 ? cells + state - stateBytes : 0
        kernels.cellBackward(relu, rows, units, now, before, squashed + state, hiddenGradient + state, cellGradient)
        if (t === 0) break
        const to = hiddenGradient + state - stateBytes
        // Of a layer that gives only its last step, nobody asked for the earlier ones.
        multiply(kernels, { ...toState, left: now, to, ...(returns === 'last' ? { bias: heap.zeros } : {}) })
      }
      // From here on `gates` holds the loss by the gates' sums.
      kernels.addColumns(all, wide, gates, biasGradient)
      kernels.pack(all, wide, gates, wide, 1, scratch)
      const byRecurrent = { rows: units, columns: wide, inner: all - rows, packedInner: all, transposed: true }
      // A packed panel has 8 numbers for each row.
      multiply(kernels, { ...byRecurrent, left: hidden, packed: scratch + rows * 8 * 4, to: recurrentGradient })
      if (repeats) {
        heap.view(shared, rows * wide).set(heap.view(gates, rows * wide))
        for (let t = 1; t < steps; t++) kernels.addTo(rows * wide, shared, gates + t * gateBytes)
        kernels.pack(rows, wide, shared, wide, 1, scratch)
      }
      const inner = repeats ? rows : all
      const byKernel = { rows: inputs, columns: wide, inner, transposed: true }
      multiply(kernels, { ...byKernel, left: input, packed: scratch, to: kernelGradient })
      if (!inputGradient) return
      const toInput = { rows: inner, columns: inputs, inner: wide, left: repeats ? shared : gates }
      multiply(kernels, { ...toInput, packed: packedKernelBack, bias: heap.zeros, to: inputGradient })
    },
  }
}
