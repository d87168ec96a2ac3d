/** An evaluation as plain data for page and document: per detector the mean and the worst seed, and in words what is not seen. */
import type { HeldOutRecall } from './held-out.ts'
import { type Cell, type Evaluation, RATES } from './matrix.ts'
import type { ClassRecall } from './result.ts'
import { SPLIT_KINDS, type SplitKind } from './splits.ts'

/** Over seeds; each seed's figure is the mean over what was left out. What is claimed is `worst`. */
export interface Spread {
  readonly mean: number
  readonly worst: number
}

export interface DetectorLine {
  readonly detector: string
  readonly prAuc: Spread
  readonly rocAuc: Spread
  /** In the order of RATES, at thresholds from held-out benign rows. */
  readonly recall: readonly Spread[]
  readonly falsePositiveRate: readonly Spread[]
  readonly precision: readonly Spread[]
  /** The same two with thresholds from the first benign rows of what was left out; undefined where there is no such place. */
  readonly atHome: { readonly recall: readonly Spread[]; readonly falsePositiveRate: readonly Spread[] } | undefined
  /** Undefined where cases cannot be told. */
  readonly falseCasesPerDeviceWeek: Spread | undefined
  readonly firstAlarms:
    | { readonly alarmed: number; readonly attacks: number; readonly medianSeconds: number }
    | undefined
  readonly abstainedShare: Spread
  /** Per class, and per rate: of the seed in which it was found least, with its interval. */
  readonly perClass: readonly { readonly name: string; readonly recall: readonly ClassRecall[] }[]
}

export interface SplitReport {
  readonly kind: SplitKind
  readonly leftOut: readonly string[]
  readonly baseRate: number
  /** Test rows whose features are those of a training row: the largest share of all splits of this kind. */
  readonly duplicateShare: number
  readonly trainRows: number
  readonly heldRows: number
  /** The best claimed recall at the first rate first: with lines drawn at home where a place was left out. */
  readonly detectors: readonly DetectorLine[]
  readonly sentences: readonly string[]
}

/** Below this at the first rate, a class is said to be not seen. */
const UNSEEN_RECALL = 0.1

export function summarizeEvaluation({ cells }: Evaluation): SplitReport[] {
  return SPLIT_KINDS.flatMap((kind) => {
    const own = cells.filter(({ split }) => split === kind)
    return own.length > 0 ? [reportSplit(kind, own)] : []
  })
}

function reportSplit(kind: SplitKind, cells: readonly Cell[]): SplitReport {
  const names = [...new Set(cells.map(({ detector }) => detector))]
  const detectors = names
    .map((name) =>
      describeDetector(
        name,
        cells.filter(({ detector }) => detector === name),
      ),
    )
    .sort((a, b) => claimOf(b) - claimOf(a) || b.prAuc.worst - a.prAuc.worst || 0)
  return {
    kind,
    leftOut: [...new Set(cells.map(({ leftOut }) => leftOut))],
    baseRate: meanOf(cells.map(({ result }) => result.baseRate)),
    duplicateShare: Math.max(...cells.map(({ duplicates, result }) => duplicates / result.rows)),
    trainRows: Math.round(meanOf(cells.map(({ trainRows }) => trainRows))),
    heldRows: Math.round(meanOf(cells.map(({ heldRows }) => heldRows))),
    detectors,
    sentences: nameFailures(detectors, new Set(cells.map(({ benign }) => benign))),
  }
}

