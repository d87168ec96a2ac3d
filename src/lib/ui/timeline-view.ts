/** From a scan's stored timeline to the lanes, marks and table rows that are drawn. */
import type { Case } from '#core/alert/case.ts'
import type { Severity } from '#core/alert/severity.ts'
import type { Timeline, TimelineLane } from '#core/scan/timeline.ts'

/** A single device gets room; many still fit on a screen. */
export function lanePx(lanes: number): number {
  return lanes <= 1 ? 72 : lanes <= 4 ? 44 : 26
}

/** More devices than this share the last lane. */
export const MAX_LANES = 12

export interface Lane {
  /** '' for the lane that gathers the rest. */
  readonly device: string
  readonly name: string
  readonly flows: readonly number[]
  readonly bytes: readonly number[]
  readonly findings: readonly number[]
}

export interface Mark {
  readonly key: string
  readonly lane: number
  readonly severity: Severity
  readonly title: string
  readonly start: number
  readonly end: number
}

/** In µs since 1970, or in row numbers when the file has no times. */
export interface Span {
  readonly from: number
  readonly to: number
}

export function hasTimes(timeline: Timeline): boolean {
  return Number.isFinite(timeline.startMicros)
}

/** Of one bin, in the unit of spans. */
export function binWidth(timeline: Timeline): number {
  return hasTimes(timeline) ? timeline.binMicros : timeline.binRows
}

export function fullSpan(timeline: Timeline): Span {
  const from = hasTimes(timeline) ? timeline.startMicros : 0
  return { from, to: from + Math.max(1, timeline.bins) * binWidth(timeline) }
}

/**
 * Devices with cases first, then those that moved most, or in the order in which they came when `ranked` is false; beyond the limit
 * they share a lane.
 */
export function chooseLanes(options: {
  timeline: Timeline
  names: ReadonlyMap<string, string>
  withCases: ReadonlySet<string>
  ranked?: boolean
  limit?: number
}): Lane[] {
  const { timeline, names, withCases, ranked: inRank = true, limit = MAX_LANES } = options
  const own = timeline.lanes.filter((lane) => lane.device !== '')
  const weight = new Map(own.map((lane) => [lane.device, total(lane.bytes) + total(lane.flows)]))
  const louder = (a: TimelineLane, b: TimelineLane) =>
    Number(withCases.has(b.device)) - Number(withCases.has(a.device)) || weight.get(b.device)! - weight.get(a.device)!
  const ranked = inRank ? own.toSorted(louder) : own
  const gathered = timeline.lanes.filter((lane) => lane.device === '')
  const shown = ranked.length + gathered.length > limit ? ranked.slice(0, limit - 1) : ranked
  const rest = [...ranked.slice(shown.length), ...gathered]
  const lanes = shown.map((lane) => ({ ...lane, name: names.get(lane.device) ?? lane.device }))
  if (rest.length === 0) return lanes
  return [...lanes, mergeLanes(rest, ranked.length - shown.length)]
}

function mergeLanes(lanes: readonly TimelineLane[], known: number): Lane {
  const bins = Math.max(...lanes.map((lane) => lane.flows.length))
  const sum = (pick: (lane: TimelineLane) => readonly number[]) =>
    Array.from({ length: bins }, (_, bin) => lanes.reduce((sum, lane) => sum + (pick(lane)[bin] ?? 0), 0))
  return {
    device: '',
    name: known > 0 ? `${known} more` : 'the others',
    flows: sum((lane) => lane.flows),
    bytes: sum((lane) => lane.bytes),
    findings: sum((lane) => lane.findings),
  }
}

export function marksOf(
  cases: readonly { key: string; value: Case }[],
  lanes: readonly Lane[],
  timed: boolean,
): Mark[] {
  const places = new Map(lanes.map((lane, place) => [lane.device, place]))
  const gathered = places.get('')
  return cases.flatMap(({ key, value }) => {
    const lane = places.get(value.device) ?? gathered
    const rows = value.findings.map((finding) => finding.rows)
    const start = timed ? value.startMicros : Math.min(...rows.map((row) => row[0]))
    const end = timed ? value.endMicros : Math.max(...rows.map((row) => row[1]))
    if (lane === undefined || !Number.isFinite(start)) return []
    return [{ key, lane, severity: value.severity, title: value.title, start, end }]
  })
}

export interface TimeRow {
  readonly from: number
  readonly flows: number
  readonly bytes: number
  readonly findings: number
  readonly busiest: string
}

/** The same picture as at most `limit` rows of a table, without empty ones. */
export function timeRows(options: {
  timeline: Timeline
  lanes: readonly Lane[]
  span: Span
  limit?: number
}): TimeRow[] {
  const { timeline, lanes, span, limit = 48 } = options
  const origin = fullSpan(timeline).from
  const width = binWidth(timeline)
  const first = Math.max(0, Math.floor((span.from - origin) / width))
  const last = Math.min(timeline.bins, Math.ceil((span.to - origin) / width))
  const step = Math.max(1, Math.ceil((last - first) / limit))
  const rows: TimeRow[] = []
  for (let bin = first; bin < last; bin += step) {
    const end = Math.min(bin + step, last)
    let busiest = { name: '', bytes: -1 }
    const sums = { flows: 0, bytes: 0, findings: 0 }
    for (const lane of lanes) {
      const bytes = total(lane.bytes.slice(bin, end))
      const flows = total(lane.flows.slice(bin, end))
      sums.bytes += bytes
      sums.flows += flows
      sums.findings += total(lane.findings.slice(bin, end))
      if (flows > 0 && bytes > busiest.bytes) busiest = { name: lane.name, bytes }
    }
    if (sums.flows > 0) rows.push({ from: origin + bin * width, ...sums, busiest: busiest.name })
  }
  return rows
}

/** `share` of the span to the side (negative: earlier), held inside the whole. */
export function moveSpan(span: Span, share: number, whole: Span): Span {
  const width = span.to - span.from
  const from = Math.min(Math.max(whole.from, span.from + width * share), whole.to - width)
  return { from, to: from + width }
}

/** Wider (> 1) or narrower around its middle, never beyond the whole nor under two bins. */
export function zoomSpan(options: { span: Span; factor: number; whole: Span; least: number }): Span {
  const { span, factor, whole, least } = options
  const width = Math.min(Math.max((span.to - span.from) * factor, least), whole.to - whole.from)
  const middle = (span.from + span.to) / 2
  return moveSpan({ from: middle - width / 2, to: middle + width / 2 }, 0, whole)
}

function total(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}
