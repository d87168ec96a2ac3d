/** One window → what the model says of it; and what it has said of live traffic. */
import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { severityOfRatio } from '#core/alert/severity.ts'
import { createAutoencoder } from '#core/detect/autoencoder.ts'
import { tailProbability } from '#core/detect/calibration.ts'
import { toFlows } from '#core/live/record.ts'
import { type FlowRecord, flowRecord, type Verdict } from '#core/live/wire.ts'
import { prepareRows } from '#core/prep/rows.ts'
import { DeviceWindows } from '#core/prep/windows.ts'
import type { ScanModel } from '#core/scan/scan.ts'
import { describeRoute } from '../http/docs.ts'
import { RefusedError } from '../http/errors.ts'
import type { Store } from '../store/store.ts'

/** What other features know of verdicts. */
export interface PredictOptions {
  readonly store: Store
  readonly model: () => ScanModel
  readonly threshold: () => number
  readonly read: (row: VerdictRow) => Verdict
}

type VerdictRow = Awaited<ReturnType<typeof readRows>>[number]

const MOST_ON_A_PAGE = 500
const TOP_REASONS = 10

const whole = v.pipe(v.string(), v.regex(/^\d{1,16}$/), v.transform(Number))
const listQuery = v.object({
  before: v.optional(whole),
  limit: v.optional(v.pipe(whole, v.minValue(1), v.maxValue(MOST_ON_A_PAGE)), '100'),
})
/** The four counts of a flow, in the order of COUNT_COLUMNS. */
const counts = v.pipe(v.array(v.pipe(v.number(), v.finite(), v.minValue(0))), v.length(4))
/** Ten flows of one device, the oldest first: as flow records, as the four counts, or as the 78 features. */
const predictRequest = v.strictObject({
  window: v.union([
    v.pipe(v.array(flowRecord), v.length(10)),
    v.pipe(v.array(counts), v.length(10)),
    v.pipe(v.array(v.pipe(v.array(v.number()), v.length(78))), v.length(10)),
  ]),
})

type WithDevice = { Params: { device: string } }
type WithId = { Params: { id: string } }

export function registerPredict(app: FastifyInstance, { store, model, threshold, read }: PredictOptions): void {
  const tag = 'predictions'
  app.post(
    '/api/v1/predict',
    {
      config: { role: 'ingest' },
      schema: describeRoute('What the model says of ten flows', { body: predictRequest, tag }),
    },
    async (request) => {
      const { window } = v.parse(predictRequest, request.body)
      const began = performance.now()
      const { manifest, network } = model()
      const records = window.map(asRecord)
      const line = threshold()
      const flows = toFlows(
        // A window follows a first flow that only sets the scene (decision 004).
        [records[0]!, ...records].map((record, id) => ({ id, device: 'window', atMicros: id, record })),
        () => undefined,
      )
      const windows = new DeviceWindows({ steps: manifest.window, width: manifest.scaler.mean.length, batchRows: 2 })
      windows.push(prepareRows(flows, manifest))
      const batch = windows.flush()
      if (!batch) throw new RefusedError(400, `The model takes windows of ${manifest.window} flows.`)
      const detector = createAutoencoder(manifest, network, Number.NEGATIVE_INFINITY)
      const [finding] = detector.findings(await detector.score(batch), { deviceId: () => 'window' })
      const score = finding?.score ?? 0
      return {
        score,
        threshold: line,
        label: score > line ? 'odd' : 'usual',
        severity: severityOfRatio(score / line),
        oneIn: 1 / tailProbability(score, manifest.calibration),
        reasons: finding?.reasons.slice(0, TOP_REASONS) ?? [],
        latencyMs: performance.now() - began,
        model: `${manifest.name} ${manifest.version}`,
      }
    },
  )
  app.get(
    '/api/v1/predictions/stats',
    { config: { role: 'viewer' }, schema: describeRoute('How many windows were judged, and how', { tag }) },
    async () => {
      const { all, odd } = await store.db
        .selectFrom('verdicts')
        .select((eb) => [
          eb.fn.countAll<number>().as('all'),
          eb.fn.countAll<number>().filterWhere('score', '>', eb.ref('threshold')).as('odd'),
        ])
        .executeTakeFirstOrThrow()
      const total = Number(all)
      const share = total > 0 ? Number(odd) / total : 0
      return { total, odd: Number(odd), usual: total - Number(odd), oddShare: share, usualShare: 1 - share }
    },
  )
  app.get<WithDevice>(
    '/api/v1/predictions/:device',
    {
      config: { role: 'viewer' },
      schema: describeRoute('What was said of a device, the newest first', { query: listQuery, tag }),
    },
    async ({ params, query }) => {
      const { before, limit } = v.parse(listQuery, query)
      return { verdicts: (await readRows(store, { device: params.device, before, limit })).map(read) }
    },
  )
  app.get<WithId>(
    '/api/v1/predictions/:id/explain',
    {
      config: { role: 'viewer' },
      schema: describeRoute('Why a window was judged so: its parts and its flows', { tag }),
    },
    async ({ params }) => {
      const id = Number(params.id)
      const row = Number.isSafeInteger(id)
        ? await store.db.selectFrom('verdicts').selectAll().where('id', '=', id).executeTakeFirst()
        : undefined
      if (!row) throw new RefusedError(404, 'There is no such verdict (any more).')
      const flows = await store.db
        .selectFrom('records')
        .select(['id', 'at_micros', 'body'])
        .where('device', '=', row.device)
        .where('id', '>=', row.first_record)
        .where('id', '<=', row.last_record)
        .orderBy('id')
        .execute()
      return {
        verdict: read(row),
        flows: flows.map((flow) => ({
          id: flow.id,
          atMicros: flow.at_micros,
          record: JSON.parse(flow.body) as FlowRecord,
        })),
      }
    },
  )
}

function readRows(
  store: Store,
  { device, before, limit }: { device: string; before: number | undefined; limit: number },
) {
  return store.db
    .selectFrom('verdicts')
    .selectAll()
    .where('device', '=', device)
    .$if(before !== undefined, (all) => all.where('id', '<', before ?? 0))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
}

/** Positions of the four counts among the 78 (flow/features.ts): total packets and bytes, forward and backward. */
function asRecord(flow: FlowRecord | number[]): FlowRecord {
  if (!Array.isArray(flow)) return flow
  const [orig_pkts = 0, resp_pkts = 0, orig_bytes = 0, resp_bytes = 0] =
    flow.length === 4 ? flow : COUNT_FEATURES.map((at) => flow[at] ?? 0)
  return { orig_pkts, resp_pkts, orig_bytes, resp_bytes }
}
const COUNT_FEATURES = [2, 3, 4, 5]
