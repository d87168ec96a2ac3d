import { describe, expect, it } from 'vitest'
import { lines, readTable } from './fixture.ts'

const FIELDS = [
  'ts',
  'uid',
  'id.orig_h',
  'id.orig_p',
  'id.resp_h',
  'id.resp_p',
  'proto',
  'service',
  'duration',
  'orig_bytes',
  'resp_bytes',
  'conn_state',
  'orig_pkts',
  'resp_pkts',
]
const header = (fields: readonly string[] = FIELDS, path = 'conn', tab = '\t') =>
  `#separator \\x${tab.charCodeAt(0).toString(16).padStart(2, '0')}\n#set_separator${tab},\n#unset_field${tab}-\n#path${tab}${path}\n#fields${tab}${fields.join(tab)}\n#types${tab}time\n`
const row = (i: number, tab = '\t') =>
  [
    `1545403816.87090${i % 10}`,
    `C${i}`,
    '192.168.1.5',
    40_000 + i,
    '1.1.1.1',
    53,
    'udp',
    i % 2 ? 'dns' : '-',
    i % 3 ? '0.5' : '-',
    i,
    '-',
    'SF',
    2,
    1,
  ].join(tab)

describe("Zeek's conn.log", () => {
  it('gives flows; unset byte counts and durations are 0', async () => {
    const { kind, flows } = await readTable(`${header()}${lines(12, (i) => row(i))}#close\t2020-01-01\n`)
    expect(kind).toBe('zeek-conn')
    expect(flows).toHaveLength(12)
    expect(flows[1]).toMatchObject({
      row: 2,
      start: 1_545_403_816_870_901,
      end: 1_545_403_817_370_901,
      counts: [2, 1, 1, 0],
      orig: '192.168.1.5',
      resp: '1.1.1.1',
      ports: [40_001, 53],
      protocol: 17,
      categories: { proto: 'udp', service: 'dns', conn_state: 'SF' },
    })
    expect(flows[3]!.end).toBe(flows[3]!.start)
  })

  it('goes by the separator that the log names', async () => {
    const { flows } = await readTable(`${header(FIELDS, 'conn', '|')}${lines(11, (i) => row(i, '|'))}`)
    expect(flows[10]!.counts).toEqual([2, 1, 10, 0])
  })

  it('reads several logs in one file, also when their fields differ', async () => {
    const swapped = [...FIELDS.slice(0, 12), 'resp_pkts', 'orig_pkts']
    const text = `${header()}${lines(8, (i) => row(i))}${header(swapped)}${lines(8, (i) => row(i))}`
    const { flows } = await readTable(text)
    expect(flows).toHaveLength(16)
    expect(flows[15]).toMatchObject({ row: 16, counts: [1, 2, 7, 0] })
    for (const chunkBytes of [1, 7, 4096]) expect((await readTable(text, { chunkBytes })).flows).toEqual(flows)
  })

  it('reads the labels of IoT-23, where three blanks stand for tabs', async () => {
    const labels = ['-   Malicious   C&C', '(empty)   Benign   -', '-   Malicious   PartOfAHorizontalPortScan']
    const { flows } = await readTable(
      `${header([...FIELDS, 'tunnel_parents   label   detailed-label'])}${lines(12, (i) => `${row(i)}\t${labels[i % 3]}`)}`,
    )
    expect(flows.slice(0, 3).map(({ label }) => label)).toEqual([
      'Malicious C&C',
      'Benign',
      'Malicious PartOfAHorizontalPortScan',
    ])
  })

  it('reads the labels of Stratosphere', async () => {
    const { flows } = await readTable(
      `${header([...FIELDS, 'label', 'detailedlabel'])}${lines(11, (i) => `${row(i)}\t${i ? 'Benign\tMicrosoft' : 'Background\t(empty)'}`)}`,
    )
    expect(flows.slice(0, 2).map(({ label }) => label)).toEqual(['Background', 'Benign Microsoft'])
  })

  it('counts rows that were cut or hold no number', async () => {
    const { skipped } = await readTable(
      `${header()}${lines(12, (i) => row(i))}1545403816\tC\n${row(3).replace('\t2\t1', '\tx\t1')}\n${row(3).replace('\t2\t1', '\t-\t1')}\n`,
    )
    expect(skipped).toEqual({
      'wrong number of fields': 1,
      'text where a number belongs in orig_pkts': 1,
      'missing value in orig_pkts': 1,
    })
  })

  it('counts a comment that does not end, in bounded memory, and goes on behind it', async () => {
    const text = `${header()}${lines(12, (i) => row(i))}#${'x'.repeat(3 << 20)}\n${row(1)}\n`
    const { skipped, flows, rows } = await readTable(text, { chunkBytes: 1 << 16 })
    expect(skipped['longer than 1048576 bytes']).toBeGreaterThan(0)
    expect(flows).toHaveLength(13)
    expect(flows.at(-1)!.row).toBe(rows)
  })

  it.each(['dns', 'http', 'ssl', 'ssh', 'weird'])(
    'names the log that is needed when it is given %s.log',
    async (path) => {
      await expect(readTable(`${header(['ts', 'uid', 'query'], path)}1\tC\ta\n`)).rejects.toThrow(
        `This is Zeek's ${path} log. Guardian judges flows, so it needs conn.log`,
      )
    },
  )
})

const json = (i: number, more = '') =>
  `{"ts":${1_545_403_816 + i}.5,"uid":"C${i}","id.orig_h":"10.0.0.${i % 2}","id.orig_p":5,"id.resp_h":"1.1.1.1","id.resp_p":53,"proto":"udp","conn_state":"SF",${more}"orig_pkts":${i},"resp_pkts":1}`

describe("Zeek's JSON logs", () => {
  it('give flows; a field that is left out is unset, even when it first comes late', async () => {
    const { kind, flows } = await readTable(
      lines(300, (i) => json(i, i > 250 ? '"orig_bytes":9,"service":"dns",' : '')),
    )
    expect(kind).toBe('zeek-conn')
    expect(flows[0]).toMatchObject({
      counts: [0, 1, 0, 0],
      orig: '10.0.0.0',
      start: 1_545_403_816_500_000,
      categories: { service: undefined },
    })
    expect(flows[299]).toMatchObject({ counts: [299, 1, 9, 0], categories: { service: 'dns' } })
  })

  it('name the log that is needed', async () => {
    await expect(
      readTable(lines(12, () => '{"ts":1.5,"uid":"C","id.orig_h":"a","query":"b","qtype":1}')),
    ).rejects.toThrow("Zeek's dns log")
    await expect(readTable(lines(12, () => '{"_path":"capture_loss","ts":1.5,"gaps":0}'))).rejects.toThrow(
      "Zeek's capture_loss log",
    )
  })
})
