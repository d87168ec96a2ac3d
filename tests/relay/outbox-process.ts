/** An outbox in a process of its own, to be killed: node outbox-process.ts '{"store":…,"url":…,"first":0,"count":5}' says of each message that it is owed. */
import { Outbox, owe } from '../../relay/outbox/outbox.ts'
import { webhookChannel } from '../../relay/outbox/webhook.ts'
import { openStore } from '../../relay/store/database.ts'

const given = JSON.parse(process.argv[2] ?? '{}') as { store: string; url: string; first: number; count: number }
const store = await openStore(given.store)
const now = () => Date.now() * 1000
const channel = webhookChannel({ url: given.url, preset: 'plain', allowPrivate: true }, now)
const log = (error: unknown) => console.error(error)
const outbox = new Outbox({ store, relay: 'one', now, channels: async () => new Map([['webhook', channel]]), log })
outbox.start()
for (let alert = given.first; alert < given.first + given.count; alert++) {
  const message = { title: 'Loud', text: 'Very.', severity: 'high', alert, advice: [], atMicros: now() }
  await store.write((trx) => owe(trx, message, { channels: ['webhook'], dueMicros: now() }))
  console.log(alert)
  outbox.wake()
}
// The outbox's own timers keep no process alive.
setInterval(() => {}, 60_000)
