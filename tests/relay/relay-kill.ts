/** kill -9 of the whole relay, as `npm start` runs it, under load: what it acknowledged is there after the next start. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import mqtt from 'mqtt'
import { createRandom } from '#core/base/random.ts'
import { type AuditExport, findFlaw } from '../../relay/audit/chain.ts'
import { RECORD } from '../../relay/mqtt/fixture.ts'
import { type RunningRelay, startMain } from './relay-main.ts'

export interface KillReport {
  readonly kills: number
  readonly acknowledged: { readonly records: number; readonly changes: number; readonly notes: number }
  readonly verdicts: number
  /** Each a sentence; empty when all held. */
  readonly flaws: readonly string[]
  /** ms, ascending, of every start after a kill. */
  readonly starts: readonly number[]
}

const PASSWORD = 'correct horse battery'
const DEVICES = ['cam', 'plug', 'hub']
/** MQTT messages of a device that wait for their PUBACK at once. */
const WINDOW = 10
const LEAST_BETWEEN_KILLS = 40
/** Verdicts begin with a device's eleventh record, killed or not: its very first is in no window. */
const WINDOW_RECORDS = 10

export async function killRelay({ kills, seed }: { kills: number; seed: number }): Promise<KillReport> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-kill-'))
  const random = createRandom(seed)
  const flaws: string[] = []
  const starts: number[] = []
  const acknowledged = { records: new Set<number>(), changes: new Set<number>(), notes: new Set<number>() }
  let next = 0
  let relay = await startMain({ DATA_DIR: folder, REQUESTS_PER_MINUTE: '10000000' })
  try {
    const { cookie, passwords, alert } = await prepare(relay)
    for (let kill = 0; kill < kills; kill++) {
      const load = startLoad(relay, { cookie, passwords, alert, acknowledged, number: () => next++ })
      const before = acknowledged.records.size
      while (acknowledged.records.size < before + LEAST_BETWEEN_KILLS) await wait(5)
      await wait(random.int(150))
      await relay.kill()
      await load.ended()
      relay = await startMain({ DATA_DIR: folder, REQUESTS_PER_MINUTE: '10000000' })
      starts.push(relay.startMs)
      const me = await fetch(`${relay.url}/api/v1/me`, { headers: { cookie } })
      if (me.status !== 200) flaws.push(`After kill ${kill + 1} the session is answered ${me.status}.`)
    }
    const database = new DatabaseSync(join(folder, 'relay.db'), { readOnly: true })
    const unjudged = database.prepare(
      'select count(*) n from records r left join cursors c on c.device = r.device where r.id > coalesce(c.record, 0)',
    )
    while (Number(unjudged.get()?.n) > 0) await wait(50)
    const rows = (sql: string) => database.prepare(sql).all() as Record<string, string | number>[]
    const records = rows('select id, device, body from records order by id')
    const kept = new Set(records.map(({ body }) => JSON.parse(String(body)).orig_bytes as number))
    lost('record', acknowledged.records, kept)
    const export_ = (await ask(relay, cookie, 'GET', '/api/v1/audit/export')) as AuditExport
    const flaw = findFlaw(export_)
    if (flaw) flaws.push(flaw)
    const changed = export_.entries.flatMap(({ detail }) => Number(/change (\d+)/.exec(detail)?.[1] ?? -1))
    lost('audit entry', acknowledged.changes, new Set(changed))
    const told = (await ask(relay, cookie, 'GET', `/api/v1/alerts/${alert}`)) as { notes: { text: string }[] }
    lost('note of the alert', acknowledged.notes, new Set(told.notes.map(({ text }) => Number(text.slice(5)))))
    const verdicts = rows('select device, last_record from verdicts order by id')
    for (const device of DEVICES) {
      const own = records.filter((row) => row.device === device).map(({ id }) => id)
      const ends = verdicts.filter((row) => row.device === device).map(({ last_record }) => last_record)
      const due = own.slice(WINDOW_RECORDS)
      const missing = due.flatMap((id, at) => (ends.includes(id) ? [] : [at]))
      const twice = ends.length - new Set(ends).size
      if (missing.length > 0 || twice > 0)
        flaws.push(
          `Of ${device}'s ${due.length} verdicts, ${twice} are there twice, and those are missing: ${missing}.`,
        )
    }
    database.close()
    return {
      kills,
      acknowledged: {
        records: acknowledged.records.size,
        changes: acknowledged.changes.size,
        notes: acknowledged.notes.size,
      },
      verdicts: verdicts.length,
      flaws,
      starts: starts.sort((a, b) => a - b),
    }
  } finally {
    await relay.kill()
    await rm(folder, { recursive: true, force: true })
  }

  function lost(what: string, said: ReadonlySet<number>, there: ReadonlySet<number>): void {
    const missing = [...said].filter((number) => !there.has(number))
    if (missing.length > 0) flaws.push(`${missing.length} of ${said.size} times an acknowledged ${what} is lost.`)
  }
}

