/** Trainers on other cores, as the sharded trainer wants them. */
import { wrap } from 'comlink'
import type { ShardTrainer } from '#core/detect/sharded-trainer.ts'
import type { TrainerOptions } from '#core/detect/trainer.ts'
import type { ShardApi } from './shard.worker.ts'

/** Gradients of a batch of parts are a few: more workers would wait. */
const MOST_SHARDS = 3

/** One for each core but this worker's own. */
export function startShards(options: TrainerOptions, kernels: WebAssembly.Module): Promise<ShardTrainer[]> {
  const count = Math.min(MOST_SHARDS, navigator.hardwareConcurrency - 1)
  return Promise.all(Array.from({ length: Math.max(0, count) }, () => startShard(options, kernels)))
}

async function startShard(options: TrainerOptions, kernels: WebAssembly.Module): Promise<ShardTrainer> {
  const worker = new Worker(new URL('./shard.worker.ts', import.meta.url), { type: 'module' })
  const death = new Promise<never>((_, reject) => {
    worker.onerror = (event) => reject(new Error(`a worker that helps with training failed: ${event.message}`))
  })
  death.catch(() => undefined)
  const remote = wrap<ShardApi>(worker)
  const { architecture, seed, learningRate, maxGradientNorm } = options
  await Promise.race([remote.create({ architecture, seed, learningRate, maxGradientNorm }, kernels), death])
  return {
    gradients: (batch) => Promise.race([remote.gradients(batch), death]),
    apply: (gradients) => Promise.race([remote.apply(gradients), death]),
    importWeights: (weights) => Promise.race([remote.importWeights(weights), death]),
    restoreState: (state) => Promise.race([remote.restoreState(state), death]),
    dispose: async () => worker.terminate(),
  }
}
