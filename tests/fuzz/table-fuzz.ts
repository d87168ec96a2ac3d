/** Damaged tables and archives: each must be read, or refused by an InputError, at once. */
import { InputError } from '#core/base/errors.ts'
import { createRandom } from '#core/base/random.ts'
import { bytesSource } from '#core/base/source.ts'
import { openInputs } from '#core/scan/open.ts'
import { mutate } from './mutate.ts'
import { TABLE_SEEDS } from './table-seeds.ts'

const MAX_MS = 2000

export interface FuzzResult {
  readonly inputs: number
  readonly refused: number
  readonly rows: number
  readonly slowestMs: number
}

/** Throws, with the input in base64, at the first one that is answered by anything else than rows or an InputError, or too late. */
export async function fuzzTables(iterations: number, seed: number): Promise<FuzzResult> {
  const random = createRandom(seed)
  let refused = 0
  let rows = 0
  let slowestMs = 0
  for (let i = 0; i < iterations; i++) {
    const bytes = mutate(TABLE_SEEDS[random.int(TABLE_SEEDS.length)]!, TABLE_SEEDS, random)
    const chunkBytes = random.int(8) === 0 ? 1 + random.int(64) : 1 << 20
    const start = performance.now()
    try {
      rows += await readAll(bytes, chunkBytes)
    } catch (error) {
      if (!(error instanceof InputError))
        throw new Error(describe(bytes, `iteration ${i} of seed ${seed}`), { cause: error })
      refused++
    }
    const tookMs = performance.now() - start
    slowestMs = Math.max(slowestMs, tookMs)
    if (tookMs > MAX_MS) throw new Error(describe(bytes, `${tookMs.toFixed(0)} ms at iteration ${i} of seed ${seed}`))
  }
  return { inputs: iterations, refused, rows, slowestMs }
}

async function readAll(bytes: Uint8Array, chunkBytes: number): Promise<number> {
  let rows = 0
  for (const { input } of await openInputs(bytesSource('fuzz', bytes, chunkBytes))) {
    for await (const step of input.steps()) for (const batch of step.flows) rows += batch.length
  }
  return rows
}

const describe = (bytes: Uint8Array, what: string): string =>
  `${what}, ${bytes.length} bytes: ${Buffer.from(bytes).toString('base64')}`
