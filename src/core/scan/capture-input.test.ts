import { describe, expect, it } from 'vitest'
import { pcap, tcp, udp } from '../../../tests/capture-writer.ts'
import { readFlows } from '../../../tests/read-flows.ts'
import { InputError } from '../base/errors.ts'
import { bytesSource } from '../base/source.ts'
import { flowCsvHeader, flowCsvRows } from '../flow/csv.ts'
import { openCapture } from './capture-input.ts'

const SECOND = 1_000_000
const START = 1_700_000_000 * SECOND
const flood = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    udp({
      micros: START + index * 10,
      from: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:7`,
      to: '10.9.9.9:7',
    }),
  )
const talk = [0, 1, 2, 200].flatMap((second) => [
  tcp({
    micros: START + second * SECOND,
    from: '10.0.0.1:4000',
    to: '10.0.0.2:80',
    flags: 'PA',
    payload: 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n',
  }),
  tcp({ micros: START + second * SECOND + 9, from: '10.0.0.2:80', to: '10.0.0.1:4000', flags: 'A', payload: 70 }),
])

describe('openCapture', () => {
  it.each([1, 7, 4096])('gives the same flows and sightings in chunks of %i bytes', async (chunkBytes) => {
    const capture = pcap(talk)
    const [whole, pieces] = [await readFlows(capture), await readFlows(capture, chunkBytes)]
    expect(pieces.flows).toEqual(whole.flows)
    expect(pieces.sightings).toEqual(whole.sightings)
    expect(pieces.flows).toHaveLength(2)
  })

  it('gives batches of at most 16,384 flows, numbered through', async () => {
    const { batches, stats } = await readFlows(pcap(flood(20_000)))
    expect(batches.map(({ length }) => length)).toEqual([16_384, 3616])
    expect(batches[1]!.row[0]).toBe(16_385)
    expect(stats).toMatchObject({ packets: 20_000, rows: 20_000, bytesRead: 24 + 20_000 * 58 })
  })

  it('ends the oldest flows early when too many are open, and says so', async () => {
    const { stats } = await readFlows(pcap(flood(131_072 + 50)))
    expect(stats.rows).toBe(131_072 + 50)
    expect(stats.remarks).toEqual([
      'So many names and addresses were seen, as invented ones are, that the last of them were left out.',
      '50 flows were ended early because more than 131072 were open at a time, as in a flood.',
    ])
  })

  it('gives the same flows, and no sightings, when nobody asks for them', async () => {
    const [asked, unasked] = [await readFlows(pcap(talk)), await readFlows(pcap(talk), { sightings: false })]
    expect(asked.sightings).not.toEqual([])
    expect(unasked).toMatchObject({ flows: asked.flows, sightings: [] })
  })

  it('stops between two pieces when it is told to', async () => {
    const stop = new AbortController()
    const input = await openCapture(bytesSource('a.pcap', pcap(flood(5000)), 1000))
    stop.abort()
    await expect(input.steps(stop.signal).next()).rejects.toThrow(/abort/i)
    expect(input.stats.bytesRead).toBe(0)
  })

  it.each([
    ['an empty file', new Uint8Array(0), 'This file is empty'],
    ['a header only', pcap([]), 'This capture holds no packets'],
    [
      'a capture that breaks off in its first packet',
      pcap(talk).subarray(0, 50),
      'breaks off at byte 24, after 0 packets',
    ],
    ['three bytes', Uint8Array.of(1, 2, 3), 'only 3 bytes'],
  ])('refuses %s with a sentence', async (_name, bytes, sentence) => {
    const reading = readFlows(bytes)
    await expect(reading).rejects.toThrow(InputError)
    await expect(reading).rejects.toThrow(sentence)
  })

  it('keeps what a cut capture holds and says where it breaks off', async () => {
    const capture = pcap(talk)
    const { stats, flows } = await readFlows(capture.subarray(0, capture.length - 3))
    expect(stats.packets).toBe(7)
    expect(flows[1]!.counts).toEqual([1, 0, 35, 0])
    expect(stats.remarks).toEqual([
      `The capture breaks off at byte ${capture.length - 16 - 124}, after 7 packets. All whole packets before were used.`,
    ])
  })
})

it('gives the features in single precision, rounded once, unless double is asked for', async () => {
  const double = await readFlows(pcap(talk), { precision: 'double' })
  const single = await readFlows(pcap(talk), { precision: 'single' })
  expect(double.batches.length).toBeGreaterThan(0)
  for (const [i, { features }] of double.batches.entries()) {
    expect(features).toBeInstanceOf(Float64Array)
    expect(single.batches[i]!.features).toEqual(Float32Array.from(features!))
  }
})

describe('the CSV of flows', () => {
  it('has the five-tuple, the start in µs and the 78 features by name', async () => {
    const { batches } = await readFlows(pcap(talk))
    const header = flowCsvHeader().trim().split(',')
    const rows = batches.flatMap((batch) => flowCsvRows(batch).trim().split('\n'))
    expect(header).toHaveLength(84)
    expect(header.slice(0, 8).join()).toBe(
      'Src IP,Src Port,Dst IP,Dst Port,Protocol,Timestamp,Destination Port,Flow Duration',
    )
    expect(header.indexOf('Fwd Header Length.1')).toBe(6 + 55)
    expect(rows[0]!.split(',').slice(0, 10).join()).toBe(`10.0.0.1,4000,10.0.0.2,80,6,${START},80,2000009,3,3`)
    expect(rows.every((row) => row.split(',').length === 84)).toBe(true)
  })
})
