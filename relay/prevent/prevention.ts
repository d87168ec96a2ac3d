/**
 * Lets rules act: what is to be done is written down in the transaction of the alert, done after its commit, and taken back when its time
 * is over or a person says so. Killed at any point, it goes on at the next start; all that it does may be done twice.
 */
import { isIP } from 'node:net'
import type { Transaction } from 'kysely'
import { readAddress, whyNotBlock } from '#core/prevent/address.ts'
import { type Decision, decide, LASTING, type Occasion } from '#core/prevent/evaluate.ts'
import type { ActionRecord } from '#core/prevent/wire.ts'
import { appendAudit } from '../audit/append.ts'
import { RefusedError } from '../http/errors.ts'
import type { Tables } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import type { ActionPort, Effect } from './action-port.ts'
import { type ActionRow, asAction, listRules, pastOf, pendingActions, standingActions } from './store.ts'

type Trx = Transaction<Tables>

export interface PreventionOptions {
  readonly store: Store
  readonly now: () => number
  readonly port: ActionPort
  /** Addresses that must stay open, by what they are. */
  readonly kept: () => Promise<ReadonlyMap<string, string>>
  /** Within the transaction that notes the success: the device's status, and an alert. */
  readonly quarantined: (trx: Trx, device: string, why: string) => Promise<void>
  readonly released: (trx: Trx, device: string) => Promise<void>
  /** Within the transaction of the alert: a message for the rule's webhook is owed, or one to people whatever the severity. */
  readonly owe: (trx: Trx, decision: Decision, occasion: Occasion) => Promise<void>
  /** After a commit: devices, alerts or messages may be new. */
  readonly committed: () => void
  readonly log: (error: unknown) => void
}

const LOOK_EVERY_MS = 5000
/** A neighbour's action that is still not done after so long was left behind. */
const ABANDONED_MICROS = 30e6

export interface Manual {
  readonly device: string
  readonly action: 'rate_limit' | 'block' | 'quarantine'
  readonly target: string
  readonly expiresMicros: number | undefined
}

