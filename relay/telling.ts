/** From what was judged to what people are told: the alert, and the messages that are owed, in the transaction of the case. */
import type { Transaction } from 'kysely'
import { type AlertDraft, draftOfCase, draftOfNewDevice, draftOfSilence, rulesOf } from '#core/alert/alert.ts'
import type { Case } from '#core/alert/case.ts'
import type { Alert } from '#core/alert/wire.ts'
import { formatNumber } from '#core/base/format.ts'
import type { LiveCase } from '#core/scan/live.ts'
import { raise } from './alerts/raise.ts'
import { findAlert } from './alerts/store.ts'
import type { DeviceNews } from './live/live.ts'
import { type Message, type MessageFigures, owe } from './outbox/outbox.ts'
import type { ChannelBook } from './outbox/settings.ts'
import type { Tables } from './store/schema.ts'
import type { Store } from './store/store.ts'

type Trx = Transaction<Tables>

export interface TellingOptions {
  readonly store: Store
  readonly book: ChannelBook
  readonly now: () => number
  readonly timeZone: string
  /** In the same transaction: what was noticed, and the alert that tells of it, alone or folded with others. */
  readonly raised: (trx: Trx, noticed: Noticed) => Promise<void>
  /** After the commit. */
  readonly changed: (alert: Alert) => void
}

export interface Noticed {
  readonly alert: number
  readonly draft: AlertDraft
  readonly found: { readonly case: Case; readonly ratio: number } | undefined
}

const TOP = 5

export class Telling {
  readonly #options: TellingOptions
  /** Kinds of attack that were told of a device before, as far as this relay has seen. */
  readonly #knownRules = new Map<string, Set<string>>()
  readonly #changed: Alert[] = []

  constructor(options: TellingOptions) {
    this.#options = options
  }

  async hearCase(trx: Trx, told: LiveCase): Promise<void> {
    const { device } = told.case
    const known = this.#knownRules.get(device) ?? (await rulesBefore(trx, told.case))
    this.#knownRules.set(device, known)
    const draft = draftOfCase(told.case, known)
    for (const rule of rulesOf(told.case)) known.add(rule)
    await this.#raise(trx, draft, told)
  }

  async hearDevice(trx: Trx, { device, kind }: DeviceNews): Promise<void> {
    const { timeZone, now } = this.#options
    if (kind === 'first-seen') await this.#raise(trx, draftOfNewDevice(device), undefined)
    else await this.#raise(trx, draftOfSilence(device, device.lastSeenMicros ?? now(), timeZone), undefined)
  }

  async tell(trx: Trx, draft: AlertDraft): Promise<void> {
    await this.#raise(trx, draft, undefined)
  }

  /** To be called after the commit of what was heard. */
  committed(): void {
    const changed = this.#changed.splice(0)
    if (changed.length === 0) return
    this.#options.store.notify('outbox', '')
    for (const alert of changed) this.#options.changed(alert)
  }

  async #raise(trx: Trx, draft: AlertDraft, told: LiveCase | undefined): Promise<void> {
    const { book, now, raised } = this.#options
    const telling = await book.telling(trx)
    const { id, dueMicros } = await raise(trx, draft, telling, now())
    const alert = await findAlert(trx, id)
    if (!alert) return
    this.#changed.push(alert)
    if (dueMicros !== undefined) {
      const figures = told && (await figuresOf(trx, told.case))
      await owe(trx, messageOf(alert, figures, now()), { channels: await book.names(trx), dueMicros })
    }
    await raised(trx, { alert: id, draft, found: told })
  }

  /** People are told of the alert whatever its severity, unless they have been. */
  async insist(trx: Trx, id: number): Promise<void> {
    const { book, now } = this.#options
    const owed = await trx.selectFrom('outbox').select('id').where('alert', '=', id).limit(1).executeTakeFirst()
    const alert = await findAlert(trx, id)
    if (owed || !alert) return
    await owe(trx, messageOf(alert, undefined, now()), { channels: await book.names(trx), dueMicros: now() })
  }
}

async function rulesBefore(trx: Trx, { id, device }: Case): Promise<Set<string>> {
  const rows = await trx
    .selectFrom('cases')
    .select('body')
    .where('device', '=', device)
    .where('id', '!=', id)
    .orderBy('end_micros', 'desc')
    .limit(100)
    .execute()
  return new Set(rows.flatMap(({ body }) => rulesOf(JSON.parse(body) as Case)))
}

function messageOf(alert: Alert, figures: MessageFigures | undefined, nowMicros: number): Message {
  const { id, title, text, severity, device, deviceName, advice } = alert
  return { title, text, severity, alert: id, device, deviceName, advice, figures, atMicros: nowMicros }
}

async function figuresOf(trx: Trx, found: Case): Promise<MessageFigures> {
  const { total, count } = await trx
    .selectFrom('verdicts')
    .select((eb) => [
      eb.fn.countAll<number>().as('total'),
      eb.fn.countAll<number>().filterWhere('score', '>', eb.ref('threshold')).as('count'),
    ])
    .where('device', '=', found.device)
    .where('end_micros', '>=', Math.floor(found.startMicros))
    .where('start_micros', '<=', Math.ceil(found.endMicros))
    .executeTakeFirstOrThrow()
  const strongest = [...found.findings].sort((a, b) => b.score / b.threshold - a.score / a.threshold).slice(0, TOP)
  return {
    count: Number(count),
    total: Number(total),
    percentage: Number(total) > 0 ? (100 * Number(count)) / Number(total) : 0,
    threshold: strongest[0]?.threshold ?? 0,
    top: strongest.map(({ severity, rows, score, reasons, told }) => ({
      severity,
      rows: rows.join('–'),
      score,
      reason: told?.title ?? reasonWords(reasons[0]),
    })),
  }
}

function reasonWords(reason: { feature: string; value: number; typical: number } | undefined): string {
  return reason ? `${reason.feature} ${formatNumber(reason.value)}, usually ${formatNumber(reason.typical)}` : ''
}
