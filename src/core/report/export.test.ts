import Papa from 'papaparse'
import { expect, test } from 'vitest'
import { sampleCase, sampleSummary } from '../../../tests/db/sample.ts'
import { createRandom } from '../base/random.ts'
import { writeCsv } from './csv.ts'
import { casesCsv, historyCsv, historyJson } from './export.ts'

const scan = {
  id: 's1',
  file: '=HYPERLINK("http://evil","x").pcap',
  sizeBytes: 10,
  startedAt: 0,
  finishedAt: 1500,
  state: 'done',
  summary: sampleSummary(),
}

/** What PapaParse (5.7.1) reads back. */
function parse(csv: string): string[][] {
  return Papa.parse<string[]>(csv, { skipEmptyLines: true }).data
}

test.each([
  '=1+1',
  '+1+1',
  '-1+1',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  '\n=1',
  '＝1+1',
  '=HYPERLINK("http://evil","x")',
  '-',
  '+49 170',
])('%j does not begin a formula', (text) => {
  const [, row] = parse(writeCsv(['name'], [[text]]))
  expect(row).toEqual([`'${text}`])
})

test.each(['-1', '+2.5', '-1e-7', '0', '12'])('%s stays the number that it is', (text) => {
  expect(parse(writeCsv(['n'], [[text], [Number(text)]]))).toEqual([['n'], [text], [String(Number(text))]])
})

test('empty, quotes, commas, line breaks and semicolons come back as they were', () => {
  const cells = ['say "hi"', 'a,b', 'a\nb', 'a;=1', ' space ', '']
  expect(parse(writeCsv(['a', 'b', 'c', 'd', 'e', 'f'], [cells]))[1]).toEqual(cells)
  expect(writeCsv(['a', 'b'], [[undefined, Number.NaN]])).toBe('a,b\r\n,\r\n')
  expect(writeCsv(['a'], [['a;=1']])).toBe('a\r\n"a;=1"\r\n')
})

test('random text never makes a cell that begins a formula, nor loses a character', () => {
  const random = createRandom(7)
  const alphabet = '=+-@\t\r\n",;\' a1'
  for (let i = 0; i < 5000; i++) {
    const text = Array.from({ length: random.int(8) }, () => alphabet[random.int(alphabet.length)]).join('')
    const [, row] = Papa.parse<string[]>(writeCsv(['x', 'y'], [[text, 'end']])).data
    expect(row?.[1]).toBe('end')
    const cell = row?.[0] ?? ''
    expect(cell === text || cell === `'${text}`, JSON.stringify(text)).toBe(true)
    if (/^[=+\-@\t\r\n]/.test(cell)) expect(cell).toMatch(/^[+-]?\d+$/)
  }
})

test('a scan becomes one line with times in UTC and no formula', () => {
  const [head, row] = parse(historyCsv([scan]))
  const cell = (name: string) => row?.[head?.indexOf(name) ?? -1]
  expect(cell('file')).toBe(`'=HYPERLINK("http://evil","x").pcap`)
  expect(cell('started')).toBe('1970-01-01T00:00:00.000Z')
  expect(cell('finished')).toBe('1970-01-01T00:00:01.500Z')
  expect(cell('first')).toBe('1970-01-01T00:00:01.000000Z')
  expect([cell('samples'), cell('anomalies'), cell('percentage'), cell('skipped')]).toEqual(['10', '1', '10', '1'])
})

test('a scan that failed has its sentence and empty figures', () => {
  const { summary: _, ...failed } = { ...scan, state: 'failed', error: 'The file is empty.' }
  const [head, row] = parse(historyCsv([failed]))
  expect(row).toHaveLength(head?.length ?? 0)
  expect(row?.at(-1)).toBe('The file is empty.')
})

test('a case becomes one line with its strongest reasons; times that are not known are empty', () => {
  const value = { ...sampleCase('c1'), deviceName: '@cmd', endMicros: Number.NaN }
  const [head, row] = parse(casesCsv([{ scanId: 's1', state: 'open', value }]))
  const cell = (name: string) => row?.[head?.indexOf(name) ?? -1]
  expect(cell('device_name')).toBe("'@cmd")
  expect(cell('reason_1')).toBe('orig_bytes: 120000000 (typical 5000, share 1.00)')
  expect([cell('reason_2'), cell('last')]).toEqual(['', ''])
})

test('JSON holds each case under its scan', () => {
  const cases = [
    { scanId: 's1', state: 'open', value: sampleCase('c1') },
    { scanId: 'other', state: 'open', value: sampleCase('c2') },
  ]
  const read = JSON.parse(historyJson([scan], cases))
  expect(read.scans).toHaveLength(1)
  expect(read.scans[0]).toMatchObject({ file: scan.file, cases: [{ id: 'c1', state: 'open' }] })
})
