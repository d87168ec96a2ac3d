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
    batchRows: BATCH_ROWS,
    async reconstructionErrors(windows, rows) {
      return squaredErrors(windows, await trainer.predict(windows, rows), { rows, steps, features })
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

function squaredErrors(
  windows: Float32Array,
  rebuilt: Float32Array,
  { rows, steps, features }: { rows: number; steps: number; features: number },
): Float32Array {
  const errors = new Float32Array(rows * features)
  for (let row = 0; row < rows; row++) {
    for (let f = 0; f < features; f++) {
      let sum = 0
      let at = row * steps * features + f
      for (let step = 0; step < steps; step++, at += features) {
        const difference = windows[at]! - rebuilt[at]!
        sum += difference * difference
      }
      errors[row * features + f] = sum / steps
    }
  }
  return errors
}
