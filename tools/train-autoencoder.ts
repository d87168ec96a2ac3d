/**
 * Trains the LSTM autoencoder on benign flows and writes models/flow-autoencoder/<version>: manifest, ONNX file and card.
 * `node tools/train-autoencoder.ts --data ../shared/data [--out DIR] [--seed N] [--epochs N] [--per-group N] [--version V] [--created DATE]`
 * The same seed, data and date give the same bytes.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom } from '#core/base/random.ts'
import { makeCalibration } from '#core/detect/calibration.ts'
import { type ModelManifest, readManifest } from '#core/model/manifest.ts'
import { sha256Hex } from '#core/model/verify.ts'
import { createOnnxNetwork } from '#engine/onnx/network.ts'
import { preference, type Trial, writeCard } from './autoencoder/card.ts'
import { loadSequences, type Part, type Sequence } from './autoencoder/data.ts'
import { baselineSets, scoreAll, scoreSets } from './autoencoder/evaluate.ts'
import { exportAutoencoder } from './autoencoder/export.ts'
import { trainAutoencoder } from './autoencoder/train.ts'
import {
  balancedWindows,
  FEATURES,
  fitInputScaler,
  makeWindows,
  modelInputs,
  STEPS,
  type Transform,
  typicalCounts,
} from './autoencoder/windows.ts'

const NAME = 'flow-autoencoder'
const PARAMETERS = 34_364

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    out: { type: 'string' },
    seed: { type: 'string', default: '1' },
    epochs: { type: 'string', default: '50' },
    'per-group': { type: 'string', default: '2000' },
    version: { type: 'string', default: '1.0.0' },
    created: { type: 'string', default: new Date().toISOString().slice(0, 10) },
  },
})
const out = values.out ?? join('models', NAME, values.version)
const perGroup = Number(values['per-group'])

const { sequences, missing } = await loadSequences(values.data)
for (const path of missing) console.error(`not found, left out: ${path}`)
const partOf = (part: Part): Sequence[] => sequences.filter((sequence) => sequence.part === part)
if (partOf('train').length === 0) throw new Error(`no training flows under ${values.data}`)

const trials: (Trial & { readonly model: Uint8Array; readonly trainWindows: number })[] = []
for (const transform of ['none', 'log1p'] as const) trials.push(await runTrial(transform))
trials.sort((a, b) => preference(b) - preference(a))
const [chosen, other] = trials
if (!chosen || !other) throw new Error('two trials were expected')

await mkdir(out, { recursive: true })
await writeFile(join(out, 'model.onnx'), chosen.model)
await writeFile(join(out, 'manifest.json'), `${JSON.stringify(chosen.manifest, null, 1)}\n`)
const command = `npm run train:autoencoder -- --data ../shared/data --seed ${values.seed}`
const card = writeCard({ chosen, other, sequences, trainWindows: chosen.trainWindows, perGroup, command })
await writeFile(join(out, 'card.md'), card)
console.log(`${out}: ${chosen.transform} chosen, ${chosen.manifest.files[0]?.sha256}`)

async function runTrial(transform: Transform): Promise<(typeof trials)[number]> {
  const scaler = fitInputScaler(partOf('train'), transform, perGroup)
  const train = balancedWindows(partOf('train'), { transform, scaler, perGroup })
  const validation = balancedWindows(partOf('validation'), { transform, scaler, perGroup: Math.ceil(perGroup / 5) })
  const trainWindows = train.length / (STEPS * FEATURES)
  console.log(`${transform}: ${trainWindows} training windows`)
  const result = trainAutoencoder(train, validation, {
    steps: STEPS,
    features: FEATURES,
    epochs: Number(values.epochs),
    batchRows: 32,
    patience: 10,
    random: createRandom(Number(values.seed)),
    onEpoch: ({ epoch, loss, validationLoss, best }) =>
      console.log(
        `${transform} ${epoch}: loss ${loss.toFixed(4)}, validation ${validationLoss.toFixed(4)}${best ? ' *' : ''}`,
      ),
  })
  if (result.weights.flat.length !== PARAMETERS)
    throw new Error(`${result.weights.flat.length} parameters, not ${PARAMETERS}`)
  const model = exportAutoencoder(result.weights, STEPS)
  const runtime = createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm')
  const wasm = { binary: await readFile(runtime) }
  const network = await createOnnxNetwork({ model, steps: STEPS, features: FEATURES, wasm })
  const series: Float64Array[] = []
  for (const sequence of partOf('calibration')) {
    series.push(await scoreAll(makeWindows([sequence], transform, scaler), network))
  }
  const manifest: ModelManifest = readManifest({
    format: 'iot-guardian-model/1',
    name: NAME,
    version: values.version,
    kind: 'lstm-autoencoder',
    parameters: PARAMETERS,
    window: STEPS,
    inputs: modelInputs(transform),
    scaler,
    calibration: makeCalibration(series, STEPS),
    typical: typicalCounts(partOf('train')),
    files: [{ path: 'model.onnx', sha256: await sha256Hex(model), sizeBytes: model.length }],
    created: values.created,
  })
  const sets = await scoreSets(partOf('test'), { network, transform, scaler })
  const baselines = baselineSets(partOf('test'), { transform, scaler })
  await network.dispose()
  return { transform, result, manifest, sets, baselines, model, trainWindows }
}
