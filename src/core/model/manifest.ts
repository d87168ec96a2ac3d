/** What is stored beside a model's weights: everything needed to use it, and to refuse it. */
import { ModelError } from '../base/errors.ts'

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
  readonly files: readonly { readonly path: string; readonly sha256: string; readonly sizeBytes: number }[]
  readonly created: string
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
  const files = array(top.files, 'files').map(readFileEntry)
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

function readCalibration(value: unknown): Calibration {
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

function readFileEntry(value: unknown, index: number): ModelManifest['files'][number] {
  const path = `files[${index}]`
  const file = object(value, path)
  const name = text(file.path, `${path}.path`)
  // The path is joined to the model's folder: it must stay inside.
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(name)) refuse(`${path}.path`, 'a plain file name', name)
  const sha256 = text(file.sha256, `${path}.sha256`)
  if (!/^[0-9a-f]{64}$/.test(sha256)) refuse(`${path}.sha256`, '64 hexadecimal digits', sha256)
  return { path: name, sha256, sizeBytes: whole(file.sizeBytes, `${path}.sizeBytes`) }
}

function refuse(path: string, expected: string, came: string): never {
  throw new ModelError(`the model's manifest needs ${expected} at ${path}, and has ${came.slice(0, 80)}`)
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null || Array.isArray(value) || typeof value === 'object')
    return value === null ? 'null' : 'something else'
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}

function object(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) refuse(path, 'an object', describe(value))
  return value
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function array(value: unknown, path: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(path, 'a list', describe(value))
}

function text(value: unknown, path: string): string {
  return typeof value === 'string' && value !== '' ? value : refuse(path, 'a text', describe(value))
}

function number(value: unknown, path: string): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : refuse(path, 'a finite number', describe(value))
}

function whole(value: unknown, path: string): number {
  const count = number(value, path)
  return Number.isSafeInteger(count) && count > 0 ? count : refuse(path, 'a whole number above 0', String(count))
}

function numbers(value: unknown, path: string): readonly number[] {
  return array(value, path).map((item, index) => number(item, `${path}[${index}]`))
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], path: string): T {
  return allowed.find((name) => name === value) ?? refuse(path, allowed.join(' or '), describe(value))
}
