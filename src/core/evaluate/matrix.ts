/** Detectors × splits × seeds on one labelled data set: every figure of the evaluation report, as it comes. */
import { InputError } from '../base/errors.ts'
import type { FlowDataset } from '../detect/dataset.ts'
import type { FitControl } from '../detect/detector.ts'
import { BASELINES, type Contender, type Scorer } from './baselines.ts'
import {
  type BudgetFigures,
  type HeldOutRecall,
  recallAbove,
  recallAtHome,
  spendBudget,
  thresholdOfRate,
} from './held-out.ts'
import { type AttemptedAs, countClasses, type LabelledDataset, readLabels } from './labels.ts'
import { type EvalResult, summarize } from './result.ts'
import { takeLabelled } from './rows.ts'
import { planSplits, type Split, type SplitKind } from './splits.ts'

export const RATES = [0.01, 0.001] as const
export const DEFAULT_SEEDS: readonly number[] = [1, 2, 3, 4, 5]

/** What these leave out is somebody else's network or device. */
const PLACES: readonly SplitKind[] = ['capture', 'device', 'other-data']

export interface MatrixOptions {
  readonly contenders?: readonly Contender[]
  readonly kinds?: readonly SplitKind[]
  readonly seeds?: readonly number[]
  /** Judged by the split 'other-data'. */
  readonly other?: FlowDataset
  readonly attempted?: AttemptedAs
  /** False cases per device-week for which thresholds are set where times and devices are known. */
  readonly budget?: number
  readonly signal?: AbortSignal
}

/** One detector on one split with one seed. */
export interface Cell {
  readonly split: SplitKind
  readonly leftOut: string
  /** Name of the class of the judged rows that is no attack. */
  readonly benign: string
  readonly detector: string
  readonly seed: number
  readonly trainRows: number
  /** Benign rows that set the thresholds. */
  readonly heldRows: number
  readonly duplicates: number
  /** At the threshold of the budget, or of 0.1 % false positives where cases cannot be told. */
  readonly result: EvalResult
  /** In the order of RATES, thresholds from the held-out benign rows. */
  readonly heldOut: readonly HeldOutRecall[]
  /**
   * The same with thresholds from the first benign rows of what was left out, judged on the rest: what a home gains that draws the line
   * on its own traffic. Undefined where nothing of a place is left out, or too little of it is benign.
   */
  readonly atHome: readonly HeldOutRecall[] | undefined
  readonly budget: BudgetFigures | undefined
}

export interface DataFacts {
  readonly rows: number
  readonly classes: Readonly<Record<string, number>>
  readonly features: number
  readonly devices: number
  readonly captures: number
  readonly hasTimes: boolean
}

export interface Evaluation {
  readonly data: DataFacts
  readonly attempted: AttemptedAs
  readonly seeds: readonly number[]
  readonly cells: readonly Cell[]
  /** Sentences: splits that the data does not allow, detectors that could not learn. */
  readonly refusals: readonly string[]
  /** Remarks of the splits that were made. */
  readonly remarks: readonly string[]
}

export interface MatrixProgress {
  readonly done: number
  readonly total: number
  /** The cell that is new; undefined where a detector could not learn. */
  readonly cell: Cell | undefined
}

/** Yields after each cell. Throws InputError when the data has no labels that say anything. */
export async function* evaluateDetectors(
  data: FlowDataset,
  options: MatrixOptions = {},
): AsyncGenerator<MatrixProgress, Evaluation> {
  const { contenders = BASELINES, seeds = DEFAULT_SEEDS, attempted = 'attack', signal } = options
  const labelled = readLabels(data, attempted)
  const other = options.other && readLabels(options.other, attempted)
  const cells: Cell[] = []
  const refusals = new Set<string>()
  const remarks = new Set<string>()
  let done = 0
  for (const seed of seeds) {
    const plan = planSplits(labelled, { seed, other, ...(options.kinds && { kinds: options.kinds }) })
    for (const sentence of plan.refusals) refusals.add(sentence)
    for (const { kind, remark } of plan.splits) if (remark) remarks.add(`${kind}: ${remark}`)
    const total = plan.splits.length * contenders.length * seeds.length
    for (const contender of contenders) {
      const fitOnce = rememberFit(contender, { seed, ...(signal && { signal }) })
      for (const split of plan.splits) {
        signal?.throwIfAborted()
        const found = await judgeSplit(split, fitOnce, { name: contender.name, seed, budget: options.budget ?? 1 })
        if (typeof found === 'string') refusals.add(`${contender.name} on "${split.kind}, ${split.leftOut}": ${found}.`)
        else cells.push(found)
        done++
        yield { done, total, cell: typeof found === 'string' ? undefined : found }
      }
    }
  }
  return {
    data: describe(labelled),
    attempted,
    seeds,
    cells,
    refusals: [...refusals],
    remarks: [...remarks],
  }
}

interface CellOptions {
  readonly name: string
  readonly seed: number
  readonly budget: number
}

/** The sentence of the detector when it could not learn. */
async function judgeSplit(
  split: Split,
  fitOnce: (split: Split) => Promise<Scorer>,
  { name, seed, budget }: CellOptions,
): Promise<Cell | string> {
  const started = performance.now()
  const held = takeLabelled(split.trainData, split.calibrate)
  const test = takeLabelled(split.testData, split.test)
  let scores: Float64Array
  let heldScores: Float64Array
  try {
    const score = await fitOnce(split)
    heldScores = await score(held)
    scores = await score(test)
  } catch (error) {
    if (error instanceof InputError) return error.message
    throw error
  }
  const heldOut = RATES.map((rate) => recallAbove(test, scores, thresholdOfRate(heldScores, rate)))
  const spent = spendBudget({ data: held, scores: heldScores }, { data: test, scores }, budget)
  const threshold = spent?.threshold ?? heldOut[1]!.threshold
  return {
    split: split.kind,
    leftOut: split.leftOut,
    benign: test.classes[0] ?? '',
    detector: name,
    seed,
    trainRows: split.train.length,
    heldRows: split.calibrate.length,
    duplicates: split.duplicates,
    result: summarize(test, scores, { threshold, elapsedMs: performance.now() - started }),
    heldOut,
    atHome: PLACES.includes(split.kind) ? recallAtHome(test, scores, RATES) : undefined,
    budget: spent,
  }
}

/** What learns from benign rows alone learns the same from the same rows, whichever family is left out. */
export function rememberFit(contender: Contender, control: FitControl): (split: Split) => Promise<Scorer> {
  let known: { readonly benign: Int32Array; readonly data: LabelledDataset; readonly scorer: Scorer } | undefined
  return async ({ trainData, train }) => {
    if (contender.supervised) return contender.fit(takeLabelled(trainData, train), control)
    const benign = train.filter((row) => trainData.labels[row] === 0)
    if (known && known.data === trainData && isSame(known.benign, benign)) return known.scorer
    const scorer = await contender.fit(takeLabelled(trainData, benign), control)
    known = { benign, data: trainData, scorer }
    return scorer
  }
}

function isSame(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((row, at) => row === b[at])
}

function describe(data: LabelledDataset): DataFacts {
  const counts = countClasses(data)
  const classes: Record<string, number> = {}
  for (const [at, name] of data.classes.entries()) if (counts[at]! > 0) classes[name] = counts[at]!
  return {
    rows: data.rows,
    classes,
    features: data.matrix.features.length,
    devices: new Set(data.device.filter((device) => device >= 0)).size,
    captures: new Set(data.capture).size,
    hasTimes: data.startMicros.some((at) => Number.isFinite(at)),
  }
}
