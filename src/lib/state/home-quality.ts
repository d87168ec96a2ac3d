/** How the detectors do on this home's own traffic: what scans counted, and what a person said of the cases. */
import type { CaseRecord, ScanRecord } from '#db/schema.ts'

const WEEK_MICROS = 7 * 86_400e6

export interface HomeQuality {
  readonly scans: number
  readonly windows: number
  readonly findings: number
  readonly cases: number
  /** Recorded time in weeks: overlapping recordings count once. 0 where no file has times. */
  readonly weeks: number
  /** Cases that a person called normal, so false alarms; bad, so hits; or has not judged. */
  readonly normal: number
  readonly bad: number
  readonly unjudged: number
}

/** The demo is nobody's home and stays out. */
export function homeQuality(scans: readonly ScanRecord[], cases: readonly CaseRecord[]): HomeQuality {
  const own = scans.filter(({ demo, summary }) => !demo && summary !== undefined)
  const ids = new Set(own.map(({ id }) => id))
  const quieted = cases.filter(({ scanId, state }) => ids.has(scanId) && state === 'quieted').length
  const ours = cases.filter(({ scanId, state }) => ids.has(scanId) && state !== 'quieted')
  const normal = ours.filter(({ state }) => state === 'normal').length
  const bad = ours.filter(({ state }) => state === 'bad').length
  const sum = (pick: (scan: ScanRecord) => number) => own.reduce((total, scan) => total + pick(scan), 0)
  return {
    scans: own.length,
    windows: sum(({ summary }) => summary?.windows ?? 0),
    findings: sum(({ summary }) => summary?.anomalies ?? 0),
    cases: sum(({ summary }) => summary?.cases ?? 0) - quieted,
    weeks: coveredMicros(own) / WEEK_MICROS,
    normal,
    bad,
    unjudged: ours.length - normal - bad,
  }
}

function coveredMicros(scans: readonly ScanRecord[]): number {
  const spans = scans
    .map(({ summary }) => [summary?.startMicros ?? Number.NaN, summary?.endMicros ?? Number.NaN] as const)
    .filter(([from, to]) => to > from)
    .sort(([a], [b]) => a - b)
  let covered = 0
  let reached = Number.NEGATIVE_INFINITY
  for (const [from, to] of spans) {
    covered += Math.max(0, to - Math.max(from, reached))
    reached = Math.max(reached, to)
  }
  return covered
}

/** Sentences; figures that rest on too little are left out. */
export function qualityWords(quality: HomeQuality): string[] {
  const { cases, weeks, normal, bad, unjudged } = quality
  const words: string[] = []
  // A rate over less than a day says little about a week.
  if (weeks >= 1 / 7)
    words.push(`Cases a week: ${rate(cases / weeks)}, of which you called ${rate(normal / weeks)} normal.`)
  const judged = normal + bad
  if (judged > 0) words.push(`Of ${judged} you judged, ${bad} ${bad === 1 ? 'was' : 'were'} bad.`)
  if (unjudged > 0) words.push(`${unjudged} ${unjudged === 1 ? 'waits' : 'wait'} for your word.`)
  return words
}

function rate(value: number): string {
  return value >= 10 ? String(Math.round(value)) : String(Math.round(value * 10) / 10)
}
