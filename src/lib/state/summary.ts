/** What the start page says about the cases so far. */
import { severityRank } from '#core/alert/severity.ts'
import type { CaseRecord, ScanRecord } from '#db/schema.ts'
import { formatDuration, formatSince, plural } from '#lib/ui/format.ts'

const WEEK_MS = 7 * 86_400_000

export interface BudgetMeter {
  readonly weeks: number
  readonly raised: number
  /** A person acknowledged or resolved it, or called it bad: it was worth the look. */
  readonly useful: number
  /** A person said that it is normal. */
  readonly normal: number
  /** Not judged yet. */
  readonly open: number
}

/** Cases by the time they happened (or were scanned, without times), over the last weeks; what was quieted raised nothing. */
export function budgetMeter(cases: readonly CaseRecord[], nowMs: number, weeks = 4): BudgetMeter {
  const recent = cases.filter((row) => row.state !== 'quieted' && nowMs - momentOf(row) <= weeks * WEEK_MS)
  const count = (...states: CaseRecord['state'][]) => recent.filter((row) => states.includes(row.state)).length
  return {
    weeks,
    raised: recent.length,
    useful: count('acknowledged', 'resolved', 'bad'),
    normal: count('normal'),
    open: count('open'),
  }
}

/** ms since 1970. An old capture that is scanned today counts today: that is when it asked for attention. */
function momentOf(row: CaseRecord): number {
  return row.changedAt
}

/** µs of the end of the newest case that is not settled as normal: since when nothing unusual is known. */
export function lastUnusual(cases: readonly CaseRecord[]): number | undefined {
  const ends = cases
    .filter((row) => row.state !== 'normal' && row.state !== 'quieted')
    .map((row) => row.value.endMicros)
  const known = ends.filter(Number.isFinite)
  return known.length > 0 ? Math.max(...known) : undefined
}

/** The first line of the start page. */
export function headline(state: {
  cases: readonly CaseRecord[]
  scans: readonly ScanRecord[]
  nowMicros: number
}): string {
  const open = state.cases.filter((row) => row.state === 'open')
  const loudest = open[0]?.value
  if (loudest && severityRank(loudest.severity) >= severityRank('high')) {
    return open.length === 1
      ? `${loudest.deviceName} needs a look.`
      : `${loudest.deviceName} needs a look, and ${plural(open.length - 1, 'more case')} ${open.length === 2 ? 'waits' : 'wait'}.`
  }
  if (open.length > 0)
    return open.length === 1
      ? 'One case waits; it is not urgent.'
      : `${plural(open.length, 'case')} wait, none of them urgent.`
  const last = lastUnusual(state.cases)
  if (last !== undefined) return `Nothing unusual since ${formatSince(last, state.nowMicros)}.`
  const summary = state.scans.find((scan) => scan.summary)?.summary
  if (!summary) return 'Nothing has been read to its end yet.'
  const hours = (summary.endMicros - summary.startMicros) / 1000
  const over = Number.isFinite(hours) ? ` over ${formatDuration(hours)}` : ''
  return `Nothing unusual in ${plural(summary.devices, 'device')}${over}.`
}

const WEEK_MICROS = WEEK_MS * 1000

/** How busy this network is, by the newest scan of at least an hour that is not the demo. */
export function networkRate(scans: readonly ScanRecord[]): { file: string; windowsPerWeek: number } | undefined {
  for (const { file, demo, summary } of scans) {
    if (!summary || demo) continue
    const micros = summary.endMicros - summary.startMicros
    if (micros >= 3600e6 && summary.windows > 0)
      return { file, windowsPerWeek: (summary.windows / micros) * WEEK_MICROS }
  }
  return undefined
}
