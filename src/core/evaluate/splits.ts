/**
 * Which rows teach and which are judged. A split says what the detector has not seen: the future, a capture or day, an attack family, a
 * device, another data set. Benign rows are held out for thresholds too, so that no threshold is set on what is judged.
 */
import { InputError, unreachable } from '../base/errors.ts'
import { createRandom, type Random } from '../base/random.ts'
import type { LabelledDataset } from './labels.ts'
import { countDuplicates, takeFeatures } from './rows.ts'

export const SPLIT_KINDS = ['in-time', 'capture', 'family', 'device', 'other-data', 'random'] as const
export type SplitKind = (typeof SPLIT_KINDS)[number]

export interface Split {
  readonly kind: SplitKind
  /** What was not seen in training: `DoS`, `2018-12-20`, `the last 30 %`. */
  readonly leftOut: string
  readonly trainData: LabelledDataset
  /** Rows of `trainData`. */
  readonly train: Int32Array
  /** Benign rows of `trainData`, in neither of the others. */
  readonly calibrate: Int32Array
  readonly testData: LabelledDataset
  /** Rows of `testData`. */
  readonly test: Int32Array
  /** Test rows whose features are exactly those of a training row. */
  readonly duplicates: number
  /** What to know before believing its figures. */
  readonly remark: string | undefined
}

export interface SplitPlan {
  readonly splits: readonly Split[]
  /** One sentence for each split that this data does not allow. */
  readonly refusals: readonly string[]
}

export interface SplitOptions {
  readonly seed: number
  readonly kinds?: readonly SplitKind[]
  /** Judged by 'other-data'. */
  readonly other?: LabelledDataset | undefined
}

/** Fewer benign rows teach nothing that could be claimed. */
export const FEWEST_TRAINING_ROWS = 100
/** Fewer benign rows set no threshold, and fewer judged ones tell no rate. */
export const FEWEST_BENIGN_ROWS = 30
const PAST_SHARE = 0.7
const CALIBRATION_SHARE = 0.25
const BENIGN_TEST_SHARE = 0.2
const MOST_FOLDS = 5
/** Neighbouring rows of a file often belong to one session: they stay together. */
const BLOCK_ROWS = 50
const DAY_MICROS = 86_400e6

