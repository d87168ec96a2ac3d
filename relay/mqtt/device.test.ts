import { describe, expect, it } from 'vitest'
import { FEATURE_NAMES } from '#core/flow/features.ts'
import { createBucket } from './bucket.ts'
import { DeviceState, MAX_RETAINED, MAX_RETAINED_BYTES, MAX_TOPICS } from './device.ts'
import { Guesses } from './guesses.ts'
import { View } from './view.ts'

describe('a token bucket', () => {
  it('lets a second at once pass, then its rate, and never more over any span', () => {
    const bucket = createBucket(10, 0)
    let passed = 0
    for (let ms = 0; ms < 10_000; ms++) if (bucket.take(ms, 0) === 0) passed++
    expect(passed).toBeGreaterThanOrEqual(108)
    expect(passed).toBeLessThanOrEqual(110)
  })

  it('says how long the next has to wait, and refuses what would wait too long', () => {
    const bucket = createBucket(0.5, 0)
    expect(bucket.take(0, 5000)).toBe(0)
    expect(bucket.take(0, 5000)).toBe(2000)
    expect(bucket.take(0, 5000)).toBe(4000)
    expect(bucket.take(0, 5000)).toBeUndefined()
    // Set back, the clock gives nothing.
    expect(bucket.take(-60_000, 5000)).toBeUndefined()
  })
})

describe('what is kept of a device', () => {
  it('has bounds for topics, which begin anew, and for retained messages, which can be taken back', () => {
    const state = new DeviceState()
    for (let at = 0; at < MAX_TOPICS; at++) expect(state.mayUse(`t${at}`)).toBe(true)
    expect(state.mayUse('one more')).toBe(false)
    expect(state.mayUse('t0')).toBe(true)
    state.forget()
    expect(state.mayUse('one more')).toBe(true)
    for (let at = 0; at < MAX_RETAINED; at++) expect(state.mayRetain(`t${at}`, 1)).toBe(true)
    expect(state.mayRetain('one more', 1)).toBe(false)
    expect(state.mayRetain('t0', 0)).toBe(true)
    expect(state.mayRetain('one more', 1)).toBe(true)
    expect(state.mayRetain('one more', MAX_RETAINED_BYTES + 1)).toBe(false)
  })

  it('forgets wrong passwords after a minute, and keeps apart who guesses where', () => {
    const guesses = new Guesses()
    for (let at = 0; at < 10; at++) guesses.wrong('10.0.0.9', 'cam', at)
    expect(guesses.tooMany('10.0.0.9', 'cam', 100)).toBe(true)
    expect(guesses.tooMany('10.0.0.8', 'cam', 100)).toBe(false)
    expect(guesses.tooMany('10.0.0.9', 'plug', 100)).toBe(false)
    expect(guesses.tooMany('10.0.0.9', 'cam', 60_001)).toBe(false)
  })
})

describe("the broker's view of a device", () => {
  it('is a flow record of sizes and gaps, with null for what a broker cannot know', () => {
    const view = new View()
    expect(view.take(1883)).toBeUndefined()
    view.packet(1, 0, 100, 1_000_000)
    view.packet(3, 1, 200, 2_000_000)
    view.packet(3, 0, 300, 5_000_000)
    view.published('a', 10)
    view.published('a', 10)
    view.delivered()
    view.sent(50)
    const record = view.take(1883)
    expect(record).toMatchObject({ ts: 1, duration: 4, orig_pkts: 3, resp_pkts: 3, orig_bytes: 600, resp_bytes: 50 })
    expect(record).toMatchObject({ connects: 1, topics: 1, peer_port: 1883 })
    const feature = (name: string) => record?.features?.[FEATURE_NAMES.indexOf(name)]
    expect(feature('Fwd Packet Length Mean')).toBe(200)
    expect(feature('Fwd Packet Length Std')).toBe(100)
    expect(feature('Fwd IAT Max')).toBe(3_000_000)
    expect(feature('Fwd IAT Mean')).toBe(2_000_000)
    expect(feature('Flow Bytes/s')).toBe(162.5)
    expect(feature('SYN Flag Count')).toBeNull()
    expect(view.take(1883)).toBeUndefined()
  })
})
