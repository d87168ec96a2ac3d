/** How channels are set up. Secrets go in and never come out again. */
import * as v from 'valibot'
import { SEVERITIES } from '#core/alert/severity.ts'

const text = v.pipe(v.string(), v.trim(), v.maxLength(500))
const secret = v.pipe(v.string(), v.maxLength(500))
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))
const email = v.pipe(text, v.email())

export const mailSettings = v.strictObject({
  host: v.pipe(text, v.minLength(1)),
  port: v.optional(port, 587),
  /** TLS from the first byte; otherwise STARTTLS is used where the server offers it, and demanded with `requireTls`. */
  secure: v.optional(v.boolean(), false),
  requireTls: v.optional(v.boolean(), false),
  user: v.optional(text),
  password: v.optional(secret),
  from: email,
  to: v.pipe(v.array(email), v.minLength(1), v.maxLength(20)),
})
export const PRESETS = ['plain', 'ntfy', 'slack', 'home-assistant'] as const
export const webhookSettings = v.strictObject({
  url: v.pipe(text, v.url()),
  preset: v.optional(v.picklist(PRESETS), 'plain'),
  /** Signs what is sent (HMAC-SHA256). */
  secret: v.optional(secret),
  allowPrivate: v.optional(v.boolean(), false),
})
export const syslogSettings = v.strictObject({
  host: v.pipe(text, v.minLength(1)),
  port: v.optional(port, 514),
  transport: v.optional(v.picklist(['udp', 'tcp']), 'udp'),
})
/** Undefined: not set up. Push needs none: whoever subscribes is told. */
export const channelSettings = v.strictObject({
  mail: v.optional(mailSettings),
  webhook: v.optional(webhookSettings),
  syslog: v.optional(syslogSettings),
})
export type ChannelSettings = v.InferOutput<typeof channelSettings>

const hour = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(23))
export const tellingSettings = v.strictObject({
  coolDownSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(7 * 86_400)), 3600),
  stormAlerts: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 10),
  quiet: v.optional(v.strictObject({ fromHour: hour, toHour: hour })),
  criticalBreaksQuiet: v.optional(v.boolean(), true),
  minSeverity: v.optional(v.picklist(SEVERITIES), 'medium'),
  timeZone: v.optional(
    v.pipe(
      text,
      v.check((zone) => isTimeZone(zone), 'A time zone is a name such as Europe/Berlin'),
    ),
  ),
  weeklyDigest: v.optional(v.boolean(), false),
})
export type TellingSettings = v.InferOutput<typeof tellingSettings>

function isTimeZone(zone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }))
  } catch {
    return false
  }
}
