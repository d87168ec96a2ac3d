/** MQTT over HTTP: how the relay's broker does, and the audit of any broker that the relay can reach. */
import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { mqttAuditRequest } from '#core/mqtt-audit/wire.ts'
import { appendAudit } from '../audit/append.ts'
import { describeRoute } from '../http/docs.ts'
import { RefusedError } from '../http/errors.ts'
import type { Store } from '../store/store.ts'
import { auditMqtt } from './audit.ts'
import type { BrokerStats } from './broker.ts'
import type { ProbeOptions } from './probe.ts'

export interface MqttOptions {
  readonly store: Store
  /** Undefined while the relay has no broker. */
  readonly stats: () => BrokerStats | undefined
  /** For tests, which have less time. */
  readonly probe?: Pick<ProbeOptions, 'listenMs' | 'silentMs'>
}

/** Each takes a while and some connections. */
const MOST_AT_ONCE = 2

export function registerMqtt(app: FastifyInstance, { store, stats, probe }: MqttOptions): void {
  const tag = 'mqtt'
  let running = 0

  app.get(
    '/api/v1/mqtt',
    { config: { role: 'viewer' }, schema: describeRoute("How the relay's broker does", { tag }) },
    async () => ({ broker: stats() ?? null }),
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
        return await auditMqtt({ ...asked, ...probe })
      } finally {
        running--
      }
    },
  )
}
