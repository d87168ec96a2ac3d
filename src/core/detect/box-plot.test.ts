import { expect, test } from 'vitest'
import { type SampleRow, sampleRows } from '../prep/fixture.ts'
import { BoxPlot } from './box-plot.ts'

const MINUTE = 60_000_000
const FIRST = 28_000_000 * MINUTE

interface MinuteOf {
  readonly packets?: number
  readonly bytes?: number
  readonly hosts?: number
  readonly device?: number
}

/** One flow for each host of each minute. */
function minutes(list: readonly MinuteOf[], from = 0): SampleRow[] {
  return list.flatMap(({ packets = 10, bytes = 100, hosts = 1, device = 0 }, minute) =>
    Array.from({ length: hosts }, (_, host) => ({
      device,
      start: FIRST + (from + minute) * MINUTE + host,
      peer: host + 1,
      counts: [packets / hosts, 0, bytes / hosts, 0],
      row: (from + minute) * 100 + host + 1,
    })),
  )
}

function judge(rows: readonly SampleRow[]) {
  const plot = new BoxPlot({ deviceId: (device) => `d${device}` })
  const streamed = plot.push(sampleRows(rows))
  return { plot, streamed, all: [...streamed, ...plot.finish()] }
}

test('the fence is Q3 + 3·IQR of the device’s own minutes', () => {
  // 1,000 … 9,000 packets: Q1 = 3,000, Q3 = 7,000, fence 19,000.
  const usual = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((k) => ({ packets: k * 1000 }))
  expect(judge(minutes(usual)).all).toEqual([])
  // With a tenth minute of 40,000: sorted 1 … 9, 40 (thousands); Q1 = 3.25, Q3 = 7.75, fence 21.25.
  const { all } = judge(minutes([...usual, { packets: 40_000 }]))
  expect(all).toHaveLength(1)
  expect(all[0]).toMatchObject({
    detector: 'box-plot',
    device: 'd0',
    rows: [901, 901],
    startMicros: FIRST + 9 * MINUTE,
    endMicros: FIRST + 10 * MINUTE,
    score: 40_000,
    threshold: 21_250,
    severity: 'high',
    reasons: [{ feature: 'packets per minute', value: 40_000, typical: 5500, share: 1 }],
  })
})

test('a quiet device does not alarm below the floor', () => {
  const quiet = new Array(40).fill({ packets: 2, bytes: 40 })
  expect(judge(minutes([...quiet, { packets: 500, bytes: 900_000, hosts: 20 }])).all).toEqual([])
  expect(judge(minutes([...quiet, { packets: 601 }])).all).toHaveLength(1)
})

test('fan-out counts distinct hosts, not flows', () => {
  const usual = new Array(40).fill({ hosts: 2 })
  const scan = minutes([{ hosts: 60 }], 40)
  const [finding] = judge([...minutes(usual), ...scan]).all
  expect(finding!.reasons).toEqual([{ feature: 'hosts per minute', value: 60, typical: 2, share: 1 }])
  const repeats = scan.map((row) => ({ ...row, peer: 1 }))
  expect(judge([...minutes(usual), ...repeats]).all).toEqual([])
})

test('a device with 30 minutes behind it is judged as soon as the minute is over, by its past alone', () => {
  const rows = minutes([...new Array(35).fill({}), { packets: 9000 }, {}, {}])
  const { streamed } = judge(rows)
  expect(streamed).toHaveLength(1)
  expect(streamed[0]!.startMicros).toBe(FIRST + 35 * MINUTE)
  const cut = rows.filter((row) => row.start! <= FIRST + 36 * MINUTE)
  expect(judge(cut).streamed).toEqual(streamed)
})

test('fewer than five minutes are not judged', () => {
  expect(judge(minutes([{}, {}, {}, { packets: 1e6 }])).all).toEqual([])
})

test('devices are judged each by its own minutes', () => {
  const loud = minutes(new Array(40).fill({ packets: 5000, device: 1 }))
  const quiet = minutes([...new Array(39).fill({ device: 0 }), { packets: 5000, device: 0 }])
  const rows = [...loud, ...quiet].sort((a, b) => a.start! - b.start!)
  expect(judge(rows).all.map(({ device }) => device)).toEqual(['d0'])
})

test('a long flow is spread over its minutes instead of being one spike', () => {
  const usual = minutes(new Array(60).fill({}))
  const long = { start: FIRST + 20 * MINUTE, end: FIRST + 39 * MINUTE, peer: 9, counts: [0, 0, 10_000_000, 0], row: 7 }
  const rows = [...usual, long].sort((a, b) => a.start! - b.start!)
  expect(judge(rows).all).toEqual([])
  const short = { ...long, end: long.start }
  expect(judge([...usual, short].sort((a, b) => a.start! - b.start!)).all).toHaveLength(1)
})

test('rows without times are left out, and minutes and outliers are counted', () => {
  const { plot, all } = judge([...minutes([...new Array(40).fill({}), { packets: 9000 }]), { counts: [1e9, 0, 0, 0] }])
  expect(all).toHaveLength(1)
  expect([plot.minutes, plot.outside]).toEqual([41, 1])
})
