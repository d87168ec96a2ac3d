/** The `Network` port on the training kernels' forward pass: kilobytes of memory, and faster than a general runtime (docs/bench.md). */
import { type Architecture, planNetwork } from '#core/detect/architecture.ts'
import type { KnownNetwork } from '#core/detect/known-network.ts'
import type { Network } from '#core/detect/network.ts'
import { createKernelTrainer } from './trainer.ts'

/** From 64 on it makes no difference to the speed (docs/bench.md); small ones keep all workers busy. */
const BATCH_ROWS = 256

/** `module` from `compileKernels`. Throws Error when the network does not give back windows of the shape that it takes. */
export async function createKernelNetwork(
  { architecture, weights }: KnownNetwork,
  module: WebAssembly.Module,
): Promise<Network> {
  const { steps, features } = architecture
  const trainer = await createKernelTrainer(
    { architecture, seed: 0, learningRate: 0, maxGradientNorm: undefined },
    module,
  )
  await trainer.importWeights(weights)
  checkRebuilds(architecture)
  return {
    engine: 'kernels',
    batchRows: BATCH_ROWS,
    async reconstructionErrors(windows, rows) {
      const errors = new Float32Array(rows * features)
      trainer.predictPieces(windows, rows, (rebuilt, from) =>
        addSquaredErrors({ windows, rebuilt, from, errors, steps, features }),
      )
      return errors
    },
    dispose: () => trainer.dispose(),
  }
}

function checkRebuilds(architecture: Architecture): void {
  const { output } = planNetwork(architecture)
  if (output.steps !== architecture.steps || output.width !== architecture.features) {
    throw new Error(`the network gives ${output.steps} × ${output.width}, not windows as it takes them`)
  }
}

/** `rebuilt` is that of some windows, the first of which is `from`. */
function addSquaredErrors(piece: {
  windows: Float32Array
  rebuilt: Float32Array
  from: number
  errors: Float32Array
  steps: number
  features: number
}): void {
  const { windows, rebuilt, from, errors, steps, features } = piece
  const size = steps * features
  const rows = rebuilt.length / size
  for (let row = 0; row < rows; row++) {
    for (let f = 0; f < features; f++) {
      let sum = 0
      let at = row * size + f
      for (let step = 0; step < steps; step++, at += features) {
        const difference = windows[from * size + at]! - rebuilt[at]!
        sum += difference * difference
      }
      errors[(from + row) * features + f] = sum / steps
    }
  }
}
