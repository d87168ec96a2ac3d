/** A look at a server's TLS: its certificate, and the old versions and weak ciphers that it would speak. */
import { isIP } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { CertificateFacts } from '#core/mqtt-audit/facts.ts'

const OLD_VERSIONS = ['TLSv1', 'TLSv1.1'] as const
/** Key exchange by RSA alone: who learns the key later can read what was recorded (RFC 9325 §4.1). */
const WEAK_CIPHERS =
  'AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA:AES256-SHA:AES128-SHA256:AES256-SHA256:DES-CBC3-SHA@SECLEVEL=0'
const TIMEOUT_MS = 5000

export interface TlsFacts {
  readonly certificate: CertificateFacts
  readonly oldTlsVersions: readonly string[]
  readonly weakCiphers: readonly string[]
}

export interface Place {
  readonly host: string
  readonly port: number
  readonly ca: string | undefined
}

/** Undefined when no TLS is spoken there. */
export async function probeTls(place: Place): Promise<TlsFacts | undefined> {
  const certificate = await shake(place, {}, (socket) => ({
    validToMicros: Date.parse(socket.getPeerCertificate().valid_to) * 1000,
    fault: socket.authorized ? undefined : String(socket.authorizationError),
  }))
  if (!certificate) return undefined
  const oldTlsVersions: string[] = []
  for (const version of OLD_VERSIONS) {
    const only = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }
    if (await shake(place, only, () => true)) oldTlsVersions.push(version)
  }
  const weak = await shake(place, { maxVersion: 'TLSv1.2', ciphers: WEAK_CIPHERS }, (socket) => socket.getCipher().name)
  return { certificate, oldTlsVersions, weakCiphers: weak === undefined ? [] : [weak] }
}

export function tlsOptions({ host, port, ca }: Place): ConnectionOptions {
  return {
    host,
    port,
    ...(isIP(host) ? {} : { servername: host }),
    ...(ca === undefined ? {} : { ca }),
    // A broker with a bad certificate is looked at too; what is bad about it is a finding.
    rejectUnauthorized: false,
  }
}

function shake<T>(place: Place, options: ConnectionOptions, look: (socket: TLSSocket) => T): Promise<T | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ ...tlsOptions(place), ...options })
    const end = (value: T | undefined) => {
      socket.destroy()
      resolve(value)
    }
    socket.setTimeout(TIMEOUT_MS, () => end(undefined))
    socket.once('secureConnect', () => end(look(socket)))
    socket.once('error', () => end(undefined))
  })
}
