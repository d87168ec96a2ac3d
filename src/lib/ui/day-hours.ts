/** A device's day: what it moved in each hour of the day, by the clock that the scan is told in. */
import type { Timeline, TimelineLane } from '#core/scan/timeline.ts'
import { fullSpan, hasTimes, type Span } from './timeline-view.ts'

export interface DayHour {
  /** 0 to 23. */
  readonly hour: number
  /** In one such hour: the mean over the days recorded; 0 where none was. */
  readonly bytes: number
  /** How much of this hour is in the recording, all days together: 2.5 is two and a half hours. */
  readonly hoursSeen: number
}

const HOUR_MICROS = 3600e6
/** Zones differ from UTC by whole quarters of an hour, so within one a clock's hour never changes. */
const QUARTER_MICROS = 900e6
/** Bins of longer recordings (over a month) are too wide to tell hours apart. */
const MAX_BIN_MICROS = 2 * HOUR_MICROS
/** With less of a day there is no day to show. */
const LEAST_HOURS = 6

/**
 * `recorded` is from the first to the last flow: bins at its ends reach beyond it, and what they hold belongs inside.
 * 24 rows, or undefined when the recording has no times, bins too wide, or less than six hours of a day.
 */
export function dayHours(options: {
  timeline: Timeline
  lane: TimelineLane
  recorded?: Span | undefined
  zone: string | undefined
}): DayHour[] | undefined {
  const { timeline, lane, zone } = options
  const { startMicros, binMicros, bins } = timeline
  const recorded = options.recorded ?? fullSpan(timeline)
  if (!hasTimes(timeline) || binMicros > MAX_BIN_MICROS) return undefined
  const bytes = new Float64Array(24)
  const micros = new Float64Array(24)
  const hourOf = clockHours(zone)
  for (let bin = 0; bin < bins; bin++) {
    const left = startMicros + bin * binMicros
    const begin = Math.max(left, recorded.from)
    const end = Math.min(left + binMicros, recorded.to)
    for (let at = begin; at < end; ) {
      const quarter = Math.floor(at / QUARTER_MICROS)
      const next = Math.min(end, (quarter + 1) * QUARTER_MICROS)
      const hour = hourOf(quarter)
      bytes[hour] = bytes[hour]! + ((lane.bytes[bin] ?? 0) * (next - at)) / (end - begin)
      micros[hour] = micros[hour]! + next - at
      at = next
    }
  }
  const rows = Array.from(bytes, (sum, hour) => {
    const hoursSeen = micros[hour]! / HOUR_MICROS
    // What was seen of a part of an hour is not blown up to a whole one.
    return { hour, bytes: sum / Math.max(1, hoursSeen), hoursSeen }
  })
  return rows.filter(({ hoursSeen }) => hoursSeen > 0).length < LEAST_HOURS ? undefined : rows
}

/** 03:00 */
export function hourText(hour: number): string {
  return `${String(hour % 24).padStart(2, '0')}:00`
}

/** The loudest hour; undefined when nothing was moved. */
export function loudestHour(hours: readonly DayHour[]): DayHour | undefined {
  const top = hours.reduce((best, row) => (row.bytes > best.bytes ? row : best))
  return top.bytes > 0 ? top : undefined
}

/** From quarters of an hour since 1970 to the hour on the clock. */
function clockHours(zone: string | undefined): (quarter: number) => number {
  const format = new Intl.DateTimeFormat('en-GB', {
    hour: 'numeric',
    hourCycle: 'h23',
    ...(zone === undefined ? undefined : { timeZone: zone }),
  })
  const known = new Map<number, number>()
  return (quarter) => {
    const hour = known.get(quarter) ?? Number(format.format((quarter * QUARTER_MICROS) / 1000))
    known.set(quarter, hour)
    return hour
  }
}
