/** Web Push: to browsers whose people asked for it, signed with keys of this relay (VAPID, RFC 8292), encrypted (RFC 8291). */
import webpush from 'web-push'
import type { Store } from '../store/store.ts'
import { type Channel, DeliveryError } from './outbox.ts'
import { post } from './safe-fetch.ts'

const TTL_SECONDS = 86_400
const GONE = new Set([404, 410])

export interface VapidKeys {
  readonly publicKey: string
  readonly privateKey: string
}

export function makeVapidKeys(): VapidKeys {
  return webpush.generateVAPIDKeys()
}

export interface PushOptions {
  readonly store: Store
  readonly keys: VapidKeys
  /** `mailto:` or `https:`: whom the browser's service asks when something is the matter. */
  readonly contact: string
  /** Browsers name the address of their service: it must not be one inside this network. */
  readonly allowPrivate?: boolean
}

/** Subscriptions that the browser's service calls gone are forgotten. */
export function pushChannel({ store, keys, contact, allowPrivate = false }: PushOptions): Channel {
  return {
    name: 'push',
    async send({ title, text, severity, alert }) {
      const all = await store.db.selectFrom('push_subscriptions').selectAll().execute()
      const payload = JSON.stringify({ title, text: text.slice(0, 500), severity, alert })
      const failures: DeliveryError[] = []
      for (const { endpoint, keys: own } of all) {
        const { headers, body } = webpush.generateRequestDetails({ endpoint, keys: JSON.parse(own) }, payload, {
          vapidDetails: { subject: contact, ...keys },
          TTL: TTL_SECONDS,
          urgency: severity === 'critical' || severity === 'high' ? 'high' : 'normal',
        })
        const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
        try {
          await post({ url: endpoint, headers: texts, body: body ?? '', allowPrivate })
        } catch (error) {
          if (!(error instanceof DeliveryError)) throw error
          if (!GONE.has(error.status ?? 0)) failures.push(error)
          else
            await store.write((trx) => trx.deleteFrom('push_subscriptions').where('endpoint', '=', endpoint).execute())
        }
      }
      // One that failed is reason to try again, also to the others: a push says the same twice rather than never.
      const [first] = failures
      if (first) throw first
    },
  }
}
