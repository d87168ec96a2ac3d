/** WebSockets of live traffic, and the switch and model of its judgement. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import * as v from 'valibot'
import type { ChannelMessage } from '#core/live/wire.ts'
import type { ScanModel } from '#core/scan/scan.ts'
import { appendAudit } from '../audit/append.ts'
import { useTicket } from '../auth/store.ts'
import { describeRoute } from '../http/docs.ts'
import { RefusedError } from '../http/errors.ts'
import type { Store } from '../store/store.ts'
import type { Interest } from './hub.ts'
import { type Live, modelTitle } from './live.ts'
import { type ModelShelf, readModelArchive } from './models.ts'

export interface LiveRouteOptions {
  readonly store: Store
  readonly live: Live
  readonly shelf: ModelShelf
  readonly now: () => number
}

type Kind = ChannelMessage['kind']
const LIVE_KINDS: ReadonlySet<Kind> = new Set<Kind>(['verdict', 'device', 'alert', 'behind'])
const DEVICE_KINDS: ReadonlySet<Kind> = new Set<Kind>(['verdict', 'device', 'behind'])
const ALERT_KINDS: ReadonlySet<Kind> = new Set<Kind>(['alert', 'behind'])

const ticketQuery = v.object({ ticket: v.pipe(v.string(), v.maxLength(100)) })
const judging = v.strictObject({ on: v.boolean() })
const MODEL_BYTES = 64 << 20

type WithId = { Params: { id: string } }

export function registerLive(app: FastifyInstance, { store, live, shelf, now }: LiveRouteOptions): void {
  const tag = 'live'
  const admit = async (request: FastifyRequest) => {
    const { ticket } = v.parse(ticketQuery, request.query)
    const user = await store.write((trx) => useTicket(trx, ticket, now()))
    if (!user) throw new RefusedError(401, 'This ticket is not valid (any more). Ask for another one.')
  }
  const channel = (url: string, summary: string, interestOf: (request: FastifyRequest) => Interest) =>
    app.get(
      url,
      {
        websocket: true,
        // The ticket says who it is: browsers can send no headers here.
        config: { role: 'public' },
        preValidation: admit,
        schema: describeRoute(summary, { query: ticketQuery, tag }),
      },
      (socket, request) => {
        if (!live.hub.add(socket, interestOf(request))) socket.close(1013, 'too many pages are connected')
      },
    )
  channel('/api/v1/ws/live', 'All verdicts, states of devices and alerts as they happen', () => ({ kinds: LIVE_KINDS }))
  channel('/api/v1/ws/device/:id', 'Verdicts and state of one device', (request) => ({
    kinds: DEVICE_KINDS,
    device: (request.params as WithId['Params']).id,
  }))
  channel('/api/v1/ws/alerts', 'Alerts as they are made and changed', () => ({ kinds: ALERT_KINDS }))

  app.get(
    '/api/v1/live',
    { config: { role: 'viewer' }, schema: describeRoute('Whether and how live traffic is judged', { tag }) },
    async () => ({
      judging: !live.isPaused,
      fault: live.scorer.fault,
      held: live.scorer.held.size,
      model: modelTitle(live.model),
      sha256: live.model.sha256,
      records: live.records,
      readers: live.hub.size,
    }),
  )
  app.put(
    '/api/v1/live',
    {
      config: { role: 'admin' },
      schema: describeRoute('Switch judging off (records are then only kept) or on', { body: judging, tag }),
    },
    async (request) => {
      const { on } = v.parse(judging, request.body)
      await store.write((trx) =>
        appendAudit(trx, { actor: request.actor.name, action: on ? 'judging.on' : 'judging.off', target: 'live' }),
      )
      await live.pause(!on)
      return { judging: on }
    },
  )
  app.addContentTypeParser('application/zip', { parseAs: 'buffer', bodyLimit: MODEL_BYTES }, (_request, body, done) =>
    done(null, body),
  )
  app.put(
    '/api/v1/model',
    {
      config: { role: 'operator' },
      bodyLimit: MODEL_BYTES,
      schema: describeRoute('Judge with this model (the archive that the page exports) from now on', { tag }),
    },
    async (request) => {
      if (!Buffer.isBuffer(request.body)) throw new RefusedError(415, 'Send the model’s archive as application/zip.')
      const model = await readModelArchive(request.body)
      await shelf.keep(request.body, model, request.actor.name)
      await live.use(model)
      return told(model)
    },
  )
  app.delete(
    '/api/v1/model',
    {
      config: { role: 'operator' },
      schema: describeRoute('Go back to the model before, at last to the shipped one', { tag }),
    },
    async (request) => {
      const model = await shelf.goBack(request.actor.name)
      await live.use(model)
      return told(model)
    },
  )
}

const told = (model: ScanModel) => ({ model: modelTitle(model), sha256: model.sha256 })
