import { describe, expect, test } from 'vitest'
import { sampleCase } from '../../../tests/db/sample.ts'
import type { Case } from './case.ts'
import { DEFAULT_QUIET_DAYS, findQuiet, quietOf } from './quiet.ts'

const DAY_MS = 86_400_000
const NOW = 1_000_000
const base = sampleCase('a')
const peer = { address: '10.0.0.9', name: '', flows: 212, bytes: 1, isNew: true }
const called: Case = { ...base, facts: { ...base.facts, hosts: 1, peers: [peer], ports: [{ port: 23, flows: 200 }] } }
const silent = { ...called, observations: [] }

const quiet = (value: Case, scope: 'behaviour' | 'peer' | 'any-device' = 'behaviour', days?: number) =>
  quietOf(value, { id: 'q', scope, days, now: NOW })
const isQuiet = (value: Case, by: ReturnType<typeof quiet>, now = NOW) => findQuiet(value, [by], now) !== undefined

describe('what was called normal quiets', () => {
  test('the same again, until the very moment it ends', () => {
    const by = quiet(called, 'behaviour', DEFAULT_QUIET_DAYS)
    const end = NOW + DEFAULT_QUIET_DAYS * DAY_MS
    expect(isQuiet({ ...called, id: 'later' }, by, end - 1)).toBe(true)
    expect(isQuiet(called, by, end)).toBe(false)
    expect(isQuiet(called, quiet(called), Number.MAX_SAFE_INTEGER)).toBe(true)
  })

  test('what is as loud or less, and nothing louder', () => {
    expect(isQuiet({ ...called, severity: 'low' }, quiet(called))).toBe(true)
    expect(isQuiet({ ...called, severity: 'critical' }, quiet(called))).toBe(false)
  })

  test('no further sign of a rule', () => {
    const more = { title: 'Password guessing', text: '', startMicros: 1, techniques: [] }
    expect(isQuiet({ ...called, observations: [...called.observations, more] }, quiet(called))).toBe(false)
    expect(isQuiet(called, quiet(silent))).toBe(false)
  })

  test('without a rule only what stood out before', () => {
    expect(isQuiet(silent, quiet(silent))).toBe(true)
    const other = { feature: 'duration', value: 1, typical: 0, share: 1 }
    expect(isQuiet({ ...silent, reasons: [other] }, quiet(silent))).toBe(false)
    expect(isQuiet({ ...silent, reasons: [] }, quiet(silent))).toBe(false)
  })

  test('no further port, but for what is beside the point', () => {
    const withPort = (flows: number) => ({
      ...called,
      facts: { ...called.facts, ports: [...called.facts.ports, { port: 2323, flows }] },
    })
    expect(isQuiet(withPort(100), quiet(called))).toBe(false)
    expect(isQuiet(withPort(2), quiet(called))).toBe(true)
  })

  test('another device only where it was said of any', () => {
    const other = { ...called, device: 'ip:10.0.0.2' }
    expect(isQuiet(other, quiet(called))).toBe(false)
    expect(isQuiet(other, quiet(called, 'any-device'))).toBe(true)
  })

  test('towards one peer nothing that meets another', () => {
    const by = quiet(called, 'peer')
    expect(isQuiet(called, by)).toBe(true)
    const elsewhere = { ...called.facts, peers: [{ ...peer, address: '10.0.0.8' }] }
    expect(isQuiet({ ...called, facts: elsewhere }, by)).toBe(false)
    expect(isQuiet({ ...called, facts: { ...called.facts, hosts: 2 } }, by)).toBe(false)
  })
})
