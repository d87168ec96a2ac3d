/** What the relay does by the clock: the weekly digest, and forgetting messages that are long over. */

import * as v from 'valibot'
import { type DigestCounts, digestDay, digestText } from '#core/alert/alert.ts'
import { SEVERITIES } from '#core/alert/severity.ts'
import { forgetOld, owe } from './outbox/outbox.ts'
import type { ChannelBook } from './outbox/settings.ts'
import { readSetting, writeSetting } from './store/settings.ts'
import type { Store } from './store/store.ts'

export interface HousekeepingOptions {
  readonly store: Store
  readonly book: ChannelBook
  readonly now: () => number
  readonly log: (error: unknown) => void
}

const LOOK_EVERY_MS = 60_000
const WEEK_MICROS = 7 * 86_400e6
const LOUDEST = 5
/** The day of the last digest: whichever relay writes it, sends it. */
const DIGEST = 'digest'

export class Housekeeping {
  readonly #options: HousekeepingOptions
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> = Promise.resolve()

  constructor(options: HousekeepingOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => void this.look().catch(this.#options.log), LOOK_EVERY_MS).unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#working
  }

  look(): Promise<void> {
    const next = this.#working.then(() => this.#look())
    this.#working = next.catch(() => {})
    return next
  }

  async #look(): Promise<void> {
    const { store, book, now } = this.#options
    const nowMicros = now()
    const isOwed = await store.write(async (trx) => {
      await forgetOld(trx, nowMicros)
      const { timeZone, weeklyDigest } = await book.telling(trx)
      const day = digestDay(nowMicros, timeZone)
      const last = await readSetting(trx, DIGEST, v.string())
      // A clock that was set back sends nothing twice.
      if (last !== undefined && day <= last) return false
      await writeSetting(trx, DIGEST, day, nowMicros)
      // The first look only notes where it begins.
      if (last === undefined || !weeklyDigest) return false
      const counts = await countWeek(trx, nowMicros - WEEK_MICROS)
      const message = {
        title: 'Your week with IoT Guardian',
        text: digestText(counts),
        severity: 'low',
        advice: counts.open > 0 ? ['Look at the alerts that are still open.'] : [],
        atMicros: nowMicros,
      }
      await owe(trx, message, { channels: await book.names(trx), dueMicros: nowMicros })
      return true
    })
    if (isOwed) store.notify('outbox', '')
  }
}

async function countWeek(db: Store['db'], sinceMicros: number): Promise<DigestCounts> {
  const [alerts, judged] = await Promise.all([
    db
      .selectFrom('alerts')
      .select(['title', 'severity', 'state'])
      .where('opened_micros', '>=', sinceMicros)
      .orderBy('id', 'desc')
      .execute(),
    db
      .selectFrom('verdicts')
      .select((eb) => [
        eb.fn.countAll<number>().as('all'),
        eb.fn.countAll<number>().filterWhere('score', '>', eb.ref('threshold')).as('odd'),
      ])
      .where('at_micros', '>=', sinceMicros)
      .executeTakeFirstOrThrow(),
  ])
  const byLoudness = [...SEVERITIES].reverse()
  const loudest = byLoudness.flatMap((severity) =>
    alerts.filter((alert) => alert.severity === severity).map(({ title }) => ({ title, severity })),
  )
  return {
    alerts: alerts.length,
    open: alerts.filter(({ state }) => state === 'open').length,
    judged: Number(judged.all),
    odd: Number(judged.odd),
    loudest: loudest.slice(0, LOUDEST),
  }
}
