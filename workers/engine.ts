/** The engine of networks in a worker: the kernels, compiled once. */
import type { TrainerFactory } from '#core/detect/training.ts'
import { compileKernels } from '#engine/kernels/kernels.ts'
import kernelsUrl from '#engine/kernels/kernels.wasm?url'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'

let compiled: Promise<WebAssembly.Module> | undefined

export const createTrainer: TrainerFactory = async (options) => {
  compiled ??= compileKernels({ url: new URL(kernelsUrl, self.location.href).href })
  return createKernelTrainer(options, await compiled)
}
