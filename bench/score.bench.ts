/**
 * Scoring: windows/s by onnxruntime at several batch sizes, beside the plain TypeScript forward pass of the trainer in the same
 * run; then the stages before it, on a million rows. Usage: node bench/score.bench.ts [rows]
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createRandom } from '#core/base/random.ts'
import { BoxPlot } from '#core/detect/box-plot.ts'
import type { FlowBatch } from '#core/flow/batch.ts'
import { loadModel } from '#core/model/load.ts'
import { TimeOrder } from '#core/prep/order.ts'
import { prepareRows } from '#core/prep/rows.ts'
import { DeviceWindows } from '#core/prep/windows.ts'
import { createOnnxNetwork } from '#engine/onnx/network.ts'
import { initialise, TrainableAutoencoder } from '../tools/autoencoder/network.ts'

const BATCH_SIZES = [1, 64, 128, 256, 512, 1024, 4096]
const ROUND_MS = 300
const ROUNDS = 7
const BATCH_ROWS = 16_384
const DEVICES = 40

const rowCount = Number(process.argv[2] ?? 1_000_000)
const random = createRandom(20_261_121)

const model = await loadModel((path) => readFile(new URL(`../models/flow-autoencoder/1.0.0/${path}`, import.meta.url)))
const { window: steps, scaler } = model.manifest
const features = scaler.mean.length
const runtime = createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm')
const wasm = { binary: await readFile(runtime) }

console.log('| scoring, one thread | windows/s median | best |')
console.log('|---|---|---|')
const network = await createOnnxNetwork({ model: model.network, steps, features, wasm })
for (const rows of BATCH_SIZES) {
  const windows = Float32Array.from({ length: rows * steps * features }, () => random.normal())
  await report(`onnxruntime-web, batch ${rows}`, rows, () => network.reconstructionErrors(windows, rows))
}
const plain = new TrainableAutoencoder({ features, steps, rows: 256, make: (length) => new Float64Array(length) })
initialise(plain.weights, random)
for (let i = 0; i < plain.input.length; i++) plain.input[i] = random.normal()
await report('plain TypeScript forward, batch 256', 256, () => plain.forward())

console.log(`\n| before scoring, ${rowCount.toLocaleString('en')} rows of ${DEVICES} devices | rows/s median | best |`)
console.log('|---|---|---|')
const batches = makeBatches()
const device = batches.map((batch) => Int32Array.from({ length: batch.length }, () => random.int(DEVICES)))
const prepared = await stage('encode and scale', () =>
  batches.map((batch, i) =>
    prepareRows({ batch, device: device[i]!, outward: new Uint8Array(batch.length).fill(1) }, model.manifest),
  ),
)
const ordered = await stage('time order (each row up to 100 s late)', () => {
  const order = new TimeOrder()
  const out = prepared.map((rows, i) => order.push(rows, batches[i]!.watermarkMicros))
  const rest = order.flush()
  return rest ? [...out, rest] : out
})
await stage('windows of ten per device', () => {
  const windows = new DeviceWindows({ steps, width: features, batchRows: 256 })
  for (const rows of ordered) windows.push(rows)
  windows.flush()
})
await stage('box-plot', () => {
  const plot = new BoxPlot({ deviceId: String })
  let findings = 0
  for (const rows of ordered) findings += plot.push(rows).length
  return findings + plot.finish().length
})
await network.dispose()

/** Calls `run` for a while, several times over; a round counts its calls. */
async function report(name: string, rows: number, run: () => unknown): Promise<void> {
  await run()
  const rates: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const begin = performance.now()
    let calls = 0
    while (performance.now() - begin < ROUND_MS) {
      await run()
      calls++
    }
    rates.push((calls * rows * 1000) / (performance.now() - begin))
  }
  print(name, rates)
}

async function stage<T>(name: string, run: () => T): Promise<T> {
  const rates: number[] = []
  let result = run()
  for (let round = 0; round < 5; round++) {
    const begin = performance.now()
    result = run()
    rates.push((rowCount * 1000) / (performance.now() - begin))
  }
  print(name, rates)
  return result
}

function print(name: string, rates: number[]): void {
  rates.sort((a, b) => a - b)
  const spell = (rate: number) => Math.round(rate).toLocaleString('en')
  console.log(`| ${name} | ${spell(rates[rates.length >> 1]!)} | ${spell(rates.at(-1)!)} |`)
}

/** Flows ten a second, each given out up to 100 s after it began, as a capture gives them when they end. */
function makeBatches(): FlowBatch[] {
  const addresses = Array.from({ length: 500 }, (_, i) => `192.0.2.${i % 256}:${i}`)
  const made: FlowBatch[] = []
  for (let at = 0; at < rowCount; at += BATCH_ROWS) {
    const length = Math.min(BATCH_ROWS, rowCount - at)
    const column = (value: (i: number) => number) => Float64Array.from({ length }, (_, i) => value(i))
    const startMicros = column((i) => 1.7e15 + (at + i) * 100_000 - random.int(100_000_000))
    made.push({
      length,
      row: column((i) => at + i + 1),
      startMicros,
      endMicros: startMicros.map((micros) => micros + random.int(2_000_000)),
      addresses,
      origAddress: Int32Array.from({ length }, () => random.int(addresses.length)),
      respAddress: Int32Array.from({ length }, () => random.int(addresses.length)),
      origPort: new Int32Array(length),
      respPort: new Int32Array(length),
      protocol: new Int16Array(length),
      counts: Float64Array.from({ length: length * 4 }, () => random.int(5000)),
      features: undefined,
      labels: [],
      label: undefined,
      categories: [],
      watermarkMicros: 1.7e15 + (at + length) * 100_000 - 100_000_000,
    })
  }
  return made
}
