import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import Papa from 'papaparse'
import { describe, expect, it } from 'vitest'
import { createRandom, type Random } from '../base/random.ts'
import { bytesSource } from '../base/source.ts'
import { ChunkBuffer } from './chunk-buffer.ts'
import { CsvReader, type RowSink } from './csv-reader.ts'
import { readDelimitedHead, readRows } from './delimited.ts'
import { Dictionary } from './dictionary.ts'
import { READ_NUMBER, READ_TEXT } from './layout.ts'
import { numberState, parseNumber } from './number.ts'

/** Every cell as it was understood: a number, a text, or why it is no number. */
type Cell = number | string

/** Outer blanks mean nothing, and longer cells are cut (MAX_TEXT_BYTES). */
const shown = (text: string): string => text.trim().slice(0, 120)

class Recorder implements RowSink {
  readonly rows: (Cell[] | string)[] = []
  readonly numbers: Float64Array
  readonly codes: Int32Array
  readonly dictionaries: (Dictionary | undefined)[]
  oddCount = 0
  readonly #odd: { column: number; state: number }[] = []
  readonly #reading: Uint8Array

  constructor(reading: Uint8Array) {
    this.#reading = reading
    this.numbers = new Float64Array(reading.length)
    this.codes = new Int32Array(reading.length)
    this.dictionaries = Array.from(reading, (how) =>
      how === READ_TEXT ? new Dictionary((text) => text.trim()) : undefined,
    )
  }

  markOdd(column: number, state: number): void {
    this.#odd[this.oddCount++] = { column, state }
  }

  setText(column: number, text: string): void {
    if (this.#reading[column] === READ_TEXT) {
      this.codes[column] = this.dictionaries[column]!.codeOfText(text)
      return
    }
    const value = parseNumber(text)
    if (Number.isNaN(value)) this.markOdd(column, numberState(text))
    else this.numbers[column] = value
  }

  endRow(): void {
    this.rows.push(
      Array.from(this.#reading, (how, column) => {
        if (how === READ_TEXT) return shown(this.dictionaries[column]!.values[this.codes[column]!]!)
        const odd = this.#odd.slice(0, this.oddCount).find((one) => one.column === column)
        return odd ? `state ${odd.state}` : this.numbers[column]!
      }),
    )
  }

  skipRow(reason: string): void {
    this.rows.push(reason)
  }
}

async function readBytes(bytes: Uint8Array, how: number, chunkBytes = bytes.length): Promise<Recorder['rows']> {
  const table = readDelimitedHead(bytes.subarray(0, 1 << 17), bytes.length <= 1 << 17)
  const reading = new Uint8Array(table.columns.length).fill(how)
  const recorder = new Recorder(reading)
  const reader = new CsvReader(table.shape, reading, recorder)
  const buffer = new ChunkBuffer(0)
  let toSkip = table.headerBytes
  for await (const chunk of bytesSource('test', bytes, Math.max(1, chunkBytes)).chunks()) {
    const skipped = Math.min(toSkip, chunk.length)
    toSkip -= skipped
    buffer.add(chunk.subarray(skipped))
    readRows(buffer, { reader, rows: recorder, lineEnd: table.shape.lineEnd, final: false })
  }
  readRows(buffer, { reader, rows: recorder, lineEnd: table.shape.lineEnd, final: true })
  return recorder.rows
}

/** The same by PapaParse and the rule for numbers in texts. */
function readPapa(bytes: Uint8Array, how: number): (Cell[] | string)[] {
  const { shape } = readDelimitedHead(bytes.subarray(0, 1 << 17), bytes.length <= 1 << 17)
  const text = new TextDecoder().decode(bytes)
  const newline = shape.lineEnd === 13 ? '\r' : /\r\n/.test(text) ? '\r\n' : '\n'
  const { data } = Papa.parse<string[]>(text, {
    delimiter: String.fromCharCode(shape.separator),
    newline,
  })
  const [header = [], ...rows] = data.filter((row) => row.length > 1 || row[0]!.trim() !== '')
  return rows.map((row) => {
    if (row.length !== header.length) return 'wrong number of fields'
    return row.map((cell) => {
      if (how === READ_TEXT) return shown(cell)
      const value = parseNumber(cell)
      return Number.isNaN(value) ? `state ${numberState(cell)}` : value
    })
  })
}

async function expectSame(bytes: Uint8Array, name: string): Promise<void> {
  for (const how of [READ_NUMBER, READ_TEXT]) {
    const ours = await readBytes(bytes, how)
    const papa = readPapa(bytes, how)
    expect(ours.length, `${name}: rows`).toBe(papa.length)
    const different = ours.findIndex((row, i) => JSON.stringify(row) !== JSON.stringify(papa[i]))
    expect({ name, different, ours: ours[different], papa: papa[different] }).toEqual({
      name,
      different: -1,
      ours: undefined,
      papa: undefined,
    })
  }
}

const encode = (text: string) => new TextEncoder().encode(text)

