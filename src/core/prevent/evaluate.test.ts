import { describe, expect, it } from 'vitest'
import { dryRun } from './dry-run.ts'
import { decide, holds, type Occasion, type Past } from './evaluate.ts'
import type { Rule } from './wire.ts'

const HOUR = 3600e6
const rule = (fields: Partial<Rule> = {}): Rule => ({
  id: 'r1',
  name: 'Quarantine',
  action: 'quarantine',
  cooldownSeconds: 3600,
  expirySeconds: 7200,
  enabled: true,
  revision: 1,
  createdMicros: 0,
  ...fields,
})
const occasion = (fields: Partial<Occasion> = {}): Occasion => ({
  alert: 1,
  device: 'cam',
  deviceName: 'Camera',
  type: 'threshold_breach',
  severity: 'high',
  ratio: 1.8,
  peers: [],
  title: 'Camera sent much.',
  atMicros: 1_763_000_000e6,
  ...fields,
})
const nothingBefore: Past = { lastMicros: () => undefined, stands: () => false }

describe('a rule holds', () => {
  it.each<[string, Partial<Rule>, Partial<Occasion>, boolean]>([
    ['without conditions', {}, {}, true],
    ['for its own device', { device: 'cam' }, {}, true],
    ['not for another device', { device: 'plug' }, {}, false],
    ['at its ratio', { minRatio: 1.8 }, {}, true],
    ['not below its ratio', { minRatio: 1.81 }, {}, false],
    ['not by ratio where there is no case', { minRatio: 0 }, { ratio: undefined }, false],
    ['at its severity', { minSeverity: 'high' }, {}, true],
    ['above its severity', { minSeverity: 'high' }, { severity: 'critical' }, true],
    ['not below its severity', { minSeverity: 'critical' }, {}, false],
    ['for one of its types', { types: ['new_device', 'threshold_breach'] }, {}, true],
    ['not for other types', { types: ['new_device'] }, {}, false],
    ['for all types when the list is empty', { types: [] }, {}, true],
    ['only when all its conditions do', { device: 'cam', minSeverity: 'critical' }, {}, false],
  ])('%s', (_title, fields, given, expected) => {
    expect(holds(rule(fields), occasion(given))).toBe(expected)
  })
})

describe('what is decided', () => {
  it('ends after the expiry of the rule, or not at all', () => {
    const at = occasion().atMicros
    expect(decide([rule()], occasion(), nothingBefore)[0]?.expiresMicros).toBe(at + 7200e6)
    expect(decide([rule({ expirySeconds: 0 })], occasion(), nothingBefore)[0]?.expiresMicros).toBeUndefined()
  })

  it('is nothing for a rule that is off, cools down, or still stands', () => {
    const at = occasion().atMicros
    expect(decide([rule({ enabled: false })], occasion(), nothingBefore)).toEqual([])
    const cooling = (micros: number): Past => ({ lastMicros: () => micros, stands: () => false })
    expect(decide([rule()], occasion(), cooling(at - HOUR + 1))).toEqual([])
    expect(decide([rule()], occasion(), cooling(at - HOUR))).toHaveLength(1)
    expect(decide([rule()], occasion(), { ...nothingBefore, stands: () => true })).toEqual([])
  })

  it('goes on when the clock was set back by more than the cool-down', () => {
    const past: Past = { lastMicros: () => occasion().atMicros + 24 * HOUR, stands: () => false }
    expect(decide([rule()], occasion(), past)).toHaveLength(1)
  })

  it('blocks the named address, else the new peer with most bytes, else does not act', () => {
    const peers = [
      { address: '198.51.100.1', bytes: 10, isNew: true },
      { address: '198.51.100.2', bytes: 900, isNew: true },
      { address: '198.51.100.3', bytes: 5000, isNew: false },
    ]
    const target = (fields: Partial<Rule>, given: Partial<Occasion>) =>
      decide([rule({ action: 'block', ...fields })], occasion(given), nothingBefore)[0]?.target
    expect(target({ address: '203.0.113.9' }, { peers })).toBe('203.0.113.9')
    expect(target({}, { peers })).toBe('198.51.100.2')
    expect(target({}, { peers: peers.slice(2) })).toBeUndefined()
  })
})

describe('a dry run', () => {
  const span = { weeks: 4, timeZone: 'UTC' }
  const start = Date.UTC(2026, 10, 1, 14, 2) * 1000

  it('says when it would have acted and on whom, with cool-down and expiry', () => {
    const occasions = [0, 0.5, 1.5, 3].map((hours) => occasion({ atMicros: start + hours * HOUR }))
    const { times, text } = dryRun(rule({ enabled: false }), occasions, span)
    // 0.5 h cools down, at 1.5 h the quarantine of two hours still stands.
    expect(times.map(({ atMicros }) => (atMicros - start) / HOUR)).toEqual([0, 3])
    expect(text).toBe(
      'It would have acted twice in the last 4 weeks: Camera put in quarantine (1 Nov, 14:02), Camera put in quarantine (1 Nov, 17:02).',
    )
  })

  it('keeps devices apart', () => {
    const occasions = [occasion(), occasion({ device: 'plug', deviceName: 'Plug' })]
    expect(dryRun(rule(), occasions, span).times).toHaveLength(2)
  })

  it('acts once and for all without an expiry', () => {
    const occasions = [0, 100, 200].map((hours) => occasion({ atMicros: start + hours * HOUR }))
    expect(dryRun(rule({ expirySeconds: 0 }), occasions, span).times).toHaveLength(1)
  })

  it('says so when it would not have acted, and shortens a long list', () => {
    expect(dryRun(rule(), [], span).text).toBe('It would not have acted in the last 4 weeks.')
    const many = Array.from({ length: 8 }, (_, i) => occasion({ atMicros: start + i * 3 * HOUR }))
    expect(dryRun(rule(), many, span).text).toMatch(/^It would have acted 8 times .*, and 3 more\.$/)
  })
})
