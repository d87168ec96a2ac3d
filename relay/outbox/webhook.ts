/** Alerts to any address: signed JSON of our own, or in the form that ntfy, Slack and Home Assistant take. */
import { createHmac } from 'node:crypto'
import type * as v from 'valibot'
import type { Channel, Message } from './outbox.ts'
import { post } from './safe-fetch.ts'
import type { PRESETS, webhookSettings } from './wire.ts'

type Settings = v.InferOutput<typeof webhookSettings>

interface Shaped {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const JSON_TYPE = { 'content-type': 'application/json' }

/** ntfy: 1 to 5. */
const PRIORITY: Readonly<Record<string, string>> = { low: '2', medium: '3', high: '4', critical: '5' }

const SHAPES: Readonly<Record<(typeof PRESETS)[number], (message: Message) => Shaped>> = {
  plain: (message) => ({ headers: JSON_TYPE, body: JSON.stringify(message) }),
  ntfy: (message) => ({
    headers: {
      // Headers are Latin-1; ntfy reads RFC 2047.
      title: `=?UTF-8?B?${Buffer.from(message.title).toString('base64')}?=`,
      priority: PRIORITY[message.severity] ?? '3',
      tags: 'shield',
    },
    body: [message.text, ...message.advice].join('\n'),
  }),
  slack: (message) => ({
    headers: JSON_TYPE,
    body: JSON.stringify({
      text: `*[${message.severity}] ${escapeSlack(message.title)}*\n${escapeSlack([message.text, ...message.advice].join('\n'))}`,
    }),
  }),
  'home-assistant': ({ title, text, severity, device, alert }) => ({
    headers: JSON_TYPE,
    body: JSON.stringify({ title, message: text, severity, device, alert }),
  }),
}

export function webhookChannel({ url, preset, secret, allowPrivate }: Settings, now: () => number): Channel {
  return {
    name: 'webhook',
    async send(message) {
      const { headers, body } = SHAPES[preset](message)
      const seconds = Math.floor(now() / 1e6)
      const signed: Record<string, string> =
        secret === undefined ? {} : { 'x-guardian-signature': signatureOf(secret, seconds, body) }
      await post({ url, headers: { ...headers, ...signed, 'user-agent': 'iot-guardian' }, body, allowPrivate })
    },
  }
}

/** `t=<seconds>,v1=<hex>`: HMAC-SHA256 over `<seconds>.<body>`; receivers refuse old times, so that nothing is replayed. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`
}

const escapeSlack = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
