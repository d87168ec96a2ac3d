/** What is asked and answered about an audit of a broker. */
import * as v from 'valibot'
import { SEVERITIES } from '../alert/severity.ts'
import { InputError } from '../base/errors.ts'

const credential = v.pipe(v.string(), v.maxLength(1024))

export const mqttAuditRequest = v.strictObject({
  /** mqtt://host:port or mqtts://host:port; without user and password. */
  url: v.pipe(
    v.string(),
    v.maxLength(300),
    v.regex(/^mqtts?:\/\/[^/@\s]+$/, 'An address is mqtt://host:port or mqtts://host:port, without user and password'),
  ),
  username: v.optional(credential),
  password: v.optional(credential),
  /** A second identity, to see whether one can throw out the other. */
  otherUsername: v.optional(credential),
  otherPassword: v.optional(credential),
  /** The authority of the broker's certificate, PEM. */
  ca: v.optional(v.pipe(v.string(), v.maxLength(65_536))),
})
export type MqttAuditRequest = v.InferOutput<typeof mqttAuditRequest>

/** Throws InputError with what was expected. */
export function readMqttAuditRequest(value: unknown): MqttAuditRequest {
  const read = v.safeParse(mqttAuditRequest, value)
  if (read.success) return read.output
  throw new InputError(read.issues[0].message)
}

export const mqttAudit = v.object({
  address: v.string(),
  atMicros: v.number(),
  identity: v.picklist(['anonymous', 'given']),
  failed: v.number(),
  passed: v.number(),
  unknown: v.number(),
  findings: v.array(
    v.object({
      id: v.string(),
      title: v.string(),
      severity: v.picklist(SEVERITIES),
      status: v.picklist(['pass', 'fail', 'unknown']),
      evidence: v.string(),
      advice: v.string(),
    }),
  ),
})
export type MqttAudit = v.InferOutput<typeof mqttAudit>
