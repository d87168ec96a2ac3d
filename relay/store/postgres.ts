/** Kysely over PostgreSQL, and its LISTEN/NOTIFY between relays. */
import { PostgresDialect } from 'kysely'
import pg from 'pg'

const CONNECT_MS = 5000
const CONNECTIONS = 10
/** Between tries to listen again after the database went away. */
const LISTEN_AGAIN_MS = 500
const CHANNEL = 'guardian'

/** int8 as number: times in µs and ids stay under 2^53. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    return oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)
  },
} as pg.CustomTypesConfig

export function openPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS, connectionTimeoutMillis: CONNECT_MS, types })
  // A connection that breaks while nobody uses it: the pool has dropped it, the next query opens another.
  pool.on('error', () => {})
  return pool
}

export function postgresDialect(pool: pg.Pool): PostgresDialect {
  return new PostgresDialect({ pool })
}

export interface News {
  readonly topic: string
  readonly payload: string
}

/** Hears what any relay on this database tells; connects again when it was away, and says so, because news may have been missed. */
export class Listener {
  readonly #url: string
  readonly #hear: (news: News) => void
  readonly #missed: () => void
  #client: pg.Client | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(url: string, hear: (news: News) => void, missed: () => void) {
    this.#url = url
    this.#hear = hear
    this.#missed = missed
  }

  async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      types,
    })
    this.#client = client
    client.on('notification', ({ payload }) => this.#hear(JSON.parse(payload ?? '{}')))
    client.on('error', () => this.#again(client))
    client.on('end', () => this.#again(client))
    await client.connect()
    await client.query(`LISTEN ${CHANNEL}`)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#client?.end()
  }

  #again(from: pg.Client): void {
    if (this.#closed || from !== this.#client) return
    this.#client = undefined
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.connect().then(this.#missed, () => {
        const failed = this.#client
        if (failed) this.#again(failed)
      })
    }, LISTEN_AGAIN_MS)
  }
}

export async function tell(pool: pg.Pool, news: News): Promise<void> {
  await pool.query('SELECT pg_notify($1, $2)', [CHANNEL, JSON.stringify(news)])
}
