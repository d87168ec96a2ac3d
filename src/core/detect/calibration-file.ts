/** Device calibrations as bytes, in the form of detector-file.ts: those of a home's ensemble, and the one of a case budget. */
import { ModelError } from '../base/errors.ts'
import type { Conformal } from './conformal.ts'
import { ModelReader, packModel } from './detector-file.ts'
import { type DeviceBand, type DeviceCalibration, HOME_FLOWS } from './device-calibration.ts'

/** Level, shape and scale of a tail. */
const TAIL = 3

export interface CalibrationFile {
  /** What the file calls itself. */
  readonly kind: string
  /** Columns of the model that gave the scores. */
  readonly features: readonly string[]
  /** What else the file holds. */
  readonly fields?: Readonly<Record<string, unknown>>
  readonly arrays?: Readonly<Record<string, Float64Array>>
}

/** All calibrations are of the same devices. */
export function saveCalibrations(
  { kind, features, fields, arrays: more }: CalibrationFile,
  calibrations: readonly DeviceCalibration[],
): Uint8Array<ArrayBuffer> {
  const arrays: Record<string, Float64Array | Int32Array> = {}
  for (const [at, { home, devices }] of calibrations.entries()) {
    const bands = [...devices.values()]
    const samples = [home, ...bands.map(({ own }) => own)]
    arrays[`${at} scores`] = Float64Array.from(samples.flatMap((sample) => Array.from(sample?.scores ?? [])))
    arrays[`${at} atLeast`] = Float64Array.from(samples.flatMap((sample) => Array.from(sample?.atLeast ?? [])))
    arrays[`${at} kept`] = Int32Array.from(samples, (sample) => sample?.scores.length ?? 0)
    arrays[`${at} counts`] = Float64Array.from(samples, (sample) => sample?.count ?? 0)
    arrays[`${at} tails`] = Float64Array.from(
      samples.flatMap((sample) => (sample ? [sample.tail.level, sample.tail.shape, sample.tail.scale] : [0, 0, 0])),
    )
    arrays[`${at} flows`] = Float64Array.from(bands, ({ flows }) => flows)
    arrays[`${at} rates`] = Float64Array.from(bands, ({ flowsPerWeek }) => flowsPerWeek)
  }
  const devices = [...(calibrations[0]?.devices.keys() ?? [])]
  return packModel({ kind, fields: { ...fields, features, devices }, arrays: { ...arrays, ...more } })
}

export interface CalibrationsWanted extends Pick<CalibrationFile, 'kind' | 'features'> {
  /** How many calibrations the file holds. */
  readonly members: number
  readonly homeFlows?: number
}

/** Throws ModelError for bytes that are no such model, for other columns, or not whole. */
export function loadCalibrations(
  bytes: Uint8Array,
  { kind, features, members, homeFlows = HOME_FLOWS }: CalibrationsWanted,
): DeviceCalibration[] {
  const reader = new ModelReader(bytes, kind)
  const own = reader.texts('features')
  if (own.length !== features.length || features.some((name, i) => name !== own[i]))
    throw new ModelError('the weights of the model are for other columns than its manifest says')
  const devices = reader.texts('devices')
  return Array.from({ length: members }, (_, at) => {
    const samples = readSamples(reader, at, devices.length + 1)
    const flows = reader.float64(`${at} flows`, devices.length)
    const rates = reader.float64(`${at} rates`, devices.length)
    const home = samples[0]
    if (!home) throw new ModelError('the model has no benign scores of the home')
    const bands = devices.map((id, i): [string, DeviceBand] => [
      id,
      { flows: flows[i]!, own: samples[i + 1], flowsPerWeek: rates[i]! },
    ])
    return { home, homeFlows, devices: new Map(bands) }
  })
}

function readSamples(reader: ModelReader, at: number, count: number): (Conformal | undefined)[] {
  const kept = reader.int32(`${at} kept`, count)
  const total = kept.reduce((sum, length) => sum + length, 0)
  if (kept.some((length) => length < 0)) throw new ModelError('the benign scores of the model are damaged')
  const scores = reader.float64(`${at} scores`, total)
  const atLeast = reader.float64(`${at} atLeast`, total)
  const counts = reader.float64(`${at} counts`, count)
  const tails = reader.float64(`${at} tails`, TAIL * count)
  let from = 0
  return Array.from(kept, (length, i) => {
    const to = from + length
    const sample: Conformal = {
      count: counts[i]!,
      scores: scores.slice(from, to),
      atLeast: atLeast.slice(from, to),
      tail: { level: tails[TAIL * i]!, shape: tails[TAIL * i + 1]!, scale: tails[TAIL * i + 2]! },
    }
    from = to
    return length > 0 ? sample : undefined
  })
}
