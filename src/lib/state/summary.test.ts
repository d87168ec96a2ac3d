import { describe, expect, it } from 'vitest'
import type { Severity } from '#core/alert/severity.ts'
import type { CaseRecord, CaseState, ScanRecord } from '#db/schema.ts'
import { budgetMeter, headline, networkRate } from './summary.ts'

const DAY = 86_400_000
const now = Date.parse('2025-11-14T12:00:00Z')

const record = (severity: Severity, state: CaseState, daysAgo: number, deviceName = 'Camera'): CaseRecord => ({
  key: `scan/${deviceName}${daysAgo}`,
  scanId: 'scan',
  state,
  changedAt: now - daysAgo * DAY,
  order: 0,
  value: {
    id: '',
    device: '',
    deviceName,
    startMicros: (now - daysAgo * DAY) * 1000,
    endMicros: (now - daysAgo * DAY) * 1000,
    severity,
    title: '',
    usual: '',
    reasons: [],
    observations: [],
    confidence: { words: 'fairly', text: '', oneIn: undefined },
    because: [],
    harmless: '',
    advice: [],
    facts: {
      flows: 0,
      bytesOut: 0,
      bytesIn: 0,
      usualBytesOutPerHour: Number.NaN,
      usualBytesInPerHour: Number.NaN,
      hosts: 0,
      newHosts: 0,
      usualHosts: 0,
      unansweredFlows: 0,
      peers: [],
      ports: [],
    },
    findings: [],
    findingCount: 0,
  },
})

const scan = (hours: number, windows: number, demo = false): ScanRecord => ({
  id: 'scan',
  file: 'home.pcap',
  sizeBytes: 1,
  demo,
  startedAt: now,
  state: 'done',
  progress: { bytesRead: 1, bytesTotal: 1, packets: 1, rows: 1, windows, anomalies: 0, elapsedMs: 1 },
  summary: {
    file: 'home.pcap',
    kind: 'pcap',
    rows: 1,
    skipped: {},
    remarks: [],
    windows,
    anomalies: 0,
    percentage: 0,
    model: { name: '', version: '', sha256: '' },
    threshold: 1,
    thresholdText: '',
    startMicros: now * 1000,
    endMicros: now * 1000 + hours * 3600e6,
    devices: 14,
    cases: 0,
    baseline: { minutes: 0, outside: 0 },
    timeline: { startMicros: 0, binMicros: 1, binRows: 1, bins: 0, lanes: [] },
    elapsedMs: { read: 0, features: 0, score: 0, total: 0 },
    stopped: false,
  },
})

const say = (cases: CaseRecord[], scans: ScanRecord[] = [scan(26, 1000)]) =>
  headline({ cases, scans, nowMicros: now * 1000 }).replaceAll(/[\u00a0\u202f]/g, ' ')

describe('headline', () => {
  it('names the device that needs a look', () => {
    expect(say([record('critical', 'open', 1)])).toBe('Camera needs a look.')
    expect(say([record('high', 'open', 1), record('low', 'open', 2)])).toBe(
      'Camera needs a look, and 1 more case waits.',
    )
  })
  it('does not frighten with what is not urgent', () => {
    expect(say([record('medium', 'open', 1)])).toBe('One case waits; it is not urgent.')
  })
  it('says since when nothing happened, or in how much', () => {
    expect(say([record('high', 'resolved', 3)])).toBe('Nothing unusual since Tuesday.')
    expect(say([record('high', 'normal', 3)])).toBe('Nothing unusual in 14 devices over 26 h.')
    expect(say([])).toBe('Nothing unusual in 14 devices over 26 h.')
  })
})

it('counts what came of the alarms of the last four weeks', () => {
  const cases = [
    record('high', 'open', 1),
    record('high', 'acknowledged', 2),
    record('high', 'resolved', 3),
    record('low', 'normal', 4),
    record('high', 'resolved', 40),
  ]
  expect(budgetMeter(cases, now)).toEqual({ weeks: 4, raised: 4, useful: 2, normal: 1, open: 1 })
})

it('takes the rate of a network from its own newest long scan', () => {
  expect(networkRate([scan(0.5, 100), scan(36, 5000, true), scan(24, 1000)])).toEqual({
    file: 'home.pcap',
    windowsPerWeek: 7000,
  })
  expect(networkRate([scan(0.5, 100)])).toBeUndefined()
})
