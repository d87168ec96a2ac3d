/** How channels are set up and people told, in the store; secrets never leave it but for sending. */
import type { Kysely, Transaction } from 'kysely'
import * as v from 'valibot'
import type { Telling } from '#core/alert/alert.ts'
import type { Tables } from '../store/schema.ts'
import { readSetting, writeSetting } from '../store/settings.ts'
import type { Store } from '../store/store.ts'
import { mailChannel } from './mail.ts'
import type { Channel } from './outbox.ts'
import { makeVapidKeys, pushChannel, type VapidKeys } from './push.ts'
import { syslogChannel } from './syslog.ts'
import { webhookChannel } from './webhook.ts'
import { type ChannelSettings, channelSettings, tellingSettings } from './wire.ts'

const CHANNELS = 'channels'
const TELLING = 'telling'
const VAPID = 'vapid'

const vapidKeys = v.object({ publicKey: v.string(), privateKey: v.string() })

export class ChannelBook {
  readonly #store: Store
  readonly #now: () => number
  readonly #timeZone: string

  constructor(store: Store, { now, timeZone }: { now: () => number; timeZone: string }) {
    this.#store = store
    this.#now = now
    this.#timeZone = timeZone
  }

  async settings(): Promise<ChannelSettings> {
    return (await readSetting(this.#store.db, CHANNELS, channelSettings)) ?? {}
  }

  /** Secrets that are left out stay as they are. */
  async change(trx: Transaction<Tables>, given: ChannelSettings): Promise<void> {
    const kept = (await readSetting(trx, CHANNELS, channelSettings)) ?? {}
    const next: ChannelSettings = {
      ...given,
      ...(given.mail ? { mail: { ...given.mail, password: given.mail.password ?? kept.mail?.password } } : {}),
      ...(given.webhook ? { webhook: { ...given.webhook, secret: given.webhook.secret ?? kept.webhook?.secret } } : {}),
    }
    await writeSetting(trx, CHANNELS, next, this.#now())
  }

  async telling(db: Kysely<Tables> = this.#store.db): Promise<Telling & { weeklyDigest: boolean }> {
    const {
      timeZone = this.#timeZone,
      quiet,
      ...rest
    } = (await readSetting(db, TELLING, tellingSettings)) ?? v.parse(tellingSettings, {})
    return { ...rest, timeZone, quiet }
  }

  async changeTelling(trx: Transaction<Tables>, given: v.InferOutput<typeof tellingSettings>): Promise<void> {
    await writeSetting(trx, TELLING, given, this.#now())
  }

  /** Made at the first need; the same for all relays on this store. */
  async vapid(): Promise<VapidKeys> {
    const known = await readSetting(this.#store.db, VAPID, vapidKeys)
    if (known) return known
    return this.#store.write(async (trx) => {
      const first = await readSetting(trx, VAPID, vapidKeys)
      if (first) return first
      const made = makeVapidKeys()
      await writeSetting(trx, VAPID, made, this.#now())
      return made
    })
  }

  /** Names of those that are set up: what an alert is owed to. */
  async names(db: Kysely<Tables> = this.#store.db): Promise<string[]> {
    const settings = (await readSetting(db, CHANNELS, channelSettings)) ?? {}
    const names = Object.entries(settings).flatMap(([name, value]) => (value ? [name] : []))
    const subscribed = await db.selectFrom('push_subscriptions').select('endpoint').limit(1).executeTakeFirst()
    return subscribed ? [...names, 'push'] : names
  }

  async open(): Promise<ReadonlyMap<string, Channel>> {
    const { mail, webhook, syslog } = await this.settings()
    const contact = `mailto:${mail?.from ?? 'relay@localhost'}`
    const channels: Channel[] = [pushChannel({ store: this.#store, keys: await this.vapid(), contact })]
    if (mail) channels.push(mailChannel(mail))
    if (webhook) channels.push(webhookChannel(webhook, this.#now))
    if (syslog) channels.push(syslogChannel(syslog))
    return new Map(channels.map((channel) => [channel.name, channel]))
  }
}

/** Settings as people may see them: that there is a secret, not which. */
export function withoutSecrets({ mail, webhook, syslog }: ChannelSettings) {
  const { password, ...shownMail } = mail ?? {}
  const { secret, ...shownWebhook } = webhook ?? {}
  return {
    ...(mail ? { mail: { ...shownMail, hasPassword: password !== undefined } } : {}),
    ...(webhook ? { webhook: { ...shownWebhook, hasSecret: secret !== undefined } } : {}),
    ...(syslog ? { syslog } : {}),
  }
}
