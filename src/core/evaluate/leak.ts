/**
 * What gives the label away without telling anything of the attack: a single feature that parts the classes all but perfectly, and
 * features that name the capture rather than the traffic.
 */
import { InputError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import type { FlowDataset, FlowJudge } from '../detect/dataset.ts'
import { attackFlags, type LabelledDataset, readLabels } from './labels.ts'
import { prAuc, rocAuc } from './metrics.ts'
import { takeLabelled } from './rows.ts'

export interface LeakFinding {
  readonly feature: string
  readonly reason: 'identifier' | 'separates alone' | 'few values separate'
  /** Of the feature alone, whichever way round. */
  readonly rocAuc: number
  readonly sentence: string
}

/** A feature this good alone is a leak until somebody says why it is not. */
export const PERFECT_AUC = 0.995
/** So is a feature whose separate values are nearly all of one class, as a lab's TTL is. */
const PERFECT_VALUES = 0.995
const MOST_VALUES = 32

/** Names, in words: addresses, raw ports, absolute times, ids, TTLs. The names of CICFlowMeter, Zeek, Argus and our own. */
const IDENTIFIERS = [
  [/\b(?:src|dst)?(?:mac|ip|addr|address)\b|\bhostname\b|^(?:(?:src|dst|source|destination) )?host$/, 'an address'],
  [
    /^port$|\b(?:src|dst|source|destination|orig|resp|server|client) port$|^(?:sport|dport|dsport)$|^id\.(?:orig|resp)_p$/,
    'a raw port number',
  ],
  [/\b(?:timestamp|datetime|date|ts|stime|ltime|epoch)\b|^time$|\b(?:start|end) (?:time|micros)\b/, 'an absolute time'],
  [/\b(?:id|uid|uuid|stcpb|dtcpb)\b|^(?:index|row|seq)$/, 'an identifier'],
  [/\b(?:ttl|sttl|dttl|hop limit)\b/, 'a time-to-live, which tells the lab’s hosts apart'],
] as const

/** The sentences of all features that must not be used as they are, the worst first. */
export function findLeaks(data: LabelledDataset): LeakFinding[] {
  const flags = attackFlags(data)
  const { features, values } = data.matrix
  const width = features.length
  const findings = features.flatMap((feature, at): LeakFinding[] => {
    const column = Float64Array.from({ length: data.rows }, (_, row) => values[row * width + at]!)
    const area = areaAlone(column, flags)
    const what = identifierOf(feature)
    if (what) {
      return [
        { feature, reason: 'identifier', rocAuc: area, sentence: `${feature} is ${what}: it names who, not what.` },
      ]
    }
    if (area >= PERFECT_AUC) {
      const sentence = `${feature} alone parts attacks from benign rows (ROC-AUC ${area.toFixed(3)}): it gives the label away.`
      return [{ feature, reason: 'separates alone', rocAuc: area, sentence }]
    }
    const purity = purityOf(column, flags)
    if (purity < PERFECT_VALUES) return []
    const sentence = `The few values of ${feature} tell ${(purity * 100).toFixed(1)} % of the labels: it gives the label away.`
    return [{ feature, reason: 'few values separate', rocAuc: area, sentence }]
  })
  return findings.sort((a, b) => b.rocAuc - a.rocAuc)
}

/** What the name says it is, or undefined. */
export function identifierOf(feature: string): string | undefined {
  const words = feature
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/[_\-/]+/g, ' ')
    .trim()
  return IDENTIFIERS.find(([pattern]) => pattern.test(words) || pattern.test(feature.toLowerCase()))?.[1]
}

/** Of one column, whichever direction is the attack's; a missing value is a value below all. */
function areaAlone(column: Float64Array, flags: Uint8Array): number {
  const scores = column.map((value) => (Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value))
  const area = rocAuc({ scores, attacks: flags })
  return Math.max(area, 1 - area)
}

