/**
 * Training: a step of Adam on the kernels, in turn with tfjs' wasm backend and with PyTorch on one thread (Debian's python3-torch,
 * left out where it is missing); then windows/s forward only, in turn with onnxruntime on the shipped model.
 * Usage: node bench/train.bench.ts [rounds]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { createRandom } from '#core/base/random.ts'
import { type Architecture, cnnLstm, type Layer, lstmAutoencoder, planNetwork } from '#core/detect/architecture.ts'
import type { Batch, Trainer } from '#core/detect/trainer.ts'
import { loadModel } from '#core/model/load.ts'
import { compileKernels } from '#engine/kernels/kernels.ts'
import { createKernelTrainer } from '#engine/kernels/trainer.ts'
import { createOnnxNetwork } from '#engine/onnx/network.ts'
import { createTfjsTrainer } from '#engine/tfjs/trainer.ts'

const SLICE_MS = 250
const rounds = Number(process.argv[2] ?? 5)
const random = createRandom(20_261_121)
const kernels = await compileKernels({
  binary: await readFile(new URL('../src/engine/kernels/kernels.wasm', import.meta.url)),
})
const options = { seed: 1, learningRate: 1e-3, maxGradientNorm: undefined }
const autoencoder = lstmAutoencoder({ steps: 10, features: 4 })
/** PyTorch's LSTM has tanh cells only, so the peers are compared on those. */
const tanhCells = (layer: Layer): Layer => (layer.kind === 'lstm' ? { ...layer, activation: 'tanh' } : layer)
const networks: readonly { name: string; peer: string | undefined; architecture: Architecture }[] = [
  {
    name: 'LSTM autoencoder',
    peer: 'autoencoder',
    architecture: { ...autoencoder, layers: autoencoder.layers.map(tanhCells) },
  },
  { name: 'LSTM autoencoder, relu cells as shipped', peer: undefined, architecture: autoencoder },
  { name: 'CNN-LSTM', peer: 'cnn-lstm', architecture: cnnLstm({ steps: 10, features: 78 }) },
]
const pytorch = await startPytorch()

console.log('ms a step, median (best) | kernels | tfjs wasm | ratio | PyTorch, 1 thread | kernels/PyTorch')
console.log('---|---|---|---|---|---')
for (const { name, peer, architecture } of networks) {
  for (const rows of [32, 256]) {
    const batch = makeBatch(architecture, rows)
    const ours = await createKernelTrainer({ ...options, architecture }, kernels)
    const tfjs = await createTfjsTrainer({ ...options, architecture }, { backend: 'wasm' })
    const times = { ours: [] as number[], tfjs: [] as number[], pytorch: [] as number[] }
    for (const trainer of [ours, tfjs]) await trainer.step(batch)
    for (let round = 0; round < rounds; round++) {
      times.ours.push(...(await stepFor(ours, batch)))
      times.tfjs.push(...(await stepFor(tfjs, batch)))
      if (peer && pytorch) times.pytorch.push(...(await pytorch.step(peer, rows)))
    }
    const ratio = (of: number[]) => (of.length ? (median(of) / median(times.ours)).toFixed(1) : '–')
    const share = times.pytorch.length ? (median(times.ours) / median(times.pytorch)).toFixed(2) : '–'
    const cells = [spell(times.ours), spell(times.tfjs), ratio(times.tfjs), spell(times.pytorch), share]
    console.log(`${name}, batch ${rows} | ${cells.join(' | ')}`)
    await Promise.all([ours.dispose(), tfjs.dispose()])
  }
}
pytorch?.stop()

const model = await loadModel((path) => readFile(new URL(`../models/flow-autoencoder/1.0.0/${path}`, import.meta.url)))
const runtime = createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm')
const wasm = { binary: await readFile(runtime) }
const onnx = await createOnnxNetwork({ model: model.network, steps: 10, features: 4, wasm })

console.log('\nwindows/s forward, median (best) | 1 | 64 | 256 | 1024')
console.log('---|---|---|---|---')
for (const { name, architecture } of networks) {
  const trainer = await createKernelTrainer({ ...options, architecture }, kernels)
  await printRates(`kernels, ${name}`, architecture, (inputs, rows) => trainer.predict(inputs, rows))
}
await printRates('onnxruntime-web, the shipped autoencoder', autoencoder, (inputs, rows) =>
  onnx.reconstructionErrors(inputs, rows),
)
await onnx.dispose()

async function printRates(
  name: string,
  architecture: Architecture,
  run: (inputs: Float32Array, rows: number) => Promise<unknown>,
): Promise<void> {
  const cells: string[] = []
  for (const rows of [1, 64, 256, 1024]) {
    const { inputs } = makeBatch(architecture, rows)
    await run(inputs, rows)
    const times: number[] = []
    for (const end = performance.now() + 2 * SLICE_MS; performance.now() < end; ) {
      const begin = performance.now()
      await run(inputs, rows)
      times.push(performance.now() - begin)
    }
    const rate = (ms: number) => Math.round((rows / ms) * 1000).toLocaleString('en')
    cells.push(`${rate(median(times))} (${rate(Math.min(...times))})`)
  }
  console.log(`${name} | ${cells.join(' | ')}`)
}

async function stepFor(trainer: Trainer, batch: Batch): Promise<number[]> {
  const times: number[] = []
  for (const end = performance.now() + SLICE_MS; performance.now() < end; ) {
    const begin = performance.now()
    await trainer.step(batch)
    times.push(performance.now() - begin)
  }
  return times
}

async function startPytorch() {
  const script = new URL('train_pytorch.py', import.meta.url).pathname
  const peer = spawn('/usr/bin/python3', [script], { stdio: ['pipe', 'pipe', 'ignore'] })
  const lines = createInterface(peer.stdout)[Symbol.asyncIterator]()
  const step = async (net: string, rows: number): Promise<number[]> => {
    peer.stdin.write(`${net} ${rows} ${SLICE_MS}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error('PyTorch ended')
    return JSON.parse(value)
  }
  peer.stdin.on('error', () => {})
  const ended = once(peer, 'exit').then(() => undefined)
  const started = step('cnn-lstm', 32).catch(() => undefined)
  const isThere = await Promise.race([started, ended])
  if (!isThere) return undefined
  return { step, stop: () => peer.stdin.end() }
}

function makeBatch(architecture: Architecture, rows: number): Batch {
  const { steps, features, loss } = architecture
  const inputs = Float32Array.from({ length: rows * steps * features }, () => random.normal())
  const length = rows * planNetwork(architecture).output.width
  return { rows, inputs, targets: loss === 'mse' ? inputs : Float32Array.from({ length }, () => random.int(2)) }
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1]!
}

function spell(times: readonly number[]): string {
  return times.length ? `${median(times).toFixed(2)} (${Math.min(...times).toFixed(2)})` : '–'
}
