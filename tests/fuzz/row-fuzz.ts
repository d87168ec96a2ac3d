/** Damaged rows straight into the readers, past opening and sniffing: many more inputs in the same time than table-fuzz.ts. */
import { createRandom } from '#core/base/random.ts'
import { Tally } from '#core/base/tally.ts'
import type { FlowBatch } from '#core/flow/batch.ts'
import { ChunkBuffer } from '#core/logs/chunk-buffer.ts'
import { CsvReader } from '#core/logs/csv-reader.ts'
import { readDelimitedHead, readRows } from '#core/logs/delimited.ts'
import { layoutByNames } from '#core/logs/flow-layout.ts'
import { createFinder } from '#core/logs/names.ts'
import { FlowRows, TableProgress } from '#core/logs/rows.ts'
import { mutate } from './mutate.ts'
import { TABLE_SEEDS } from './table-seeds.ts'

/** Batches are looked at after so many inputs, as making one costs more than reading one. */
const INPUTS_PER_BATCH = 64

/** The delimited seeds: their header is read once, their rows are damaged. */
function createTarget(seed: Uint8Array) {
  const table = readDelimitedHead(seed, true)
  const layout = layoutByNames(createFinder(table.columns, table.sampleRows))
  const stats = { bytesRead: 0, packets: 0, rows: 0, skipped: new Tally(), remarks: [], readMs: 0, featuresMs: 0 }
  const rows = new FlowRows(layout, stats, new TableProgress())
  const reader = new CsvReader(table.shape, layout.reading, rows)
  return { stats, rows, reader, body: seed.subarray(table.headerBytes, table.headerBytes + 300), used: 0, waiting: 0 }
}

type Target = ReturnType<typeof createTarget>

/** Throws when a reader throws, loses count of a row, or lets a value through that no flow may have. */
export function fuzzRows(iterations: number, seed: number): { inputs: number; rows: number; skipped: number } {
  const random = createRandom(seed)
  const [four, quoted, cic] = TABLE_SEEDS.slice(1, 4).map(createTarget)
  if (!four || !quoted || !cic) throw new Error('a delimited seed is missing')
  // The wide one is the slowest, and the readers do not know it is wide.
  const targets = [four, quoted, four, quoted, four, quoted, four, cic]
  const bodies = targets.map((target) => target.body)
  for (let i = 0; i < iterations; i++) {
    const target = targets[random.int(targets.length)]!
    const body = mutate(target.body, bodies, random)
    const cut = random.int(4) === 0 ? random.int(body.length + 1) : body.length
    readBody(body, cut, target)
    if (++target.waiting < INPUTS_PER_BATCH && i < iterations - targets.length) continue
    target.waiting = 0
    const batches = target.rows.finish()
    target.used += batches.reduce((sum, batch) => sum + batch.length, 0)
    const { stats, used } = target
    if (stats.rows !== used + stats.skipped.total || !batches.every(isSoundBatch)) {
      throw new Error(`up to iteration ${i} of seed ${seed}: ${Buffer.from(body).toString('base64')}`)
    }
  }
  const all = [four, quoted, cic]
  return {
    inputs: iterations,
    rows: all.reduce((sum, { used }) => sum + used, 0),
    skipped: all.reduce((sum, { stats }) => sum + stats.skipped.total, 0),
  }
}

function readBody(body: Uint8Array, cut: number, { rows, reader }: Target): void {
  const buffer = new ChunkBuffer(body.length)
  if (cut < body.length) {
    buffer.add(body.subarray(0, cut))
    readRows(buffer, { reader, rows, lineEnd: 10, final: false })
  }
  buffer.add(cut < body.length ? body.subarray(cut) : body)
  readRows(buffer, { reader, rows, lineEnd: 10, final: true })
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
