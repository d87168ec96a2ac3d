/**
 * An alarm budget in cases: findings of a device gather into one case an hour (docs/decisions/002), so what counts is the highest score of a
 * device's hour, not each flow's. The peaks of benign hours that nothing was fitted on are a model's case budget: block maxima, each on its
 * device's own scale, and one growth curve for all of them (the index flood of hydrology; Hosking & Wallis 1997;
 * docs/decisions/021-case-budget.md).
 */
import { ModelError } from '../base/errors.ts'
import { quantile } from '../base/stats.ts'
import {
  type BenignRows,
  BLOCK_NAMES,
  type BlockName,
  type Blocks,
  blocksOfStranger,
  gatherBlocks,
} from './benign-blocks.ts'
import { loadCalibrations, saveCalibrations } from './calibration-file.ts'
import { type Conformal, FEWEST_SCORES, fitConformal, pValue, REACH, scoreForP, surprise } from './conformal.ts'
import { ModelReader } from './detector-file.ts'
import {
  type DeviceBand,
  type DeviceCalibration,
  deviceKey,
  devicePValue,
  deviceSurprise,
  deviceThreshold,
  ownWeight,
} from './device-calibration.ts'

export interface CaseBudget {
  readonly block: BlockName
  /** The peaks of all devices as they are: what a device that was not met is held against. */
  readonly strangers: Conformal
  /** By deviceKey. */
  readonly devices: ReadonlyMap<string, DeviceBlocks>
  /** Peaks on their own device's scale, of those that have one: its own beside those of all, whose tail is told from many more. */
  readonly growth: DeviceCalibration
}

export interface DeviceBlocks {
  readonly perWeek: number
  /** Median of its peaks, and their mean excess over it; undefined with too few hours: then it is as one not met. */
  readonly scale: { readonly centre: number; readonly spread: number } | undefined
}

/** The home speaks for as many blocks of a device. */
const HOME_BLOCKS = 20
/** Beyond it moments no longer tell a tail (Hosking & Wallis 1987), and a line drawn by it would be out of every attack's reach. */
const HEAVIEST_TAIL = 0.5
/**
 * Over 200 samples of 50 peaks each (of 20 normal scores) the line for one in 1,000 realised 8.3 times that with a tail of any shape from
 * the highest 10, and 0.06 with this; of 200 peaks 3.3 and 0.5; of lognormal scores 10 and 3.0, 2.8 and 1.9 (2026-11-21).
 */
const PEAK_TAIL = { share: 0.1, fewest: 25, leastShape: 0.05 }
const FILE_KIND = 'case-budget'

/** `scores` has a number for each benign row that was kept out, NaN for all others. Throws InputError with fewer than 20 numbers. */
export function fitCaseBudget(data: BenignRows, scores: ArrayLike<number>): CaseBudget {
  return fitBlocks(data, scores, gatherBlocks(data, scores))
}

export interface CaseLine {
  /** A flow of the device is unusual above it. */
  readonly value: number
  /** False cases a week to expect of this device. */
  readonly casesPerWeek: number
  /** `sample`: between scores that were kept out; `tail`: beyond them; `highest`: as rare as they can vouch for, short of the budget. */
  readonly from: 'sample' | 'tail' | 'highest'
}

/** The line of a device at a budget for the whole home, of which each device that it was drawn from has the same share. */
export function caseLine(budget: CaseBudget, key: string, perWeek: number): CaseLine {
  const { devices, growth, strangers } = budget
  const blocks = blocksPerWeek(budget, key)
  const asked = Math.min(1, perWeek / Math.max(1, devices.size) / blocks)
  const scale = devices.get(key)?.scale
  const own = scale && growth.devices.get(key)?.own
  const parts = own
    ? ([
        [ownWeight(growth, key), own],
        [1 - ownWeight(growth, key), growth.home],
      ] as const)
    : ([[1, strangers]] as const)
  const within = parts.reduce((sum, [weight, { count }]) => sum + weight / (count + 1), 0)
  const reach = parts.reduce((sum, [weight, sample]) => sum + weight * leastP(sample), 0)
  const least = Math.min(within, reach * (1 + 1e-9))
  const p = Math.max(asked, least)
  return {
    value: scale ? scale.centre + scale.spread * deviceThreshold(growth, key, p) : scoreForP(strangers, p),
    casesPerWeek: p * blocks,
    from: asked >= within ? 'sample' : asked >= least ? 'tail' : 'highest',
  }
}

/** False cases a week of a device whose line is at `score`. */
export function casesAbove(budget: CaseBudget, key: string, score: number): number {
  const { devices, growth, strangers } = budget
  const scale = devices.get(key)?.scale
  const p = scale ? devicePValue(growth, key, onScale(scale, score)) : pValue(strangers, score)
  return p * blocksPerWeek(budget, key)
}

/** −log10 of the share of the device's blocks whose peak is as high, kept in order beyond what the samples can vouch for. */
export function blockSurprise({ devices, growth, strangers }: CaseBudget, key: string, score: number): number {
  const scale = devices.get(key)?.scale
  return scale ? deviceSurprise(growth, key, onScale(scale, score)) : surprise(strangers, score)
}

