/** MQTT over HTTP: how the relay's broker does, and the audit of any broker that the relay can reach. */
import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { mqttRights } from '#core/mqtt/wire.ts'
import { mqttAuditRequest } from '#core/mqtt-audit/wire.ts'
import { appendAudit } from '../audit/append.ts'
import { describeRoute } from '../http/docs.ts'
import { RefusedError } from '../http/errors.ts'
import type { Store } from '../store/store.ts'
import { auditMqtt } from './audit.ts'
import type { BrokerStats } from './broker.ts'
import { readRights, writeRights } from './store.ts'

export interface MqttOptions {
  readonly store: Store
  /** Undefined while the relay has no broker. */
  readonly stats: () => BrokerStats | undefined
  readonly now: () => number
  /** After a change of rights: the device has to connect anew to have them. */
  readonly changed: (device: string) => void
}

type WithId = { Params: { id: string } }

/** Each takes a while and some connections. */
const MOST_AT_ONCE = 2

export function registerMqtt(app: FastifyInstance, { store, stats, now, changed }: MqttOptions): void {
  const tag = 'mqtt'
  let running = 0

  app.get(
    '/api/v1/mqtt',
    { config: { role: 'viewer' }, schema: describeRoute("How the relay's broker does", { tag }) },
    async () => ({ broker: stats() ?? null }),
  )
  app.get<WithId>(
    '/api/v1/mqtt/devices/:id',
    { config: { role: 'viewer' }, schema: describeRoute('What a device may do besides its own topics', { tag }) },
    async ({ params }) => readRights(store.db, params.id),
  )
  app.put<WithId>(
    '/api/v1/mqtt/devices/:id',
    {
      config: { role: 'admin' },
      schema: describeRoute('Let a device announce others, or read more than its own topics', {
        body: mqttRights,
        tag,
      }),
    },
    async (request) => {
      const rights = v.parse(mqttRights, request.body)
      const device = request.params.id
      await store.write(async (trx) => {
        const known = await trx.selectFrom('devices').select('id').where('id', '=', device).executeTakeFirst()
        if (!known) throw new RefusedError(404, 'There is no such device.')
        const note = { actor: request.actor.name, action: 'mqtt.rights-changed', target: device, detail: rights }
        await appendAudit(trx, note)
        await writeRights(trx, { device, rights, nowMicros: now() })
      })
      changed(device)
      return rights
    },
  )
  app.post(
    '/api/v1/mqtt/audit',
    {
      config: { role: 'admin' },
      schema: describeRoute('Look at an MQTT broker in twenty ways; writes nothing there', {
        body: mqttAuditRequest,
        tag,
      }),
    },
    async (request) => {
      const asked = v.parse(mqttAuditRequest, request.body)
      if (running >= MOST_AT_ONCE)
        throw new RefusedError(429, `At most ${MOST_AT_ONCE} audits run at once; try again in a minute.`)
      running++
      try {
        const note = { actor: request.actor.name, action: 'mqtt.audited', target: asked.url }
        await store.write((trx) => appendAudit(trx, { ...note, detail: { user: asked.username } }))
        return await auditMqtt(asked)
      } finally {
        running--
      }
    },
  )
}
