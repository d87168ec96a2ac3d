/**
 * Better settings for a kind of model, found on nested splits: rows of an outer split are put away first; inner splits of the rest choose by
 * random search with successive halving (Jamieson, Talwalkar 2016); then the outer rows judge the winner beside the default settings, once.
 */
import { InputError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import type { FlowDataset } from '../detect/dataset.ts'
import type { KindControl } from '../detect/kind.ts'
import { type Settings, type TuningTable, tuningOf } from '../detect/tuning.ts'
import { contendKind, type ModelKind } from './contend-kind.ts'
import { readLabels } from './labels.ts'
import { rememberFit } from './matrix.ts'
import { takeLabelled } from './rows.ts'
import { drawSettings, sampleTraining } from './search-draw.ts'
import { type JudgedSettings, judgeSettings, lowRateRecall } from './search-judge.ts'
import { planInner, planOuter, withoutClasses } from './search-plan.ts'
import type { Split, SplitKind } from './splits.ts'

export interface SearchOptions {
  readonly kind: ModelKind
  readonly seed: number
  /** Settings tried at most, the default among them. Without a time budget the same seed gives the same report. */
  readonly trials?: number | undefined
  /** Until nothing new is begun; what judging the winner will take is kept free. */
  readonly budgetMs?: number | undefined
  /** A clock in milliseconds; any start. */
  readonly now: () => number
  readonly split?: SplitKind | undefined
  /** Classes that are neither learnt from nor judged. */
  readonly leaveOut?: readonly string[] | undefined
  readonly createTrainer?: KindControl['createTrainer']
  /** Ends the search and keeps the best so far; the outer rows are then not asked, nor when the time is over before the default is seen. */
  readonly signal?: AbortSignal | undefined
  /** After each look, and within the learning of slow kinds, so that a stop is heard. */
  readonly onProgress?: ((progress: SearchProgress) => void | Promise<void>) | undefined
}

export interface SearchProgress {
  /** From 1, which is the default. */
  readonly trial: number
  /** Undefined where only the time ends it. */
  readonly trials: number | undefined
  readonly best: Settings
  /** Of the best so far; undefined until the default has been seen on all rows. */
  readonly bestScore: number | undefined
}

export interface SearchTrial {
  readonly settings: Settings
  /** Mean low-rate recall over the inner splits at each look, the cheapest first; the default's is the full one alone. */
  readonly looks: { readonly share: number; readonly score: number }[]
  /** Why it could not learn. */
  refusal: string | undefined
}

export interface SearchReport {
  readonly kind: ModelKind
  readonly seed: number
  readonly ended: 'trials' | 'time' | 'stopped' | 'all settings tried'
  readonly split: SplitKind
  readonly leftOut: string
  readonly innerSplit: SplitKind
  readonly innerLeftOut: readonly string[]
  readonly trials: readonly SearchTrial[]
  /** Place in `trials`; 0 is the default. */
  readonly winner: number
  readonly judged: { readonly byDefault: JudgedSettings; readonly winner: JudgedSettings } | undefined
}

/** Looks at a ninth, a third and all of the training; a third of the settings goes on each time. */
const THIRD = 3
const BATCH = 9
const FEWEST_LOOK_ROWS = 300

/** Throws InputError when the kind has nothing to search, no end is given or the flows allow no nested splits. */
export async function searchSettings(data: FlowDataset, options: SearchOptions): Promise<SearchReport> {
  checkOptions(options)
  return searchOn(planOuter(withoutClasses(readLabels(data), options.leaveOut ?? []), options), options)
}

/** The same with the rows that judge given. */
export async function searchOn(outer: Split, options: SearchOptions): Promise<SearchReport> {
  const { kind, seed, now, signal } = options
  const table = checkOptions(options)
  const inner = planInner(outer, seed)
  if (inner.length === 0)
    throw new InputError(
      `beside the split "${outer.kind}, ${outer.leftOut} left out" there is nothing to choose settings by`,
    )
  const started = now()
  const trials: SearchTrial[] = []
  const byDefault: SearchTrial = { settings: {}, looks: [], refusal: undefined }
  let winner = byDefault
  let reserveMs = 0
  const report = async () => {
    const progress = { trial: trials.length, trials: options.trials, best: winner.settings }
    await options.onProgress?.({ ...progress, bestScore: fullScore(winner) })
  }
  const endOf = (): 'stopped' | 'time' | undefined => {
    if (signal?.aborted) return 'stopped'
    return options.budgetMs !== undefined && now() - started + reserveMs > options.budgetMs ? 'time' : undefined
  }
  // Learning hears of clock and stop through its progress alone
  const halt = new AbortController()
  const tick = async () => {
    await report()
    if (endOf() !== undefined) halt.abort()
  }
  /** False when the end came within. */
  const look = async (trial: SearchTrial, share: number): Promise<boolean> => {
    try {
      const score = await scoreInner(inner, trial.settings, { ...options, table, share, tick, signal: halt.signal })
      if (halt.signal.aborted) return false
      trial.looks.push({ share, score })
    } catch (error) {
      if (halt.signal.aborted) return false
      if (!(error instanceof InputError)) throw error
      trial.refusal = error.message
    }
    await tick()
    return true
  }

  trials.push(byDefault)
  await look(byDefault, 1)
  if (byDefault.refusal !== undefined) throw new InputError(byDefault.refusal)
  // Two fits on the outer rows and the model itself come after, each of about the size of an inner one
  reserveMs = ((now() - started) / inner.length) * 4
  const random = createRandom(seed)
  const known = new Set([JSON.stringify({})])
  const shares = sharesOf(inner, table)
  let ended: SearchReport['ended'] | undefined
  while (ended === undefined) {
    ended = endOf()
    const left = Math.min(BATCH, (options.trials ?? Number.POSITIVE_INFINITY) - trials.length)
    if (ended === undefined && left <= 0) ended = 'trials'
    if (ended !== undefined) break
    const drawn = drawSettings(table, { random, known, count: left })
    if (drawn.length === 0) {
      ended = 'all settings tried'
      break
    }
    let alive = drawn.map((settings): SearchTrial => ({ settings, looks: [], refusal: undefined }))
    for (const share of shares) {
      for (const trial of alive) {
        ended = endOf()
        if (ended !== undefined) break
        if (share === shares[0]) trials.push(trial)
        if (!(await look(trial, share))) break
      }
      if (endOf() !== undefined) break
      if (share < 1) alive = bestThird(alive)
    }
    for (const trial of trials) {
      const score = fullScore(trial)
      if (score !== undefined && score > (fullScore(winner) ?? Number.NEGATIVE_INFINITY)) winner = trial
    }
    await report()
  }
  return {
    kind,
    seed,
    ended,
    split: outer.kind,
    leftOut: outer.leftOut,
    innerSplit: inner[0]!.kind,
    innerLeftOut: inner.map(({ leftOut }) => leftOut),
    trials,
    winner: trials.indexOf(winner),
    judged:
      ended === 'stopped' || fullScore(byDefault) === undefined
        ? undefined
        : await judgeOuter(outer, winner.settings, options),
  }
}

function checkOptions({ kind, trials, budgetMs }: SearchOptions): TuningTable {
  const table = tuningOf(kind)
  if (!table) throw new InputError(`a model of kind ${kind} has no settings to search; train it without a search`)
  if (trials === undefined && budgetMs === undefined) throw new InputError('a search needs an end: minutes or trials')
  if (trials !== undefined && !(Number.isInteger(trials) && trials >= 2))
    throw new InputError(`a search needs at least 2 trials, of which the default is one; ${trials} were asked for`)
  if (budgetMs !== undefined && !(budgetMs > 0)) throw new InputError('a search needs more than 0 minutes')
  return table
}

function fullScore({ looks }: SearchTrial): number | undefined {
  return looks.find(({ share }) => share === 1)?.score
}

function bestThird(trials: readonly SearchTrial[]): SearchTrial[] {
  const seen = trials.filter(({ looks, refusal }) => looks.length > 0 && refusal === undefined)
  const order = seen.map((trial, at) => [trial, trial.looks.at(-1)!.score, at] as const)
  order.sort((a, b) => b[1] - a[1] || a[2] - b[2])
  return order.slice(0, Math.ceil(order.length / THIRD)).map(([trial]) => trial)
}

function sharesOf(inner: readonly Split[], { spare }: TuningTable): readonly number[] {
  const fewest = Math.min(...inner.map(({ train }) => train.length))
  const looks = [1 / (THIRD * THIRD), 1 / THIRD]
  return [...looks.filter((share) => spare === 'epochs' || fewest * share >= FEWEST_LOOK_ROWS), 1]
}

interface LookOptions extends SearchOptions {
  readonly table: TuningTable
  readonly share: number
  readonly tick: () => Promise<void>
}

/** Mean over the inner splits. */
async function scoreInner(
  inner: readonly Split[],
  settings: Settings,
  { kind, seed, signal, createTrainer, table, share, tick }: LookOptions,
): Promise<number> {
  const spared =
    table.spare === 'epochs' && share < 1 ? { ...settings, epochs: Math.max(2, Math.round(50 * share)) } : settings
  const contender = contendKind(kind, spared, createTrainer)
  const fitOnce = rememberFit(contender, { seed, onProgress: tick, ...(signal && { signal }) })
  let sum = 0
  for (const split of inner) {
    const train = table.spare === 'rows' && share < 1 ? sampleTraining(split, { share, seed }) : split.train
    const score = await fitOnce({ ...split, train })
    const test = takeLabelled(split.testData, split.test)
    sum += lowRateRecall(test, await score(test))
    signal?.throwIfAborted()
  }
  return sum / inner.length
}

async function judgeOuter(outer: Split, settings: Settings, options: SearchOptions): Promise<SearchReport['judged']> {
  const byDefault = await judgeSettings(outer, {}, options)
  const isDefault = Object.keys(settings).length === 0
  return { byDefault, winner: isDefault ? byDefault : await judgeSettings(outer, settings, options) }
}