export class Prevention {
  readonly #options: PreventionOptions
  readonly #mine = new Set<number>()
  #last: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: PreventionOptions) {
    this.#options = options
  }

  /** Does again what stands (a firewall and a broker forget it with a restart), and what was left undone. */
  async start(): Promise<void> {
    await this.#inTurn(async () => {
      for (const row of await standingActions(this.#options.store.db)) if (!this.#isOver(row)) await this.#perform(row)
      for (const { id } of await pendingActions(this.#options.store.db)) this.#mine.add(id)
    })
    this.#timer = setInterval(() => this.wake(), LOOK_EVERY_MS).unref()
    this.wake()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    await this.#last
  }

  /** In the transaction of the alert. `wake` after its commit. */
  async consider(trx: Trx, occasion: Occasion): Promise<void> {
    const { now, owe } = this.#options
    const rules = (await listRules(trx)).filter(({ enabled }) => enabled)
    if (rules.length === 0) return
    for (const decision of decide(rules, occasion, await pastOf(trx, occasion.device, now()))) {
      const { rule, device, action, target, expiresMicros } = decision
      const isMessage = !LASTING.has(action)
      if (isMessage) await owe(trx, decision, occasion)
      await appendAudit(trx, {
        actor: 'relay',
        action: `prevent.${action}`,
        target: device,
        detail: { rule: rule.id, target },
      })
      await trx.updateTable('rules').set({ fired_micros: occasion.atMicros }).where('id', '=', rule.id).execute()
      await this.#write(trx, {
        rule: rule.id,
        device,
        alert: occasion.alert ?? null,
        action,
        target,
        at_micros: occasion.atMicros,
        expires_micros: expiresMicros ?? null,
        success: isMessage ? 1 : 0,
        detail: isMessage ? 'The message is on its way; the channels say whether it arrived.' : '',
      })
    }
  }

  /** By a person, at once; resolves when it is done or has failed. */
  async act(manual: Manual, by: string): Promise<ActionRecord> {
    const { store, now } = this.#options
    const { device, action, target, expiresMicros } = manual
    const id = await store.write(async (trx) => {
      await appendAudit(trx, { actor: by, action: `prevent.${action}`, target: device, detail: { target } })
      return this.#write(trx, {
        rule: '',
        device,
        alert: null,
        action,
        target,
        at_micros: now(),
        expires_micros: expiresMicros ?? null,
        success: 0,
        detail: '',
      })
    })
    await this.settled()
    return asAction(await this.#get(id))
  }

  /** Takes back what stands. Throws RefusedError when there is nothing to take back, or it could not be. */
  async undo(id: number, by: string): Promise<ActionRecord> {
    return this.#inTurn(async () => {
      const { store } = this.#options
      const row = await this.#get(id)
      if (row.success !== 1 || !LASTING.has(asAction(row).action) || row.undone_micros !== null)
        throw new RefusedError(409, 'There is nothing to undo: it failed, is over, or was undone before.')
      await store.write((trx) =>
        appendAudit(trx, { actor: by, action: 'prevent.undone', target: row.device, detail: { action: id } }),
      )
      const effect = await this.#takeBack(row, `Undone by ${by}.`)
      if (!effect.success) throw new RefusedError(502, `It could not be undone. ${effect.detail}`)
      return asAction(await this.#get(id))
    })
  }

  /** There may be something to do. */
  wake(): void {
    void this.settled().catch(this.#options.log)
  }

  /** Resolves when all that was written down is done or has failed, and what is over was taken back. */
  settled(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#closed) return
      const { store, now } = this.#options
      for (const row of await pendingActions(store.db))
        if (this.#mine.has(row.id) || Math.abs(now() - row.at_micros) > ABANDONED_MICROS) await this.#do(row)
      for (const row of await standingActions(store.db))
        if (this.#isOver(row)) await this.#takeBack(row, 'Its time is over.')
    })
  }

  #isOver({ expires_micros }: ActionRow): boolean {
    return expires_micros !== null && expires_micros <= this.#options.now()
  }

  async #write(trx: Trx, row: Omit<Tables['actions'], 'id' | 'undone_micros'>): Promise<number> {
    const { id } = await trx
      .insertInto('actions')
      .values({ ...row, undone_micros: null })
      .returning('id')
      .executeTakeFirstOrThrow()
    this.#mine.add(id)
    return id
  }

  async #get(id: number): Promise<ActionRow> {
    const row = await this.#options.store.db.selectFrom('actions').selectAll().where('id', '=', id).executeTakeFirst()
    if (!row) throw new RefusedError(404, 'There is no such action.')
    return row
  }

  async #do(row: ActionRow): Promise<void> {
    const { store, quarantined, committed } = this.#options
    const effect = await this.#perform(row)
    this.#mine.delete(row.id)
    await store.write(async (trx) => {
      await trx
        .updateTable('actions')
        .set({ success: Number(effect.success), detail: effect.detail || 'It says nothing of how it went.' })
        .where('id', '=', row.id)
        .execute()
      if (effect.success && row.action === 'quarantine') await quarantined(trx, row.device, effect.detail)
    })
    committed()
  }

  /** Never rejects: what fails is an effect, too. */
  async #perform({ action, device, target, expires_micros }: ActionRow): Promise<Effect> {
    const { port, now, kept } = this.#options
    const seconds = expires_micros === null ? undefined : (expires_micros - now()) / 1e6
    try {
      if (action === 'quarantine') return await port.quarantine(device, seconds)
      if (action === 'rate_limit') return await port.rateLimit(device, Number(target))
      const address = readAddress(target)
      const why = whyNotBlock(address, await kept())
      return why === undefined ? await port.block(address, seconds) : { success: false, detail: why }
    } catch (error) {
      return { success: false, detail: error instanceof Error ? error.message : String(error) }
    }
  }

  /** What another action still holds stays held. */
  async #takeBack(row: ActionRow, why: string): Promise<Effect> {
    const { store, now, released, committed } = this.#options
    const others = (await standingActions(store.db)).filter((other) => other.id !== row.id && !this.#isOver(other))
    const isHeld = others.some((other) => isSame(other, row))
    const effect = isHeld ? { success: true, detail: 'Another action still holds it.' } : await this.#release(row)
    // A block and a quarantine may be of one address: releasing it must not open what the other one closed.
    if (!isHeld && row.action !== 'rate_limit')
      for (const other of others) if (other.action !== 'rate_limit') await this.#perform(other)
    await store.write(async (trx) => {
      const text = effect.success ? why : `It could not be taken back: ${effect.detail}`
      const detail = row.detail.endsWith(text) ? row.detail : `${row.detail} ${text}`
      await trx
        .updateTable('actions')
        .set({ detail, ...(effect.success ? { undone_micros: now() } : {}) })
        .where('id', '=', row.id)
        .execute()
      if (effect.success && !isHeld && row.action === 'quarantine') await released(trx, row.device)
    })
    committed()
    return effect
  }

  async #release({ action, device, target }: ActionRow): Promise<Effect> {
    const { port } = this.#options
    try {
      if (action === 'quarantine') return await port.release(device)
      if (action === 'rate_limit') return await port.rateLimit(device, undefined)
      return isIP(target) ? await port.unblock(readAddress(target)) : { success: true, detail: '' }
    } catch (error) {
      return { success: false, detail: error instanceof Error ? error.message : String(error) }
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work)
    this.#last = next.catch(() => {})
    return next
  }
}

function isSame(a: ActionRow, b: ActionRow): boolean {
  return a.action === b.action && (a.action === 'block' ? a.target === b.target : a.device === b.device)
}
