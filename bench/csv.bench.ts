/**
 * Tables: bytes of CSV to FlowBatches, one thread, beside PapaParse making strings of the same bytes in the same run.
 * Usage: node bench/csv.bench.ts [MB]
 */
import Papa from 'papaparse'
import { createRandom } from '#core/base/random.ts'
import { bytesSource } from '#core/base/source.ts'
import { FEATURE_NAMES } from '#core/flow/features.ts'
import { openTable } from '#core/logs/table.ts'

const ROUNDS = 5
const megabytes = Number(process.argv[2] ?? 100)

interface Sample {
  readonly name: string
  readonly bytes: Uint8Array
  readonly rows: number
}

function makeTable(name: string, header: string, row: (index: number) => string): Sample {
  const parts: Buffer[] = [Buffer.from(`${header}\n`)]
  let length = 0
  let rows = 0
  while (length < megabytes * 1e6) {
    let text = ''
    for (let i = 0; i < 1000; i++) text += `${row(rows++)}\n`
    const part = Buffer.from(text)
    parts.push(part)
    length += part.length
  }
  return { name, bytes: new Uint8Array(Buffer.concat(parts)), rows }
}

const random = createRandom(20_261_121)

/** Values as CIC-IDS2017 has them: whole numbers, and means with up to ten digits. */
const cic = () =>
  makeTable('CIC layout, 79 columns', [...FEATURE_NAMES, 'Label'].join(','), () => {
    let row = ''
    for (let j = 0; j < 78; j++) {
      const kind = random.int(10)
      row += `${kind < 5 ? random.int(10) : kind < 8 ? random.int(1e6) : (random.next() * 1e5).toPrecision(10)},`
    }
    return `${row}BENIGN`
  })

let micros = 1_700_000_000_000_000
const four = () =>
  makeTable('four columns with ts and label', 'ts,orig_pkts,resp_pkts,orig_bytes,resp_bytes,label', () => {
    micros += random.int(200_000)
    const text = `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`
    return `${text},${random.int(50)},${random.int(50)},${random.int(20_000)},${random.int(90_000)},Benign`
  })

async function readOurs({ name, bytes }: Sample): Promise<number> {
  const input = await openTable(bytesSource(name, bytes))
  let rows = 0
  for await (const step of input.steps()) for (const batch of step.flows) rows += batch.length
  return rows
}

/** In pieces, as PapaParse itself reads a file. */
function readPapa({ bytes }: Sample): number {
  const decoder = new TextDecoder()
  const pieceBytes = 10 << 20
  let rest = ''
  let rows = 0
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const text = rest + decoder.decode(bytes.subarray(at, at + pieceBytes), { stream: true })
    const end = text.lastIndexOf('\n') + 1
    rest = text.slice(end)
    rows += Papa.parse<string[]>(text.slice(0, end), { skipEmptyLines: true }).data.length
  }
  return rows - 1
}

async function time(run: () => number | Promise<number>, expected: number): Promise<number> {
  const start = performance.now()
  const rows = await run()
  const took = performance.now() - start
  if (rows !== expected) throw new Error(`read ${rows} rows of ${expected}`)
  return took
}

const sorted = (times: readonly number[]) => [...times].sort((a, b) => a - b)

for (const make of [cic, four]) {
  const sample = make()
  const ours: number[] = []
  const papa: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await time(() => readOurs(sample), sample.rows))
    papa.push(await time(() => readPapa(sample), sample.rows))
  }
  const say = (who: string, times: readonly number[]) => {
    const [min = 0] = sorted(times)
    const median = sorted(times)[Math.floor(times.length / 2)] ?? 0
    const speed = (ms: number) => `${(sample.bytes.length / 1e3 / ms).toFixed(0)} MB/s`
    console.log(
      `  ${who.padEnd(10)} median ${speed(median)}, best ${speed(min)}, ${(sample.rows / median / 1e3).toFixed(2)} M rows/s`,
    )
    return median
  }
  console.log(`${sample.name}: ${(sample.bytes.length / 1e6).toFixed(0)} MB, ${sample.rows} rows, ${ROUNDS} rounds`)
  const ratio = say('PapaParse', papa) / say('ours', ours)
  console.log(`  ratio      ${ratio.toFixed(2)} times PapaParse (which only makes strings; ours also makes flows)`)
}
