/** Times in tables: numbers in s, ms, µs or ns since 1970, and texts (ISO 8601, CICFlowMeter's, UTC where no zone is given). */
import { parseNumber } from './number.ts'

export type TimeUnit = 's' | 'ms' | 'us' | 'ns' | 'text'

export const MICROS_PER: Readonly<Record<Exclude<TimeUnit, 'text'>, number>> = { s: 1e6, ms: 1e3, us: 1, ns: 1e-3 }

/** The unit of a time column by its first values: 1e11 seconds are the year 5138, so a larger number is finer. */
export function detectTimeUnit(samples: readonly string[]): TimeUnit {
  let largest = Number.NEGATIVE_INFINITY
  let texts = 0
  for (const sample of samples) {
    const value = parseNumber(sample)
    if (!Number.isNaN(value)) largest = Math.max(largest, value)
    else if (!Number.isNaN(parseTime(sample))) texts++
  }
  if (largest === Number.NEGATIVE_INFINITY) return texts > 0 ? 'text' : 's'
  if (largest >= 1e17) return 'ns'
  if (largest >= 1e14) return 'us'
  if (largest >= 1e11) return 'ms'
  return 's'
}

/** Day before month, as every CICFlowMeter writes it, unless a sample shows the other order. */
export function isMonthFirst(samples: readonly string[]): boolean {
  return samples.some((text) => {
    const parts = SLASHED.exec(text.trim())
    return parts !== null && Number(parts[1]) <= 12 && Number(parts[2]) > 12
  })
}

const ISO =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d\d:?(?:\d\d)?)?$/i
const SLASHED = /^(\d\d?)[/.-](\d\d?)[/.-](\d{4}|\d\d)[ T]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([AP]M)?$/i

/** µs since 1970; NaN when the text is no time known here. */
export function parseTime(text: string, monthFirst?: 'month-first'): number {
  const trimmed = text.trim()
  const iso = ISO.exec(trimmed)
  if (iso) {
    const micros = toMicros([iso[1]!, iso[2]!, iso[3]!, iso[4], iso[5], iso[6]], iso[7])
    return micros - zoneMicros(iso[8])
  }
  const slashed = SLASHED.exec(trimmed)
  if (!slashed) return Number.NaN
  const [, first, second, year, hour, minute, seconds, fraction, half] = slashed
  const fullYear = year!.length === 2 ? `20${year}` : year!
  const [day, month] = monthFirst ? [second!, first!] : [first!, second!]
  return toMicros([fullYear, month, day, String(hourOfDay(Number(hour), half)), minute, seconds], fraction)
}

function hourOfDay(hour: number, half: string | undefined): number {
  if (half === undefined) return hour
  if (hour < 1 || hour > 12) return Number.NaN
  return (hour % 12) + (half.toUpperCase() === 'PM' ? 12 : 0)
}

function toMicros(parts: readonly (string | undefined)[], fraction: string | undefined): number {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map((part) => Number(part ?? 0))
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour <= 24 && minute < 60 && second <= 60))
    return Number.NaN
  const millis = Date.UTC(year, month - 1, day, hour, minute, second)
  return millis * 1000 + (fraction === undefined ? 0 : Math.round(Number(`0.${fraction}`) * 1e6))
}

function zoneMicros(zone: string | undefined): number {
  if (zone === undefined || zone.length < 3 || /^utc$/i.test(zone)) return 0
  const digits = zone.slice(1).replace(':', '')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4) || 0)
  return (zone[0] === '-' ? -1 : 1) * minutes * 60e6
}
