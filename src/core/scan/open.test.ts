import { deflateRawSync } from 'node:zlib'
import { gzipSync, zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { bytesSource } from '../base/source.ts'
import { MAX_UNPACK_RATIO, MIN_JUDGED_BYTES } from './gzip.ts'
import { openInputs, previewInput } from './open.ts'

const encode = (text: string) => new TextEncoder().encode(text)
const table = (rows: number) =>
  encode(
    `orig_pkts,resp_pkts,orig_bytes,resp_bytes\n${Array.from({ length: rows }, (_, i) => `${i},2,${i * 7919},4\n`).join('')}`,
  )
const zeek = (path: string) =>
  encode(
    `#separator \\x09\n#path\t${path}\n#fields\tts\tid.orig_h\tproto\torig_bytes\tresp_bytes\tconn_state\torig_pkts\tresp_pkts\n${'1.5\t10.0.0.1\ttcp\t1\t2\tSF\t3\t4\n'.repeat(12)}`,
  )
const otherZeek = (path: string) => encode(`#separator \\x09\n#path\t${path}\n#fields\tts\tuid\n1.5\tC\n`)
const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0)
const pcap = Uint8Array.of(0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0)

async function readAll(bytes: Uint8Array, chunkBytes = 1 << 20) {
  const found = []
  for (const { name, input } of await openInputs(bytesSource('given', bytes, chunkBytes))) {
    let rows = 0
    for await (const step of input.steps()) for (const batch of step.flows) rows += batch.length
    found.push({
      name,
      kind: input.kind,
      rows,
      bytesRead: input.stats.bytesRead,
      skipped: input.stats.skipped.toObject(),
      remarks: input.stats.remarks,
    })
  }
  return found
}

const refusal = (message: RegExp | string) => ({
  name: 'InputError',
  message: typeof message === 'string' ? message : expect.stringMatching(message),
})

describe('openInputs', () => {
  it('goes by the content, not by the name', async () => {
    expect(await readAll(table(20))).toMatchObject([{ name: 'given', kind: 'flow-csv', rows: 20 }])
    expect(await readAll(zeek('conn'))).toMatchObject([{ kind: 'zeek-conn', rows: 12 }])
    const [capture] = await openInputs(bytesSource('table.csv', pcap))
    expect(capture!.input.kind).toBe('pcap')
  })

  it('unpacks gzip, also of several members, in chunks of any size, and tells progress in packed bytes', async () => {
    const one = gzipSync(table(5000))
    for (const chunkBytes of [1, 7, 4096, 1 << 20])
      expect(await readAll(one, chunkBytes)).toMatchObject([{ rows: 5000, bytesRead: one.length }])
    const half = zeek('conn')
    const two = new Uint8Array([...gzipSync(half.subarray(0, 150)), ...gzipSync(half.subarray(150))])
    expect(await readAll(two)).toMatchObject([{ rows: 12 }])
  })

  it('uses all whole rows of a gzip that breaks off, and says where', async () => {
    const packed = gzipSync(table(50_000))
    const [found] = await readAll(packed.subarray(0, packed.length >> 1))
    expect(found!.rows).toBeGreaterThan(10_000)
    expect(found!.skipped).toEqual({ 'cut off in the middle': 1 })
    expect(found!.remarks.join(' ')).toMatch(/breaks off after \d+ unpacked bytes/)
  })

  it('opens every capture and table in a ZIP, also packed ones, and says what it left out', async () => {
    const zip = zipSync({
      'logs/conn.log': zeek('conn'),
      'logs/dns.log': otherZeek('dns'),
      'a.csv': [table(20), { level: 0 }],
      'b.csv.gz': gzipSync(table(30)),
      'inner.zip': zipSync({ 'c.csv': table(40) }),
      'cover.png': png,
      'empty/': new Uint8Array(0),
    })
    const found = await readAll(zip)
    expect(found).toMatchObject([
      { name: 'given/logs/conn.log', kind: 'zeek-conn', rows: 12 },
      { name: 'given/a.csv', rows: 20 },
      { name: 'given/b.csv.gz', rows: 30 },
      { name: 'given/inner.zip/c.csv', rows: 40 },
    ])
    expect(found[0]!.remarks.join()).toMatch(/Left out.*cover\.png.*dns\.log/)
    for (const chunkBytes of [1, 7, 4096])
      expect((await readAll(zip, chunkBytes)).map(({ rows }) => rows)).toEqual([12, 20, 30, 40])
  })

  it('finds a stored entry that is longer than the head it looks at', async () => {
    const big = table(40_000)
    expect(
      await readAll(zipSync({ 'inner.zip': zipSync({ 'big.csv': [big, { level: 0 }] }, { level: 0 }) })),
    ).toMatchObject([{ rows: 40_000 }])
    const stored = deflateRawSync(big, { level: 0 })
    expect(stored[0]! & 6).toBe(0)
  })

  it('reads the first file of a ZIP that breaks off', async () => {
    const zip = zipSync({ 'a.csv': table(50_000) })
    const [found] = await readAll(zip.subarray(0, zip.length >> 1))
    expect(found!.rows).toBeGreaterThan(10_000)
    expect(found!.remarks.join(' ')).toMatch(/This ZIP breaks off/)
  })

  it('reads UTF-16, as spreadsheets write text', async () => {
    const text = new TextDecoder().decode(table(15)).replaceAll(',', '\t')
    const units = Uint16Array.from(`\ufeff${text}`, (sign) => sign.charCodeAt(0))
    expect(await readAll(new Uint8Array(units.buffer), 7)).toMatchObject([{ rows: 15 }])
  })

  it('can be read twice', async () => {
    const source = bytesSource('given', gzipSync(table(20)))
    for (let i = 0; i < 2; i++) {
      const [opened] = await openInputs(source)
      let rows = 0
      for await (const step of opened!.input.steps()) for (const batch of step.flows) rows += batch.length
      expect(rows).toBe(20)
    }
  })
})