function describeDetector(detector: string, cells: readonly Cell[]): DetectorLine {
  const high = (pick: (cell: Cell) => number) => spread(cells, pick, Math.min)
  const low = (pick: (cell: Cell) => number) => spread(cells, pick, Math.max)
  const home = cells.filter(({ atHome }) => atHome !== undefined)
  const atHome = (pick: (found: HeldOutRecall) => number, worst: (...of: number[]) => number) =>
    RATES.map((_, at) => spread(home, (cell) => pick(cell.atHome![at]!), worst))
  const spent = cells.filter(({ budget }) => budget !== undefined)
  const alarms = spent.flatMap(({ budget }) => (budget?.firstAlarms ? [budget.firstAlarms] : []))
  const delays = alarms.map(({ medianSeconds }) => medianSeconds).filter((delay) => !Number.isNaN(delay))
  return {
    detector,
    prAuc: high(({ result }) => result.prAuc ?? Number.NaN),
    rocAuc: high(({ result }) => result.rocAuc ?? Number.NaN),
    recall: RATES.map((_, at) => high(({ heldOut }) => heldOut[at]!.recall)),
    falsePositiveRate: RATES.map((_, at) => low(({ heldOut }) => heldOut[at]!.falsePositiveRate)),
    precision: RATES.map((_, at) => high(({ heldOut }) => heldOut[at]!.precision)),
    atHome:
      home.length > 0
        ? {
            recall: atHome(({ recall }) => recall, Math.min),
            falsePositiveRate: atHome(({ falsePositiveRate }) => falsePositiveRate, Math.max),
          }
        : undefined,
    falseCasesPerDeviceWeek:
      spent.length > 0
        ? spread(spent, ({ budget }) => budget?.falseCasesPerDeviceWeek ?? Number.NaN, Math.max)
        : undefined,
    firstAlarms:
      alarms.length > 0
        ? {
            alarmed: alarms.reduce((sum, alarm) => sum + alarm.alarmed, 0),
            attacks: alarms.reduce((sum, alarm) => sum + alarm.attacks, 0),
            medianSeconds: middleOf(delays),
          }
        : undefined,
    abstainedShare: low(({ result }) => result.abstained / result.rows),
    perClass: leastPerClass(cells),
  }
}

function leastPerClass(cells: readonly Cell[]): DetectorLine['perClass'] {
  const names = new Set(cells.flatMap(({ heldOut }) => Object.keys(heldOut[0]!.perClass)))
  return [...names].map((name) => ({
    name,
    recall: RATES.map((_, at) =>
      cells
        .flatMap(({ heldOut }) => heldOut[at]!.perClass[name] ?? [])
        .reduce((least, next) => (next.recall < least.recall ? next : least)),
    ),
  }))
}

/** A line brought from elsewhere gives other rates of false positives, at which recalls cannot be compared. */
function claimOf({ atHome, recall }: DetectorLine): number {
  return (atHome?.recall ?? recall)[0]!.worst
}

/** What a reader must not have to find out alone. */
function nameFailures(detectors: readonly DetectorLine[], benign: ReadonlySet<string>): string[] {
  const [best] = detectors
  if (!best) return []
  const classes = best.perClass.map(({ name }) => name).filter((name) => !benign.has(name))
  const recallOf = (line: DetectorLine, name: string) =>
    line.perClass.find((found) => found.name === name)?.recall[0]?.recall ?? 0
  const unseen = classes.filter((name) => detectors.every((line) => recallOf(line, name) < UNSEEN_RECALL))
  const missed = classes.filter((name) => recallOf(best, name) < UNSEEN_RECALL && !unseen.includes(name))
  const where = best.atHome ? ' with the line drawn at home' : ''
  const sentences = [
    `${best.detector} leads at ${RATES[0] * 100} % false positives${where}: in its worst seed it finds ${share(claimOf(best))}.`,
  ]
  if (unseen.length > 0)
    sentences.push(
      `No detector finds a tenth of ${listOf(unseen)} flow by flow${best.atHome ? ' in every place left out' : ''}.`,
    )
  for (const name of missed) {
    const other = detectors.reduce((top, line) => (recallOf(line, name) > recallOf(top, name) ? line : top))
    sentences.push(
      `It misses ${name} (${share(recallOf(best, name))}), of which ${other.detector} finds ${share(recallOf(other, name))}.`,
    )
  }
  const loose = best.falsePositiveRate.flatMap((rate, at) => (rate.worst > 2 * RATES[at]! ? [at] : []))
  for (const at of loose) {
    sentences.push(
      `Its ${best.atHome ? 'line brought from elsewhere' : 'threshold'} for ${RATES[at]! * 100} % gave ${(best.falsePositiveRate[at]!.worst * 100).toFixed(2)} % in the worst seed.`,
    )
  }
  return sentences
}

/** Figures that no cell can tell (NaN) are left out; NaN when none can. */
function spread(cells: readonly Cell[], pick: (cell: Cell) => number, worst: (...of: number[]) => number): Spread {
  const seeds = [...new Set(cells.map(({ seed }) => seed))]
  const means = seeds
    .map((seed) => meanOf(cells.filter((cell) => cell.seed === seed).map(pick)))
    .filter((mean) => !Number.isNaN(mean))
  return means.length > 0 ? { mean: meanOf(means), worst: worst(...means) } : { mean: Number.NaN, worst: Number.NaN }
}

function meanOf(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value))
  return known.reduce((sum, value) => sum + value, 0) / known.length
}

function middleOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
}

function share(value: number): string {
  return value.toFixed(2)
}

function listOf(names: readonly string[]): string {
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? '')
}
