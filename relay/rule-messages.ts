/** What rules have to do with messages: what was noticed as rules see it, and the webhooks that rules call. */
import type { Transaction } from 'kysely'
import type { Decision, Occasion } from '#core/prevent/evaluate.ts'
import { type Channel, owe } from './outbox/outbox.ts'
import type { ChannelBook } from './outbox/settings.ts'
import { webhookChannel } from './outbox/webhook.ts'
import { listRules } from './prevent/store.ts'
import type { Tables } from './store/schema.ts'
import type { Store } from './store/store.ts'
import type { Noticed, Telling } from './telling.ts'

export function occasionOf({ alert, draft, found }: Noticed, nowMicros: number): Occasion {
  const { device, deviceName, type, severity, title } = draft
  const peers = found?.case.facts.peers ?? []
  return { alert, device, deviceName, type, severity, title, ratio: found?.ratio, peers, atMicros: nowMicros }
}

const channelOf = (rule: string) => `rule ${rule}`

/** A rule's own webhook is signed with the secret of the webhook channel, and may reach private addresses where that may. */
export async function withRuleWebhooks(
  store: Store,
  book: ChannelBook,
  now: () => number,
): Promise<ReadonlyMap<string, Channel>> {
  const [channels, { webhook: common }, rules] = await Promise.all([book.open(), book.settings(), listRules(store.db)])
  const own = rules.flatMap(({ id, action, webhook: url }): [string, Channel][] => {
    if (action !== 'webhook' || url === undefined) return []
    const settings = {
      url,
      preset: 'plain',
      secret: common?.secret,
      allowPrivate: common?.allowPrivate ?? false,
    } as const
    return [[channelOf(id), webhookChannel(settings, now)]]
  })
  return new Map([...channels, ...own])
}

export async function oweForRule(
  trx: Transaction<Tables>,
  { decision, occasion, telling }: { decision: Decision; occasion: Occasion; telling: Telling },
): Promise<void> {
  const { rule, action } = decision
  const { alert, title, severity, device, deviceName, atMicros } = occasion
  if (action === 'alert') {
    if (alert !== undefined) await telling.insist(trx, alert)
    return
  }
  const message = { title, severity, alert, device, deviceName, advice: [], atMicros }
  await owe(
    trx,
    { ...message, text: `The rule "${rule.name}" asked for this message.` },
    { channels: [channelOf(rule.id)], dueMicros: atMicros },
  )
}
