import { describe, expect, it } from 'vitest'
import { lines, readTable } from './fixture.ts'

const row = (i: number) =>
  `{"ts":${i},"orig_pkts":${i},"resp_pkts":2,"orig_bytes":"3","resp_bytes":4.0,"src":{"ip":"10.0.0.${i}"},"proto":"tcp","label":null}`
const list = (count: number, separator: string) =>
  `[${Array.from({ length: count }, (_, i) => row(i)).join(separator)}]`

describe('tables as JSON', () => {
  it.each([
    ['lines', lines(12, row)],
    ['a list', list(12, ',')],
    ['a list over many lines', list(12, ',\n').replaceAll('"ts"', '\n  "ts"')],
    ['objects that follow each other', list(12, '\n').slice(1, -1).replaceAll('{"ts"', '{\n"ts"')],
  ])('come as %s', async (_, text) => {
    const whole = await readTable(text)
    expect(whole.kind).toBe('flow-csv')
    expect(whole.flows).toHaveLength(12)
    expect(whole.flows[7]).toMatchObject({ row: 8, start: 7e6, counts: [7, 2, 3, 4], protocol: 6, label: undefined })
    for (const chunkBytes of [1, 7, 4096]) expect((await readTable(text, { chunkBytes })).flows).toEqual(whole.flows)
  })

  it('count what is broken or no object', async () => {
    const { skipped, rows } = await readTable(`${lines(12, row)}{"ts":1,\n[1]\n7\n{}\n`)
    expect(skipped).toEqual({ 'broken JSON': 1, 'something that is no JSON object': 2, 'missing value in ts': 1 })
    expect(rows).toBe(16)
    const cut = await readTable(`${list(12, ',').slice(0, -1)},{"ts":`)
    expect(cut.skipped).toEqual({ 'broken JSON': 1 })
  })

  it('skip an object that is longer than a row can be', async () => {
    const long = `{"orig_pkts":"${'x'.repeat(3 << 20)}"}`
    for (const text of [
      `${lines(12, row)}${long}\n${row(1)}\n`,
      `[${lines(12, (i) => `${row(i)},`)}${long},${row(1)}]`,
    ]) {
      const { skipped, flows } = await readTable(text, { chunkBytes: 1 << 16 })
      expect(skipped).toEqual({ 'longer than 1048576 bytes': 1 })
      expect(flows).toHaveLength(13)
    }
  })

  it('are refused without a whole object, and without the counts', async () => {
    await expect(readTable('{"a":')).rejects.toThrow(/holds no whole object/)
    await expect(readTable(lines(12, () => '{"a":1}'))).rejects.toThrow(/needs columns for orig_pkts/)
  })

  it('are not led astray by keys of Object itself', async () => {
    const { flows } = await readTable(
      lines(12, (i) => `{"__proto__":1,"constructor":2,"orig_pkts":${i},"resp_pkts":2,"orig_bytes":3,"resp_bytes":4}`),
    )
    expect(flows[5]!.counts).toEqual([5, 2, 3, 4])
  })
})

const flow = (i: number) =>
  `{"timestamp":"2017-04-07T22:30:00.000000+0000","event_type":"flow","src_ip":"10.0.0.${i % 3}","src_port":1000,"dest_ip":"1.1.1.1","dest_port":53,"proto":"UDP","app_proto":"dns","flow":{"pkts_toserver":${i},"pkts_toclient":2,"bytes_toserver":70,"bytes_toclient":300,"start":"2017-04-07T22:24:37.251547+0000","end":"2017-04-07T22:24:38.251547+0000","state":"established"}}`
const netflow = (i: number) =>
  `{"timestamp":"2017-04-07T22:30:00.000000+0000","event_type":"netflow","src_ip":"10.0.0.1","dest_ip":"1.1.1.1","proto":"TCP","netflow":{"pkts":${i},"bytes":60,"start":"2017-04-07T22:24:37.251547+0000","end":"2017-04-07T22:24:37.251547+0000"}}`
const other = (type: string) => `{"timestamp":"2017-04-07T22:30:00.000000+0000","event_type":"${type}"}\n`

describe("Suricata's eve.json", () => {
  it('gives its flow events, and counts the others by type', async () => {
    const { kind, flows, skipped, rows } = await readTable(
      `${other('stats')}${lines(12, flow)}${other('dns')}${other('dns')}${netflow(1)}\n`,
    )
    expect(kind).toBe('suricata-eve')
    expect(rows).toBe(16)
    expect(skipped).toEqual({ 'event type stats': 1, 'event type dns': 2, 'event type netflow': 1 })
    expect(flows[4]).toMatchObject({
      row: 6,
      start: 1_491_603_877_251_547,
      end: 1_491_603_878_251_547,
      counts: [4, 2, 70, 300],
      orig: '10.0.0.1',
      ports: [1000, 53],
      protocol: 17,
      categories: { proto: 'UDP', app_proto: 'dns', 'flow.state': 'established' },
    })
  })

  it('gives its netflow events where there are no others', async () => {
    const { flows } = await readTable(lines(12, netflow))
    expect(flows[4]).toMatchObject({ counts: [4, 0, 60, 0], protocol: 6 })
  })

  it('says what is missing when there is no flow event', async () => {
    await expect(readTable(other('dns').repeat(20))).rejects.toThrow(
      /None of the 20 rows can be used \(20 × event type dns\)/,
    )
  })
})
