/** The larger of two steps; an odd last step is left out, and nothing flows back to it. */
import type { LayerRun, Room } from './layer.ts'

export function runMaxPool({ kernels, heap, plan, rows: most }: Room): LayerRun {
  const { steps, width } = plan.input
  const pairs = plan.output.steps
  const output = heap.take(pairs * most * width)
  const outputGradient = heap.take(pairs * most * width)
  return {
    output: () => output,
    outputGradient: () => outputGradient,
    packForward() {},
    packBackward() {},
    forward(rows, input) {
      const length = rows * width
      const bytes = length * 4
      for (let t = 0; t < pairs; t++) {
        const first = input + 2 * t * bytes
        kernels.larger(length, first, first + bytes, output + t * bytes)
      }
    },
    backward(rows, input, inputGradient) {
      if (!inputGradient) return
      const length = rows * width
      const bytes = length * 4
      for (let t = 0; t < pairs; t++) {
        const first = input + 2 * t * bytes
        const to = inputGradient + 2 * t * bytes
        kernels.largerBackward(length, first, first + bytes, outputGradient + t * bytes, to, to + bytes)
      }
      if (2 * pairs < steps) heap.view(inputGradient + 2 * pairs * bytes, length).fill(0)
    },
  }
}