async function prepare(relay: RunningRelay) {
  const line = () => relay.lines.map((one) => /enter the code (\S+)/.exec(one)?.[1]).find(Boolean)
  while (line() === undefined) await wait(5)
  const answer = await fetch(`${relay.url}/api/v1/claim`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: relay.url },
    body: JSON.stringify({ code: line(), name: 'ann', password: PASSWORD }),
  })
  const cookie = answer.headers.get('set-cookie')?.split(';', 1)[0] ?? ''
  const passwords = new Map<string, string>()
  for (const id of [...DEVICES, 'spare']) {
    await ask(relay, cookie, 'POST', '/api/v1/devices', { id, name: id })
    const made = (await ask(relay, cookie, 'POST', `/api/v1/devices/${id}/secret`)) as { password: string }
    passwords.set(id, made.password)
  }
  await ask(relay, cookie, 'POST', '/api/v1/actions', { device: 'spare', action: 'quarantine' })
  for (;;) {
    const { alerts } = (await ask(relay, cookie, 'GET', '/api/v1/alerts')) as { alerts: { id: number }[] }
    if (alerts[0]) return { cookie, passwords, alert: alerts[0].id }
    await wait(20)
  }
}

interface Load {
  readonly cookie: string
  readonly passwords: ReadonlyMap<string, string>
  readonly alert: number
  readonly acknowledged: Record<'records' | 'changes' | 'notes', Set<number>>
  readonly number: () => number
}

/** Goes on until the relay is gone. */
function startLoad(relay: RunningRelay, { cookie, passwords, alert, acknowledged, number }: Load) {
  let running = true
  const clients: mqtt.MqttClient[] = []
  const repeat = async (send: (number: number) => Promise<unknown>, into: Set<number>) => {
    while (running) {
      const mine = number()
      try {
        await send(mine)
        into.add(mine)
      } catch {
        running = false
      }
    }
  }
  const post = (device: string) => (n: number) =>
    ask(relay, cookie, 'POST', '/api/v1/traffic/ingest', { device, records: [{ ...RECORD, orig_bytes: n }] })
  const loops = [
    ...DEVICES.map((device) => repeat(post(device), acknowledged.records)),
    repeat((n) => ask(relay, cookie, 'PUT', '/api/v1/devices/cam', { notes: `change ${n}` }), acknowledged.changes),
    repeat((n) => ask(relay, cookie, 'PATCH', `/api/v1/alerts/${alert}`, { note: `note ${n}` }), acknowledged.notes),
    ...DEVICES.map(async (device) => {
      const port = await mqttPort(relay)
      const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
        username: device,
        password: passwords.get(device) ?? '',
        clientId: device,
        reconnectPeriod: 0,
      })
      clients.push(client)
      client.on('error', () => {})
      const publish = (n: number) =>
        client.publishAsync(`guardian/${device}/flow`, JSON.stringify({ ...RECORD, orig_bytes: n }), { qos: 1 })
      await Promise.all(Array.from({ length: WINDOW }, () => repeat(publish, acknowledged.records)))
    }),
  ]
  return {
    async ended() {
      running = false
      for (const client of clients) client.end(true)
      // A PUBACK that never comes ends no promise.
      await Promise.race([Promise.allSettled(loops), wait(100)])
    },
  }
}

async function mqttPort(relay: RunningRelay): Promise<string> {
  for (;;) {
    const port = relay.lines.map((line) => /MQTT devices connect to \S+:(\d+)/.exec(line)?.[1]).find(Boolean)
    if (port || relay.child.signalCode !== null) return port ?? '1'
    await wait(5)
  }
}

async function ask(relay: RunningRelay, cookie: string, method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(relay.url + path, {
    method,
    headers: { cookie, origin: relay.url, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

if (import.meta.main) {
  const report = await killRelay({ kills: Number(process.argv[2] ?? 100), seed: Number(process.argv[3] ?? 1) })
  const { starts, ...rest } = report
  const at = (share: number) => Math.round(starts[Math.floor((starts.length - 1) * share)] ?? 0)
  console.log(JSON.stringify({ ...rest, startMs: { median: at(0.5), p95: at(0.95), most: at(1) } }, undefined, 2))
  process.exit(report.flaws.length === 0 && at(1) <= 2000 ? 0 : 1)
}
