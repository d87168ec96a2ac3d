/** The kinds of model that judge ten flows of a device together, with a network: the LSTM autoencoder and the CNN-LSTM. */
import { ModelError } from '../base/errors.ts'
import { COUNT_COLUMNS } from '../flow/batch.ts'
import { ONNX_FILE, WEIGHTS_FILE } from '../model/folder.ts'
import type { Scaler } from '../prep/scaler.ts'
import { type Architecture, cnnLstm, lstmAutoencoder, planNetwork } from './architecture.ts'
import { selectColumns } from './columns.ts'
import type { FlowDataset } from './dataset.ts'
import { ModelReader, packModel } from './detector-file.ts'
import type { KindControl, LearnKind, LearntWeights, Scorer } from './kind.ts'
import { readKnownNetwork } from './known-network.ts'
import { exportOnnx } from './onnx-export.ts'
import { fitPlatt } from './platt.ts'
import { explainClassifier, explainRebuilding, type SequenceModel } from './sequence-explain.ts'
import type { Trainer } from './trainer.ts'
import { DEFAULT_TRAINING, type TrainerFactory, trainNetwork } from './training.ts'
import type { TrainingSet } from './training-set.ts'
import { columnMedians } from './tree/sort.ts'
import {
  type FlowWindows,
  fitScalerWithGaps,
  gatherWindows,
  lastRow,
  scaleWithGaps,
  signedLog1p,
  windowsOf,
} from './window-data.ts'

export const WINDOW_STEPS = 10
/** Numbers in all windows of a training: 160 MB. */
const MOST_NUMBERS = 40e6
const SCORE_ROWS = 256

export const lstmAutoencoderKind = sequence('lstm-autoencoder')
export const cnnLstmKind = sequence('cnn-lstm')

type SequenceKind = SequenceModel['kind']

function sequence(kind: SequenceKind): LearnKind {
  return {
    supervised: kind === 'cnn-lstm',
    classifies: kind === 'cnn-lstm',
    window: WINDOW_STEPS,
    highestLine: undefined,
    learn: (train, control) => learnSequence(kind, train, control),
    open: (files, features, createTrainer) => new SequenceScorer(openModel(kind, files, features), createTrainer),
  }
}

async function learnSequence(kind: SequenceKind, train: FlowDataset, control: KindControl): Promise<LearntWeights> {
  const { createTrainer, seed } = control
  if (!createTrainer) throw new Error(`${kind} needs an engine to train with`)
  const isClassifier = kind === 'cnn-lstm'
  const data = isClassifier ? train : selectColumns(train, COUNT_COLUMNS)
  const { features } = data.matrix
  const width = features.length
  const table = signedLog1p(data.matrix.values)
  const scaler = fitScalerWithGaps(table, width)
  scaleWithGaps(table, scaler)
  const windows = windowsOf(data, WINDOW_STEPS, Math.floor(MOST_NUMBERS / (WINDOW_STEPS * width)))
  const attacks = isClassifier ? attackTargets(data, windows) : undefined
  const architecture = (isClassifier ? cnnLstm : lstmAutoencoder)({ steps: WINDOW_STEPS, features: width })
  const set: TrainingSet = {
    rows: windows.length,
    inputs: gatherWindows(windows, table, { width, from: 0, to: windows.length }),
    targets: attacks,
    rowWeights: attacks && balance(attacks),
    group: Int32Array.from({ length: windows.length }, (_, i) => groupOf(data, lastRow(windows, i))),
  }
  const options = { ...DEFAULT_TRAINING, ...control.options, architecture, seed }
  const result = await trainNetwork(set, options, createTrainer, {
    signal: control.signal,
    resumeFrom: control.resumeFrom,
    isCheckpointDue: control.isCheckpointDue,
    onCheckpoint: control.onCheckpoint,
    onProgress: async (progress) => {
      await control.onEpochs?.(progress)
      const within = progress.batches > 0 ? progress.batch / progress.batches : 0
      await control.onProgress?.(Math.min(progress.epochs, progress.epoch - 1 + within), progress.epochs)
    },
  })
  const platt = attacks
    ? await calibrate({ set, options, weights: result.weights, validation: result.validation }, createTrainer)
    : { slope: 1, offset: 0 }
  const typical = columnMedians(data.matrix.values, data.rows, width)
  const model: SequenceModel = { kind, architecture, weights: result.weights, scaler, features, typical, platt }
  return {
    features,
    files: new Map([
      [WEIGHTS_FILE, saveModel(model)],
      [ONNX_FILE, exportOnnx(architecture, result.weights)],
    ]),
  }
}