export function saveCaseBudget(features: readonly string[], budget: CaseBudget): Uint8Array<ArrayBuffer> {
  const { block, strangers, devices, growth } = budget
  const scales = [...devices.values()].map(({ scale }) => scale)
  const bands = new Map(
    [...devices].map(([key, { perWeek }]): [string, DeviceBand] => [
      key,
      growth.devices.get(key) ?? { flows: 0, own: undefined, flowsPerWeek: perWeek },
    ]),
  )
  return saveCalibrations(
    {
      kind: FILE_KIND,
      features,
      fields: { block: BLOCK_NAMES.indexOf(block) },
      arrays: {
        centres: Float64Array.from(scales, (scale) => scale?.centre ?? Number.NaN),
        spreads: Float64Array.from(scales, (scale) => scale?.spread ?? Number.NaN),
      },
    },
    [
      {
        home: strangers,
        homeFlows: 0,
        devices: new Map([...bands].map(([key, band]) => [key, { ...band, own: undefined }])),
      },
      { ...growth, devices: bands },
    ],
  )
}

/** Throws ModelError for bytes that are no such file, for other columns, or not whole. */
export function loadCaseBudget(features: readonly string[], bytes: Uint8Array): CaseBudget {
  const reader = new ModelReader(bytes, FILE_KIND)
  const block = BLOCK_NAMES[reader.count('block', 0, BLOCK_NAMES.length - 1)]!
  const wanted = { kind: FILE_KIND, features, members: 2, homeFlows: HOME_BLOCKS }
  const [raw, scaled] = loadCalibrations(bytes, wanted)
  if (!raw || !scaled) throw new ModelError('the model has no benign scores of the home')
  const centres = reader.float64('centres', raw.devices.size)
  const spreads = reader.float64('spreads', raw.devices.size)
  const devices = [...raw.devices].map(([key, { flowsPerWeek }], at): [string, DeviceBlocks] => {
    const scale = { centre: centres[at]!, spread: spreads[at]! }
    return [key, { perWeek: flowsPerWeek, scale: scaled.devices.get(key)?.own ? scale : undefined }]
  })
  const growth = new Map([...scaled.devices].filter(([, { own }]) => own))
  return { block, strangers: raw.home, devices: new Map(devices), growth: { ...scaled, devices: growth } }
}

const onScale = ({ centre, spread }: { centre: number; spread: number }, score: number): number =>
  (score - centre) / spread

const blocksPerWeek = ({ block, devices }: CaseBudget, key: string): number =>
  devices.get(key)?.perWeek ?? blocksOfStranger(block, devices.size)

/** How rare a score the sample vouches for: far beyond it where its tail can be told, else no further than it reaches. */
function leastP({ count, tail }: Conformal): number {
  return tail.shape <= HEAVIEST_TAIL ? 1 / (REACH * count) : 1 / (count + 1)
}

function fitBlocks(
  { device, devices }: BenignRows,
  scores: ArrayLike<number>,
  { block, peaks, perWeek }: Blocks,
): CaseBudget {
  const byDevice = devices.map((): number[] => [])
  for (const { row } of peaks) byDevice[device[row]!]?.push(scores[row]!)
  const strangers = fitConformal(
    peaks.map(({ row }) => scores[row]!),
    PEAK_TAIL,
  )
  // The minutes of one recording are alike and say little of the next: on IoT Sentinel eight times the cases came that were asked for
  const scales = byDevice.map((own) => (block === 'hour' && own.length >= FEWEST_SCORES ? scaleOf(own) : undefined))
  const scaled = byDevice.map((own, at) => own.map((score) => onScale(scales[at] ?? UNSCALED, score)))
  const pooled = scaled.filter((_, at) => scales[at]).flat()
  const bands = devices.flatMap((id, at): [string, DeviceBand][] => {
    const band = { flows: scaled[at]!.length, flowsPerWeek: perWeek[at]! }
    return scales[at] ? [[deviceKey(id), { ...band, own: fitConformal(scaled[at]!, PEAK_TAIL) }]] : []
  })
  return {
    block,
    strangers,
    devices: new Map(
      devices.flatMap((id, at): [string, DeviceBlocks][] =>
        byDevice[at]!.length > 0 ? [[deviceKey(id), { perWeek: perWeek[at]!, scale: scales[at] }]] : [],
      ),
    ),
    growth: {
      home: pooled.length > 0 ? fitConformal(pooled, PEAK_TAIL) : strangers,
      homeFlows: HOME_BLOCKS,
      devices: new Map(bands),
    },
  }
}

const UNSCALED = { centre: 0, spread: 1 }

/** A device whose hours are all alike has next to no spread, but some, so that there is something to divide by. */
function scaleOf(peaks: readonly number[]): { centre: number; spread: number } {
  const finite = Float64Array.from(peaks.filter(Number.isFinite)).sort()
  const centre = quantile(finite, 0.5)
  let excess = 0
  let above = 0
  for (const peak of finite) {
    if (!(peak > centre)) continue
    excess += peak - centre
    above++
  }
  const least = Math.max(1e-9, 1e-6 * Math.abs(centre))
  return finite.length > 0 ? { centre, spread: Math.max(least, above > 0 ? excess / above : 0) } : UNSCALED
}
