/** Rules of prevention: what crosses between page and relay about them. */
import * as v from 'valibot'
import { SEVERITIES } from '../alert/severity.ts'
import { ALERT_TYPES } from '../alert/wire.ts'

export const ACTIONS = ['alert', 'rate_limit', 'block', 'quarantine', 'webhook'] as const
export type Action = (typeof ACTIONS)[number]

const seconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(365 * 86_400))

/** A rule acts when all the conditions it states hold. */
const fields = {
  name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(100)),
  /** Undefined: all devices. */
  device: v.optional(v.string()),
  /** Score over threshold of the case's strongest window; 1 is the alarm line. */
  minRatio: v.optional(v.pipe(v.number(), v.minValue(0), v.finite())),
  minSeverity: v.optional(v.picklist(SEVERITIES)),
  types: v.optional(v.array(v.picklist(ALERT_TYPES))),
  action: v.picklist(ACTIONS),
  /** Messages a second that a rate-limited device may still send. */
  messagesPerSecond: v.optional(v.pipe(v.number(), v.minValue(0.01), v.maxValue(10_000))),
  /** Address to block; the strongest new peer of the case when left out. */
  address: v.optional(v.string()),
  webhook: v.optional(v.pipe(v.string(), v.url(), v.maxLength(2000))),
  cooldownSeconds: v.optional(seconds, 3600),
  /** The action ends by itself after this; 0: only by undo. */
  expirySeconds: v.optional(seconds, 86_400),
  enabled: v.optional(v.boolean(), false),
}
export const ruleRequest = v.strictObject(fields)
/** `revision` is the one the writer saw; a newer one at the relay is answered 409 with the newer rule. */
export const changeRuleRequest = v.strictObject({ ...fields, revision: v.optional(v.number()) })
export const toggleRuleRequest = v.strictObject({ enabled: v.boolean() })
export const rule = v.object({ id: v.string(), ...fields, revision: v.number(), createdMicros: v.number() })
export type Rule = v.InferOutput<typeof rule>

/** Done at once by a person, without a rule. */
export const actionRequest = v.strictObject({
  device: v.string(),
  action: v.picklist(['rate_limit', 'block', 'quarantine']),
  messagesPerSecond: fields.messagesPerSecond,
  address: fields.address,
  expirySeconds: fields.expirySeconds,
})

export const actionRecord = v.object({
  id: v.number(),
  /** '' for what a person did without a rule. */
  rule: v.string(),
  device: v.string(),
  alert: v.optional(v.number()),
  action: v.picklist(ACTIONS),
  /** What it was done to: an address, a rate, a URL. */
  target: v.string(),
  atMicros: v.number(),
  expiresMicros: v.optional(v.number()),
  undoneMicros: v.optional(v.number()),
  success: v.boolean(),
  /** A sentence: what was done by which means, or why it failed. */
  detail: v.string(),
})
export type ActionRecord = v.InferOutput<typeof actionRecord>
