/** The audit of a broker: a look from outside, judged by the rules of core. */
import { auditBroker } from '#core/mqtt-audit/audit.ts'
import type { MqttAudit } from '#core/mqtt-audit/wire.ts'
import { type ProbeOptions, probeBroker } from './probe.ts'

/** Throws InputError when no broker answers there, or it refuses the user that was given. */
export async function auditMqtt(options: ProbeOptions): Promise<MqttAudit> {
  return auditBroker(await probeBroker(options))
}
