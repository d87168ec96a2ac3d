/** Damaged rows straight into the readers, past opening and sniffing: many more inputs in the same time than table-fuzz.ts. */
import { createRandom } from '#core/base/random.ts'
import { Tally } from '#core/base/tally.ts'
import type { FlowBatch } from '#core/flow/batch.ts'
import { ChunkBuffer } from '#core/logs/chunk-buffer.ts'
import { layoutByNames } from '#core/logs/columns.ts'
import { CsvReader } from '#core/logs/csv-reader.ts'
import { readDelimitedHead, readRows } from '#core/logs/delimited.ts'
import type { Layout } from '#core/logs/layout.ts'
import { createFinder } from '#core/logs/names.ts'
import { FlowRows, TableProgress } from '#core/logs/rows.ts'
import { mutate } from './mutate.ts'
import { TABLE_SEEDS } from './table-seeds.ts'

interface Target {
  readonly layout: Layout
  readonly separator: number
  readonly body: Uint8Array
}

/** The delimited seeds: their header is read once, their rows are damaged. */
const TARGETS: readonly Target[] = TABLE_SEEDS.slice(1, 4).map((seed) => {
  const table = readDelimitedHead(seed, true)
  const layout = layoutByNames(createFinder(table.columns, table.sampleRows))
  return { layout, separator: table.shape.separator, body: seed.subarray(table.headerBytes, table.headerBytes + 300) }
})
const BODIES = TARGETS.map((target) => target.body)

/** Throws when a reader throws, loses count of a row, or lets a value through that no flow may have. */
export function fuzzRows(iterations: number, seed: number): { inputs: number; rows: number; skipped: number } {
  const random = createRandom(seed)
  let rows = 0
  let skipped = 0
  for (let i = 0; i < iterations; i++) {
    const target = TARGETS[random.int(TARGETS.length)]!
    const body = mutate(target.body, BODIES, random)
    const cut = random.int(4) === 0 ? random.int(body.length + 1) : body.length
    const stats = { bytesRead: 0, packets: 0, rows: 0, skipped: new Tally(), remarks: [], readMs: 0, featuresMs: 0 }
    const batches = readBody(body, cut, target, stats)
    const used = batches.reduce((sum, batch) => sum + batch.length, 0)
    const isSound = stats.rows === used + stats.skipped.total && batches.every(isSoundBatch)
    if (!isSound) throw new Error(`iteration ${i} of seed ${seed}: ${Buffer.from(body).toString('base64')}`)
    rows += used
    skipped += stats.skipped.total
  }
  return { inputs: iterations, rows, skipped }
}

function readBody(
  body: Uint8Array,
  cut: number,
  target: Target,
  stats: ConstructorParameters<typeof FlowRows>[1],
): FlowBatch[] {
  const rows = new FlowRows(target.layout, stats, new TableProgress())
  const shape = { separator: target.separator, lineEnd: 10, quote: 34, comment: -1 }
  const reader = new CsvReader(shape, target.layout.reading, rows)
  const buffer = new ChunkBuffer(body.length)
  if (cut < body.length) {
    buffer.add(body.subarray(0, cut))
    readRows(buffer, { reader, rows, lineEnd: 10, final: false })
  }
  buffer.add(cut < body.length ? body.subarray(cut) : body)
  readRows(buffer, { reader, rows, lineEnd: 10, final: true })
  return rows.finish()
}

function isSoundBatch(batch: FlowBatch): boolean {
  return (
    batch.counts.length === batch.length * 4 &&
    batch.counts.every((count) => count >= 0 && count < Number.POSITIVE_INFINITY) &&
    batch.startMicros.every((micros, i) => Number.isNaN(micros) || batch.endMicros[i]! >= micros) &&
    batch.origAddress.every((address) => address >= -1 && address < batch.addresses.length) &&
    (batch.features?.every((value) => Number.isNaN(value) || Number.isFinite(value)) ?? true)
  )
}
