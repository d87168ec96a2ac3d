/** Flow records from scripts, captures of one device, and what is kept of both. */
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { bytesSource } from '#core/base/source.ts'
import type { WatchedDevice } from '#core/device/wire.ts'
import { toRecords } from '#core/live/record.ts'
import type { FlowRecord, RecordSource } from '#core/live/wire.ts'
import { ingestRequest, MAX_RECORDS } from '#core/live/wire.ts'
import { csvRow } from '#core/report/csv.ts'
import { openInputs } from '#core/scan/open.ts'
import { describeRoute } from '../http/docs.ts'
import { RefusedError } from '../http/errors.ts'
import type { Store } from '../store/store.ts'

export interface TrafficOptions {
  readonly store: Store
  readonly device: (id: string) => WatchedDevice | undefined
  /** Resolves after the commit. */
  readonly now: () => number
  readonly ingest: (device: string, records: readonly FlowRecord[], source: RecordSource) => Promise<void>
}

const MOST_ON_A_PAGE = 500
const EXPORT_AT_ONCE = 2000
const CAPTURE_BYTES = 256 << 20

const whole = v.pipe(v.string(), v.regex(/^\d{1,16}$/), v.transform(Number))
const listQuery = v.object({
  from: v.optional(whole),
  to: v.optional(whole),
  before: v.optional(whole),
  limit: v.optional(v.pipe(whole, v.minValue(1), v.maxValue(MOST_ON_A_PAGE)), '100'),
})

type WithDevice = { Params: { device: string } }

export function registerTraffic(app: FastifyInstance, { store, device, ingest, now }: TrafficOptions): void {
  const tag = 'traffic'
  const known = (id: string): WatchedDevice => {
    const found = device(id)
    if (!found) throw new RefusedError(404, `There is no device ${id} here. Add it first.`)
    return found
  }

  app.post(
    '/api/v1/traffic/ingest',
    {
      // Scripts send as often as they like; the size of a request is bound.
      config: { role: 'ingest', rateLimit: false },
      schema: describeRoute('Flow records of a device; answered when they are on disk', { body: ingestRequest, tag }),
    },
    async (request, reply) => {
      const { device: id, records } = v.parse(ingestRequest, request.body)
      known(id)
      await ingest(id, records, 'script')
      return reply.code(202).send({ kept: records.length })
    },
  )
  app.addContentTypeParser(
    ['application/vnd.tcpdump.pcap', 'application/octet-stream'],
    { parseAs: 'buffer', bodyLimit: CAPTURE_BYTES },
    (_request, body, done) => done(null, body),
  )
  app.post<WithDevice>(
    '/api/v1/traffic/:device/capture',
    {
      config: { role: 'ingest' },
      bodyLimit: CAPTURE_BYTES,
      schema: describeRoute('A capture (pcap, pcapng) of one device: its flows become records', { tag }),
    },
    async (request, reply) => {
      const { id, address } = known(request.params.device)
      if (!Buffer.isBuffer(request.body)) throw new RefusedError(415, 'Send the capture as application/octet-stream.')
      const records: FlowRecord[] = []
      const remarks: string[] = []
      for (const { input } of await openInputs(bytesSource('capture', request.body))) {
        for await (const { flows } of input.steps())
          for (const batch of flows) for (const record of toRecords(batch, address)) records.push(record)
        remarks.push(...input.stats.remarks)
      }
      const timed = shiftToNow(records, now())
      for (let at = 0; at < timed.length; at += MAX_RECORDS)
        await ingest(id, timed.slice(at, at + MAX_RECORDS), 'capture')
      return reply.code(202).send({ kept: timed.length, remarks })
    },
  )
  app.get<WithDevice>(
    '/api/v1/traffic/:device',
    {
      config: { role: 'viewer' },
      schema: describeRoute('What was kept of a device, the newest first', { query: listQuery, tag }),
    },
    async ({ params, query }) => {
      const { id } = known(params.device)
      const { from, to, before, limit } = v.parse(listQuery, query)
      const rows = await select(store, id, { from, to })
        .$if(before !== undefined, (all) => all.where('id', '<', before ?? 0))
        .orderBy('id', 'desc')
        .limit(limit)
        .execute()
      return {
        records: rows.map(({ body, ...row }) => ({
          id: row.id,
          atMicros: row.at_micros,
          source: row.source,
          record: JSON.parse(body),
        })),
      }
    },
  )
  app.get<WithDevice>(
    '/api/v1/traffic/:device/export',
    { config: { role: 'viewer' }, schema: describeRoute('The same as CSV', { query: listQuery, tag }) },
    async ({ params, query }, reply) => {
      const { id } = known(params.device)
      const span = v.parse(listQuery, query)
      reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="traffic.csv"')
      return reply.send(Readable.from(lines(store, id, span)))
    },
  )
}

const COLUMNS = [
  'orig_pkts',
  'resp_pkts',
  'orig_bytes',
  'resp_bytes',
  'duration',
  'peer',
  'peer_port',
  'port',
  'proto',
] as const

async function* lines(store: Store, device: string, span: Span): AsyncGenerator<string> {
  yield csvRow(['ts', 'source', ...COLUMNS])
  for (let after = 0; ; ) {
    const rows = await select(store, device, span).where('id', '>', after).orderBy('id').limit(EXPORT_AT_ONCE).execute()
    const last = rows.at(-1)
    if (!last) return
    yield rows
      .map(({ at_micros, source, body }) => {
        const record = JSON.parse(body) as FlowRecord
        return csvRow([at_micros / 1e6, source, ...COLUMNS.map((column) => record[column])])
      })
      .join('')
    after = last.id
  }
}

interface Span {
  readonly from?: number | undefined
  readonly to?: number | undefined
}

function select(store: Store, device: string, { from, to }: Span) {
  return store.db
    .selectFrom('records')
    .selectAll()
    .where('device', '=', device)
    .$if(from !== undefined, (all) => all.where('at_micros', '>=', from ?? 0))
    .$if(to !== undefined, (all) => all.where('at_micros', '<=', to ?? 0))
}

/** A recording ends now: it is judged as if it had just happened, and what is long ago would be taken for a wrong clock. */
function shiftToNow(records: readonly FlowRecord[], nowMicros: number): FlowRecord[] {
  const ends = records.flatMap(({ ts, duration = 0 }) => (ts === undefined ? [] : [ts + duration]))
  const shift = nowMicros / 1e6 - ends.reduce((latest, end) => Math.max(latest, end), Number.NEGATIVE_INFINITY)
  return records
    .map((record) => (record.ts === undefined ? record : { ...record, ts: record.ts + shift }))
    .sort((a, b) => (a.ts ?? 0) - (b.ts ?? 0))
}