/** How much of the rarer class's share is told by the value alone, where there are few values; 0 where there are many. */
function purityOf(column: Float64Array, flags: Uint8Array): number {
  const counts = new Map<number, [number, number]>()
  for (let row = 0; row < column.length; row++) {
    const known = counts.get(column[row]!)
    const pair = known ?? [0, 0]
    if (!known) {
      if (counts.size === MOST_VALUES) return 0
      counts.set(column[row]!, pair)
    }
    pair[flags[row]!]!++
  }
  const attacks = flags.reduce((sum, flag) => sum + flag, 0)
  const benign = flags.length - attacks
  let right = 0
  // Both classes weigh the same, or "always benign" would be nearly right where attacks are rare.
  for (const [b, a] of counts.values()) right += Math.max(b / benign, a / attacks)
  return right / 2
}

export interface PermutedFeature {
  readonly feature: string
  /** PR-AUC as it is less PR-AUC with this feature's values dealt out anew: what the detector owes to it. */
  readonly drop: number
}

export interface PermuteOptions {
  readonly seed: number
  /** The detector's own; by default all of the data. */
  readonly features?: readonly string[]
  readonly onProgress?: (done: number, total: number) => void | Promise<void>
  readonly signal?: AbortSignal
}

/** What a detector leans on: each feature is permuted once. A feature that it must not know has a drop of exactly 0. */
export async function permuteFeatures(
  data: LabelledDataset,
  score: (data: LabelledDataset) => Float64Array | Promise<Float64Array>,
  { seed, features = data.matrix.features, onProgress, signal }: PermuteOptions,
): Promise<PermutedFeature[]> {
  const attacks = attackFlags(data)
  const whole = prAuc({ scores: await score(data), attacks })
  const { values, rows } = data.matrix
  const width = data.matrix.features.length
  const found: PermutedFeature[] = []
  for (const feature of features) {
    signal?.throwIfAborted()
    const at = data.matrix.features.indexOf(feature)
    const order = shuffledRows(rows, seed + at)
    const dealt = values.slice()
    for (let row = 0; row < rows; row++) dealt[row * width + at] = values[order[row]! * width + at]!
    const scores = await score({ ...data, matrix: { ...data.matrix, values: dealt } })
    found.push({ feature, drop: whole - prAuc({ scores, attacks }) })
    await onProgress?.(found.length, features.length)
  }
  return found.sort((a, b) => b.drop - a.drop)
}

export interface Leaning {
  /** Judged flows. */
  readonly rows: number
  /** What the judge owes most to first. */
  readonly features: readonly PermutedFeature[]
}

/** Tried with each column dealt out anew: enough for an order, and soon done. */
const MOST_ROWS = 4000
const LEAN_SEED = 1

/** What a judge of single flows leans on. Throws InputError for one of windows, where a dealt-out column would be no flow's neighbour. */
export async function leaningOf(
  { judge, window, features }: { judge: FlowJudge; window: number; features: readonly string[] },
  data: FlowDataset,
  { mostRows = MOST_ROWS, ...options }: Pick<PermuteOptions, 'onProgress' | 'signal'> & { mostRows?: number } = {},
): Promise<Leaning> {
  if (window > 1)
    throw new InputError(
      `This model judges ${window} flows together; what it leans on can be tried of models that judge each flow by itself.`,
    )
  const labelled = readLabels(data)
  const rows = Math.min(mostRows, labelled.rows)
  const part = takeLabelled(
    labelled,
    Int32Array.from({ length: rows }, (_, i) => Math.floor((i * labelled.rows) / rows)),
  )
  const known = features.filter((name) => labelled.matrix.features.includes(name))
  const found = await permuteFeatures(part, (one) => judge.score(one), { seed: LEAN_SEED, features: known, ...options })
  return { rows, features: found }
}

function shuffledRows(rows: number, seed: number): Uint32Array {
  const random = createRandom(seed)
  const order = Uint32Array.from({ length: rows }, (_, row) => row)
  for (let i = rows - 1; i > 0; i--) {
    const j = random.int(i + 1)
    const swapped = order[i]!
    order[i] = order[j]!
    order[j] = swapped
  }
  return order
}
