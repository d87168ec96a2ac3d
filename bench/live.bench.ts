/**
 * The relay's live side under load, SQLite on disk, the generator in its own process: records kept and judged without loss, the time from a
 * record to its verdict on a WebSocket, REST beside it, and 200 WebSockets. node bench/live.bench.ts [--seconds 10]
 */
import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { createRelay } from '../relay/app.ts'
import { openStore } from '../relay/store/database.ts'
import type { LiveLoad, LiveResult, Spread } from './live-load.ts'

const DEVICES = 200
const SOCKETS = 200
const CODE = 'bcdfg-hjkmn-pqrst-vwxyz'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '10' } } })
const seconds = Number(values.seconds)

const folder = await mkdtemp(join(tmpdir(), 'live-bench-'))
const store = await openStore(join(folder, 'relay.db'))
await store.write(async (trx) => {
  for (let at = 0; at < DEVICES; at++) {
    const described = { type: 'custom', address: '', protocol: 'http', port: 80, source: 'live', notes: '' }
    const row = { id: `device-${at}`, name: `device-${at}`, ...described, status: 'offline', monitored: 1 }
    const rest = { secret: null, created_micros: 1, last_seen_micros: null, revision: 1 }
    await trx
      .insertInto('devices')
      .values({ ...row, ...rest })
      .execute()
  }
})
const relay = await createRelay({
  store,
  site: { answer: async () => ({ status: 404, headers: {}, body: undefined }) },
  signingKey: generateKeyPairSync('ed25519').privateKey,
  claimCode: CODE,
  relay: 'bench',
  hosts: new Set(),
  requestsPerMinute: 1_000_000_000,
  logLevel: 'error',
  version: '0',
})
const origin = await relay.app.listen({ port: 0, host: '127.0.0.1' })

const call = async (path: string, body: object, cookie = '') => {
  const answer = await fetch(origin + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin, cookie },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer
}
const claimed = await call('/api/v1/claim', { code: CODE, name: 'ann', password: 'correct horse battery' })
const cookie = claimed.headers.getSetCookie()[0]?.split(';')[0] ?? ''
const { key } = (await (await call('/api/v1/keys', { name: 'bench', scope: 'operate' }, cookie)).json()) as {
  key: string
}

const run = promisify(execFile)
type Asked = Pick<LiveLoad, 'requests' | 'records' | 'questions' | 'seconds'> & { readonly sockets: number }
async function load({ sockets, ...asked }: Asked): Promise<LiveResult> {
  const tickets: string[] = []
  for (let at = 0; at < sockets; at++) {
    const answer = await call('/api/v1/tickets', {}, cookie)
    tickets.push(((await answer.json()) as { ticket: string }).ticket)
  }
  const file = fileURLToPath(new URL('./live-load.ts', import.meta.url))
  const whole: LiveLoad = { origin, key, devices: DEVICES, tickets, ...asked }
  const { stdout } = await run(process.execPath, [file, JSON.stringify(whole)], { maxBuffer: 1 << 24 })
  return JSON.parse(stdout)
}

const ms = ({ count, p50, p95, p99, most }: Spread) =>
  count === 0
    ? 'none'
    : `p50 ${p50.toFixed(0)}, p95 ${p95.toFixed(0)}, p99 ${p99.toFixed(0)}, most ${most.toFixed(0)} ms (${count})`
function tell(what: string, result: LiveResult): void {
  const { sent, kept, failed, heard, missed, stillOpen } = result
  console.log(`${what}: ${kept} of ${sent} records kept, ${failed} requests failed`)
  console.log(`  event to verdict: ${ms(result.verdictMs)}`)
  console.log(`  ingest: ${ms(result.ingestMs)}; REST: ${ms(result.restMs)}`)
  console.log(`  ${stillOpen} WebSockets open at the end; ${heard} messages heard, ${missed} told as missed`)
}
const mebibytes = () => Math.round(process.memoryUsage().rss / 2 ** 20)
async function countOf(table: 'records' | 'verdicts'): Promise<number> {
  const { count } = await store.db
    .selectFrom(table)
    .select((all) => all.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

await load({ requests: 200, records: 10, questions: 20, sockets: 1, seconds: 2 })
const paced = { requests: 500, records: 1, seconds }
tell('500 records/s over 200 devices, 1 reader', await load({ ...paced, questions: 0, sockets: 1 }))
tell('the same and 200 questions/s', await load({ ...paced, questions: 200, sockets: 1 }))
tell(`50 records/s, ${SOCKETS} readers`, await load({ ...paced, requests: 50, questions: 0, sockets: SOCKETS }))
const before = await countOf('records')
const judgedBefore = await countOf('verdicts')
const memory = mebibytes()
const most = await load({ requests: 200, records: 25, questions: 0, sockets: 1, seconds })
tell('5,000 records/s in requests of 25', most)
const began = performance.now()
await relay.live.scorer.settled()
const rest = ((performance.now() - began) / 1000).toFixed(2)
const [records, verdicts] = [(await countOf('records')) - before, (await countOf('verdicts')) - judgedBefore]
console.log(`  in the store: ${records} records, ${verdicts} verdicts; all judged ${rest} s after the load's end`)
console.log(`  memory: ${memory} MiB before, ${mebibytes()} MiB after`)
await relay.close()
await store.close()
await rm(folder, { recursive: true, force: true })
