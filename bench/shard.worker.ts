/** A trainer of its own for shards.bench.ts. */
import { workerData } from 'node:worker_threads'
import { expose, transfer } from 'comlink'
import type { Batch } from '#core/detect/trainer.ts'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'

const { options, kernels, port } = workerData
const trainer = await createKernelTrainer(options, kernels)
expose(
  {
    async gradients(batch: Batch) {
      const found = await trainer.gradients(batch)
      return transfer(found, [found.values.buffer])
    },
    apply: (values: Float32Array) => trainer.apply(values),
  },
  port,
)
