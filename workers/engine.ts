/** The engine of networks in a worker: the kernels, compiled once, on several cores where batches are large. */
import { LEAST_SHARED_ROWS, shardedTrainer } from '#core/detect/sharded-trainer.ts'
import type { TrainerFactory } from '#core/detect/training.ts'
import { compileKernels } from '#engine/kernels/kernels.ts'
import kernelsUrl from '#engine/kernels/kernels.wasm?url'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'
import { startShards } from './shards.ts'

let compiled: Promise<WebAssembly.Module> | undefined

export const createTrainer: TrainerFactory = async (options) => {
  compiled ??= compileKernels({ url: new URL(kernelsUrl, self.location.href).href })
  const kernels = await compiled
  const trainer = await createKernelTrainer(options, kernels)
  if ((options.batchRows ?? 0) < LEAST_SHARED_ROWS) return trainer
  // The same parts on one core, so that the bytes do not tell how many there were.
  return shardedTrainer(trainer, await startShards(options, kernels))
}