/** A window is an attack's when the flow that it belongs to is. */
function attackTargets({ labels }: FlowDataset, windows: FlowWindows): Float32Array {
  return Float32Array.from({ length: windows.length }, (_, i) => Number(labels![lastRow(windows, i)]! > 0))
}

/** Both classes count the same together. One class alone counts as it is. */
function balance(attacks: Float32Array): Float32Array {
  const positives = attacks.reduce((sum, value) => sum + value, 0)
  if (positives === 0 || positives === attacks.length) return new Float32Array(attacks.length).fill(1)
  const weights = [attacks.length / (2 * (attacks.length - positives)), attacks.length / (2 * positives)]
  return attacks.map((value) => weights[value]!)
}

/** Windows of one device of one capture share flows, so they stay together when a part is kept out. */
function groupOf({ capture, device, devices }: FlowDataset, row: number): number {
  return capture[row]! * devices.length + device[row]!
}

/** Weights for balance make a network's probabilities too high; the windows that it was not trained on set that right (Platt 1999). */
async function calibrate(
  part: {
    set: TrainingSet
    options: Parameters<TrainerFactory>[0] & { architecture: Architecture }
    weights: Float32Array
    validation: Int32Array
  },
  createTrainer: TrainerFactory,
): Promise<SequenceModel['platt']> {
  const { set, options, weights, validation } = part
  const { architecture, seed, learningRate, maxGradientNorm } = options
  const trainer = await createTrainer({ architecture, seed, learningRate, maxGradientNorm })
  try {
    await trainer.importWeights(weights)
    const width = set.inputs.length / set.rows
    const inputs = new Float32Array(validation.length * width)
    validation.forEach((row, i) => {
      inputs.set(set.inputs.subarray(row * width, (row + 1) * width), i * width)
    })
    const logits = Float64Array.from(await trainer.predict(inputs, validation.length), logit)
    return fitPlatt(
      logits,
      Float64Array.from(validation, (row) => set.targets![row]!),
    )
  } finally {
    await trainer.dispose()
  }
}

/** Log-odds of a probability in single precision, which has no room beyond ± 16. */
function logit(probability: number): number {
  const kept = Math.min(1 - 1e-7, Math.max(1e-7, probability))
  return Math.log(kept / (1 - kept))
}

class SequenceScorer implements Scorer {
  readonly #model: SequenceModel
  readonly #createTrainer: TrainerFactory | undefined
  #trainer: Promise<Trainer> | undefined

  constructor(model: SequenceModel, createTrainer: TrainerFactory | undefined) {
    this.#model = model
    this.#createTrainer = createTrainer
  }

  async score(data: FlowDataset): Promise<Float64Array> {
    const scores = new Float64Array(data.rows).fill(Number.NaN)
    const windows = windowsOf(data, WINDOW_STEPS)
    const table = this.#table(data)
    const width = this.#model.features.length
    for (let from = 0; from < windows.length; from += SCORE_ROWS) {
      const to = Math.min(windows.length, from + SCORE_ROWS)
      const batch = await this.scoreWindows(gatherWindows(windows, table, { width, from, to }), to - from)
      for (let i = from; i < to; i++) scores[lastRow(windows, i)] = batch[i - from]!
    }
    return scores
  }

