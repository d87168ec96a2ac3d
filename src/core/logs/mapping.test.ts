import { describe, expect, it } from 'vitest'
import { bytesSource } from '../base/source.ts'
import { lines, readTable } from './fixture.ts'
import { previewTable } from './mapping.ts'

const preview = (text: string) => previewTable(bytesSource('table', new TextEncoder().encode(text)))

describe('previewTable', () => {
  it('knows tables by their names', async () => {
    const { complete, proposal, columns, sampleRows } = await preview(
      `ts,spkts,dpkts,sbytes,dbytes,saddr\n${lines(30, (i) => `${i},1,2,3,4,10.0.0.1`)}`,
    )
    expect(complete).toBe(true)
    expect(proposal).toEqual({
      ts: 'ts',
      orig_pkts: 'spkts',
      resp_pkts: 'dpkts',
      orig_bytes: 'sbytes',
      resp_bytes: 'dbytes',
      orig_address: 'saddr',
    })
    expect(columns).toHaveLength(6)
    expect(sampleRows[1]).toEqual(['1', '1', '2', '3', '4', '10.0.0.1'])
  })

  it('guesses by the words in unknown names, and asks', async () => {
    const { complete, proposal } = await preview(
      `seen,TX-Packets,RX-Packets,octetsSent,octetsReceived,who\n${lines(20, (i) => `${1_700_000_000 + i},1,2,3,4,10.0.0.1`)}`,
    )
    expect(complete).toBe(false)
    expect(proposal).toEqual({
      ts: 'seen',
      orig_pkts: 'TX-Packets',
      resp_pkts: 'RX-Packets',
      orig_bytes: 'octetsSent',
      resp_bytes: 'octetsReceived',
      orig_address: 'who',
    })
  })

  it('guesses by the values where the names say nothing', async () => {
    const { complete, proposal } = await preview(
      `a,b,c,d,e,f\n${lines(20, (i) => `2024-01-02 10:00:0${i % 10},${i},${i * 100},${i % 5},${(i % 5) * 700},AA:BB:CC:00:00:0${i % 10}`)}`,
    )
    expect(complete).toBe(false)
    expect(proposal).toEqual({
      ts: 'a',
      orig_pkts: 'b',
      orig_bytes: 'c',
      resp_pkts: 'd',
      resp_bytes: 'e',
      orig_address: 'f',
    })
  })

  it('gives a mapping that opens the table', async () => {
    const text = `a,b,c,d,e\n${lines(12, (i) => `${1_700_000_000 + i},${i},${i * 100},2,1400`)}`
    await expect(readTable(text)).rejects.toThrow(/needs columns/)
    const { flows } = await readTable(text, {
      mapping: { ts: 'a', orig_pkts: 'b', orig_bytes: 'c', resp_pkts: 'd', resp_bytes: 'e' },
    })
    expect(flows[5]).toMatchObject({ start: 1_700_000_005_000_000, counts: [5, 2, 500, 1400] })
  })

  it('shows JSON and raw UNSW-NB15 as columns too', async () => {
    expect((await preview(lines(12, (i) => `{"n":${i},"in":{"m":2}}`))).columns).toEqual(['n', 'in.m'])
    const raw =
      '59.166.0.0,1390,149.171.126.6,53,udp,CON,0.001055,132,164,31,29,0,0,dns,500473.9,621800.9,2,2,0,0,0,0,66,82,0,0,0,0,1421927414,1421927414,0.017,0.013,0,0,0,0,0,0,0,0,3,7,1,3,1,1,1,,0'
    expect((await preview(lines(12, () => raw))).complete).toBe(true)
    const { kind, flows } = await readTable(lines(12, (i) => raw.replace(',,0', i ? ', Fuzzers ,1' : ',,0')))
    expect(kind).toBe('unsw-csv')
    expect(flows.slice(0, 2)).toMatchObject([
      {
        row: 1,
        label: 'Normal',
        counts: [2, 2, 132, 164],
        start: 1_421_927_414_000_000,
        orig: '59.166.0.0',
        ports: [1390, 53],
      },
      { row: 2, label: 'Fuzzers' },
    ])
  })
})
