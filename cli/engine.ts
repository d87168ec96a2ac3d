/** The engine of networks on the command line: the kernels, on one thread. */
import { readFile } from 'node:fs/promises'
import { LEAST_SHARED_ROWS, shardedTrainer } from '#core/detect/sharded-trainer.ts'
import type { TrainerFactory } from '#core/detect/training.ts'
import { compileKernels } from '#engine/kernels/kernels.ts'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'
import { rootFile } from './root.ts'

let compiled: Promise<WebAssembly.Module> | undefined

export const createTrainer: TrainerFactory = async (options) => {
  compiled ??= readFile(rootFile('src/engine/kernels/kernels.wasm')).then((binary) =>
    compileKernels({ binary: new Uint8Array(binary) }),
  )
  const trainer = await createKernelTrainer(options, await compiled)
  // As the page does on several cores: the same seed gives the same bytes here and there.
  return (options.batchRows ?? 0) < LEAST_SHARED_ROWS ? trainer : shardedTrainer(trainer, [])
}
