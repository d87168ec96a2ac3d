/**
 * The relay's own broker under load: flow records at QoS 1, each committed to SQLite before it is acknowledged; beside it Mosquitto alone, which commits
 * nothing, in the same run. The generator is a process of its own. Credentials are looked up in memory: argon2id is paid at each connect, not here.
 * Then the whole relay, which judges the flows of all devices while it takes them in, with their passwords in the store.
 * node bench/mqtt.bench.ts [--seconds 10] [--rate 5000] [--hold 60] [--hold-rate 500] [--whole]
 * --whole: nothing but the whole relay.
 */
import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { createRelay } from '../relay/app.ts'
import { hashToken } from '../relay/auth/tokens.ts'
import { openEmbeddedBroker } from '../relay/mqtt/embedded.ts'
import { openExternalBroker } from '../relay/mqtt/external.ts'
import { openStore } from '../relay/store/database.ts'
import { createRecordLog } from '../relay/store/record-log.ts'
import { HAS_MOSQUITTO, startMosquitto } from '../tests/relay/mosquitto.ts'
import type { Load, LoadResult } from './mqtt-load.ts'

const MANY = 2000
const SOME = 200

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    hold: { type: 'string', default: '60' },
    rate: { type: 'string', default: '5000' },
    'hold-rate': { type: 'string', default: '500' },
    whole: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
const rate = Number(values.rate)

const run = promisify(execFile)
async function load(asked: Load): Promise<LoadResult> {
  const file = fileURLToPath(new URL('./mqtt-load.ts', import.meta.url))
  const { stdout } = await run(process.execPath, [file, JSON.stringify(asked)], { maxBuffer: 1 << 24 })
  return JSON.parse(stdout)
}

const tell = (what: string, result: LoadResult) =>
  console.log(
    `${what}: ${Math.round(result.perSecond)} msg/s; p50 ${result.p50Ms.toFixed(1)} ms, p99 ${result.p99Ms.toFixed(1)} ms, ` +
      `most ${result.maxMs.toFixed(0)} ms; ${result.acknowledged} of ${result.sent} acknowledged, ${result.dropped} connections dropped`,
  )

const folder = await mkdtemp(join(tmpdir(), 'mqtt-bench-'))
const store = await openStore(join(folder, 'relay.db'))
const log = createRecordLog(store)
const broker = await openEmbeddedBroker({
  identify: async () => true,
  ingest: (device, records, source) => log.append(device, records, source, Date.now() * 1000),
  seen: () => {},
  listen: { host: '127.0.0.1', tcpPort: 0 },
})
const port = broker.ports.tcp ?? 0
const full = { devices: SOME, perSecond: 0, seconds, window: 10 }
const paced = { devices: SOME, perSecond: rate, seconds, window: 0 }

if (seconds > 0 && !values.whole) await compare()

async function compare(): Promise<void> {
  await load({ ...full, port, seconds: 2 })
  const most = await load({ ...full, port })
  tell(`relay, ${SOME} devices, all they can`, most)
  const steady = await load({ ...paced, port })
  tell(`relay, ${SOME} devices, ${rate} msg/s asked`, steady)
  const { count } = await store.db
    .selectFrom('records')
    .where('source', '=', 'mqtt')
    .select((all) => all.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  console.log(`records in the store: ${count}, taken by the broker: ${broker.stats().records}`)

  if (HAS_MOSQUITTO) {
    const mosquitto = await startMosquitto(() => 'allow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 0')
    const alone = await load({ ...full, port: mosquitto.port })
    tell('Mosquitto alone (commits nothing), all they can', alone)
    tell(`Mosquitto alone, ${rate} msg/s asked`, await load({ ...paced, port: mosquitto.port }))
    console.log(`relay / Mosquitto alone: ${(most.perSecond / alone.perSecond).toFixed(3)}`)
    const taken = { count: 0 }
    const joined = await openExternalBroker({
      ingest: async (device, records, source) => {
        await log.append(device, records, source, Date.now() * 1000)
        taken.count += records.length
      },
      seen: () => {},
      url: `mqtt://127.0.0.1:${mosquitto.port}`,
      clientId: 'bench',
    })
    const began = performance.now()
    const { sent } = await load({ ...paced, port: mosquitto.port })
    while (taken.count < sent) await new Promise((resolve) => setTimeout(resolve, 5))
    const lag = (performance.now() - began) / 1000 - seconds
    console.log(
      `relay behind Mosquitto, ${rate} msg/s: ${taken.count} of ${sent} committed, the last ${lag.toFixed(2)} s after the end`,
    )
    await joined.close()
    await mosquitto.close()
  }
}

if (Number(values.hold) > 0 && !values.whole) {
  const perSecond = Number(values['hold-rate'])
  const mebibytes = () => Math.round(process.memoryUsage().rss / 2 ** 20)
  const memory: number[] = []
  const sampling = setInterval(() => memory.push(mebibytes()), Math.max(1000, Number(values.hold) * 100))
  const held = await load({ port, devices: MANY, perSecond, seconds: Number(values.hold), window: 0 })
  clearInterval(sampling)
  tell(
    `relay, ${MANY} devices for ${values.hold} s (connected in ${held.connectSeconds.toFixed(1)} s), ${perSecond} msg/s`,
    held,
  )
  console.log(`memory, MiB, over that time: ${memory.join(' ')}`)
}
await broker.close()
await store.close()
if (seconds > 0) await judgeToo()
await rm(folder, { recursive: true, force: true })

async function judgeToo(): Promise<void> {
  const whole = await openStore(join(folder, 'whole.db'))
  await whole.write(async (trx) => {
    for (let at = 0; at < SOME; at++) {
      const described = { type: 'custom', address: '', protocol: 'mqtt', port: 1883, source: 'live', notes: '' }
      const row = { id: `device-${at}`, name: `device-${at}`, ...described, status: 'offline', monitored: 1 }
      const rest = { secret: hashToken('secret'), created_micros: 1, last_seen_micros: null, revision: 1 }
      await trx
        .insertInto('devices')
        .values({ ...row, ...rest })
        .execute()
    }
  })
  const relay = await createRelay({
    store: whole,
    site: { answer: async () => ({ status: 404, headers: {}, body: undefined }) },
    signingKey: generateKeyPairSync('ed25519').privateKey,
    claimCode: '',
    relay: 'bench',
    mqtt: { listen: { host: '127.0.0.1', tcpPort: 0 } },
    hosts: new Set(),
    requestsPerMinute: 1,
    logLevel: 'error',
    version: '0',
  })
  const steadily = { ...paced, port: relay.ports?.tcp ?? 0 }
  await load({ ...steadily, seconds: 3 })
  const judged = await load(steadily)
  tell(`whole relay, judging, ${rate} msg/s asked`, judged)
  const began = performance.now()
  const unjudged = async () => {
    const { count } = await whole.db
      .selectFrom('records')
      .leftJoin('cursors', 'cursors.device', 'records.device')
      .where((eb) => eb('records.id', '>', eb.fn.coalesce('cursors.record', eb.val(0))))
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    return Number(count)
  }
  while ((await unjudged()) > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  console.log(
    `all ${judged.acknowledged} records were judged ${((performance.now() - began) / 1000).toFixed(2)} s after the last was sent`,
  )
  await relay.close()
  await whole.close()
}
