/**
 * Messages owed to channels: rows that are written with the alert they tell of, taken by lease, tried until they arrive. At least once:
 * a relay that dies between sending and writing down sends again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { Tables } from '../store/schema.ts'
import type { Store } from '../store/store.ts'

/** What goes out: the words, and what machines want beside them. */
export interface Message {
  readonly title: string
  readonly text: string
  readonly severity: string
  readonly alert?: number | undefined
  readonly device?: string | undefined
  readonly deviceName?: string | undefined
  /** What to do, in order. */
  readonly advice: readonly string[]
  /** Figures of the case; undefined for digests and tests. */
  readonly figures?: MessageFigures | undefined
  readonly atMicros: number
}

export interface MessageFigures {
  /** Samples over the line, of all that were judged for this device in the case's time. */
  readonly count: number
  readonly total: number
  readonly percentage: number
  readonly threshold: number
  readonly top: readonly {
    readonly severity: string
    readonly rows: string
    readonly score: number
    readonly reason: string
  }[]
}

/** Sends or throws. `DeliveryError` says when to try again, or that it is no use. */
export interface Channel {
  readonly name: string
  send(message: Message): Promise<void>
}

interface DeliveryDetails {
  readonly retryAfterMs?: number | undefined
  readonly isFinal?: boolean
  readonly status?: number
}

export class DeliveryError extends Error {
  override name = 'DeliveryError' as const
  readonly retryAfterMs: number | undefined
  readonly isFinal: boolean
  /** HTTP's, where there was an answer. */
  readonly status: number | undefined

  constructor(message: string, { retryAfterMs, isFinal = false, status }: DeliveryDetails = {}) {
    super(message)
    this.retryAfterMs = retryAfterMs
    this.isFinal = isFinal
    this.status = status
  }
}

export interface OutboxOptions {
  readonly store: Store
  readonly relay: string
  readonly now: () => number
  /** Those that are set up now, by name. */
  readonly channels: () => Promise<ReadonlyMap<string, Channel>>
  readonly log: (error: unknown) => void
  /** In [0, 1): spreads tries. */
  readonly random?: () => number
}

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 15 * 60_000
/** About a day of tries. */
export const MOST_TRIES = 100
const LEASE_MICROS = 60e6
const AT_ONCE = 8
const LOOK_EVERY_MS = 5000
/** Delivered and given-up messages are kept for this long, to be shown. */
export const KEEP_MICROS = 30 * 86_400e6

/** To be called in the transaction that makes the alert. */
export async function owe(
  trx: Transaction<Tables>,
  message: Message,
  { channels, dueMicros }: { channels: readonly string[]; dueMicros: number },
): Promise<void> {
  if (channels.length === 0) return
  const row = {
    alert: message.alert ?? null,
    body: JSON.stringify(message),
    created_micros: message.atMicros,
    due_micros: dueMicros,
    tries: 0,
    lease: null,
    lease_until_micros: 0,
    done_micros: null,
    error: null,
  }
  await trx
    .insertInto('outbox')
    .values(channels.map((channel) => ({ channel, ...row })))
    .execute()
}

type Row = Selectable<Tables['outbox']>

