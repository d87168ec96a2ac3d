/**
 * The page's copy of what lives on the relay (decision 030): one answer brings all devices and rules (they are few, so what is missing
 * was removed) and the alerts and verdicts since the last one.
 */
import * as v from 'valibot'
import { user } from '../account/wire.ts'
import { alert } from '../alert/wire.ts'
import { watchedDevice } from '../device/wire.ts'
import { verdict } from '../live/wire.ts'
import { rule } from '../prevent/wire.ts'

/** Alerts and verdicts in one answer at most; the newest are kept, and `gap` says that older ones were left out. */
export const MAX_SYNC_ALERTS = 500
export const MAX_SYNC_VERDICTS = 2000

const whole = v.pipe(v.string(), v.regex(/^\d{1,16}$/), v.transform(Number))

export const syncQuery = v.object({
  /** `alerts` and `verdicts` of the answer before; 0 or left out at first. */
  alerts: v.optional(whole, '0'),
  verdicts: v.optional(whole, '0'),
})

export const syncAnswer = v.object({
  /** Where the next call goes on: time of the newest change of an alert, id of the newest verdict. */
  next: v.object({ alerts: v.number(), verdicts: v.number() }),
  /** True when alerts or verdicts older than these were left out. */
  gap: v.boolean(),
  me: user,
  devices: v.array(watchedDevice),
  rules: v.array(rule),
  alerts: v.array(alert),
  verdicts: v.array(verdict),
})
export type SyncAnswer = v.InferOutput<typeof syncAnswer>
