/**
 * Which engine scores best on this machine: each scores the same windows, must agree with the reference, and is timed. An engine that is
 * not there, fails or disagrees is told with its reason.
 */
import { createRandom } from '#core/base/random.ts'
import type { Engine, Network } from '#core/detect/network.ts'

export interface EngineCandidate {
  readonly engine: Engine
  /** Rejects when this machine or model does not have it; the message says why. */
  open(): Promise<Network>
}

export interface EngineReport {
  readonly engine: Engine
  /** 0 for one that was refused before it was timed. */
  readonly windowsPerSecond: number
  /** Largest difference from the reference, relative to errors above 1; NaN when nothing came. */
  readonly difference: number
  /** Undefined: it may be used. */
  readonly refusal: string | undefined
}

export interface EngineChoice {
  readonly name: Engine
  /** A sentence for people. */
  readonly why: string
  readonly windowsPerSecond: number
  /** In the order of the candidates, the reference among them. */
  readonly engines: readonly EngineReport[]
}

export interface CheckOptions {
  readonly steps: number
  readonly features: number
  /** Milliseconds on a clock that only goes forward. */
  readonly now?: () => number
}

export const CHECK_WINDOWS = 64
export const MOST_DIFFERENCE = 1e-4
const TIMING_MS = 150
/** A first call compiles shaders and code. */
const WARM_UPS = 2

/** The first candidate is the reference that the others must agree with. Throws what it throws when it cannot be opened. */
export async function chooseEngine(
  [reference, ...others]: readonly [EngineCandidate, ...EngineCandidate[]],
  options: CheckOptions,
): Promise<EngineChoice> {
  const windows = checkWindows(options)
  const truth = await reference.open()
  const expected = await truth.reconstructionErrors(windows, CHECK_WINDOWS)
  const engines: EngineReport[] = [
    {
      engine: reference.engine,
      windowsPerSecond: await windowsPerSecond(truth, options),
      difference: 0,
      refusal: undefined,
    },
  ]
  await truth.dispose()
  for (const candidate of others) engines.push(await judge(candidate, { windows, expected, options }))
  const usable = engines.filter(({ refusal }) => refusal === undefined)
  const best = usable.reduce((fastest, other) => (other.windowsPerSecond > fastest.windowsPerSecond ? other : fastest))
  return { name: best.engine, why: whyOf(best, usable), windowsPerSecond: best.windowsPerSecond, engines }
}

async function judge(
  candidate: EngineCandidate,
  { windows, expected, options }: { windows: Float32Array; expected: Float32Array; options: CheckOptions },
): Promise<EngineReport> {
  const refused = (refusal: string, difference = Number.NaN): EngineReport => ({
    engine: candidate.engine,
    windowsPerSecond: 0,
    difference,
    refusal,
  })
  let network: Network | undefined
  try {
    network = await candidate.open()
    const difference = largestDifference(await network.reconstructionErrors(windows, CHECK_WINDOWS), expected)
    if (!(difference <= MOST_DIFFERENCE)) {
      return refused(
        `its answers differ from the reference by ${spell(difference)}; at most ${MOST_DIFFERENCE} is allowed`,
        difference,
      )
    }
    const rate = await windowsPerSecond(network, options)
    return { engine: candidate.engine, windowsPerSecond: rate, difference, refusal: undefined }
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error))
  } finally {
    // A provider that failed may fail to be let go, too; what it said first is what counts.
    await network?.dispose().catch(() => undefined)
  }
}

async function windowsPerSecond(network: Network, { steps, features, now }: CheckOptions): Promise<number> {
  const clock = now ?? (() => performance.now())
  const { batchRows } = network
  const windows = new Float32Array(batchRows * steps * features)
  for (let i = 0; i < WARM_UPS; i++) await network.reconstructionErrors(windows, batchRows)
  const began = clock()
  let scored = 0
  let took = 0
  while (took < TIMING_MS) {
    await network.reconstructionErrors(windows, batchRows)
    scored += batchRows
    took = clock() - began
  }
  return (scored * 1000) / took
}

/** Scaled windows as they come: around 0, with a spread of 1. */
function checkWindows({ steps, features }: CheckOptions): Float32Array {
  const random = createRandom(64)
  return Float32Array.from({ length: CHECK_WINDOWS * steps * features }, () => random.normal())
}

/** Infinite when a number is missing or no number. */
function largestDifference(errors: Float32Array, expected: Float32Array): number {
  if (errors.length !== expected.length) return Number.POSITIVE_INFINITY
  let largest = 0
  for (let i = 0; i < errors.length; i++) {
    const difference = Math.abs(errors[i]! - expected[i]!) / Math.max(1, Math.abs(expected[i]!))
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY
    largest = Math.max(largest, difference)
  }
  return largest
}

function whyOf(best: EngineReport, usable: readonly EngineReport[]): string {
  const second = usable.filter((one) => one !== best).sort((a, b) => b.windowsPerSecond - a.windowsPerSecond)[0]
  if (!second) return 'It is the only one that can be used here.'
  const times = best.windowsPerSecond / second.windowsPerSecond
  return `It scored ${times.toFixed(1)} times as many windows a second as the next.`
}

function spell(difference: number): string {
  return Number.isFinite(difference) ? difference.toExponential(1) : 'no number'
}
