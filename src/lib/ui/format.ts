/** Numbers, sizes and times as a person reads them. Times are µs since 1970, in the reader's own time zone. */

const THIN = '\u202f'
const NO_BREAK = '\u00a0'
const numbers = new Map<number, Intl.NumberFormat>()

function decimal(value: number, digits: number): string {
  let format = numbers.get(digits)
  if (!format) {
    format = new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
    numbers.set(digits, format)
  }
  return format.format(value).replaceAll(',', THIN)
}

/** 18 204, with thin spaces that do not break. */
export function formatCount(value: number): string {
  return Number.isFinite(value) ? decimal(Math.round(value), 0) : '–'
}

/** Three meaningful digits for measures: 0.0421, 3.4, 218, 18 204. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 100 || Number.isInteger(value)) return decimal(value, 0)
  if (size >= 10) return decimal(value, 1)
  if (size >= 1) return decimal(value, 1)
  return String(Number(value.toPrecision(2)))
}

/** SI units, one decimal: 312.0 MB; bytes without decimals. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–'
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  let unit = 0
  // 999.95 would round to 1000.0, so it already belongs to the next unit.
  while (Math.abs(value) >= (unit === 0 ? 1000 : 999.95) && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${decimal(value, unit === 0 ? 0 : 1)}${THIN}${units[unit]}`
}

/** A share of 100: below 10 with one decimal, and never a false 0 or 100. */
export function formatPercent(percent: number): string {
  if (!Number.isFinite(percent)) return '–'
  if (percent > 0 && percent < 0.1) return `under 0.1${THIN}%`
  if (percent < 100 && percent > 99.9) return `over 99.9${THIN}%`
  // Close to all or to nothing a whole number would say too much.
  const digits = (percent < 10 && percent !== 0) || (percent > 99 && percent < 100) ? 1 : 0
  return `${decimal(percent, digits)}${THIN}%`
}

/** Areas and shares that are compared with each other: always three digits, so that they line up. */
export function formatArea(value: number): string {
  return Number.isFinite(value) ? decimal(value, 3) : '–'
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)}${NO_BREAK}${count === 1 ? one : many}`
}

/** In words under a minute, then the two largest units. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '–'
  if (ms < 1000) return 'under a second'
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return seconds === 1 ? '1 second' : `${seconds} seconds`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return joinUnits([minutes, 'min'], [seconds % 60, 's'])
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return joinUnits([hours, 'h'], [minutes % 60, 'min'])
  return joinUnits([Math.floor(hours / 24), 'days'], [hours % 24, 'h'])
}

function joinUnits(large: readonly [number, string], small: readonly [number, string]): string {
  const head = `${large[0]}${NO_BREAK}${large[1]}`
  return small[0] === 0 ? head : `${head} ${small[0]}${NO_BREAK}${small[1]}`
}

const DAY_MS = 86_400_000

const SHAPES = {
  clock: { hour: '2-digit', minute: '2-digit' },
  weekday: { weekday: 'short' },
  longWeekday: { weekday: 'long' },
  date: { day: 'numeric', month: 'short' },
  fullDate: { day: 'numeric', month: 'short', year: 'numeric' },
  moment: { day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  absolute: {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>

const shaped = new Map<string, Intl.DateTimeFormat>()

/** `zone`: an IANA name where a recording's own clock is meant; the reader's otherwise. */
function inShape(shape: keyof typeof SHAPES, micros: number, zone: string | undefined): string {
  const key = `${shape} ${zone ?? ''}`
  let format = shaped.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      ...SHAPES[shape],
      ...(zone === undefined ? undefined : { timeZone: zone }),
    })
    shaped.set(key, format)
  }
  return format.format(micros / 1000)
}

/** Fri 14 Nov 2025, 03:10:22 */
export function formatAbsolute(micros: number, zone?: string): string {
  return Number.isFinite(micros) ? inShape('absolute', micros, zone) : 'no time in the file'
}

/** 14 Nov, 03:10:22: for columns. */
export function formatMoment(micros: number, zone?: string): string {
  return Number.isFinite(micros) ? inShape('moment', micros, zone) : '–'
}

export function formatClock(micros: number, zone?: string): string {
  return Number.isFinite(micros) ? inShape('clock', micros, zone) : '–'
}

/** Fri 14 Nov */
export function formatDay(micros: number, zone?: string): string {
  return Number.isFinite(micros) ? `${inShape('weekday', micros, zone)} ${inShape('date', micros, zone)}` : ''
}

/** Close times by their distance, times of this week by weekday, older ones by date. */
export function formatRelative(micros: number, now: number, zone?: string): string {
  if (!Number.isFinite(micros)) return 'no time'
  const ago = (now - micros) / 1000
  if (ago >= 0 && ago < 60_000) return 'just now'
  if (ago >= 0 && ago < 3_600_000) return `${Math.floor(ago / 60_000)}${NO_BREAK}min ago`
  if (ago >= 0 && ago < 12 * 3_600_000) return `${Math.floor(ago / 3_600_000)}${NO_BREAK}h ago`
  const time = inShape('clock', micros, zone)
  if (Math.abs(ago) < 6 * DAY_MS) return `${inShape('weekday', micros, zone)} ${time}`
  const sameYear = new Date(micros / 1000).getFullYear() === new Date(now / 1000).getFullYear()
  return `${inShape(sameYear ? 'date' : 'fullDate', micros, zone)}, ${time}`
}

/** A past moment, to stand after "since": 11:00, Tuesday, 15 Oct 2025. */
export function formatSince(micros: number, now: number): string {
  const ago = (now - micros) / 1000
  if (ago < 12 * 3_600_000) return inShape('clock', micros, undefined)
  return inShape(ago < 6 * DAY_MS ? 'longWeekday' : 'fullDate', micros, undefined)
}

/** 03:10 – 09:24 on one day, both in full otherwise. */
export function formatSpan(startMicros: number, endMicros: number, zone?: string): string {
  if (!Number.isFinite(startMicros)) return 'no times in the file'
  const day = formatDay(startMicros, zone)
  const from = formatClock(startMicros, zone)
  const to = formatClock(endMicros, zone)
  if (inShape('fullDate', startMicros, zone) !== inShape('fullDate', endMicros, zone))
    return `${day}, ${from} – ${formatDay(endMicros, zone)}, ${to}`
  return from === to ? `${day}, ${from}` : `${day}, ${from} – ${to}`
}

/** "40 times more", "about the same", "a fifth": how far a value is from the usual one. */
export function formatRatio(value: number, typical: number): string {
  if (!Number.isFinite(value) || !Number.isFinite(typical)) return ''
  if (value === typical) return 'as usual'
  if (typical <= 0) return 'usually none'
  const ratio = value / typical
  if (ratio >= 0.8 && ratio <= 1.25) return 'about as usual'
  if (ratio === 0) return 'none this time'
  return ratio > 1 ? `${formatNumber(ratio)} × the usual` : `1/${formatNumber(1 / ratio)} of the usual`
}
