/**
 * Load for the relay's live side, in a process of its own: flow records over HTTP, readers on WebSockets, questions over REST.
 * node bench/live-load.ts '{"origin":"http://127.0.0.1:8080","key":"…","tickets":["…"],…}' prints one line of JSON.
 */
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { WebSocket } from 'ws'
import type { ChannelMessage } from '#core/live/wire.ts'

export interface LiveLoad {
  readonly origin: string
  readonly key: string
  readonly devices: number
  /** Requests with records a second over all devices, and records in each; each is sent at its time whether or not others are answered. */
  readonly requests: number
  readonly records: number
  /** Questions a second. */
  readonly questions: number
  /** One WebSocket each, to all verdicts. */
  readonly tickets: readonly string[]
  readonly seconds: number
}

export interface LiveResult {
  readonly sent: number
  readonly kept: number
  readonly failed: number
  /** From before a record was sent until its verdict was read from the first WebSocket. */
  readonly verdictMs: Spread
  readonly restMs: Spread
  readonly ingestMs: Spread
  /** Messages that the readers took, and those that they were told they had missed. */
  readonly heard: number
  readonly missed: number
  readonly stillOpen: number
}

export interface Spread {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly most: number
}

const TICK_MS = 5
const SETTLE_MS = 3000
const QUESTIONS = [
  '/api/v1/dashboard/stats',
  '/api/v1/devices?size=20',
  '/api/v1/alerts',
  '/api/v1/predictions/device-7',
]

const load = JSON.parse(process.argv[2] ?? '{}') as LiveLoad
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const headers = { authorization: `Bearer ${load.key}` }

function ask(method: string, path: string, body?: string): Promise<number> {
  return new Promise((resolve) => {
    const type =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const asked = request(load.origin + path, { method, agent, headers: { ...headers, ...type } }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode ?? 0))
    })
    asked.on('error', () => resolve(0))
    asked.end(body)
  })
}

const verdictMs: number[] = []
const restMs: number[] = []
const ingestMs: number[] = []
let heard = 0
let missed = 0
const sockets = await Promise.all(
  load.tickets.map(async (ticket, at) => {
    const socket = new WebSocket(`${load.origin.replace('http', 'ws')}/api/v1/ws/live?ticket=${ticket}`)
    socket.on('message', (data) => {
      heard++
      // Reading JSON in hundreds of readers of one process would measure this process: one reads all, the others look for what was missed.
      const text = String(data)
      if (at > 0 && !text.startsWith('{"kind":"behind"')) return
      const message = JSON.parse(text) as ChannelMessage
      if (message.kind === 'behind') missed += message.dropped
      if (message.kind === 'verdict' && at === 0) verdictMs.push(Date.now() - message.verdict.endMicros / 1000)
    })
    await once(socket, 'open')
    return socket
  }),
)

let sent = 0
let kept = 0
let failed = 0
const working = new Set<Promise<void>>()
const follow = (work: Promise<void>) => {
  working.add(work)
  void work.finally(() => working.delete(work))
}

async function send(device: number): Promise<void> {
  const began = performance.now()
  const records = Array.from({ length: load.records }, (_, i) => ({
    ts: Date.now() / 1000,
    orig_pkts: 10 + ((device + i) % 3),
    resp_pkts: 9,
    orig_bytes: 1480,
    resp_bytes: 932 + (i % 7),
    peer: '192.0.2.17',
    peer_port: 443,
    proto: 'tcp',
  }))
  sent += records.length
  const status = await ask('POST', '/api/v1/traffic/ingest', JSON.stringify({ device: `device-${device}`, records }))
  ingestMs.push(performance.now() - began)
  if (status === 202) kept += records.length
  else failed++
}

async function question(number: number): Promise<void> {
  const began = performance.now()
  const status = await ask('GET', QUESTIONS[number % QUESTIONS.length] ?? '/')
  restMs.push(performance.now() - began)
  if (status !== 200) failed++
}

const began = performance.now()
let requests = 0
let questions = 0
while (performance.now() - began < load.seconds * 1000) {
  const passed = (performance.now() - began) / 1000
  for (; requests < passed * load.requests; requests++) follow(send(requests % load.devices))
  for (; questions < passed * load.questions; questions++) follow(question(questions))
  await new Promise((resolve) => setTimeout(resolve, TICK_MS))
}
await Promise.all(working)
await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
const stillOpen = sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length
for (const socket of sockets) socket.terminate()
agent.destroy()

function spread(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), most: at(1) }
}

const result: LiveResult = {
  sent,
  kept,
  failed,
  verdictMs: spread(verdictMs),
  restMs: spread(restMs),
  ingestMs: spread(ingestMs),
  heard,
  missed,
  stillOpen,
}
console.log(JSON.stringify(result))
