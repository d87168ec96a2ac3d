/** The engine that fits a model: our kernels for a network that this app exported, else onnxruntime, which is loaded only then. */
import { ModelError } from '#core/base/errors.ts'
import { type KnownNetwork, readKnownNetwork } from '#core/detect/known-network.ts'
import type { Network } from '#core/detect/network.ts'
import { compileKernels, type KernelSource } from './kernels/kernels.ts'
import { createKernelNetwork } from './kernels/network.ts'
import type { OnnxNetworkOptions } from './onnx/network.ts'

export interface NetworkOptions extends OnnxNetworkOptions {
  readonly kernels: KernelSource
}

/** Throws ModelError when no engine can use the file, or it is another network than the manifest says. */
export async function openNetwork({ kernels, ...options }: NetworkOptions): Promise<Network> {
  const known = readKnownNetwork(options.model)
  if (!known) {
    const { createOnnxNetwork } = await loadRuntime()
    return createOnnxNetwork(options)
  }
  checkFits(known, options)
  return createKernelNetwork(known, await compileKernels(kernels))
}

/** Fourteen megabytes that most people never need: from their first use on they are kept. */
async function loadRuntime(): Promise<typeof import('./onnx/network.ts')> {
  try {
    return await import('./onnx/network.ts')
  } catch (error) {
    throw new ModelError(
      `this network is not of the app’s own making and needs a general library, which could not be loaded (${error instanceof Error ? error.message : String(error)}). Connect once; after its first use it is kept.`,
    )
  }
}

function checkFits(
  { architecture }: KnownNetwork,
  wanted: { readonly steps: number; readonly features: number },
): void {
  const { steps, features, loss } = architecture
  if (loss !== 'mse')
    throw new ModelError('the model’s network gives one probability; one that rebuilds its windows was expected')
  if (steps === wanted.steps && features === wanted.features) return
  throw new ModelError(
    `the model's network takes windows of ${steps} × ${features}, its manifest says ${wanted.steps} × ${wanted.features}`,
  )
}
