/**
 * Champion and challenger on the same rows: McNemar's test of who is right where they differ, and a paired bootstrap of PR-AUC and
 * recall over blocks of neighbouring rows, which are not independent.
 */
import { InputError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import type { FlowDataset } from '../detect/dataset.ts'
import { type CurveFigures, createCurve } from './weighted-curve.ts'

export interface ScoredModel {
  readonly name: string
  /** One per row; NaN: not judged, which is no alarm. */
  readonly scores: Float64Array
  readonly threshold: number
}

export interface Paired {
  readonly champion: number
  readonly challenger: number
  /** Challenger less champion, and its 95 % interval. */
  readonly difference: number
  readonly low: number
  readonly high: number
}

export interface Comparison {
  /** Rows that both judged. */
  readonly rows: number
  /** Rows on which only one is right at its threshold, and the exact two-sided p of so uneven a split. */
  readonly mcnemar: { readonly onlyChampion: number; readonly onlyChallenger: number; readonly p: number }
  /** Undefined where no row is an attack or none is benign. */
  readonly prAuc: Paired | undefined
  /** At 1 % false positives on these rows. */
  readonly recall: Paired | undefined
  readonly verdict: 'better' | 'worse' | 'no difference'
  readonly sentence: string
}

export interface CompareOptions {
  readonly champion: ScoredModel
  readonly challenger: ScoredModel
  readonly seed?: number
  readonly resamples?: number
  readonly signal?: AbortSignal
}

const FEWEST_ROWS = 30
const SIGNIFICANT = 0.05
const BLOCK_ROWS = 50
const RECALL_RATE = 0.01

/** Without labels every row counts as benign: then fewer alarms are better. Throws InputError for rows that cannot tell. */
export function compareModels(
  data: FlowDataset,
  { champion, challenger, seed = 1, resamples = 500, signal }: CompareOptions,
): Comparison {
  for (const { name, scores } of [champion, challenger]) {
    if (scores.length !== data.rows) throw new Error(`${scores.length} scores of ${name} for ${data.rows} rows`)
  }
  const rows = Int32Array.from({ length: data.rows }, (_, row) => row).filter(
    (row) =>
      !Number.isNaN(champion.scores[row]!) && !Number.isNaN(challenger.scores[row]!) && (data.labels?.[row] ?? 0) >= 0,
  )
  if (rows.length < FEWEST_ROWS) {
    throw new InputError(`a comparison needs ${FEWEST_ROWS} rows that both models judge; there are ${rows.length}`)
  }
  const flags = Uint8Array.from(rows, (row) => ((data.labels?.[row] ?? 0) === 0 ? 0 : 1))
  const mcnemar = testWhoIsRight(rows, flags, { champion, challenger })
  const attacks = flags.reduce((sum, flag) => sum + flag, 0)
  const areas =
    attacks > 0 && attacks < rows.length
      ? bootstrap({ champion, challenger }, { rows, flags, seed, resamples, ...(signal && { signal }) })
      : undefined
  const verdict = decide(mcnemar, areas)
  return {
    rows: rows.length,
    mcnemar,
    prAuc: areas?.prAuc,
    recall: areas?.recall,
    verdict,
    sentence: tell({ champion, challenger }, { rows: rows.length, attacks, verdict, mcnemar, areas }),
  }
}

interface Pair {
  readonly champion: ScoredModel
  readonly challenger: ScoredModel
}

function testWhoIsRight(rows: Int32Array, flags: Uint8Array, pair: Pair): Comparison['mcnemar'] {
  let onlyChampion = 0
  let onlyChallenger = 0
  for (let i = 0; i < rows.length; i++) {
    const isRight = ({ scores, threshold }: ScoredModel) => scores[rows[i]!]! > threshold === (flags[i] === 1)
    const first = isRight(pair.champion)
    if (first === isRight(pair.challenger)) continue
    if (first) onlyChampion++
    else onlyChallenger++
  }
  return { onlyChampion, onlyChallenger, p: signTest(onlyChampion, onlyChallenger) }
}

/** Two-sided exact p of a fair coin that fell so often on each side. */
export function signTest(a: number, b: number): number {
  const n = a + b
  // log of C(n, k) / 2^n, one factor at a time.
  let log = -n * Math.LN2
  let tail = 0
  for (let k = 0; k <= Math.min(a, b); k++) {
    tail += Math.exp(log)
    log += Math.log((n - k) / (k + 1))
  }
  return Math.min(1, 2 * tail)
}

interface Areas {
  readonly prAuc: Paired
  readonly recall: Paired
}

interface BootstrapOptions {
  readonly rows: Int32Array
  readonly flags: Uint8Array
  readonly seed: number
  readonly resamples: number
  readonly signal?: AbortSignal
}

function bootstrap(pair: Pair, { rows, flags, seed, resamples, signal }: BootstrapOptions): Areas {
  const curves = [pair.champion, pair.challenger].map(({ scores }) =>
    createCurve(
      Float64Array.from(rows, (row) => scores[row]!),
      flags,
    ),
  )
  const weights = new Uint16Array(rows.length).fill(1)
  const measure = () => curves.map((curve) => curve(weights, RECALL_RATE))
  const [champion, challenger] = measure()
  const random = createRandom(seed)
  const size = Math.max(1, Math.min(BLOCK_ROWS, Math.floor(rows.length / 40)))
  const blocks = Math.ceil(rows.length / size)
  const differences: CurveFigures[] = []
  for (let round = 0; round < resamples; round++) {
    signal?.throwIfAborted()
    weights.fill(0)
    for (let drawn = 0; drawn < blocks; drawn++) {
      const from = random.int(blocks) * size
      const to = Math.min(rows.length, from + size)
      for (let at = from; at < to; at++) weights[at]!++
    }
    const [first, second] = measure()
    const difference = { prAuc: second!.prAuc - first!.prAuc, recall: second!.recall - first!.recall }
    // A resample without one of the classes has no area.
    if (!Number.isNaN(difference.prAuc + difference.recall)) differences.push(difference)
  }
  const pairOf = (key: keyof CurveFigures): Paired => {
    const sorted = differences.map((difference) => difference[key]).sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0
    return {
      champion: champion![key],
      challenger: challenger![key],
      difference: challenger![key] - champion![key],
      low: at(0.025),
      high: at(0.975),
    }
  }
  return { prAuc: pairOf('prAuc'), recall: pairOf('recall') }
}

/** Better or worse only where something says so for sure and nothing for sure the opposite. */
function decide({ onlyChampion, onlyChallenger, p }: Comparison['mcnemar'], areas: Areas | undefined) {
  const says = areas ? [areas.prAuc, areas.recall].map(({ low, high }) => Number(low > 0) - Number(high < 0)) : []
  if (p <= SIGNIFICANT) says.push(Math.sign(onlyChallenger - onlyChampion))
  const isBetter = says.some((sign) => sign > 0)
  const isWorse = says.some((sign) => sign < 0)
  if (isBetter === isWorse) return 'no difference'
  return isBetter ? 'better' : 'worse'
}

interface Told extends Pick<Comparison, 'rows' | 'mcnemar' | 'verdict'> {
  readonly attacks: number
  readonly areas: Areas | undefined
}

function tell({ champion, challenger }: Pair, { rows, attacks, verdict, mcnemar, areas }: Told): string {
  const heads = {
    better: `${challenger.name} does better than ${champion.name} on these ${rows} rows`,
    worse: `${challenger.name} does worse than ${champion.name} on these ${rows} rows`,
    'no difference': `These ${rows} rows show no difference between ${challenger.name} and ${champion.name} that could not be chance`,
  } as const
  const { onlyChampion, onlyChallenger, p } = mcnemar
  const noun = attacks === 0 ? 'without a false alarm where the other has one' : 'right where the other is wrong'
  const rest = `it is alone ${noun} ${onlyChallenger} times, the other ${onlyChampion} times (p ${p < 0.001 ? '< 0.001' : p.toFixed(3)})`
  const area = areas
    ? `; recall at 1 % false positives ${signed(areas.recall.difference)} (${signed(areas.recall.low)} to ${signed(areas.recall.high)})`
    : ''
  return `${heads[verdict]}: ${rest}${area}.`
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`
}
