/** What all table readers share: counters, the last checks, and the sentences when nothing can be used. */
import { InputError } from '../base/errors.ts'
import { Tally } from '../base/tally.ts'
import type { FlowBatch } from '../flow/batch.ts'
import type { FlowInput, InputStats } from '../flow/input.ts'
import { TableProgress } from './rows.ts'

/** A window of 10 flows and the one before it. */
export const MIN_ROWS = 11

export interface TableRun {
  readonly stats: InputStats
  readonly progress: TableProgress
}

/** `read` gives out batches as they fill, an empty list when it only read on. */
export type ReadTable = (run: TableRun, signal?: AbortSignal) => AsyncGenerator<FlowBatch[]>

export function createTableInput(kind: FlowInput['kind'], remarks: readonly string[], read: ReadTable): FlowInput {
  const stats: InputStats = {
    bytesRead: 0,
    packets: 0,
    rows: 0,
    skipped: new Tally(),
    remarks: [...remarks],
    readMs: 0,
    featuresMs: 0,
  }
  return {
    kind,
    stats,
    async *steps(signal) {
      const progress = new TableProgress()
      let held: FlowBatch[] = []
      let from = performance.now()
      for await (const flows of read({ stats, progress }, signal)) {
        stats.readMs += performance.now() - from
        // Kept back until there are rows enough, so that a refused table has given nothing.
        held.push(...flows)
        const isEnough = progress.usable >= MIN_ROWS
        yield { flows: isEnough ? held : [], sightings: [] }
        if (isEnough) held = []
        from = performance.now()
      }
      if (progress.usable < MIN_ROWS) throw new InputError(tooFewText(progress, stats))
    },
  }
}

function tooFewText(progress: TableProgress, stats: InputStats): string {
  const needed = `Guardian needs at least ${MIN_ROWS} rows`
  if (progress.row === 0) return `This table has column names but no rows. ${needed}.`
  const reasons = Object.entries(stats.skipped.toObject()).sort((a, b) => b[1] - a[1])
  const shown = reasons.slice(0, 3).map(([reason, count]) => `${count} × ${reason}`)
  const because = shown.length > 0 ? ` (${shown.join(', ')})` : ''
  if (progress.usable === 0)
    return `None of the ${progress.row} rows can be used${because}. ${needed} with numbers in all counts.`
  const rows = progress.usable === 1 ? '1 usable row' : `${progress.usable} usable rows`
  const skipped = shown.length > 0 ? ` Skipped: ${shown.join(', ')}.` : ''
  return `This table has ${rows}; ${needed.replace('Guardian needs', '')} are needed, ten to compare and one to judge.${skipped}`.replace(
    '  at',
    ' at',
  )
}
