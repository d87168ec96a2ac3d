/** What each column of one table is for: made once per file by columns.ts, cic.ts, zeek.ts …, then followed for every row by rows.ts. */
import { COUNT_COLUMNS } from '../flow/batch.ts'
import type { FlowInput } from '../flow/input.ts'

/** How a cell is read. */
export const READ_SKIP = 0
export const READ_NUMBER = 1
export const READ_TEXT = 2
export const READ_TIME = 3

/** What happens when a cell that should be a number is none. */
export const ROW_UNUSABLE = 0
/** A missing value is 0: Zeek leaves a count unset when it saw none of it. */
export const MISSING_IS_ZERO = 1
/** CICFlowMeter's two rates, which divide by a duration of 0: then -1 (cic78.md, "corrected"). */
export const RATE_OF_DURATION = 2
/** Not needed: -1. */
export const OPTIONAL = 3
/** Not needed, and any number may be a value: NaN. */
export const MISSING_IS_NAN = 4

export interface CountRule {
  /** Source columns; one and the same value when `of` is undefined, none for "always 0". */
  readonly columns: readonly number[]
  readonly of: ((numbers: Float64Array) => number) | undefined
}

export interface ScaledColumn {
  readonly column: number
  /** µs per unit. */
  readonly scale: number
}

export interface Layout {
  readonly kind: FlowInput['kind']
  readonly columns: readonly string[]
  readonly reading: Uint8Array
  readonly policy: Uint8Array
  readonly start: ScaledColumn | undefined
  readonly end: ScaledColumn | undefined
  readonly duration: ScaledColumn | undefined
  /** COUNT_COLUMNS order. */
  readonly counts: readonly CountRule[]
  /** 78 source columns, -1 where the source has none; undefined when the source has no such features. */
  readonly features: Int32Array | undefined
  readonly origAddress: number
  readonly respAddress: number
  readonly origPort: number
  readonly respPort: number
  readonly protocol: number
  readonly label: number
  readonly labelDetail: number
  readonly tidyLabel: (text: string) => string | undefined
  readonly categories: readonly number[]
  /** Further numbers that come along, by the name they are known by (table-options.ts). */
  readonly numbers: readonly { readonly name: string; readonly column: number }[]
  readonly parseTime: (text: string) => number
  /** The table's own mark for "no value", beside the usual ones. */
  readonly missing: string | undefined
  /** Sentences for the person about this table. */
  readonly remarks: readonly string[]
}

export interface LayoutDraft extends Partial<Omit<Layout, 'reading' | 'policy' | 'counts' | 'numbers' | 'missing'>> {
  readonly kind: Layout['kind']
  readonly columns: readonly string[]
  readonly counts: readonly CountRule[]
  readonly missing?: string | undefined
  /** Columns of times written as text. */
  readonly timeTexts?: readonly number[]
  readonly policies?: readonly (readonly [column: number, policy: number])[]
}

export function finishLayout(draft: LayoutDraft): Layout {
  if (draft.counts.length !== COUNT_COLUMNS.length) throw new Error('a layout needs four count rules')
  const { origAddress = -1, respAddress = -1, origPort = -1, respPort = -1, protocol = -1 } = draft
  const { label = -1, labelDetail = -1, categories = [], timeTexts = [] } = draft
  const reading = new Uint8Array(draft.columns.length)
  const policy = new Uint8Array(draft.columns.length)
  const read = (column: number, how: number) => {
    if (column >= 0) reading[column] = how
  }
  for (const rule of draft.counts) for (const column of rule.columns) read(column, READ_NUMBER)
  for (const column of draft.features ?? []) read(column, READ_NUMBER)
  for (const scaled of [draft.start, draft.end, draft.duration]) if (scaled) read(scaled.column, READ_NUMBER)
  for (const port of [origPort, respPort]) {
    if (port >= 0 && reading[port] === READ_SKIP) {
      reading[port] = READ_NUMBER
      policy[port] = OPTIONAL
    }
  }
  for (const column of timeTexts) read(column, READ_TIME)
  for (const column of [origAddress, respAddress, protocol, label, labelDetail, ...categories]) read(column, READ_TEXT)
  for (const [column, rule] of draft.policies ?? []) if (column >= 0) policy[column] = rule
  return {
    kind: draft.kind,
    columns: draft.columns,
    reading,
    policy,
    start: draft.start,
    end: draft.end,
    duration: draft.duration,
    counts: draft.counts,
    features: draft.features,
    origAddress,
    respAddress,
    origPort,
    respPort,
    protocol,
    label,
    labelDetail,
    tidyLabel: draft.tidyLabel ?? tidyText,
    categories,
    numbers: [],
    parseTime: draft.parseTime ?? (() => Number.NaN),
    missing: draft.missing,
    remarks: draft.remarks ?? [],
  }
}

export const column = (index: number): CountRule => ({ columns: [index], of: undefined })
export const ALWAYS_ZERO: CountRule = { columns: [], of: undefined }

/** Outer blanks mean nothing in a table. */
export const tidyText = (text: string): string => text.trim()
