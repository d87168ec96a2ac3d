/** WebSockets of live traffic, and the switch and model of its judgement. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import * as v from 'valibot'
import { bytesSource } from '#core/base/source.ts'
import { toRecords } from '#core/live/record.ts'
import { MAX_SPEED, type Replay } from '#core/live/replay.ts'
import { SIMULATED_ATTACKS } from '#core/live/simulation.ts'
import type { ChannelMessage, FlowRecord } from '#core/live/wire.ts'
import { openInputs } from '#core/scan/open.ts'
import type { ScanModel } from '#core/scan/scan.ts'
import { appendAudit } from '../audit/append.ts'
import { useTicket } from '../auth/store.ts'
import { describeRoute } from '../http/docs.ts'
import { RefusedError } from '../http/errors.ts'
import type { Store } from '../store/store.ts'
import type { Interest } from './hub.ts'
import { type Live, modelTitle } from './live.ts'
import { type ModelShelf, readModelArchive } from './models.ts'
import { captureRequest } from './tcpdump.ts'

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
const CAPTURE_BYTES = 256 << 20
/** Of a recording that is replayed, since all of it is held. */
const MOST_REPLAYED = 200_000
const replayChange = v.strictObject({
  speed: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(MAX_SPEED))),
  paused: v.optional(v.boolean()),
  positionMicros: v.optional(v.pipe(v.number(), v.minValue(0))),
})
const attackRequest = v.strictObject({
  kind: v.picklist(SIMULATED_ATTACKS),
  seconds: v.pipe(v.number(), v.minValue(1), v.maxValue(3600)),
})
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
  registerSources(app, { store, live, now })
  registerCapture(app, { store, live })
}

type SourceOptions = Pick<LiveRouteOptions, 'store' | 'live' | 'now'>

/** Recordings and attacks of devices whose flows the relay makes itself. */
function registerSources(app: FastifyInstance, { store, live, now }: SourceOptions): void {
  const tag = 'devices'
  const deviceOf = ({ id }: WithId['Params'], source: 'replay' | 'simulated') => {
    const device = live.device(id)
    if (!device) throw new RefusedError(404, `There is no device ${id} here. Add it first.`)
    if (device.source !== source)
      throw new RefusedError(409, `The source of ${id} is not “${source}”; change it first.`)
    return device
  }
  const replayOf = (params: WithId['Params']) => {
    const replay = live.sources.replayOf(deviceOf(params, 'replay').id)
    if (!replay) throw new RefusedError(404, 'No recording is replayed for this device on this relay.')
    return replay
  }
  const stateOf = (replay: Replay) => ({
    lengthMicros: replay.lengthMicros,
    positionMicros: replay.positionMicros(now()),
    speed: replay.speed,
    paused: replay.isPaused,
    over: replay.isOver,
  })
  const note = (actor: string, action: string, target: string, detail?: unknown) =>
    store.write((trx) => appendAudit(trx, { actor, action, target, detail }))

  app.post<WithId>(
    '/api/v1/devices/:id/replay',
    {
      config: { role: 'operator' },
      bodyLimit: CAPTURE_BYTES,
      schema: describeRoute('Replay this recording (capture or flow table) as the device, from its beginning', { tag }),
    },
    async (request, reply) => {
      const { id, address } = deviceOf(request.params, 'replay')
      if (!Buffer.isBuffer(request.body)) throw new RefusedError(415, 'Send the recording as application/octet-stream.')
      const records: FlowRecord[] = []
      for (const { input } of await openInputs(bytesSource('recording', request.body), { sightings: false }))
        for await (const { flows } of input.steps())
          for (const batch of flows) {
            for (const record of toRecords(batch, address)) records.push(record)
            if (records.length > MOST_REPLAYED)
              throw new RefusedError(413, `A replay has at most ${MOST_REPLAYED} flows of the device.`)
          }
      await note(request.actor.name, 'replay.start', id, { flows: records.length })
      return reply.code(201).send({ flows: records.length, ...stateOf(live.sources.replay(id, records)) })
    },
  )
  app.get<WithId>(
    '/api/v1/devices/:id/replay',
    { config: { role: 'viewer' }, schema: describeRoute('Where the replay of a device stands', { tag }) },
    async ({ params }) => stateOf(replayOf(params)),
  )
  app.put<WithId>(
    '/api/v1/devices/:id/replay',
    { config: { role: 'operator' }, schema: describeRoute('Pause, speed, position', { body: replayChange, tag }) },
    async (request) => {
      const { speed, paused, positionMicros } = v.parse(replayChange, request.body)
      const replay = replayOf(request.params)
      await note(request.actor.name, 'replay.change', request.params.id, request.body)
      if (speed !== undefined) replay.setSpeed(now(), speed)
      if (positionMicros !== undefined) replay.seek(now(), positionMicros)
      if (paused !== undefined) paused ? replay.pause(now()) : replay.resume(now())
      return stateOf(replay)
    },
  )
  app.delete<WithId>(
    '/api/v1/devices/:id/replay',
    { config: { role: 'operator' }, schema: describeRoute('End the replay of a device', { tag }) },
    async (request, reply) => {
      const { id } = deviceOf(request.params, 'replay')
      await note(request.actor.name, 'replay.end', id)
      live.sources.endReplay(id)
      return reply.code(204).send()
    },
  )
  app.post<WithId>(
    '/api/v1/devices/:id/attack',
    {
      config: { role: 'operator' },
      schema: describeRoute('Let a simulated device attack for a while (only flow records: no packet is sent)', {
        body: attackRequest,
        tag,
      }),
    },
    async (request, reply) => {
      const { id } = deviceOf(request.params, 'simulated')
      const { kind, seconds } = v.parse(attackRequest, request.body)
      await note(request.actor.name, 'simulation.attack', id, { kind, seconds })
      live.sources.attack(id, kind, seconds)
      return reply.code(202).send({ kind, seconds })
    },
  )
}

/** Packets of an interface of this host, or of another one's over SSH: for administrators only. */
function registerCapture(app: FastifyInstance, { store, live }: Pick<LiveRouteOptions, 'store' | 'live'>): void {
  const tag = 'live'
  const url = '/api/v1/live/capture'
  const note = (actor: string, action: string, target: string, detail?: unknown) =>
    store.write((trx) => appendAudit(trx, { actor, action, target, detail }))
  app.get(
    url,
    { config: { role: 'viewer' }, schema: describeRoute('The live capture of this relay, if one runs', { tag }) },
    async () => live.capture?.state ?? { running: false },
  )
  app.post(
    url,
    { config: { role: 'admin' }, schema: describeRoute('Capture an interface', { body: captureRequest, tag }) },
    async (request, reply) => {
      const asked = v.parse(captureRequest, request.body)
      await note(request.actor.name, 'capture.start', asked.interface, asked)
      return reply.code(201).send((await live.startCapture(asked)).state)
    },
  )
  app.delete(
    url,
    { config: { role: 'admin' }, schema: describeRoute('End the capture', { tag }) },
    async (request, reply) => {
      await note(request.actor.name, 'capture.stop', 'live')
      await live.stopCapture()
      return reply.code(204).send()
    },
  )
}

const told = (model: ScanModel) => ({ model: modelTitle(model), sha256: model.sha256 })
