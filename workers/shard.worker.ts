/** A trainer of its own on another core: takes its parts of each batch, and every step. */
import { expose, transfer } from 'comlink'
import type { Batch, Trainer, TrainerOptions, TrainerState } from '#core/detect/trainer.ts'
import { keepLedger } from '#db/ledger.ts'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'

keepLedger('worker')
let made: Promise<Trainer> | undefined

const api = {
  async create(options: TrainerOptions, kernels: WebAssembly.Module): Promise<void> {
    made = createKernelTrainer(options, kernels)
    await made
  },

  async gradients(batch: Batch) {
    const found = await (await trainer()).gradients(batch)
    return transfer(found, [found.values.buffer])
  },

  async apply(gradients: Float32Array): Promise<void> {
    await (await trainer()).apply(gradients)
  },

  async importWeights(weights: Float32Array): Promise<void> {
    await (await trainer()).importWeights(weights)
  },

  async restoreState(state: TrainerState): Promise<void> {
    await (await trainer()).restoreState(state)
  },
}

export type ShardApi = typeof api
expose(api)

function trainer(): Promise<Trainer> {
  if (!made) throw new Error('the shard was asked before it had a network')
  return made
}