const NUMBERS = [
  '0',
  '-0',
  '1',
  '42',
  '-7',
  '1.5',
  '.5',
  '5.',
  '-.25',
  '0.1',
  '1e3',
  '1E-7',
  '9007199254740993',
  '12345678901234567890',
  '0.30000000000000004',
  '1.7976931348623157e308',
  '1e400',
  '4.35',
  '123456.789012',
  '000123',
  '+5',
  '1545403816.870900',
  '0.000000000000000000000000001',
]
const ODD = [
  '',
  ' ',
  '-',
  'NaN',
  'Infinity',
  '-Infinity',
  'inf',
  'null',
  'text',
  '0x10',
  '1,5',
  '1 2',
  '--3',
  '1.2.3',
  'é',
  '12é',
  '"',
  '1e',
  '.',
]

function makeFile(random: Random): Uint8Array {
  const separator = [',', ';', '\t', '|'][random.int(4)]!
  const lineEnd = random.int(3) === 0 ? '\r\n' : '\n'
  const width = 2 + random.int(6)
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
  const cell = () => {
    const kind = random.int(12)
    if (kind < 7) return NUMBERS[random.int(NUMBERS.length)]!
    if (kind === 7) return String(Math.fround(random.normal() * 10 ** random.int(12)))
    if (kind === 8) return quoted(`a${separator}b${random.int(2) ? lineEnd : '"'}c`)
    if (kind === 9) return quoted(NUMBERS[random.int(NUMBERS.length)]!) + (random.int(4) ? '' : ' ')
    const odd = ODD[random.int(ODD.length)]!
    return odd.includes(separator) || odd.startsWith('"') ? quoted(odd) : odd
  }
  const lines = [Array.from({ length: width }, (_, i) => `c${i}`).join(separator)]
  for (let row = 0; row < 1 + random.int(30); row++) {
    const cells = Array.from({ length: random.int(15) ? width : 1 + random.int(width + 2) }, cell)
    lines.push(random.int(25) ? cells.join(separator) : '')
  }
  // A blank between the last quote and the very end of the file: to PapaParse the quote is open, here it is closed.
  const text = lines.join(lineEnd).trimEnd() + (random.int(2) ? lineEnd : '')
  return encode((random.int(3) ? '' : '\ufeff') + text)
}

describe('CsvReader', () => {
  it('reads 3,000 generated files as PapaParse does: quotes, line ends, byte order mark, four separators', async () => {
    const random = createRandom(7)
    for (let i = 0; i < 3000; i++) {
      const bytes = makeFile(random)
      if (readDelimitedHead(bytes, true).columns.length > 1) await expectSame(bytes, new TextDecoder().decode(bytes))
    }
  })

  it('reads the same however the bytes are cut', async () => {
    const random = createRandom(8)
    for (let i = 0; i < 150; i++) {
      const bytes = makeFile(random)
      for (const how of [READ_NUMBER, READ_TEXT]) {
        const whole = await readBytes(bytes, how)
        for (const chunkBytes of [1, 7, 4096]) expect(await readBytes(bytes, how, chunkBytes)).toEqual(whole)
      }
    }
  })

  it('rounds every decimal number as the language does', async () => {
    const random = createRandom(9)
    const values = Array.from({ length: 20_000 }, () => {
      const digits = (random.next() * 10 ** (1 + random.int(20))).toFixed(random.int(12))
      return random.int(2) ? digits : `-${digits}`
    })
    const rows = await readBytes(encode(`a,b\n${values.map((value) => `${value},1`).join('\n')}`), READ_NUMBER)
    expect(rows.map((row) => row[0])).toEqual(values.map(Number))
  })

  it('takes a quote that is never closed for one broken row and goes on below it', async () => {
    expect(await readBytes(encode('a,b\n1,2\n"3,4\n5,6\n'), READ_NUMBER)).toEqual([
      [1, 2],
      'a quote that is never closed',
      [5, 6],
    ])
  })

  it('reads lines that end by a carriage return alone', async () => {
    expect(await readBytes(encode('a,b\r1,2\r3,4'), READ_NUMBER)).toEqual([
      [1, 2],
      [3, 4],
    ])
  })

  it('skips a row that is longer than a row can be, in bounded memory', async () => {
    const long = `${'9'.repeat(3 << 20)},1`
    const rows = await readBytes(encode(`a,b\n1,2\n${long}\n3,4\n`), READ_NUMBER, 1 << 16)
    expect(rows[0]).toEqual([1, 2])
    expect(rows[1]).toBe('longer than 1048576 bytes')
    expect(rows.at(-1)).toEqual([3, 4])
  })
})

/** Of each file, in every run; CSV_WHOLE=1 compares all of it (last done whole on 2026-11-21: 304 files, no difference). */
const MAX_COMPARED = process.env.CSV_WHOLE ? Number.POSITIVE_INFINITY : 1 << 20

const shared = join(import.meta.dirname, '../../../../shared/data')
const files = existsSync(shared)
  ? readdirSync(shared, { recursive: true, encoding: 'utf8' }).filter((name) => /\.csv(?:\.gz)?$/.test(name))
  : []

describe.skipIf(files.length === 0)('CsvReader on the shared tables', () => {
  it('reads every one as PapaParse does', { timeout: 120_000 }, async () => {
    for (const name of files) {
      const raw = readFileSync(join(shared, name))
      const bytes = new Uint8Array(name.endsWith('.gz') ? gunzipSync(raw) : raw)
      await expectSame(
        bytes.subarray(0, bytes.length > MAX_COMPARED ? bytes.lastIndexOf(10, MAX_COMPARED) + 1 : undefined),
        name,
      )
    }
  })
})
