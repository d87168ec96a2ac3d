/** Scans for scripts: a file goes in, the scan's JSON comes back and is kept. The page's own scans never come here. */
import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { bytesSource } from '#core/base/source.ts'
import { DEFAULT_THRESHOLD } from '#core/detect/threshold.ts'
import { scanJson } from '#core/report/scan-json.ts'
import { openInputs } from '#core/scan/open.ts'
import { collectScan } from '#core/scan/result.ts'
import { type ScanModel, scan } from '#core/scan/scan.ts'
import { describeRoute } from '../http/docs.ts'
import { RefusedError } from '../http/errors.ts'
import type { Store } from '../store/store.ts'

export interface ScanRouteOptions {
  readonly store: Store
  readonly model: () => ScanModel
  readonly now: () => number
  readonly timeZone: string
}

const FILE_BYTES = 64 << 20
const MOST_ON_A_PAGE = 100
const whole = v.pipe(v.string(), v.regex(/^\d{1,16}$/), v.transform(Number))
const named = v.object({ name: v.optional(v.pipe(v.string(), v.maxLength(200)), 'upload') })
const listQuery = v.object({
  before: v.optional(whole),
  limit: v.optional(v.pipe(whole, v.minValue(1), v.maxValue(MOST_ON_A_PAGE)), '20'),
})

export function registerScans(app: FastifyInstance, { store, model, now, timeZone }: ScanRouteOptions): void {
  const tag = 'scans'
  app.addContentTypeParser(
    ['text/csv', 'text/plain'],
    { parseAs: 'buffer', bodyLimit: FILE_BYTES },
    (_request, body, done) => done(null, body),
  )
  app.post(
    '/api/v1/scans',
    {
      config: { role: 'operator' },
      bodyLimit: FILE_BYTES,
      schema: describeRoute('Scan a table or capture (text/csv or application/octet-stream)', { query: named, tag }),
    },
    async (request, reply) => {
      const { name } = v.parse(named, request.query)
      if (!Buffer.isBuffer(request.body))
        throw new RefusedError(415, 'Send the file as text/csv or application/octet-stream.')
      const results: ReturnType<typeof scanJson>[] = []
      for (const opened of await openInputs(bytesSource(name, request.body))) {
        const updates = scan(opened.input, {
          file: opened.name,
          bytesTotal: request.body.length,
          model: model(),
          threshold: DEFAULT_THRESHOLD,
          vendorOf: () => undefined,
          timeZone,
          inFlight: 1,
          updateEveryMs: 1000,
        })
        results.push(scanJson(await collectScan(updates)))
      }
      const summary = results.map(({ file, rows, anomalies, percentage, cases }) => ({
        file,
        rows,
        anomalies,
        percentage,
        cases: cases.length,
      }))
      const { id } = await store.write((trx) =>
        trx
          .insertInto('scans')
          .values({
            name,
            at_micros: now(),
            by: request.actor.name,
            summary: JSON.stringify(summary),
            body: JSON.stringify(results),
          })
          .returning('id')
          .executeTakeFirstOrThrow(),
      )
      return reply.code(201).send({ id, scans: results })
    },
  )
  app.get(
    '/api/v1/scans',
    {
      config: { role: 'viewer' },
      schema: describeRoute('Scans that scripts sent, the newest first', { query: listQuery, tag }),
    },
    async ({ query }) => {
      const { before, limit } = v.parse(listQuery, query)
      const rows = await store.db
        .selectFrom('scans')
        .select(['id', 'name', 'at_micros', 'by', 'summary'])
        .$if(before !== undefined, (all) => all.where('id', '<', before ?? 0))
        .orderBy('id', 'desc')
        .limit(limit)
        .execute()
      return {
        scans: rows.map(({ id, name, at_micros, by, summary }) => ({
          id,
          name,
          atMicros: at_micros,
          by,
          files: JSON.parse(summary),
        })),
      }
    },
  )
  app.get<{ Params: { id: string } }>(
    '/api/v1/scans/:id',
    { config: { role: 'viewer' }, schema: describeRoute('One scan, whole', { tag }) },
    async ({ params }) => {
      const id = Number(params.id)
      const row = Number.isSafeInteger(id)
        ? await store.db.selectFrom('scans').selectAll().where('id', '=', id).executeTakeFirst()
        : undefined
      if (!row) throw new RefusedError(404, 'There is no such scan.')
      return { id: row.id, name: row.name, atMicros: row.at_micros, by: row.by, scans: JSON.parse(row.body) }
    },
  )
}
