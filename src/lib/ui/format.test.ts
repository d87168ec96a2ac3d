import { describe, expect, it } from 'vitest'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  formatRatio,
  formatRelative,
  formatSince,
  formatSpan,
  plural,
} from './format.ts'
import { formatMeasure, measureName } from './measures.ts'

const plain = (text: string) => text.replaceAll(/[\u202f\u00a0]/g, ' ')

describe('numbers', () => {
  it('groups by thousands with thin spaces', () => {
    expect(plain(formatCount(18_204))).toBe('18 204')
    expect(plain(formatCount(1_000_000))).toBe('1 000 000')
    expect(formatCount(Number.NaN)).toBe('–')
  })
  it('keeps the digits that mean something', () => {
    expect(formatNumber(0.04213)).toBe('0.042')
    expect(formatNumber(3.41)).toBe('3.4')
    expect(formatNumber(34)).toBe('34')
    expect(formatNumber(218.4)).toBe('218')
  })
  it('writes SI sizes with one decimal and whole bytes', () => {
    expect(plain(formatBytes(0))).toBe('0 B')
    expect(plain(formatBytes(999))).toBe('999 B')
    expect(plain(formatBytes(1000))).toBe('1.0 kB')
    expect(plain(formatBytes(999_960))).toBe('1.0 MB')
    expect(plain(formatBytes(312_000_000))).toBe('312.0 MB')
  })
  it('never rounds a small share to nothing or a large one to all', () => {
    expect(plain(formatPercent(0))).toBe('0 %')
    expect(plain(formatPercent(0.04))).toBe('under 0.1 %')
    expect(plain(formatPercent(4.25))).toBe('4.3 %')
    expect(plain(formatPercent(99.97))).toBe('over 99.9 %')
    expect(plain(formatPercent(100))).toBe('100 %')
  })
  it('counts in words', () => {
    expect(plain(plural(1, 'case'))).toBe('1 case')
    expect(plain(plural(0, 'case'))).toBe('0 cases')
    expect(plain(plural(2, 'entry', 'entries'))).toBe('2 entries')
  })
})

describe('times', () => {
  const now = Date.parse('2025-11-14T12:00:00') * 1000
  const ago = (ms: number) => now - ms * 1000
  it('says durations in words under a minute', () => {
    expect(formatDuration(400)).toBe('under a second')
    expect(formatDuration(1000)).toBe('1 second')
    expect(formatDuration(4200)).toBe('4 seconds')
    expect(plain(formatDuration(150_000))).toBe('2 min 30 s')
    expect(plain(formatDuration(3 * 3_600_000))).toBe('3 h')
    expect(plain(formatDuration(75 * 3_600_000))).toBe('3 days 3 h')
  })
  it('names near times by distance, this week by weekday, older by date', () => {
    expect(formatRelative(ago(5000), now)).toBe('just now')
    expect(plain(formatRelative(ago(180_000), now))).toBe('3 min ago')
    expect(plain(formatRelative(ago(5 * 3_600_000), now))).toBe('5 h ago')
    expect(formatRelative(ago(26 * 3_600_000), now)).toBe('Thu 10:00')
    expect(formatRelative(ago(20 * 86_400_000), now)).toBe('25 Oct, 12:00')
    expect(formatRelative(ago(700 * 86_400_000), now)).toBe('15 Dec 2023, 12:00')
    expect(formatRelative(Number.NaN, now)).toBe('no time')
  })
  it('finishes the sentence "nothing unusual since …"', () => {
    expect(formatSince(ago(3_600_000), now)).toBe('11:00')
    expect(formatSince(ago(3 * 86_400_000), now)).toBe('Tuesday')
    expect(formatSince(ago(30 * 86_400_000), now)).toBe('15 Oct 2025')
  })
  it('writes a span within a day once', () => {
    const at = (text: string) => Date.parse(text) * 1000
    expect(formatSpan(at('2025-11-14T03:10:00'), at('2025-11-14T09:24:00'))).toBe('Fri 14 Nov, 03:10 – 09:24')
    expect(formatSpan(at('2025-11-14T03:10:00'), at('2025-11-14T03:10:40'))).toBe('Fri 14 Nov, 03:10')
    expect(formatSpan(at('2025-11-14T23:10:00'), at('2025-11-15T01:00:00'))).toBe(
      'Fri 14 Nov, 23:10 – Sat 15 Nov, 01:00',
    )
  })
})

it('tells times by the clock of the recording when asked', () => {
  const micros = Date.parse('2025-11-14T03:10:00Z') * 1000
  expect(formatSpan(micros, micros, 'UTC')).toBe('Fri 14 Nov, 03:10')
  expect(formatSpan(micros, micros, 'Asia/Tokyo')).toBe('Fri 14 Nov, 12:10')
})

describe('measures', () => {
  it('compares with the usual', () => {
    expect(formatRatio(34, 3)).toBe('11.3 × the usual')
    expect(formatRatio(3, 3)).toBe('as usual')
    expect(formatRatio(5, 0)).toBe('usually none')
    expect(formatRatio(1, 4)).toBe('1/4 of the usual')
  })
  it('names what a detector looks at, and its unit', () => {
    expect(measureName('orig_bytes')).toBe('Data sent')
    expect(measureName('proto=udp')).toBe('Use of UDP')
    expect(measureName('resp_share_of_bytes')).toBe('Share of answers in its data')
    expect(formatMeasure('resp_share_of_bytes', 0.5)).toBe('50 %')
    expect(measureName('flow_duration')).toBe('Flow duration')
    expect(plain(formatMeasure('orig_bytes', 1200))).toBe('1.2 kB')
    expect(formatMeasure('hosts per minute', 34)).toBe('34')
  })
})
