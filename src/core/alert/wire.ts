/** Alerts of the relay: one for each case, from its opening to its resolution. */
import * as v from 'valibot'
import { SEVERITIES } from './severity.ts'

export const ALERT_TYPES = [
  'threshold_breach',
  'sustained_attack',
  'new_attack_type',
  'device_quarantined',
  'new_device',
  'device_silent',
] as const
export type AlertType = (typeof ALERT_TYPES)[number]

export const ALERT_STATES = ['open', 'acknowledged', 'resolved'] as const

const text = v.pipe(v.string(), v.maxLength(10_000))

export const alert = v.object({
  id: v.number(),
  device: v.string(),
  deviceName: v.string(),
  type: v.picklist(ALERT_TYPES),
  severity: v.picklist(SEVERITIES),
  state: v.picklist(ALERT_STATES),
  /** One plain sentence, and the second that says what is usual. */
  title: text,
  text,
  advice: v.array(text),
  /** Id of the case (alert/case.ts) that it tells of; '' for alerts without one. */
  case: v.string(),
  openedMicros: v.number(),
  changedMicros: v.number(),
  /** Who acknowledged or resolved it; undefined while open. */
  by: v.optional(v.string()),
  /** Alerts that were folded into this one in a storm. */
  folded: v.number(),
  unread: v.boolean(),
  notes: v.array(v.object({ by: v.string(), atMicros: v.number(), text })),
  revision: v.number(),
})
export type Alert = v.InferOutput<typeof alert>

export const changeAlertRequest = v.strictObject({
  state: v.optional(v.picklist(ALERT_STATES)),
  read: v.optional(v.boolean()),
  note: v.optional(v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(2000))),
  revision: v.optional(v.number()),
})
