/** The nested splits of a search: rows put away to judge by, and splits of the others to choose by. */
import { InputError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import { takeRows } from '../detect/dataset.ts'
import type { LabelledDataset } from './labels.ts'
import { takeLabelled } from './rows.ts'
import { planSplits, type Split, type SplitKind } from './splits.ts'

const OUTER_KINDS: readonly SplitKind[] = ['capture', 'in-time', 'family', 'random']

/** Rows that a setting is judged by come first and are put away; the rest is parted in the same way where that is possible. */
export function planOuter(
  data: LabelledDataset,
  { seed, split }: { readonly seed: number; readonly split?: SplitKind | undefined },
): Split {
  const timed = data.startMicros.every((at) => Number.isFinite(at))
  const order = split ? [split] : timed ? OUTER_KINDS : OUTER_KINDS.filter((kind) => kind !== 'in-time')
  const refusals: string[] = []
  for (const kind of order) {
    const plan = planSplits(data, { seed, kinds: [kind] })
    refusals.push(...plan.refusals)
    const outer = plan.splits[createRandom(seed).int(Math.max(1, plan.splits.length))]
    if (!outer) continue
    if (planInner(outer, seed).length > 0) return outer
  }
  throw new InputError(
    `these flows allow no search, which needs rows to choose by and others to judge by: ${refusals.join(' ')}`,
  )
}

/** Splits of what the outer one lets see. */
export function planInner({ kind, trainData, train, calibrate }: Split, seed: number): readonly Split[] {
  const rows = Int32Array.from([...train, ...calibrate]).sort()
  const seen = takeLabelled(trainData, rows)
  for (const same of [kind, 'in-time', 'random'] as const) {
    if (same === 'other-data') continue
    const { splits } = planSplits(seen, { seed: seed + 1, kinds: [same] })
    if (splits.length > 0) return splits
  }
  return []
}

export function withoutClasses(data: LabelledDataset, leaveOut: readonly string[]): LabelledDataset {
  if (leaveOut.length === 0) return data
  const kept = Array.from(data.labels, (_, row) => row).filter(
    (row) => !leaveOut.includes(data.classes[data.labels[row]!]!),
  )
  const taken = takeRows(data, kept)
  return { ...taken, labels: taken.labels! }
}