describe('what cannot be scanned is refused in a sentence', () => {
  const nothing = 'This is a ZIP with no capture or table inside.'
  it.each<[string, Uint8Array, RegExp | string]>([
    ['0 bytes', new Uint8Array(0), /^This file is empty: it has 0 bytes\./],
    ['a picture', png, /^This is a picture\./],
    ['a program called .csv', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0, 1), /^This is a program\./],
    [
      'random bytes',
      Uint8Array.of(0, 7, 0xfe, 9, 0xff, 3),
      /^This is neither a capture nor a table: it begins with the bytes 00 07 fe 09 ff 03\./,
    ],
    ['a ZIP of pictures', zipSync({ 'a.png': png, 'b.png': png, 'c.png': png }), `${nothing} It holds 3 pictures.`],
    [
      'a ZIP of this and that',
      zipSync({ 'a.png': png, 'readme.txt': encode('hello\n'), x: Uint8Array.of(0, 1, 2) }),
      `${nothing} It holds 1 picture, 1 other file and 1 text file.`,
    ],
    ['an empty ZIP', zipSync({}), `${nothing} It is empty.`],
    [
      'a ZIP of Zeek logs without conn.log',
      zipSync({ 'dns.log': otherZeek('dns'), 'http.log': otherZeek('http') }),
      /It holds Zeek logs, but conn\.log is not among them\./,
    ],
    [
      'an archive in an archive in an archive',
      gzipSync(gzipSync(gzipSync(table(20)))),
      /archive in an archive in an archive/,
    ],
    ['gzip of nothing', gzipSync(new Uint8Array(0)), /empty/],
    [
      'a damaged gzip',
      Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 0xff),
      /is packed, but cannot be unpacked/,
    ],
    [
      'another Zeek log',
      otherZeek('ssl'),
      "This is Zeek's ssl log. Guardian judges flows, so it needs conn.log from the same folder.",
    ],
  ])('%s', async (_, bytes, sentence) => {
    await expect(readAll(bytes)).rejects.toMatchObject(refusal(sentence))
  })

  it('a locked ZIP', async () => {
    const zip = zipSync({ 'a.csv': table(20) })
    // PK\x01\x02: where the directory's entry begins; any byte before may be a P as well.
    const directory = zip.findIndex((_, at) => [0x50, 0x4b, 1, 2].every((byte, i) => zip[at + i] === byte))
    for (const at of [6, directory + 8]) zip[at] = zip[at]! | 1
    await expect(readAll(zip)).rejects.toMatchObject(refusal(/locked with a password/))
  })

  it('a bomb, without unpacking it', async () => {
    const header = 'orig_pkts,resp_pkts,orig_bytes,resp_bytes\n'
    const bomb = gzipSync(encode(header + '1,2,3,4\n'.repeat((MIN_JUDGED_BYTES * 1.5) / 8)), { level: 9 })
    expect(bomb.length * MAX_UNPACK_RATIO).toBeLessThan(MIN_JUDGED_BYTES)
    for (const bytes of [bomb, zipSync({ 'a.csv.gz': bomb }, { level: 0 })]) {
      await expect(readAll(bytes)).rejects.toMatchObject(refusal(/more than 300 times its size/))
    }
  })
})

describe('previewInput', () => {
  it('shows the columns of a packed table', async () => {
    const { columns, complete } = await previewInput(bytesSource('x', gzipSync(table(12))))
    expect({ columns, complete }).toEqual({
      columns: ['orig_pkts', 'resp_pkts', 'orig_bytes', 'resp_bytes'],
      complete: true,
    })
  })

  it('has nothing to show of a capture', async () => {
    await expect(previewInput(bytesSource('x', pcap))).rejects.toMatchObject(refusal(/is a capture/))
  })
})
