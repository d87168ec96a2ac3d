import { describe, expect, it } from 'vitest'
import { createRandom } from '../base/random.ts'
import { bytesSource } from '../base/source.ts'
import { lines, readTable } from './fixture.ts'
import { openTable } from './table.ts'
import { HORIZON_ROWS } from './time-order.ts'

const HEADER = 'ts,orig_pkts,resp_pkts,orig_bytes,resp_bytes,label'
const FOUR = 'orig_pkts,resp_pkts,orig_bytes,resp_bytes'
const good = (count: number) => lines(count, (i) => `${i},2,3,4`)

describe('the four-column form', () => {
  it('gives times, counts and labels row by row', async () => {
    const { kind, rows, flows, skipped } = await readTable(
      `${HEADER}\n${lines(20, (i) => `${1_545_403_816 + i}.25,${i},1,${10 * i},7,${i % 2 ? 'Attack' : 'Benign'}`)}`,
    )
    expect(kind).toBe('flow-csv')
    expect(rows).toBe(20)
    expect(skipped).toEqual({})
    expect(flows[3]).toMatchObject({
      row: 4,
      start: 1_545_403_819_250_000,
      counts: [3, 1, 30, 7],
      label: 'Attack',
      orig: undefined,
    })
  })

  it('does without ts and label, and says that it goes by the order of rows', async () => {
    const { flows, remarks } = await readTable(`${FOUR}\n${good(11)}`)
    expect(flows).toHaveLength(11)
    expect(flows[0]!.start).toBeNaN()
    expect(flows[0]!.label).toBeUndefined()
    expect(remarks.join()).toMatch(/no times/)
  })

  it('takes columns in any order, also semicolons, tabs, bars, quotes, blanks, a byte order mark and CRLF', async () => {
    for (const separator of [',', ';', '\t', '|']) {
      const join = (cells: readonly string[]) => cells.join(separator)
      const header = join(['"resp_bytes"', ' orig_pkts ', 'Label', 'RESP_PKTS', 'orig bytes'])
      const body = Array.from({ length: 12 }, (_, i) =>
        join([`"${i}"`, ` ${i + 1}`, `a${separator === ',' ? '' : ','}b`, '2', '3']),
      ).join('\r\n')
      const { flows } = await readTable(`\ufeff${header}\r\n${body}`)
      expect(flows).toHaveLength(12)
      expect(flows[5]!.counts).toEqual([6, 2, 3, 5])
    }
  })

  it('goes by the line in which Excel names the separator', async () => {
    const { flows } = await readTable(
      `\ufeffsep=;\r\n${FOUR.replaceAll(',', ';')};a,b,c,d,e,f\r\n${lines(11, (i) => `${i};2;3;4;,,,,,`)}`,
    )
    expect(flows[7]!.counts).toEqual([7, 2, 3, 4])
  })

  it('keeps text columns as categories, and addresses, ports and protocol where they are', async () => {
    const { flows } = await readTable(
      `ts,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,service,uid,${FOUR}\n${lines(12, (i) => `${i},10.0.0.${i % 2},5${i},1.1.1.1,443,${i % 2 ? 'tcp' : 'UDP'},${i % 3 ? 'dns' : '-'},C${i},1,2,3,4`)}`,
    )
    expect(flows[1]).toMatchObject({
      orig: '10.0.0.1',
      resp: '1.1.1.1',
      ports: [51, 443],
      protocol: 6,
      categories: { proto: 'tcp', service: 'dns' },
    })
    expect(flows[0]).toMatchObject({ protocol: 17, categories: { proto: 'UDP', service: undefined } })
    expect(Object.keys(flows[0]!.categories)).toEqual(['proto', 'service'])
  })

  it('takes a device column for the address where there is no other', async () => {
    const { flows } = await readTable(`device,${FOUR}\n${lines(11, () => 'camera,1,2,3,4')}`)
    expect(flows[0]!.orig).toBe('camera')
  })

  it.each([
    ['seconds', (i: number) => `${1_700_000_000 + i}`],
    ['milliseconds', (i: number) => `${(1_700_000_000 + i) * 1e3}`],
    ['microseconds', (i: number) => `${(1_700_000_000 + i) * 1e6}`],
    ['nanoseconds', (i: number) => `${1_700_000_000 + i}000000000`],
    ['ISO 8601', (i: number) => `2023-11-14T22:13:${20 + i}Z`],
    ['ISO 8601 with a zone', (i: number) => `2023-11-15T00:13:${20 + i}.000+02:00`],
    ['CICFlowMeter', (i: number) => `14/11/2023 10:13:${20 + i} PM`],
  ])('knows times in %s', async (_, time) => {
    const { flows } = await readTable(`ts,${FOUR}\n${lines(12, (i) => `${time(i)},1,2,3,4`)}`)
    expect(flows[2]!.start).toBe(1_700_000_002_000_000)
  })
})

