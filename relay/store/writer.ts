/** Group commit: writers that wait at the same time share one transaction and one fsync. */
import { setImmediate, setTimeout } from 'node:timers/promises'
import { type ControlledTransaction, type Kysely, sql, type Transaction } from 'kysely'
import { asStoreError, StoreError } from './errors.ts'
import type { Tables } from './schema.ts'

/** Works in one transaction at most. */
const MAX_GROUP = 500
/** A database that does not let a transaction begin is tried again for this long. */
const PATIENCE_MS = 3000
const TRY_AGAIN_MS = 100
/** Writers beyond this are refused at once: a queue without end would only hide that the store is away. */
const MAX_WAITING = 100_000
/** Held by every writing transaction in PostgreSQL, so that ids in `records` follow the order of commits (any constant will do). */
const WRITE_LOCK = 0x67756172

type Work = (trx: Transaction<Tables>) => Promise<unknown>

interface Job {
  readonly work: Work
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

type Outcome = { readonly value: unknown } | { readonly error: unknown }

export class Writer {
  readonly #db: Kysely<Tables>
  readonly #locks: boolean
  #waiting: Job[] = []
  #running: Promise<void> | undefined
  #closed = false

  constructor(db: Kysely<Tables>, { locks }: { readonly locks: boolean }) {
    this.#db = db
    this.#locks = locks
  }

  write<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) return reject(new StoreError('The relay is shutting down.'))
      if (this.#waiting.length >= MAX_WAITING)
        return reject(new StoreError('The database does not keep up: too many writes wait.'))
      this.#waiting.push({ work, resolve: resolve as (value: unknown) => void, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when all that was asked for is settled. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Whoever writes in this turn of the event loop joins.
      await setImmediate()
      const jobs = this.#waiting.splice(0, MAX_GROUP)
      try {
        const outcomes = await this.#commit(jobs)
        for (const [i, job] of jobs.entries()) settle(job, outcomes[i]!)
      } catch (error) {
        const told = asStoreError(error)
        for (const job of jobs) job.reject(told)
      }
    }
    // In the same turn as the last look: a write that comes next must find nobody running.
    this.#running = undefined
  }

  async #commit(jobs: readonly Job[]): Promise<Outcome[]> {
    const trx = await this.#begin()
    try {
      if (this.#locks) await sql`SELECT pg_advisory_xact_lock(${WRITE_LOCK})`.execute(trx)
      const outcomes: Outcome[] = []
      for (const { work } of jobs) outcomes.push(await runAlone(trx, work))
      await trx.commit().execute()
      return outcomes
    } catch (error) {
      await trx
        .rollback()
        .execute()
        .catch(() => {})
      throw error
    }
  }

  /** Only the beginning is tried again: of a commit that broke nobody knows whether it was done. */
  async #begin(): Promise<ControlledTransaction<Tables>> {
    const until = performance.now() + PATIENCE_MS
    for (;;) {
      try {
        return await this.#db.startTransaction().execute()
      } catch (error) {
        const told = asStoreError(error)
        if (!(told instanceof StoreError) || performance.now() > until || this.#closed) throw told
        await setTimeout(TRY_AGAIN_MS)
      }
    }
  }
}

/** Its failure undoes what it wrote and nothing of the others; a failure of the store itself is everybody's. */
async function runAlone(trx: ControlledTransaction<Tables>, work: Work): Promise<Outcome> {
  const saved = await trx.savepoint('work').execute()
  try {
    const value = await work(saved)
    await saved.releaseSavepoint('work').execute()
    return { value }
  } catch (error) {
    const told = asStoreError(error)
    if (told instanceof StoreError) throw told
    await saved.rollbackToSavepoint('work').execute()
    return { error }
  }
}

function settle(job: Job, outcome: Outcome): void {
  if ('value' in outcome) job.resolve(outcome.value)
  else job.reject(outcome.error)
}
