/** Opens the store: SQLite in a file, or PostgreSQL by its URL. */
import { EventEmitter } from 'node:events'
import { Kysely } from 'kysely'
import type pg from 'pg'
import { asStoreError } from './errors.ts'
import { migrate } from './migrations.ts'
import { Listener, type News, openPool, postgresDialect, tell } from './postgres.ts'
import type { Tables } from './schema.ts'
import { sqliteDialect } from './sqlite.ts'
import type { Store } from './store.ts'
import { Writer } from './writer.ts'

/**
 * `where` is a file's path, made when it is missing, or `postgres://…`. Brings the tables up to date first. Throws StoreError when the
 * database is out of reach.
 */
export async function openStore(where: string): Promise<Store> {
  try {
    return /^postgres(ql)?:\/\//.test(where) ? await openPostgres(where) : await openSqlite(where)
  } catch (error) {
    throw asStoreError(error)
  }
}

async function openSqlite(file: string): Promise<Store> {
  const writing = new Kysely<Tables>({ dialect: sqliteDialect(file) })
  await migrate(writing, 'sqlite')
  // A connection of their own keeps readers from waiting for writers.
  const db = new Kysely<Tables>({ dialect: sqliteDialect(file) })
  const writer = new Writer(writing, { locks: false })
  const news = new Hearers()
  return {
    kind: 'sqlite',
    db,
    write: (work) => writer.write(work),
    notify: (topic, payload) => void setImmediate(() => news.hear({ topic, payload })),
    listen: (topic, hear) => news.listen(topic, hear),
    async close() {
      await writer.close()
      await db.destroy()
      await writing.destroy()
    },
  }
}

async function openPostgres(url: string): Promise<Store> {
  const pool: pg.Pool = openPool(url)
  const db = new Kysely<Tables>({ dialect: postgresDialect(pool) })
  const writer = new Writer(db, { locks: true })
  const news = new Hearers()
  const listener = new Listener(
    url,
    (told) => news.hear(told),
    () => news.missed(),
  )
  try {
    await migrate(db, 'postgres')
    await listener.connect()
  } catch (error) {
    await listener.close().catch(() => {})
    await db.destroy()
    throw error
  }
  let telling = Promise.resolve()
  return {
    kind: 'postgres',
    db,
    write: (work) => writer.write(work),
    notify(topic, payload) {
      // One after the other, so that news arrive in order. Lost when the database is away: `listen` then hears '' once it is back.
      telling = telling.then(() => tell(pool, { topic, payload })).catch(() => {})
    },
    listen: (topic, hear) => news.listen(topic, hear),
    async close() {
      await writer.close()
      await telling
      await listener.close()
      await db.destroy()
    },
  }
}

class Hearers {
  readonly #emitter = new EventEmitter().setMaxListeners(0)

  listen(topic: string, hear: (payload: string) => void): () => void {
    this.#emitter.on(topic, hear)
    return () => this.#emitter.off(topic, hear)
  }

  hear({ topic, payload }: News): void {
    this.#emitter.emit(topic, payload)
  }

  missed(): void {
    for (const topic of this.#emitter.eventNames()) this.#emitter.emit(topic, '')
  }
}
