/** The engine that fits a model: our kernels for a network that this app exported, else onnxruntime, which is loaded only then. */
import { ModelError } from '#core/base/errors.ts'
import { readKnownNetwork } from '#core/detect/known-network.ts'
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
    const { createOnnxNetwork } = await import('./onnx/network.ts')
    return createOnnxNetwork(options)
  }
  const { steps, features } = known.architecture
  if (steps !== options.steps || features !== options.features) {
    throw new ModelError(
      `the model's network takes windows of ${steps} × ${features}, its manifest says ${options.steps} × ${options.features}`,
    )
  }
  return createKernelNetwork(known, await compileKernels(kernels))
}
