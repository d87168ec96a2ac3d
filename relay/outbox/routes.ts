/** Channels over HTTP: how they are set up, how they fare, a test message, and who wants pushes. */
import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { appendAudit } from '../audit/append.ts'
import { describeRoute } from '../http/docs.ts'
import { RefusedError } from '../http/errors.ts'
import type { Store } from '../store/store.ts'
import { channelHealth, type Outbox, owe } from './outbox.ts'
import { type ChannelBook, withoutSecrets } from './settings.ts'
import { channelSettings, tellingSettings } from './wire.ts'

export interface ChannelOptions {
  readonly store: Store
  readonly book: ChannelBook
  readonly outbox: Outbox
  readonly now: () => number
}

const MOST_SUBSCRIPTIONS = 100
const testRequest = v.strictObject({ channel: v.picklist(['mail', 'webhook', 'syslog', 'push']) })
const subscription = v.object({
  endpoint: v.pipe(v.string(), v.url(), v.maxLength(2000)),
  keys: v.object({ p256dh: v.pipe(v.string(), v.maxLength(200)), auth: v.pipe(v.string(), v.maxLength(100)) }),
})
const unsubscribe = v.strictObject({ endpoint: v.pipe(v.string(), v.maxLength(2000)) })

export function registerChannels(app: FastifyInstance, { store, book, outbox, now }: ChannelOptions): void {
  const tag = 'channels'
  app.get(
    '/api/v1/channels',
    {
      config: { role: 'viewer' },
      schema: describeRoute('How channels fare: what waits, what failed and why', { tag }),
    },
    async () => {
      const [names, health] = await Promise.all([book.names(), channelHealth(store.db)])
      return { channels: names, health }
    },
  )
  app.get(
    '/api/v1/channels/settings',
    { config: { role: 'admin' }, schema: describeRoute('How channels are set up, without secrets', { tag }) },
    async () => withoutSecrets(await book.settings()),
  )
  app.put(
    '/api/v1/channels/settings',
    {
      config: { role: 'admin' },
      schema: describeRoute('Set channels up; secrets left out stay, channels left out are switched off', {
        body: channelSettings,
        tag,
      }),
    },
    async (request) => {
      const given = v.parse(channelSettings, request.body)
      await store.write(async (trx) => {
        await appendAudit(trx, {
          actor: request.actor.name,
          action: 'channels.changed',
          target: Object.keys(given).join(' '),
        })
        await book.change(trx, given)
      })
      return withoutSecrets(await book.settings())
    },
  )
  app.post(
    '/api/v1/channels/test',
    { config: { role: 'operator' }, schema: describeRoute('Send a test message', { body: testRequest, tag }) },
    async (request, reply) => {
      const { channel } = v.parse(testRequest, request.body)
      if (!(await book.names()).includes(channel)) throw new RefusedError(409, `The channel ${channel} is not set up.`)
      const message = {
        title: 'A test message from IoT Guardian',
        text: `${request.actor.name} asked for it. Nothing is wrong.`,
        severity: 'low',
        advice: [],
        atMicros: now(),
      }
      await store.write((trx) => owe(trx, message, { channels: [channel], dueMicros: now() }))
      outbox.wake()
      return reply.code(202).send({ owed: channel })
    },
  )
  app.get(
    '/api/v1/telling',
    { config: { role: 'viewer' }, schema: describeRoute('When people are told', { tag }) },
    async () => book.telling(),
  )
  app.put(
    '/api/v1/telling',
    {
      config: { role: 'admin' },
      schema: describeRoute('Cool-down, storms, quiet hours, weekly digest', { body: tellingSettings, tag }),
    },
    async (request) => {
      const given = v.parse(tellingSettings, request.body)
      await store.write(async (trx) => {
        await appendAudit(trx, {
          actor: request.actor.name,
          action: 'telling.changed',
          target: 'telling',
          detail: given,
        })
        await book.changeTelling(trx, given)
      })
      return book.telling()
    },
  )
  app.get(
    '/api/v1/push/key',
    { config: { role: 'viewer' }, schema: describeRoute('The relay’s public key for Web Push', { tag }) },
    async () => ({ key: (await book.vapid()).publicKey }),
  )
  app.post(
    '/api/v1/push/subscriptions',
    {
      config: { role: 'viewer', peopleOnly: true },
      schema: describeRoute('Push alerts to this browser', { body: subscription, tag }),
    },
    async (request, reply) => {
      const { endpoint, keys } = v.parse(subscription, request.body)
      await store.write(async (trx) => {
        const known = await trx.selectFrom('push_subscriptions').select('endpoint').execute()
        if (known.length >= MOST_SUBSCRIPTIONS)
          throw new RefusedError(409, `At most ${MOST_SUBSCRIPTIONS} browsers get pushes.`)
        const row = { user_id: request.actor.id, keys: JSON.stringify(keys), created_micros: now() }
        await trx
          .insertInto('push_subscriptions')
          .values({ endpoint, ...row })
          .onConflict((conflict) => conflict.column('endpoint').doUpdateSet(row))
          .execute()
      })
      return reply.code(204).send()
    },
  )
  app.delete(
    '/api/v1/push/subscriptions',
    {
      config: { role: 'viewer', peopleOnly: true },
      schema: describeRoute('No more pushes to this browser', { body: unsubscribe, tag }),
    },
    async (request, reply) => {
      const { endpoint } = v.parse(unsubscribe, request.body)
      await store.write((trx) =>
        trx
          .deleteFrom('push_subscriptions')
          .where('endpoint', '=', endpoint)
          .where('user_id', '=', request.actor.id)
          .execute(),
      )
      return reply.code(204).send()
    },
  )
}