export class Outbox {
  readonly #options: OutboxOptions
  #working: Promise<void> | undefined
  #again = false
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #end: (() => void) | undefined

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  start(): void {
    this.#end = this.#options.store.listen('outbox', () => this.wake())
    this.#timer = setInterval(() => this.wake(), LOOK_EVERY_MS).unref()
    // What this relay was sending when it died need not wait for the lease to end.
    this.#working = this.#forgetLeases()
      .catch(this.#options.log)
      .finally(() => {
        this.#working = undefined
        this.wake()
      })
  }

  /** Something is owed, perhaps. */
  wake(): void {
    if (this.#closed) return
    if (this.#working) {
      this.#again = true
      return
    }
    this.#again = false
    this.#working = this.#work()
      .catch(this.#options.log)
      .finally(() => {
        this.#working = undefined
        if (this.#again) this.wake()
      })
  }

  /** Waits for what is being sent. */
  async close(): Promise<void> {
    this.#closed = true
    this.#end?.()
    clearInterval(this.#timer)
    await this.#working
  }

  async #forgetLeases(): Promise<void> {
    const { store, relay } = this.#options
    await store.write((trx) =>
      trx
        .updateTable('outbox')
        .set({ lease: null, lease_until_micros: 0 })
        .where('lease', '=', relay)
        .where('done_micros', 'is', null)
        .execute(),
    )
  }

  async #work(): Promise<void> {
    while (!this.#closed) {
      const rows = await this.#take()
      if (rows.length === 0) return
      const channels = await this.#options.channels()
      await Promise.all(rows.map((row) => this.#try(row, channels.get(row.channel))))
    }
  }

  #take(): Promise<Row[]> {
    const { store, relay, now } = this.#options
    return store.write((trx) => takeDue(trx, { relay, nowMicros: now(), isPostgres: store.kind === 'postgres' }))
  }

  async #try(row: Row, channel: Channel | undefined): Promise<void> {
    const { store, now, random = Math.random } = this.#options
    const error = channel
      ? await attempt(channel, JSON.parse(row.body) as Message)
      : new DeliveryError('This channel is not set up any more.', { isFinal: true })
    const tries = row.tries + 1
    const nowMicros = now()
    const done = { tries, lease: null, lease_until_micros: 0 }
    const isOver = error === undefined || error.isFinal || tries >= MOST_TRIES
    const waitMs =
      error?.retryAfterMs ?? Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries - 1, 20)) * (0.5 + random())
    const after = isOver
      ? { done_micros: nowMicros, error: error?.message ?? null }
      : { due_micros: Math.round(nowMicros + waitMs * 1000), error: error.message }
    await store.write((trx) =>
      trx
        .updateTable('outbox')
        .set({ ...done, ...after })
        .where('id', '=', row.id)
        // Whoever took it over meanwhile says how it went.
        .where('lease', '=', row.lease)
        .where('tries', '=', row.tries)
        .execute(),
    )
    if (!isOver) void sleep(waitMs, undefined, { ref: false }).then(() => this.wake())
  }
}

async function attempt(channel: Channel, message: Message): Promise<DeliveryError | undefined> {
  try {
    await channel.send(message)
    return undefined
  } catch (error) {
    if (error instanceof DeliveryError) return error
    return new DeliveryError(error instanceof Error ? error.message : String(error))
  }
}

async function takeDue(
  trx: Transaction<Tables>,
  { relay, nowMicros, isPostgres }: { relay: string; nowMicros: number; isPostgres: boolean },
): Promise<Row[]> {
  const due = trx
    .selectFrom('outbox')
    .select('id')
    .where('done_micros', 'is', null)
    .where('due_micros', '<=', nowMicros)
    .where('lease_until_micros', '<=', nowMicros)
    .orderBy('due_micros')
    .limit(AT_ONCE)
  const ids = await (isPostgres ? due.modifyEnd(sql`FOR UPDATE SKIP LOCKED`) : due).execute()
  if (ids.length === 0) return []
  return trx
    .updateTable('outbox')
    .set({ lease: relay, lease_until_micros: nowMicros + LEASE_MICROS })
    .where(
      'id',
      'in',
      ids.map(({ id }) => id),
    )
    .returningAll()
    .execute()
}

/** Messages that are over are forgotten after KEEP_MICROS. Returns how many. */
export async function forgetOld(trx: Transaction<Tables>, nowMicros: number): Promise<number> {
  const { numDeletedRows } = await trx
    .deleteFrom('outbox')
    .where('done_micros', '<', nowMicros - KEEP_MICROS)
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}

export interface ChannelHealth {
  readonly channel: string
  readonly waiting: number
  readonly delivered: number
  readonly givenUp: number
  /** Of the newest that failed: why, and since when the oldest one waits. */
  readonly error: string | undefined
  readonly waitingSinceMicros: number | undefined
}

/** What people see of a channel that fails: at once, not when it is given up. */
export async function channelHealth(db: Kysely<Tables>): Promise<ChannelHealth[]> {
  const rows = await db
    .selectFrom('outbox')
    .select((eb) => [
      'channel',
      eb.fn.countAll<number>().filterWhere('done_micros', 'is', null).as('waiting'),
      eb.fn
        .countAll<number>()
        .filterWhere('done_micros', 'is not', null)
        .filterWhere('error', 'is', null)
        .as('delivered'),
      eb.fn
        .countAll<number>()
        .filterWhere('done_micros', 'is not', null)
        .filterWhere('error', 'is not', null)
        .as('givenUp'),
      eb.fn.min<number | null>('created_micros').filterWhere('done_micros', 'is', null).as('since'),
      eb.fn.max<string | null>('error').filterWhere('done_micros', 'is', null).as('error'),
    ])
    .groupBy('channel')
    .execute()
  return rows.map(({ channel, waiting, delivered, givenUp, since, error }) => ({
    channel,
    waiting: Number(waiting),
    delivered: Number(delivered),
    givenUp: Number(givenUp),
    error: error ?? undefined,
    waitingSinceMicros: since ?? undefined,
  }))
}