describe('rows that cannot be used', () => {
  it('are counted by reason, and row numbers go on counting', async () => {
    const { rows, skipped, flows } = await readTable(
      `${FOUR}\n${good(3)}1,x,3,4\nNaN,1,1,1\n1,,2,3\n1,2,-3,4\n1,2,3\n1,2,3,4,5\n1,2,inf,4\n\n1,"2,3,4\n${good(9)}`,
    )
    expect(skipped).toEqual({
      'text where a number belongs in resp_pkts': 1,
      'not finite in orig_pkts': 1,
      'missing value in resp_pkts': 1,
      'negative count in orig_bytes': 1,
      'wrong number of fields': 2,
      'not finite in orig_bytes': 1,
      'a quote that is never closed': 1,
    })
    expect(rows).toBe(20)
    expect(flows.map(({ row }) => row)).toEqual([1, 2, 3, 12, 13, 14, 15, 16, 17, 18, 19, 20])
  })

  it('are counted when the time cannot be read', async () => {
    const { skipped } = await readTable(
      `ts,${FOUR}\n${lines(12, () => '2023-01-01T00:00:00Z,1,2,3,4')}soon,1,2,3,4\n,1,2,3,4\n`,
    )
    expect(skipped).toEqual({ 'no readable time in ts': 1, 'missing value in ts': 1 })
  })
})

describe('tables that are refused', () => {
  it.each([
    ['0 bytes', '', /0 bytes/],
    ['blanks only', '\n \n', /nothing but blanks/],
    ['only a header', `${FOUR}\n`, /column names but no rows.*11 rows/],
    ['ten rows', `${FOUR}\n${good(10)}`, /10 usable rows.*11 rows are needed/],
    [
      'one good row of many',
      `${FOUR}\n${good(1)}${lines(30, () => 'a,b,c,d')}`,
      /1 usable row;.*30 × text where a number belongs in orig_pkts/,
    ],
    [
      'text in every row',
      `${FOUR}\n${lines(50, () => 'a,2,3,4')}`,
      /None of the 50 rows.*50 × text where a number belongs in orig_pkts/,
    ],
    [
      'other column names',
      `a,b,c,d\n${good(20)}`,
      /needs columns for orig_pkts, resp_pkts, orig_bytes, resp_bytes.*a, b, c, d/,
    ],
    [
      'one column short',
      `orig_pkts,resp_pkts,orig_bytes,note\n${good(20)}`,
      /needs a column for resp_bytes\..*orig_pkts, resp_pkts, orig_bytes, note/,
    ],
    ['no header', good(20), /should name the columns.*holds values/],
    ['prose', 'Dear all,\nthis is a letter.\n', /needs columns/],
  ])('%s: a sentence says what was expected and what came', async (_, content, sentence) => {
    await expect(readTable(content)).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringMatching(sentence),
    })
  })
})

describe('reading in pieces', () => {
  const content = `${HEADER}\n${lines(40, (i) => `${i}.5,${i},1,2,3,"a ${i % 3}"`)}x,1,2,3,4,b\n`

  it('gives the same rows in chunks of 1, 7 and 4096 bytes', async () => {
    const whole = await readTable(content)
    for (const chunkBytes of [1, 7, 4096]) expect(await readTable(content, { chunkBytes })).toEqual(whole)
  })

  it('gives full batches of 16,384 rows and a watermark that holds for rows within the horizon', async () => {
    const random = createRandom(4)
    const count = 3 * HORIZON_ROWS
    const text = `${HEADER}\n${lines(count, (i) => `${1e9 + i - random.int(20_000)},1,2,3,4,a`)}`
    const { batches } = await readTable(text)
    expect(batches[0]!.length).toBe(16_384)
    expect(batches[0]!.watermarkMicros).toBe(Number.NEGATIVE_INFINITY)
    expect(batches.at(-2)!.watermarkMicros).toBeGreaterThan(1e15)
    let earliest = Number.POSITIVE_INFINITY
    for (const batch of [...batches].reverse()) {
      expect(earliest).toBeGreaterThanOrEqual(batch.watermarkMicros)
      earliest = Math.min(earliest, ...batch.startMicros.subarray(0, batch.length).slice(0, 16_384))
    }
    expect(batches.reduce((sum, batch) => sum + batch.length, 0)).toBe(count)
  })

  it('tells bytes and rows while it reads, and stops when asked', async () => {
    const text = new TextEncoder().encode(`${FOUR}\n${good(400_000)}`)
    const input = await openTable(bytesSource('big', text))
    const controller = new AbortController()
    let steps = 0
    const reading = async () => {
      for await (const _ of input.steps(controller.signal)) if (++steps === 2) controller.abort()
    }
    await expect(reading()).rejects.toThrow(/abort/i)
    expect(input.stats.rows).toBeGreaterThan(0)
    expect(input.stats.bytesRead).toBeLessThan(text.length)
  })
})
