/** What a rule is to the rule set, and what rules share: spans that grow with each event, and saying things once. */
import type { Reason } from '../alert/evidence.ts'
import type { Meeting } from './acquaintance.ts'
import type { FlowEvent } from './event.ts'
import type { RuleId } from './finding.ts'

export interface Rule {
  /** Events come in time order. */
  hear(event: FlowEvent, emit: Emit, meeting: Meeting): void
}

export interface Claim {
  readonly rule: RuleId
  readonly device: number
  readonly span: Span
  readonly score: number
  readonly threshold: number
  readonly reasons: readonly Reason[]
  readonly peer: string
  readonly port: number
  readonly outward: boolean
}
export type Emit = (claim: Claim) => void

export interface Span {
  firstRow: number
  lastRow: number
  startMicros: number
  endMicros: number
  /** Score when it was last told. */
  told: number
}

export function beginSpan({ row, micros, endMicros }: FlowEvent): Span {
  return { firstRow: row, lastRow: row, startMicros: micros, endMicros, told: 0 }
}

export function extendSpan(span: Span, { row, endMicros }: FlowEvent): void {
  if (row < span.firstRow) span.firstRow = row
  if (row > span.lastRow) span.lastRow = row
  if (endMicros > span.endMicros) span.endMicros = endMicros
}

/** True, and remembered, when a score is over its limit for the first time, and then at each doubling: no flood of findings. */
export function isWorthTelling(span: Span, score: number, threshold: number): boolean {
  if (score <= threshold || score < 2 * span.told) return false
  span.told = score
  return true
}

/** Reasons with equal shares for those given. */
export function reasonsOf(rows: readonly (readonly [feature: string, value: number, typical: number])[]): Reason[] {
  return rows.map(([feature, value, typical]) => ({ feature, value, typical, share: 1 / rows.length }))
}

/** How far from the median half of the values are, as a part of it (1.4826 · MAD / median); Infinity for a median of 0. */
export function relativeSpread(values: readonly number[]): { median: number; spread: number } {
  const median = middle(values)
  const deviation = middle(values.map((value) => Math.abs(value - median)))
  return { median, spread: median > 0 ? (1.4826 * deviation) / median : Number.POSITIVE_INFINITY }
}

function middle(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const half = sorted.length >> 1
  return sorted.length === 0 ? 0 : sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
