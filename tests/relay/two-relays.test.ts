/** Two relays as processes on one PostgreSQL and one Mosquitto; one is killed in the middle, and comes back. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { connect, RECORD } from '../../relay/mqtt/fixture.ts'
import { openStore } from '../../relay/store/database.ts'
import { HAS_MOSQUITTO, startMosquitto } from './mosquitto.ts'
import { postgresPrograms, startPostgres } from './postgres.ts'

const RELAY = fileURLToPath(new URL('./relay-process.ts', import.meta.url))
const DEVICES = ['cam', 'plug', 'hub']
const PART = 120

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function startRelay(store: string, relay: string, url: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [RELAY, JSON.stringify({ store, relay, url })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  ends.push(() => kill(child))
  await once(child.stdout!, 'data')
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

const programs = postgresPrograms()

it.skipIf(!HAS_MOSQUITTO || !programs)(
  'keep and judge every acknowledged record, though one of them is killed while they come',
  async () => {
    const postgres = await startPostgres(programs!)
    ends.push(() => postgres.end())
    const place = await postgres.database()
    const store = await openStore(place)
    ends.push(() => store.close())
    await store.write(async (trx) => {
      for (const id of DEVICES) {
        const described = { type: 'custom', address: '', protocol: 'mqtt', port: 1883, source: 'live', notes: '' }
        const row = { id, name: id, ...described, status: 'offline', monitored: 1, secret: null }
        await trx
          .insertInto('devices')
          .values({ ...row, created_micros: 1, last_seen_micros: null, revision: 1 })
          .execute()
      }
    })
    const mosquitto = await startMosquitto(() => 'allow_anonymous true\nmax_queued_messages 0')
    ends.push(() => mosquitto.close())
    const url = `mqtt://127.0.0.1:${mosquitto.port}`
    const one = await startRelay(place, 'one', url)
    await startRelay(place, 'two', url)
    const clients = await Promise.all(DEVICES.map((device) => connect(url, device)))
    for (const client of clients) ends.push(() => client.endAsync(true))
    let sent = 0
    const publish = async (count: number) => {
      for (let at = 0; at < count; at++)
        await Promise.all(
          DEVICES.map((device, which) => {
            const record = { ...RECORD, orig_bytes: 1000 + sent++ }
            return clients[which]?.publishAsync(`guardian/${device}/flow`, JSON.stringify(record), { qos: 1 })
          }),
        )
    }
    const half = publish(PART)
    while (sent < PART) await new Promise((resolve) => setTimeout(resolve, 2))
    await kill(one)
    await half
    await publish(PART)
    // What the broker gave to the killed one waits for it.
    await startRelay(place, 'one', url)
    const keep = async () => {
      const rows = await store.db.selectFrom('records').select('body').where('source', '=', 'mqtt').execute()
      return new Set(rows.map(({ body }) => JSON.parse(body).orig_bytes as number))
    }
    while ((await keep()).size < sent) await new Promise((resolve) => setTimeout(resolve, 50))
    // All devices are judged to the end of the log, whoever holds them now.
    for (;;) {
      const { count } = await store.db
        .selectFrom('records')
        .leftJoin('cursors', 'cursors.device', 'records.device')
        .where((eb) => eb('records.id', '>', eb.fn.coalesce('cursors.record', eb.val(0))))
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
      if (Number(count) === 0) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    // No window was told twice: each verdict ends with a record of its own.
    const verdicts = await store.db.selectFrom('verdicts').select(['device', 'last_record']).execute()
    expect(verdicts.length).toBeGreaterThan(DEVICES.length * PART)
    expect(new Set(verdicts.map(({ last_record }) => last_record)).size).toBe(verdicts.length)
  },
  120_000,
)
