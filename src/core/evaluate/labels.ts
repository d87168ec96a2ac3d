/** What labels mean for evaluation: rows whose label does not know are left out, and CIC's "Attempted" is looked at both ways. */
import { InputError } from '../base/errors.ts'
import { type FlowDataset, takeRows } from '../detect/dataset.ts'
import { isAttackLabel } from '../logs/label.ts'

/**
 * Flows of an attack that carried none of it (refused, empty), which the corrected CIC-IDS2017 marks (Engelen et al., WTMC 2021).
 * Whether they should be found is a matter of opinion, so both readings are shown.
 */
export type AttemptedAs = 'attack' | 'benign'

export interface LabelledDataset extends FlowDataset {
  readonly labels: Int32Array
}

/** Rows with a label that says something; class 0 is benign. Throws InputError when there are none, or no labels at all. */
export function readLabels(data: FlowDataset, attempted: AttemptedAs = 'attack'): LabelledDataset {
  const { labels, classes } = data
  if (!labels) throw new InputError('evaluation needs labels; this file has no label column')
  const target = Int32Array.from(classes, (name, at) => {
    if (at > 0 && isAttackLabel(name) === undefined) return -1
    return attempted === 'benign' && isAttempted(name) ? 0 : at
  })
  const kept: number[] = []
  for (let row = 0; row < data.rows; row++) if (labels[row]! >= 0 && target[labels[row]!]! >= 0) kept.push(row)
  if (kept.length === 0) {
    throw new InputError(`none of the ${data.rows} rows has a label that says whether it is an attack`)
  }
  const known = kept.length === data.rows ? data : takeRows(data, kept)
  return { ...known, labels: known.labels!.map((label) => target[label]!) }
}

/** Whether there is a second reading. */
export function hasAttempted({ classes }: FlowDataset): boolean {
  return classes.some((name, at) => at > 0 && isAttempted(name))
}

/** Rows of each class. */
export function countClasses({ labels, classes }: LabelledDataset): Int32Array {
  const counts = new Int32Array(classes.length)
  for (const label of labels) counts[label] = counts[label]! + 1
  return counts
}

/** 0 benign, 1 attack. */
export function attackFlags({ labels }: LabelledDataset): Uint8Array {
  return Uint8Array.from(labels, (label) => (label === 0 ? 0 : 1))
}

function isAttempted(name: string): boolean {
  return /\battempted\b/i.test(name)
}
