/** Alerts by e-mail through any SMTP server, as text and HTML. */
import nodemailer from 'nodemailer'
import type * as v from 'valibot'
import { escapeHtml } from '../http/html.ts'
import { type Channel, DeliveryError, type Message } from './outbox.ts'
import type { mailSettings } from './wire.ts'

const TIMEOUT_MS = 15_000

export function mailChannel(settings: v.InferOutput<typeof mailSettings>): Channel {
  const { host, port, secure, requireTls, user, password, from, to } = settings
  return {
    name: 'mail',
    async send(message) {
      const transport = nodemailer.createTransport({
        host,
        port,
        secure,
        requireTLS: requireTls,
        connectionTimeout: TIMEOUT_MS,
        greetingTimeout: TIMEOUT_MS,
        socketTimeout: TIMEOUT_MS,
        // Names and numbers of our own only: no files, no addresses.
        disableFileAccess: true,
        disableUrlAccess: true,
        ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
      })
      try {
        await transport.sendMail({
          from,
          to: [...to],
          subject: subjectOf(message),
          text: mailText(message),
          html: mailHtml(message),
        })
      } catch (error) {
        throw asDelivery(error)
      } finally {
        transport.close()
      }
    },
  }
}

function asDelivery(error: unknown): DeliveryError {
  const { responseCode, message } = error as { responseCode?: number; message?: string }
  // 5yz: the server will never take it; 4yz and what has no code: later.
  return new DeliveryError(`mail: ${message ?? 'not sent'}`, {
    isFinal: responseCode !== undefined && responseCode >= 500,
  })
}

const subjectOf = ({ severity, title }: Message) => `[${severity}] ${title}`.replaceAll(/[\r\n]+/g, ' ').slice(0, 200)

export function mailText({ title, text, advice, figures, deviceName }: Message): string {
  const lines = [title, text, '']
  if (deviceName) lines.push(`Device: ${deviceName}`)
  if (figures) {
    const { count, total, percentage, threshold, top } = figures
    lines.push(
      `Unusual: ${count} of ${total} samples (${percentage.toFixed(2)} %), the line is at ${threshold.toPrecision(3)}.`,
      '',
    )
    if (top.length > 0) lines.push('The strongest:')
    for (const { severity, rows, score, reason } of top)
      lines.push(`  ${severity}: flows ${rows}, score ${score.toPrecision(3)}, ${reason}`)
    if (top.length > 0) lines.push('')
  }
  if (advice.length > 0) lines.push('What to do now:', ...advice.map((step, i) => `  ${i + 1}. ${step}`))
  return lines.join('\n')
}

function mailHtml(message: Message): string {
  const { title, text, advice, figures, deviceName } = message
  const parts = [`<h1 style="font-size:1.2em">${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>`]
  if (deviceName) parts.push(`<p>Device: <b>${escapeHtml(deviceName)}</b></p>`)
  if (figures) {
    const { count, total, percentage, threshold, top } = figures
    parts.push(
      `<p>Unusual: ${count} of ${total} samples (${percentage.toFixed(2)} %), the line is at ${threshold.toPrecision(3)}.</p>`,
    )
    const rows = top.map(
      ({ severity, rows: flows, score, reason }) =>
        `<tr><td>${escapeHtml(severity)}</td><td>${escapeHtml(flows)}</td><td>${score.toPrecision(3)}</td><td>${escapeHtml(reason)}</td></tr>`,
    )
    if (rows.length > 0)
      parts.push(
        `<table cellpadding="4"><tr><th>Severity</th><th>Flows</th><th>Score</th><th>Reason</th></tr>${rows.join('')}</table>`,
      )
  }
  if (advice.length > 0)
    parts.push(`<p>What to do now:</p><ol>${advice.map((step) => `<li>${escapeHtml(step)}</li>`).join('')}</ol>`)
  return `<!doctype html><html><body>${parts.join('\n')}</body></html>`
}
