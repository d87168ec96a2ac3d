import { describe, expect, it } from 'vitest'
import type { Alert } from '#core/alert/wire.ts'
import type { WatchedDevice } from '#core/device/wire.ts'
import type { Verdict } from '#core/live/wire.ts'
import { liveFigures, scoreHeight, scorePoints } from './live-figures.ts'

const NOW = 1_763_000_000_000_000
const HOUR = 3600e6
const verdict = (id: number, endMicros: number, score: number): Verdict => ({
  id,
  device: 'cam',
  startMicros: endMicros,
  endMicros,
  atMicros: endMicros,
  score,
  threshold: 2,
  label: score > 2 ? 'odd' : 'usual',
  severity: 'low',
  reasons: [],
  model: 'm',
})
const alert = (severity: Alert['severity'], state: Alert['state'], openedMicros: number, found = 'c'): Alert => ({
  id: openedMicros,
  device: 'cam',
  deviceName: 'Camera',
  type: 'threshold_breach',
  severity,
  state,
  title: '',
  text: '',
  advice: [],
  case: found,
  openedMicros,
  changedMicros: openedMicros,
  folded: 0,
  unread: true,
  notes: [],
  revision: 1,
})
const device = (status: WatchedDevice['status']): WatchedDevice => ({
  id: status,
  name: status,
  type: 'camera',
  address: '',
  protocol: 'mqtt',
  port: 1883,
  source: 'live',
  notes: '',
  status,
  monitored: true,
  createdMicros: 1,
  revision: 1,
})

describe('the figures of live devices', () => {
  it('are led by the loudest alert that is still open', () => {
    const alerts = [alert('critical', 'resolved', NOW), alert('high', 'open', NOW), alert('low', 'open', NOW)]
    expect(liveFigures([], alerts, [], NOW)).toMatchObject({ threat: 'high', openAlerts: 2 })
    expect(liveFigures([], [alert('critical', 'acknowledged', NOW)], [], NOW).threat).toBeUndefined()
  })

  it('count what is of today, and alerts that tell of a case', () => {
    const alerts = [
      alert('low', 'open', NOW - HOUR),
      alert('low', 'open', NOW - 30 * HOUR),
      alert('low', 'open', NOW, ''),
    ]
    const verdicts = [
      verdict(1, NOW - 30 * HOUR, 9),
      verdict(2, NOW - HOUR, 1),
      verdict(3, NOW, 1),
      verdict(4, NOW, 3),
      verdict(5, NOW, 1),
    ]
    expect(liveFigures([], alerts, verdicts, NOW)).toMatchObject({ casesToday: 1, usualShare: 0.75 })
    expect(liveFigures([], [], [], NOW).usualShare).toBeUndefined()
  })

  it('count devices that are heard', () => {
    const all = (['online', 'offline', 'under_attack', 'quarantined'] as const).map(device)
    expect(liveFigures(all, [], [], NOW)).toMatchObject({ devices: 4, active: 2 })
  })
})

describe('the points of scores over time', () => {
  it('keep the highest of each stretch and leave quiet stretches out', () => {
    const points = scorePoints([verdict(1, 0, 1), verdict(2, 1e6, 4), verdict(3, 99e6, 2)], 10)
    expect(points.map(({ judged, odd, highest }) => [judged, odd, highest])).toEqual([
      [2, 1, 2],
      [1, 0, 1],
    ])
    expect(scorePoints([], 10)).toEqual([])
  })

  it('stand at half height on the line and at the top from ten times on', () => {
    expect([0, 0.1, 1, 10, 1000].map(scoreHeight)).toEqual([0, 0, 0.5, 1, 1])
  })
})
