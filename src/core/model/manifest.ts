/** What is stored beside a model's weights: everything needed to use it, and to refuse it. */
import { array, hash, number, numbers, object, oneOf, refuse, text, whole } from './fields.ts'

export interface ModelManifest {
  readonly format: 'iot-guardian-model/1'
  readonly name: string
  readonly version: string
  readonly kind: 'lstm-autoencoder'
  readonly parameters: number
  readonly window: number
  /** In input order. A category column becomes one 0/1 input for each of its frozen categories; others become all 0. */
  readonly inputs: readonly ModelInput[]
  /** Frozen at training: one mean and deviation per model input after transform (categories: 0 and 1). */
  readonly scaler: { readonly mean: readonly number[]; readonly deviation: readonly number[] }
  /** Scores of benign windows kept out of training. */
  readonly calibration: Calibration
  /** Median of each number input over benign training rows, in its own unit: the fallback for "typical". */
  readonly typical: readonly number[]
  readonly files: readonly FileEntry[]
  readonly created: string
}

export interface FileEntry {
  readonly path: string
  /** Lower-case hexadecimal. */
  readonly sha256: string
  readonly sizeBytes: number
}

export type ModelInput =
  | { readonly column: string; readonly kind: 'number'; readonly transform: 'none' | 'log1p' }
  | { readonly column: string; readonly kind: 'category'; readonly categories: readonly string[] }

export interface Calibration {
  readonly windows: number
  readonly mean: number
  readonly deviation: number
  /** Ascending scores at the probabilities i / (length - 1). */
  readonly quantiles: readonly number[]
  /** Generalised Pareto tail over `level` (peaks over threshold): share of windows above, shape xi, scale beta. */
  readonly tail: { readonly level: number; readonly share: number; readonly shape: number; readonly scale: number }
  /** Windows over the level that belong to one event, on average: windows overlap, so one odd flow raises several. At least 1. */
  readonly clusterWindows: number
}

/**
 * Reads a manifest that came from outside. Throws ModelError with a sentence when anything is missing, not a number where one
 * belongs, or does not fit together: a model that is not understood is not used.
 */
export function readManifest(value: unknown): ModelManifest {
  const top = object(value, 'the manifest')
  oneOf(top.format, ['iot-guardian-model/1'], 'format')
  oneOf(top.kind, ['lstm-autoencoder'], 'kind')
  const inputs = array(top.inputs, 'inputs').map(readInput)
  const scaler = object(top.scaler, 'scaler')
  const mean = numbers(scaler.mean, 'scaler.mean')
  const deviation = numbers(scaler.deviation, 'scaler.deviation')
  const typical = numbers(top.typical, 'typical')
  const numberInputs = inputs.filter((input) => input.kind === 'number').length
  const width = inputs.reduce((sum, input) => sum + (input.kind === 'number' ? 1 : input.categories.length), 0)
  if (width === 0) refuse('inputs', 'at least one input', 'none')
  if (mean.length !== width || deviation.length !== width) {
    refuse('scaler', `${width} means and deviations, one per input`, `${mean.length} and ${deviation.length}`)
  }
  if (deviation.some((value) => value <= 0)) refuse('scaler.deviation', 'numbers above 0', deviation.join(', '))
  if (typical.length !== numberInputs) refuse('typical', `${numberInputs} medians`, String(typical.length))
  const files = filesNamed(value)
  if (files.length === 0) refuse('files', 'at least one file', 'none')
  return {
    format: 'iot-guardian-model/1',
    name: text(top.name, 'name'),
    version: text(top.version, 'version'),
    kind: 'lstm-autoencoder',
    parameters: whole(top.parameters, 'parameters'),
    window: whole(top.window, 'window'),
    inputs,
    scaler: { mean, deviation },
    calibration: readCalibration(top.calibration),
    typical,
    files,
    created: text(top.created, 'created'),
  }
}

function readInput(value: unknown, index: number): ModelInput {
  const path = `inputs[${index}]`
  const input = object(value, path)
  const column = text(input.column, `${path}.column`)
  if (oneOf(input.kind, ['number', 'category'] as const, `${path}.kind`) === 'category') {
    const categories = array(input.categories, `${path}.categories`).map((name) => text(name, `${path}.categories`))
    return { column, kind: 'category', categories }
  }
  return { column, kind: 'number', transform: oneOf(input.transform, ['none', 'log1p'] as const, `${path}.transform`) }
}

export function readCalibration(value: unknown): Calibration {
  const calibration = object(value, 'calibration')
  const quantiles = numbers(calibration.quantiles, 'calibration.quantiles')
  if (quantiles.length < 2 || quantiles.some((score, i) => i > 0 && score < quantiles[i - 1]!)) {
    refuse('calibration.quantiles', 'at least two scores in ascending order', `${quantiles.length} in another order`)
  }
  const tail = object(calibration.tail, 'calibration.tail')
  const share = number(tail.share, 'calibration.tail.share')
  const scale = number(tail.scale, 'calibration.tail.scale')
  if (!(share > 0 && share < 1)) refuse('calibration.tail.share', 'a share between 0 and 1', String(share))
  const clusterWindows = number(calibration.clusterWindows, 'calibration.clusterWindows')
  if (clusterWindows < 1) refuse('calibration.clusterWindows', 'a number of 1 or more', String(clusterWindows))
  if (scale <= 0) refuse('calibration.tail.scale', 'a number above 0', String(scale))
  return {
    windows: whole(calibration.windows, 'calibration.windows'),
    mean: number(calibration.mean, 'calibration.mean'),
    deviation: number(calibration.deviation, 'calibration.deviation'),
    quantiles,
    tail: {
      level: number(tail.level, 'calibration.tail.level'),
      share,
      shape: number(tail.shape, 'calibration.tail.shape'),
      scale,
    },
    clusterWindows,
  }
}

/** The files that a manifest of either form names. */
export function filesNamed(manifest: unknown): FileEntry[] {
  return array(object(manifest, 'the manifest').files, 'files').map(readFileEntry)
}

export function readFileEntry(value: unknown, index: number): FileEntry {
  const path = `files[${index}]`
  const file = object(value, path)
  const name = text(file.path, `${path}.path`)
  // The path is joined to the model's folder: it must stay inside.
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(name)) refuse(`${path}.path`, 'a plain file name', name)
  return {
    path: name,
    sha256: hash(file.sha256, `${path}.sha256`),
    sizeBytes: whole(file.sizeBytes, `${path}.sizeBytes`),
  }
}
