/** Numbers in words that a person reads: SI bytes with one decimal, durations, counts with a thin space, clock times. */

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** SI units, one decimal from 1 kB: `812 B`, `4.2 MB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return 'an unknown amount'
  let value = Math.max(0, bytes)
  let unit = 0
  while (value >= 999.95 && unit < BYTE_UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return unit === 0 ? `${Math.round(value)} B` : `${value.toFixed(1)} ${BYTE_UNITS[unit]}`
}

/** Whole number, grouped by thin spaces: `18 204`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, '\u2009')
}

/** `a few seconds`, `40 seconds`, `12 minutes`, `3 hours`, `4 days`. */
export function formatDuration(micros: number): string {
  const seconds = micros / 1e6
  if (!Number.isFinite(seconds)) return 'an unknown time'
  if (seconds < 10) return 'a few seconds'
  if (seconds < 90) return `${Math.round(seconds)} seconds`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} minutes`
  if (seconds < 36 * 3600) return plural(Math.round(seconds / 3600), 'hour')
  return plural(Math.round(seconds / 86_400), 'day')
}

/** `1 host`, `34 hosts`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${Math.round(count) === 1 ? '' : 's'}`
}

/** Up to three significant digits without an exponent for everyday sizes: `0.222`, `1 204`, `3.5`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return 'unknown'
  const size = Math.abs(value)
  if (size >= 1000) return formatCount(value)
  if (size >= 100 || Number.isInteger(value)) return String(Math.round(value))
  return String(Number(value.toPrecision(3)))
}

/** `HH:MM` in the given IANA zone; empty without a time. */
export function formatClock(micros: number, timeZone: string): string {
  if (!Number.isFinite(micros)) return ''
  return new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone }).format(micros / 1000)
}
