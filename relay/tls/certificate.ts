/** X.509 v3 certificates (RFC 5280) with ECDSA P-256 keys: an authority, and a server's certificate that it signs. */
import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { bits, integer, octets, oid, sequence, setOf, TRUE, tagged, time, utf8 } from './der.ts'

export interface CertificateRequest {
  /** Common name. */
  readonly subject: string
  readonly issuer: string
  readonly subjectKey: KeyObject
  /** Private; signs. */
  readonly issuerKey: KeyObject
  readonly from: Date
  readonly to: Date
  /** DNS names and addresses; undefined: an authority's. */
  readonly names?: readonly string[]
}

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))
const COMMON_NAME = oid('2.5.4.3')

/** PEM. */
export function makeCertificate(request: CertificateRequest): string {
  const { subjectKey, issuerKey, names } = request
  const subjectInfo = spki(subjectKey)
  const body = sequence(
    tagged(0xa0, integer(Uint8Array.of(2))),
    // RFC 5280 §4.1.2.2: positive, unique for the authority.
    integer(Uint8Array.of(1, ...randomBytes(15))),
    ECDSA_WITH_SHA256,
    nameOf(request.issuer),
    sequence(time(request.from), time(request.to)),
    nameOf(request.subject),
    subjectInfo,
    tagged(
      0xa3,
      sequence(
        extension('2.5.29.14', octets(keyId(subjectInfo))),
        extension('2.5.29.35', sequence(tagged(0x80, keyId(spki(issuerKey))))),
        ...(names ? serverExtensions(names) : authorityExtensions()),
      ),
    ),
  )
  const signature = sign('sha256', body, { key: issuerKey, dsaEncoding: 'der' })
  return toPem(sequence(body, ECDSA_WITH_SHA256, bits(signature)))
}

function authorityExtensions(): Buffer[] {
  return [
    // An authority that signs servers only, no further authorities.
    extension('2.5.29.19', sequence(TRUE, integer(Uint8Array.of(0))), true),
    // keyCertSign and cRLSign
    extension('2.5.29.15', bits(Uint8Array.of(0b0000_0110), 1), true),
  ]
}

function serverExtensions(names: readonly string[]): Buffer[] {
  return [
    extension('2.5.29.19', sequence(), true),
    // digitalSignature
    extension('2.5.29.15', bits(Uint8Array.of(0b1000_0000), 7), true),
    // serverAuth
    extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', sequence(...names.map(alternativeName))),
  ]
}

function alternativeName(name: string): Buffer {
  return isIP(name)
    ? tagged(0x87, Uint8Array.from(ipaddr.parse(name).toByteArray()))
    : tagged(0x82, Buffer.from(name, 'ascii'))
}

function extension(id: string, value: Uint8Array, isCritical = false): Buffer {
  return sequence(oid(id), ...(isCritical ? [TRUE] : []), octets(value))
}

const nameOf = (common: string) => sequence(setOf(sequence(COMMON_NAME, utf8(common))))

function spki(key: KeyObject): Buffer {
  const open = key.type === 'private' ? createPublicKey(key) : key
  return open.export({ type: 'spki', format: 'der' })
}

/** Any that is the same for a key will do (RFC 5280 §4.2.1.2); RFC 7093 has SHA-256 cut to 160 bits. */
const keyId = (info: Uint8Array) => createHash('sha256').update(info).digest().subarray(0, 20)

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
