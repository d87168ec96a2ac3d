/** From a table's first rows: which column says what each flow was, and which of its values means normal. */

import { isAttackLabel } from '#core/logs/label.ts'
import type { TablePreview } from '#core/logs/mapping.ts'

export interface LabelGuess {
  /** Undefined: the table has no labels, or hides them under an odd name. */
  readonly column: string | undefined
  readonly benign: string | undefined
}

/** More values than these in the few first rows are no classes. */
const MOST_CLASSES = 12

export function guessLabel(preview: TablePreview): LabelGuess {
  const column = preview.proposal.label ?? preview.columns.find((name) => /^(label|class|attack|target)s?$/i.test(name))
  return { column, benign: column === undefined ? undefined : guessBenign(valuesOf(preview, column)) }
}

/** The values of a column in the first rows, the most frequent first. */
export function valuesOf({ columns, sampleRows }: TablePreview, column: string): string[] {
  const at = columns.indexOf(column)
  const counts = new Map<string, number>()
  for (const row of sampleRows) {
    const value = row[at]?.trim() ?? ''
    if (value !== '') counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([value]) => value)
}

/** The value that says normal; failing that the most frequent, when the column looks like classes at all. */
export function guessBenign(values: readonly string[]): string | undefined {
  const known = values.find((value) => isAttackLabel(value) === false)
  return known ?? (values.length <= MOST_CLASSES ? values[0] : undefined)
}
