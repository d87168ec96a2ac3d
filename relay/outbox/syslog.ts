/** Alerts as syslog, RFC 5424: over UDP (RFC 5426), or TCP with octet counting (RFC 6587 §3.4.1). */
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { hostname } from 'node:os'
import type * as v from 'valibot'
import { type Channel, DeliveryError, type Message } from './outbox.ts'
import type { syslogSettings } from './wire.ts'

/** local0, and how bad by RFC 5424 table 2: critical, error, warning, notice. */
const FACILITY = 16
const SEVERITY: Readonly<Record<string, number>> = { critical: 2, high: 3, medium: 4, low: 5 }
const TIMEOUT_MS = 10_000

export function syslogChannel({ host, port, transport }: v.InferOutput<typeof syslogSettings>): Channel {
  return {
    name: 'syslog',
    send(message) {
      const line = Buffer.from(syslogLine(message, hostname()))
      return transport === 'udp' ? sendUdp(line, host, port) : sendTcp(line, host, port)
    },
  }
}

export function syslogLine({ title, text, severity, alert, device, atMicros }: Message, host: string): string {
  const priority = FACILITY * 8 + (SEVERITY[severity] ?? 5)
  const time = new Date(atMicros / 1000).toISOString()
  const data = [
    ['alert', String(alert ?? '')],
    ['device', device ?? ''],
    ['severity', severity],
  ] as const
  // 32473: the enterprise number for examples (RFC 5612); this product has none of its own.
  const structured = `[guardian@32473 ${data.map(([name, value]) => `${name}="${escapeValue(value)}"`).join(' ')}]`
  const words = `${title} ${text}`.replaceAll(/\p{Cc}+/gu, ' ')
  return `<${priority}>1 ${time} ${printable(host)} iot-guardian - alert ${structured} \ufeff${words}`
}

function sendUdp(line: Buffer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    socket.once('error', (error) => {
      socket.close()
      reject(new DeliveryError(`syslog: ${error.message}`))
    })
    socket.send(line, port, host, (error) => {
      socket.close()
      if (error) reject(new DeliveryError(`syslog: ${error.message}`))
      else resolve()
    })
  })
}

function sendTcp(line: Buffer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS })
    const fail = (error: Error) => {
      socket.destroy()
      reject(new DeliveryError(`syslog: ${error.message}`))
    }
    socket.once('error', fail)
    socket.once('timeout', () => fail(new Error('no answer')))
    socket.once('connect', () => socket.end(Buffer.concat([Buffer.from(`${line.length} `), line])))
    socket.once('close', (hadError) => {
      if (!hadError) resolve()
    })
    socket.resume()
  })
}

const escapeValue = (text: string) => text.replaceAll(/["\\\]]/g, (character) => `\\${character}`)
/** Host names have no spaces; at most 255 characters. */
const printable = (text: string) => text.replaceAll(/[^\x21-\x7e]/g, '').slice(0, 255) || '-'
