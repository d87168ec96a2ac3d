/** The check list of known defects (cic78 §7), each as a small capture. Expected values are worked out by hand from §3 to §5. */
import { expect, it } from 'vitest'
import { type Frame, icmp, ip, pcap, type Segment, tcp, u16, udp } from '../../../tests/capture-writer.ts'
import { type ReadFlow, readFlows } from '../../../tests/read-flows.ts'

const A = '10.0.0.1:40000'
const B = '10.0.0.2:80'
const SECOND = 1_000_000
const START = 1_700_000_000 * SECOND

type Packet = Omit<Segment, 'micros' | 'from' | 'to'>
const ab = (micros: number, packet: Packet = {}): Frame => tcp({ micros: START + micros, from: A, to: B, ...packet })
const ba = (micros: number, packet: Packet = {}): Frame => tcp({ micros: START + micros, from: B, to: A, ...packet })
const flowsOf = async (frames: readonly Frame[]): Promise<readonly ReadFlow[]> => (await readFlows(pcap(frames))).flows
const one = async (frames: readonly Frame[]): Promise<ReadFlow> => {
  const flows = await flowsOf(frames)
  expect(flows).toHaveLength(1)
  return flows[0]!
}

it('keeps FIN, FIN, ACK and a late ACK in one flow (1)', async () => {
  const flow = await one([ab(0, { flags: 'S' }), ba(1), ab(2, { flags: 'FA' }), ba(3, { flags: 'FA' }), ab(4), ba(5)])
  expect(flow.features['FIN Flag Count']).toBe(2)
  expect(flow.counts.slice(0, 2)).toEqual([3, 3])
})

it('keeps packets after RST in the flow, and begins a new one with SYN (2)', async () => {
  const frames = [ab(0, { flags: 'S' }), ba(1, { flags: 'R' }), ab(2, { payload: 5 }), ba(3, { flags: 'S' })]
  const flows = await flowsOf(frames)
  expect(flows.map(({ from, counts }) => [from, counts[0], counts[1]])).toEqual([
    ['10.0.0.1:40000', 2, 1],
    ['10.0.0.2:80', 1, 0],
  ])
})

it('keeps the direction at the 120 s cut, also when the next packet is an answer (3)', async () => {
  for (const pause of [0, 10]) {
    const between = pause === 0 ? [] : [udp({ micros: START + 125 * SECOND, from: '10.0.0.9:1', to: '10.0.0.8:2' })]
    const flows = await flowsOf([
      ab(0, { flags: 'S' }),
      ba(1),
      ...between,
      ba(130 * SECOND, { payload: 7 }),
      ab(131 * SECOND),
    ])
    const later = flows.filter(({ startMicros }) => startMicros === START + 130 * SECOND)
    expect(later).toHaveLength(1)
    expect(later[0]).toMatchObject({ from: A, to: B, counts: [1, 1, 0, 7] })
    expect(later[0]!.features.min_seg_size_forward).toBe(0)
  }
})

it('cuts at more than 120 s after the start, not at 120 s', async () => {
  expect(await flowsOf([ab(0), ab(60 * SECOND), ab(120 * SECOND)])).toHaveLength(1)
  expect(await flowsOf([ab(0), ab(60 * SECOND), ab(120 * SECOND + 1)])).toHaveLength(2)
})

it('gives a flow of one packet rates of -1 and 0, and no NaN (4)', async () => {
  const { features } = await one([ab(0, { payload: 10 })])
  expect(features).toMatchObject({ 'Flow Bytes/s': -1, 'Flow Packets/s': -1, 'Fwd Packets/s': 0, 'Bwd Packets/s': 0 })
  expect(Object.values(features).every(Number.isFinite)).toBe(true)
})

it('does not count padding of short frames as payload (5)', async () => {
  const { bytes, micros } = ab(0)
  const padded = new Uint8Array(60)
  padded.set(bytes)
  const flow = await one([{ micros, bytes: padded }])
  expect(flow.features['Total Length of Fwd Packets']).toBe(0)
})

it('counts the first packet once in the length statistics (6)', async () => {
  const lengths = async (...payloads: number[]) => {
    const { features } = await one(payloads.map((payload, index) => ab(index, { payload })))
    return [features['Packet Length Mean'], features['Packet Length Variance']]
  }
  expect(await lengths(10)).toEqual([10, 0])
  expect(await lengths(10, 20)).toEqual([15, 50])
  expect(await lengths(10, 20, 60)).toEqual([30, 700])
})

it('counts flags of all packets in their own columns (7)', async () => {
  const { features } = await one([
    ab(0, { flags: 'S' }),
    ba(1, { flags: 'SAE' }),
    ab(2, { flags: 'PAUC' }),
    ba(3, { flags: 'PA' }),
  ])
  expect(features).toMatchObject({
    'FIN Flag Count': 0,
    'SYN Flag Count': 2,
    'RST Flag Count': 0,
    'PSH Flag Count': 2,
    'ACK Flag Count': 3,
    'URG Flag Count': 1,
    'CWE Flag Count': 1,
    'ECE Flag Count': 1,
    'Fwd PSH Flags': 1,
    'Bwd PSH Flags': 1,
    'Fwd URG Flags': 1,
    'Bwd URG Flags': 0,
  })
})

