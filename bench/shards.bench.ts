/**
 * Whether a step gets faster when its batch is shared with a second worker, messages included: ms a step alone and shared, in turn.
 * The gain is that of the best times: other work on the machine takes from both.
 * Usage: node bench/shards.bench.ts [rounds]
 */
import { readFile } from 'node:fs/promises'
import { MessageChannel, Worker } from 'node:worker_threads'
import { type Endpoint, wrap } from 'comlink'
import { createRandom } from '#core/base/random.ts'
import { type Architecture, cnnLstm, lstmAutoencoder, planNetwork } from '#core/detect/architecture.ts'
import { PART_ROWS, type ShardTrainer, shardedTrainer } from '#core/detect/sharded-trainer.ts'
import type { Batch, Trainer } from '#core/detect/trainer.ts'
import { compileKernels } from '#engine/kernels/kernels.ts'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'

const SLICE_MS = 250
const rounds = Number(process.argv[2] ?? 7)
const random = createRandom(1)
const kernels = await compileKernels({
  binary: await readFile(new URL('../src/engine/kernels/kernels.wasm', import.meta.url)),
})
const networks: readonly (readonly [string, Architecture])[] = [
  ['LSTM autoencoder', lstmAutoencoder({ steps: 10, features: 4 })],
  ['CNN-LSTM', cnnLstm({ steps: 10, features: 78 })],
]

console.log('ms a step, median (best) | alone | two workers | gain')
console.log('---|---|---|---')
for (const [name, architecture] of networks) {
  for (const rows of [32, 64, 128, 256]) {
    const options = { architecture, seed: 1, learningRate: 1e-3, maxGradientNorm: 1 }
    const batch = makeBatch(architecture, rows)
    const { port1, port2 } = new MessageChannel()
    const worker = new Worker(new URL('./shard.worker.ts', import.meta.url), {
      workerData: { options, kernels, port: port2 },
      transferList: [port2],
    })
    const alone = await createKernelTrainer(options, kernels)
    const near = await createKernelTrainer(options, kernels)
    // A proxy answers to any name; what is not exposed is not called here.
    const far = wrap<ShardTrainer>(port1 as unknown as Endpoint) as unknown as ShardTrainer
    const shared = shardedTrainer(near, [far], Math.min(PART_ROWS, Math.ceil(rows / 2)))
    const times = { alone: [] as number[], shared: [] as number[] }
    for (const trainer of [alone, shared]) await trainer.step(batch)
    for (let round = 0; round < rounds; round++) {
      times.alone.push(...(await stepFor(alone, batch)))
      times.shared.push(...(await stepFor(shared, batch)))
    }
    const gain = Math.min(...times.alone) / Math.min(...times.shared)
    console.log(`${name}, batch ${rows} | ${spell(times.alone)} | ${spell(times.shared)} | ${gain.toFixed(2)} ×`)
    await worker.terminate()
  }
}

async function stepFor(trainer: Trainer, batch: Batch): Promise<number[]> {
  const times: number[] = []
  const endMs = performance.now() + SLICE_MS
  while (performance.now() < endMs) {
    const start = performance.now()
    await trainer.step(batch)
    times.push(performance.now() - start)
  }
  return times
}

function makeBatch(architecture: Architecture, rows: number): Batch {
  const inputs = Float32Array.from({ length: rows * architecture.steps * architecture.features }, () => random.next())
  const { steps, width } = planNetwork(architecture).output
  const targets =
    architecture.loss === 'mse' ? inputs : Float32Array.from({ length: rows * steps * width }, () => random.int(2))
  return { rows, inputs, targets }
}

function spell(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  return `${sorted[sorted.length >> 1]!.toFixed(2)} (${sorted[0]!.toFixed(2)})`
}
