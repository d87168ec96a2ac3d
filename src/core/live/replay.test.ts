import { describe, expect, it } from 'vitest'
import { Replay } from './replay.ts'
import type { FlowRecord } from './wire.ts'

const flow = (ts: number, duration = 0): FlowRecord => ({
  ts,
  duration,
  orig_pkts: ts,
  resp_pkts: 1,
  orig_bytes: 1,
  resp_bytes: 1,
})
const T = 1_763_000_000e6
const S = 1e6
const names = (records: readonly FlowRecord[]) => records.map(({ orig_pkts }) => orig_pkts)

describe('a replay', () => {
  it('gives each flow when it ended, with the time of now', () => {
    const replay = new Replay([flow(130), flow(100, 20), flow(110)])
    expect(replay.lengthMicros).toBe(20 * S)
    expect(replay.take(T, 10)).toEqual([])
    replay.resume(T)
    expect(replay.take(T, 10)).toEqual([{ ...flow(110), ts: T / 1e6 }])
    expect(replay.take(T + 9 * S, 10)).toEqual([])
    expect(replay.take(T + 12 * S, 10)).toEqual([{ ...flow(100, 20), ts: T / 1e6 + 10 - 20 }])
    expect(names(replay.take(T + 60 * S, 10))).toEqual([130])
    expect(replay.isOver).toBe(true)
  })

  it('runs faster, stops, and goes on where it was', () => {
    const replay = new Replay([0, 100, 200, 300, 400].map((at) => flow(at)))
    replay.resume(T)
    replay.setSpeed(T, 100)
    expect(names(replay.take(T + S, 10))).toEqual([0, 100])
    replay.pause(T + S)
    expect(replay.take(T + 50 * S, 10)).toEqual([])
    expect(replay.positionMicros(T + 50 * S)).toBe(100 * S)
    replay.resume(T + 50 * S)
    expect(names(replay.take(T + 52 * S, 1))).toEqual([200])
    expect(replay.take(T + 52 * S, 1)[0]?.ts).toBe(T / 1e6 + 52)
  })

  it('leaves out what lies between when it is moved on, and gives it again when it is moved back', () => {
    const replay = new Replay([0, 100, 200, 300].map((at) => flow(at)))
    replay.resume(T)
    replay.seek(T, 200 * S)
    expect(names(replay.take(T, 10))).toEqual([200])
    replay.seek(T, 0)
    expect(names(replay.take(T + 150 * S, 10))).toEqual([0, 100])
    replay.seek(T, 1e15)
    expect(replay.positionMicros(T)).toBe(300 * S)
  })

  it('is held by a clock that was set back', () => {
    const replay = new Replay([flow(0), flow(10)])
    replay.resume(T)
    replay.take(T, 10)
    expect(replay.take(T - 3600 * S, 10)).toEqual([])
    expect(names(replay.take(T + 10 * S, 10))).toEqual([10])
  })

  it('says what it needs', () => {
    expect(() => new Replay([{ orig_pkts: 1, resp_pkts: 1, orig_bytes: 1, resp_bytes: 1 }])).toThrow(/has a time/)
    expect(() => new Replay([flow(1)]).setSpeed(T, 0.5)).toThrow(/1 to 1000/)
  })
})