  /** `inputs` scaled, rows × steps × features. */
  async scoreWindows(inputs: Float32Array, rows: number): Promise<Float64Array> {
    const { kind, platt } = this.#model
    const outputs = await (await this.#start()).predict(inputs, rows)
    if (kind === 'cnn-lstm') return Float64Array.from(outputs, (one) => platt.slope * logit(one) + platt.offset)
    const width = inputs.length / rows
    return Float64Array.from({ length: rows }, (_, row) => {
      let sum = 0
      for (let i = row * width; i < (row + 1) * width; i++) sum += (outputs[i]! - inputs[i]!) ** 2
      return sum / width
    })
  }

  async explain(data: FlowDataset, row: number) {
    const windows = windowsOf(data, WINDOW_STEPS)
    const model = this.#model
    const width = model.features.length
    let at = 0
    while (at < windows.length && lastRow(windows, at) !== row) at++
    const range = { width, from: at, to: at + 1 }
    const input = at < windows.length ? gatherWindows(windows, this.#table(data), range) : undefined
    const flows = at < windows.length ? gatherWindows(windows, data.matrix.values, range) : undefined
    const trainer = await this.#start()
    if (model.kind === 'cnn-lstm') {
      const score = (batch: Float32Array, rows: number) => this.scoreWindows(batch, rows)
      return explainClassifier({ model, input, flows, row, network: trainer, score })
    }
    return explainRebuilding({ model, input, flows, row, rebuild: (batch) => trainer.predict(batch, 1) })
  }

  #table(data: FlowDataset): Float32Array {
    return scaleWithGaps(signedLog1p(data.matrix.values), this.#model.scaler)
  }

  #start(): Promise<Trainer> {
    this.#trainer ??= this.#open()
    return this.#trainer
  }

  async #open(): Promise<Trainer> {
    if (!this.#createTrainer)
      throw new ModelError(`a model of kind ${this.#model.kind} needs an engine, and none was given`)
    const { architecture, weights } = this.#model
    const trainer = await this.#createTrainer({ architecture, seed: 0, learningRate: 0, maxGradientNorm: undefined })
    await trainer.importWeights(weights)
    return trainer
  }
}

function saveModel(model: SequenceModel): Uint8Array {
  const { kind, features, weights, scaler, typical, platt } = model
  return packModel({
    kind,
    fields: { features, slope: platt.slope, offset: platt.offset },
    arrays: {
      weights,
      mean: Float64Array.from(scaler.mean),
      deviation: Float64Array.from(scaler.deviation),
      typical,
    },
  })
}

function openModel(
  kind: SequenceKind,
  files: ReadonlyMap<string, Uint8Array>,
  features: readonly string[],
): SequenceModel {
  const bytes = files.get(WEIGHTS_FILE)
  if (!bytes) throw new ModelError(`the model has no file ${WEIGHTS_FILE}`)
  const reader = new ModelReader(bytes, kind)
  const own = reader.texts('features')
  if (own.length !== features.length || features.some((name, i) => name !== own[i]))
    throw new ModelError('the weights of the model are for other columns than its manifest says')
  const width = features.length
  const architecture = (kind === 'cnn-lstm' ? cnnLstm : lstmAutoencoder)({ steps: WINDOW_STEPS, features: width })
  const scaler: Scaler = {
    mean: [...reader.float64('mean', width)],
    deviation: [...reader.float64('deviation', width)],
  }
  if (scaler.deviation.some((one) => !(one > 0))) throw new ModelError('a deviation of the model is not above 0')
  return {
    kind,
    architecture,
    weights: checkTwin(reader.float32('weights', planNetwork(architecture).parameters), files.get(ONNX_FILE)),
    scaler,
    features: own,
    typical: reader.float32('typical', width),
    platt: { slope: reader.number('slope'), offset: reader.number('offset') },
  }
}

/** The network as other programs read it must be the one that speaks here. Throws ModelError when it is another. */
function checkTwin(weights: Float32Array, onnx: Uint8Array | undefined): Float32Array {
  const twin = onnx && readKnownNetwork(onnx)
  if (onnx && !(twin?.weights.length === weights.length && twin.weights.every((value, i) => value === weights[i])))
    throw new ModelError(`${ONNX_FILE} of the model holds another network than ${WEIGHTS_FILE}`)
  return weights
}
