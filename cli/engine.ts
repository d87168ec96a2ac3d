/** The engine of networks on the command line: the kernels, on one thread. */
import { readFile } from 'node:fs/promises'
import type { TrainerFactory } from '#core/detect/training.ts'
import { compileKernels } from '#engine/kernels/kernels.ts'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'
import { rootFile } from './root.ts'

let compiled: Promise<WebAssembly.Module> | undefined

export const createTrainer: TrainerFactory = async (options) => {
  compiled ??= readFile(rootFile('src/engine/kernels/kernels.wasm')).then((binary) =>
    compileKernels({ binary: new Uint8Array(binary) }),
  )
  return createKernelTrainer(options, await compiled)
}