export function planSplits(data: LabelledDataset, { seed, kinds = SPLIT_KINDS, other }: SplitOptions): SplitPlan {
  const splits: Split[] = []
  const refusals: string[] = []
  for (const kind of kinds) {
    try {
      for (const draft of draftSplits(data, { kind, random: createRandom(seed), other })) {
        const sentence = refusalOf(draft)
        if (sentence) refusals.push(sentence)
        else splits.push(finish(draft))
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      refusals.push(error.message)
    }
  }
  return { splits, refusals }
}

interface Draft extends Omit<Split, 'train' | 'calibrate' | 'test' | 'duplicates'> {
  readonly train: readonly number[]
  readonly calibrate: readonly number[]
  readonly test: readonly number[]
}

interface DraftOptions {
  readonly kind: SplitKind
  readonly random: Random
  readonly other: LabelledDataset | undefined
}

function draftSplits(data: LabelledDataset, { kind, random, other }: DraftOptions): Draft[] {
  switch (kind) {
    case 'in-time':
      return [splitInTime(data)]
    case 'capture':
      return data.captures.length > 1
        ? leaveGroupsOut(data, { kind, random, groups: data.capture, nameOf: (at) => data.captures[at]! })
        : leaveGroupsOut(data, { kind, random, groups: daysOf(data), nameOf: nameDay })
    case 'device':
      return leaveGroupsOut(data, { kind, random, groups: data.device, nameOf: (at) => data.devices[at]! })
    case 'family':
      return leaveFamiliesOut(data, random)
    case 'other-data':
      return [judgeOther(data, other, random)]
    case 'random':
      return [splitAtRandom(data, random)]
    default:
      return unreachable(kind)
  }
}

/** Of each capture the first part by time teaches, the end of that part sets thresholds, and what comes after is judged. */
function splitInTime(data: LabelledDataset): Draft {
  const timed = data.startMicros.every((at) => Number.isFinite(at))
  const order = Array.from({ length: data.rows }, (_, row) => row)
  if (timed) order.sort((a, b) => data.startMicros[a]! - data.startMicros[b]! || a - b)
  const captures = [...groupRows(order, (row) => data.capture[row]!).values()]
  const past = captures.flatMap((rows) => rows.slice(0, Math.floor(rows.length * PAST_SHARE)))
  const test = captures.flatMap((rows) => rows.slice(Math.floor(rows.length * PAST_SHARE)))
  const benign = past.filter((row) => data.labels[row] === 0)
  const calibrate = benign.slice(Math.ceil(benign.length * (1 - CALIBRATION_SHARE)))
  return {
    kind: 'in-time',
    leftOut: `the last ${Math.round((1 - PAST_SHARE) * 100)} %`,
    trainData: data,
    testData: data,
    train: without(past, calibrate),
    calibrate,
    test,
    remark: timed ? undefined : 'There are no times: the order of the rows in the file stands for them.',
  }
}

interface GroupOptions {
  readonly kind: 'capture' | 'device'
  readonly random: Random
  /** Per row; below 0: none is known. */
  readonly groups: ArrayLike<number>
  readonly nameOf: (group: number) => string
}

/** Whole groups are judged by what learnt from the others: one at a time up to MOST_FOLDS, else that many shares of them. */
function leaveGroupsOut(data: LabelledDataset, { kind, random, groups, nameOf }: GroupOptions): Draft[] {
  const rowsOf = groupRows(
    Array.from({ length: data.rows }, (_, row) => row).filter((row) => groups[row]! >= 0),
    (row) => groups[row]!,
  )
  const noun = kind === 'capture' ? 'capture or day' : 'device'
  if (rowsOf.size < 2) {
    throw new InputError(`Leaving one ${noun} out needs at least two; these rows are of ${rowsOf.size}.`)
  }
  const withBenign: number[] = []
  const attackOnly: number[] = []
  for (const [group, rows] of rowsOf) {
    if (rows.some((row) => data.labels[row] === 0)) withBenign.push(group)
    else attackOnly.push(group)
  }
  const folds = Math.min(MOST_FOLDS, withBenign.length)
  if (folds < 2) {
    throw new InputError(`Leaving one ${noun} out needs benign rows in at least two; they are in ${withBenign.length}.`)
  }
  shuffle(withBenign, random)
  shuffle(attackOnly, random)
  return Array.from({ length: folds }, (_, fold) => {
    const out = [withBenign, attackOnly].flatMap((list) => list.filter((_, at) => at % folds === fold))
    const test = out.flatMap((group) => rowsOf.get(group)!)
    const rest = [...rowsOf].filter(([group]) => !out.includes(group)).flatMap(([, rows]) => rows)
    const { kept, held } = holdOut(data, rest, { share: CALIBRATION_SHARE, random })
    const names = out.slice(0, 2).map(nameOf).join(' and ')
    return {
      kind,
      leftOut: out.length > 2 ? `fold ${fold + 1} of ${folds} (${out.length} ${kind}s)` : names,
      trainData: data,
      testData: data,
      train: kept,
      calibrate: held,
      test,
      remark: undefined,
    }
  })
}

/** Each attack family is judged by what never saw it; the benign rows are parted in three. */
function leaveFamiliesOut(data: LabelledDataset, random: Random): Draft[] {
  const rowsOf = groupRows(
    Array.from({ length: data.rows }, (_, row) => row),
    (row) => data.labels[row]!,
  )
  const attacks = [...rowsOf].filter(([label]) => label !== 0).sort(([a], [b]) => a - b)
  if (attacks.length < 2) {
    throw new InputError(
      `Leaving an attack family out needs at least two families; these rows have ${attacks.length === 1 ? `one, ${data.classes[attacks[0]![0]]}` : 'none'}.`,
    )
  }
  const benign = rowsOf.get(0) ?? []
  const parted = holdOut(data, benign, { share: BENIGN_TEST_SHARE, random })
  const { kept, held } = holdOut(data, parted.kept, { share: CALIBRATION_SHARE, random })
  return attacks.map(([label, rows]) => ({
    kind: 'family',
    leftOut: data.classes[label]!,
    trainData: data,
    testData: data,
    train: [...kept, ...attacks.filter(([other]) => other !== label).flatMap(([, others]) => others)],
    calibrate: held,
    test: [...parted.held, ...rows],
    remark: undefined,
  }))
}

function judgeOther(data: LabelledDataset, other: LabelledDataset | undefined, random: Random): Draft {
  if (!other) throw new InputError('Judging on another data set needs a second labelled file; there is only this one.')
  const { features } = data.matrix
  const shared = features.filter((name) => other.matrix.features.includes(name))
  if (shared.length * 2 < features.length) {
    throw new InputError(
      `Judging on another data set needs the same features; the other has ${shared.length} of these ${features.length}.`,
    )
  }
  const trainData = takeFeatures(data, shared)
  const testData = takeFeatures(other, shared)
  const all = Array.from({ length: data.rows }, (_, row) => row)
  const { kept, held } = holdOut(data, all, { share: CALIBRATION_SHARE, random })
  const dropped = features.length - shared.length
  return {
    kind: 'other-data',
    leftOut: other.captures.slice(0, 2).join(' and '),
    trainData,
    testData,
    train: kept,
    calibrate: held,
    test: Array.from({ length: other.rows }, (_, row) => row),
    remark: dropped > 0 ? `Judged on the ${shared.length} features that both sets have.` : undefined,
  }
}

function splitAtRandom(data: LabelledDataset, random: Random): Draft {
  const rows = Array.from({ length: data.rows }, (_, row) => row)
  shuffle(rows, random)
  const cut = Math.floor(rows.length * PAST_SHARE)
  const past = rows.slice(0, cut)
  const benign = past.filter((row) => data.labels[row] === 0)
  const calibrate = benign.slice(0, Math.floor(benign.length * CALIBRATION_SHARE))
  return {
    kind: 'random',
    leftOut: 'random rows',
    trainData: data,
    testData: data,
    train: without(past, calibrate),
    calibrate,
    test: rows.slice(cut),
    remark:
      'WARNING: rows of one session stand on both sides, so this says how well it remembers, not how well it detects.',
  }
}

/** Part of the benign rows, whole blocks of neighbours at a time; everything else is kept. */
function holdOut(
  data: LabelledDataset,
  rows: readonly number[],
  { share, random }: { readonly share: number; readonly random: Random },
): { kept: number[]; held: number[] } {
  const benign = rows.filter((row) => data.labels[row] === 0)
  // At least 40 blocks, or a small set would be parted in unequal shares.
  const size = Math.max(1, Math.min(BLOCK_ROWS, Math.floor(benign.length / 40)))
  const blocks = Array.from({ length: Math.ceil(benign.length / size) }, (_, at) => at)
  shuffle(blocks, random)
  const chosen = new Set(blocks.slice(0, Math.round(blocks.length * share)))
  const held = benign.filter((_, at) => chosen.has(Math.floor(at / size)))
  return { kept: without(rows, held), held }
}

function finish(draft: Draft): Split {
  const train = Int32Array.from(draft.train)
  const test = Int32Array.from(draft.test)
  const duplicates = countDuplicates({ matrix: draft.trainData.matrix, rows: train }, draft.testData.matrix, test)
  return { ...draft, train, test, calibrate: Int32Array.from(draft.calibrate), duplicates }
}

function refusalOf({ kind, leftOut, trainData, testData, train, calibrate, test }: Draft): string | undefined {
  const benignIn = (data: LabelledDataset, rows: readonly number[]) =>
    rows.reduce((sum, row) => sum + Number(data.labels[row] === 0), 0)
  const judgedBenign = benignIn(testData, test)
  const taught = benignIn(trainData, train)
  const head = `The split "${kind}, ${leftOut} left out" cannot be made:`
  if (test.length === judgedBenign) return `${head} no attack would be judged.`
  if (judgedBenign < FEWEST_BENIGN_ROWS) {
    return `${head} a rate of false positives needs ${FEWEST_BENIGN_ROWS} benign rows to judge, there would be ${judgedBenign}.`
  }
  if (taught < FEWEST_TRAINING_ROWS) {
    return `${head} learning needs ${FEWEST_TRAINING_ROWS} benign rows, there would be ${taught}.`
  }
  if (calibrate.length < FEWEST_BENIGN_ROWS) {
    return `${head} a threshold needs ${FEWEST_BENIGN_ROWS} benign rows of its own, there would be ${calibrate.length}.`
  }
  return undefined
}

function daysOf({ startMicros }: LabelledDataset): Int32Array {
  return Int32Array.from(startMicros, (at) => (Number.isFinite(at) ? Math.floor(at / DAY_MICROS) : -1))
}

function nameDay(day: number): string {
  return new Date(day * (DAY_MICROS / 1000)).toISOString().slice(0, 10)
}

function groupRows(rows: readonly number[], groupOf: (row: number) => number): Map<number, number[]> {
  const groups = new Map<number, number[]>()
  for (const row of rows) {
    const group = groups.get(groupOf(row))
    if (group) group.push(row)
    else groups.set(groupOf(row), [row])
  }
  return groups
}

function without(rows: readonly number[], out: readonly number[]): number[] {
  const gone = new Set(out)
  return rows.filter((row) => !gone.has(row))
}

function shuffle(list: number[], random: Random): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.int(i + 1)
    const swapped = list[i]!
    list[i] = list[j]!
    list[j] = swapped
  }
}
