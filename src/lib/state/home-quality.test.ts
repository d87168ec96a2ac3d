import { expect, it } from 'vitest'
import type { CaseRecord, CaseState, ScanRecord } from '#db/schema.ts'
import { sampleCase, sampleSummary } from '../../../tests/db/sample.ts'
import { homeQuality, qualityWords } from './home-quality.ts'

const DAY_MICROS = 86_400e6

const scan = (id: string, fromDay: number, toDay: number, demo = false): ScanRecord => ({
  id,
  file: `${id}.pcap`,
  sizeBytes: 1,
  demo,
  startedAt: 0,
  state: 'done',
  progress: { bytesRead: 1, bytesTotal: 1, packets: 1, rows: 1, windows: 1, anomalies: 0, elapsedMs: 1 },
  summary: {
    ...sampleSummary(),
    windows: 100,
    anomalies: 3,
    cases: 2,
    startMicros: fromDay * DAY_MICROS,
    endMicros: toDay * DAY_MICROS,
  },
})

let next = 0
const record = (scanId: string, state: CaseState): CaseRecord => ({
  key: `${scanId}/${next++}`,
  scanId,
  state,
  changedAt: 0,
  order: 0,
  value: sampleCase('a'),
})

it('counts the home without the demo, and overlapping recordings once', () => {
  const scans = [scan('a', 0, 7), scan('b', 5, 14), scan('d', 0, 100, true)]
  const cases = [record('a', 'normal'), record('a', 'open'), record('b', 'bad'), record('d', 'bad')]
  expect(homeQuality(scans, cases)).toEqual({
    scans: 2,
    windows: 200,
    findings: 6,
    cases: 4,
    weeks: 2,
    normal: 1,
    bad: 1,
    unjudged: 1,
  })
})

it('says rates a week, what was judged and what waits', () => {
  const quality = homeQuality([scan('a', 0, 14)], [record('a', 'normal'), record('a', 'bad')])
  expect(qualityWords(quality)).toEqual([
    'Cases a week: 1, of which you called 0.5 normal.',
    'Of 2 you judged, 1 was bad.',
  ])
})

it('gives no rate over recordings without times or shorter than a day', () => {
  const quality = homeQuality([scan('a', Number.NaN, Number.NaN), scan('b', 0, 0.5)], [record('a', 'open')])
  expect(qualityWords(quality)).toEqual(['1 waits for your word.'])
})
