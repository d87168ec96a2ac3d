/** The log of flow records (`records`): what is appended while a commit runs is one statement of the next, however many devices sent it. */
import { setImmediate } from 'node:timers/promises'
import type { Transaction } from 'kysely'
import type { FlowRecord, RecordSource } from '#core/live/wire.ts'
import type { Tables } from './schema.ts'
import type { Store } from './store.ts'

/** Rows of one statement: few different texts, which the database's cache of prepared statements keeps. */
const SIZES = [64, 16, 4, 1] as const
/** Rows of one transaction. */
const MAX_ROWS = 2000

type Row = Pick<Tables['records'], 'device' | 'at_micros' | 'source' | 'body'>

interface Waiting {
  readonly rows: readonly Row[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface RecordLog {
  /** Resolves when the records are committed. Records without a time get `nowMicros`. */
  append(device: string, records: readonly FlowRecord[], source: RecordSource, nowMicros: number): Promise<void>
}

/** `appended` runs within the transaction, with the devices that records were written for. */
export function createRecordLog(
  store: Store,
  appended?: (trx: Transaction<Tables>, devices: ReadonlySet<string>) => Promise<void>,
): RecordLog {
  let waiting: Waiting[] = []
  let running = false

  async function run(): Promise<void> {
    running = true
    while (waiting.length > 0) {
      // Whoever appends in this turn of the event loop joins.
      await setImmediate()
      const batch = takeBatch()
      const rows = batch.flatMap((one) => one.rows)
      try {
        await store.write(async (trx) => {
          await insert(trx, rows)
          await appended?.(trx, new Set(rows.map(({ device }) => device)))
        })
        for (const one of batch) one.resolve()
      } catch (error) {
        for (const one of batch) one.reject(error)
      }
    }
    running = false
  }

  function takeBatch(): Waiting[] {
    let rows = 0
    let count = 0
    while (count < waiting.length && (count === 0 || rows + waiting[count]!.rows.length <= MAX_ROWS))
      rows += waiting[count++]!.rows.length
    const batch = waiting.slice(0, count)
    waiting = waiting.slice(count)
    return batch
  }

  return {
    append(device, records, source, nowMicros) {
      const rows = records.map((record) => ({
        device,
        at_micros: record.ts === undefined ? nowMicros : Math.round(record.ts * 1e6),
        source,
        body: JSON.stringify(record),
      }))
      return new Promise((resolve, reject) => {
        waiting.push({ rows, resolve, reject })
        if (!running) void run()
      })
    },
  }
}

async function insert(trx: Transaction<Tables>, rows: readonly Row[]): Promise<void> {
  let at = 0
  for (const size of SIZES)
    for (; rows.length - at >= size; at += size)
      await trx
        .insertInto('records')
        .values(rows.slice(at, at + size))
        .execute()
}