it('finds bulks in both directions (8)', async () => {
  const run = (send: typeof ab, from: number, count: number) =>
    Array.from({ length: count }, (_, index) => send(from + index * 1000, { payload: 100 }))
  const { features } = await one([...run(ab, 0, 5), ...run(ba, 10_000, 4)])
  expect(features).toMatchObject({
    'Fwd Avg Bytes/Bulk': 500,
    'Fwd Avg Packets/Bulk': 5,
    'Fwd Avg Bulk Rate': 500 / 0.004,
    'Bwd Avg Bytes/Bulk': 400,
    'Bwd Avg Packets/Bulk': 4,
    'Bwd Avg Bulk Rate': 400 / 0.003,
  })
})

it('takes the first window of the answering side (9)', async () => {
  const { features } = await one([
    ab(0, { window: 11 }),
    ba(1, { window: 0 }),
    ba(2, { window: 22 }),
    ba(3, { window: 33 }),
  ])
  expect(features).toMatchObject({ Init_Win_bytes_forward: 11, Init_Win_bytes_backward: 22 })
})

it('tells directions apart by port when both addresses are the same (10)', async () => {
  const [from, to] = ['127.0.0.1:5000', '127.0.0.1:80']
  const flow = await one([tcp({ micros: START, from, to }), tcp({ micros: START + 1, from: to, to: from })])
  expect(flow.counts.slice(0, 2)).toEqual([1, 1])
})

it('turns a flow round that begins with SYN+ACK (11)', async () => {
  const flow = await one([ba(0, { flags: 'SA', window: 9 }), ab(1)])
  expect(flow).toMatchObject({ from: A, to: B, counts: [1, 1, 0, 0] })
  expect(flow.features).toMatchObject({
    Init_Win_bytes_forward: 0,
    Init_Win_bytes_backward: 9,
    min_seg_size_forward: 0,
  })
})

it('counts packets out of order, and lets no duration be negative (12)', async () => {
  const { flows, stats } = await readFlows(pcap([ab(1000), ab(400)]))
  expect(flows[0]!.features).toMatchObject({ 'Flow Duration': 0, 'Flow IAT Min': -600, 'Flow Bytes/s': -1 })
  expect(stats.remarks.join()).toMatch(/^1 packets came with a time before/)
})

it('takes gaps of more than 5 s as idle, and what is between them as active (13)', async () => {
  const { features } = await one([0, 2, 10, 11, 20].map((second) => ab(second * SECOND)))
  expect(features).toMatchObject({
    'Idle Mean': 8.5 * SECOND,
    'Idle Max': 9 * SECOND,
    'Idle Min': 8 * SECOND,
    'Active Mean': 1.5 * SECOND,
    'Active Max': 2 * SECOND,
    'Active Min': 1 * SECOND,
    'Subflow Fwd Packets': 5 / 3,
  })
})

it('tells a second connection on the same ports from the first (14)', async () => {
  const close = [ab(3, { flags: 'FA' }), ba(4, { flags: 'FA' }), ab(5)]
  const flows = await flowsOf([ab(0, { flags: 'S' }), ba(1), ...close, ab(SECOND, { flags: 'S' }), ba(2 * SECOND)])
  expect(flows.map(({ counts }) => counts.slice(0, 2))).toEqual([
    [3, 2],
    [1, 1],
  ])
})

it('takes an ICMP error for ICMP, not for the connection it tells about (15)', async () => {
  const inner = tcp({ micros: 0, from: B, to: A }).bytes.subarray(14)
  const flow = await one([
    icmp({ micros: START, from: '10.0.0.1:0', to: '10.0.0.2:0', type: 3, code: 1, payload: inner }),
  ])
  expect(flow).toMatchObject({ from: '10.0.0.1:0', to: '10.0.0.2:0', protocol: 1, counts: [1, 0, 40, 0] })
  expect(flow.features['Total Length of Fwd Packets']).toBe(0)
})

it('gives IPv6 the same numbers as IPv4 (16)', async () => {
  const talk = (a: string, b: string) => [
    tcp({ micros: START, from: a, to: b, flags: 'S' }),
    tcp({ micros: START + 500, from: b, to: a, flags: 'SA' }),
    tcp({ micros: START + 900, from: a, to: b, flags: 'PA', payload: 33 }),
    tcp({ micros: START + 7 * SECOND, from: b, to: a, flags: 'PA', payload: 444 }),
  ]
  const four = await one(talk(A, B))
  const six = await one(talk('[fd00::1]:40000', '[fd00::2]:80'))
  expect(six.features).toEqual(four.features)
  expect(six.from).toBe('fd00::1:40000')
})

it('puts later fragments into a flow of their own under protocol 44, so that their bytes are seen', async () => {
  const ends = { micros: START, from: '10.0.0.1:0', to: '10.0.0.2:0' }
  const first = ip(ends, 17, [...u16(40000), ...u16(80), 0, 24, 0, 0, ...new Array<number>(8).fill(1)], 0x2000)
  const flows = await flowsOf([first, ip(ends, 17, new Array<number>(8).fill(2), 2)])
  expect(flows.map(({ protocol, counts, to }) => [protocol, counts[2], to])).toEqual([
    [17, 8, '10.0.0.2:80'],
    [44, 8, '10.0.0.2:0'],
  ])
})

it('promises with each batch that no later flow starts before its watermark', async () => {
  const frames = Array.from({ length: 300 }, (_, index) =>
    udp({ micros: START + index * SECOND, from: `10.0.${index % 7}.1:53`, to: '10.0.0.2:99', payload: 4 }),
  )
  const { batches } = await readFlows(pcap(frames))
  for (const [index, batch] of batches.entries()) {
    const later = batches.slice(index + 1).flatMap((next) => [...next.startMicros])
    expect(later.every((start) => start >= batch.watermarkMicros)).toBe(true)
  }
})
