/** JA4, the fingerprint of a TLS client (FoxIO, technical_details/JA4.md; BSD-3): the same software gives the same text. */
import { sha256Hex } from '../base/sha256.ts'
import type { ClientHello } from './tls.ts'

const VERSIONS: Readonly<Record<number, string>> = { 772: '13', 771: '12', 770: '11', 769: '10', 768: 's3' }
const SERVER_NAME = 0
const ALPN = 16

/** Of a whole ClientHello over TCP. */
export function ja4(hello: ClientHello): string {
  const ciphers = hello.ciphers.filter(isNoGrease)
  const extensions = hello.extensions.filter(isNoGrease)
  const versions = hello.supportedVersions.filter(isNoGrease)
  const version = versions.length > 0 ? Math.max(...versions) : hello.version
  const named = extensions.includes(SERVER_NAME) ? 'd' : 'i'
  const start = `t${VERSIONS[version] ?? '00'}${named}${twoDigits(ciphers.length)}${twoDigits(extensions.length)}${alpnEnds(hello.alpn)}`
  const sorted = hexList(extensions.filter((type) => type !== SERVER_NAME && type !== ALPN)).sort()
  const algorithms = hexList(hello.signatureAlgorithms.filter(isNoGrease))
  const rest = algorithms.length > 0 ? `${sorted.join(',')}_${algorithms.join(',')}` : sorted.join(',')
  return `${start}_${digest(hexList(ciphers).sort().join(','))}_${extensions.length > 0 ? digest(rest) : digest('')}`
}

/** RFC 8701: values that clients throw in to keep servers tolerant. */
function isNoGrease(value: number): boolean {
  return (value & 0x0f0f) !== 0x0a0a || value >>> 8 !== (value & 0xff)
}

function hexList(values: readonly number[]): string[] {
  return values.map((value) => value.toString(16).padStart(4, '0'))
}

function twoDigits(count: number): string {
  return String(Math.min(99, count)).padStart(2, '0')
}

/** First and last character of the first protocol offered; in hexadecimal when they are no letters or digits. */
function alpnEnds(alpn: string | undefined): string {
  if (alpn === undefined || alpn === '') return '00'
  const ends = `${alpn[0]}${alpn.at(-1)}`
  if (/^[0-9A-Za-z]{2}$/.test(ends)) return ends
  const hex = (character: string) => character.charCodeAt(0).toString(16).padStart(2, '0')
  return `${hex(ends[0] ?? '')[0]}${hex(ends[1] ?? '')[1]}`
}

function digest(text: string): string {
  return text === '' ? '000000000000' : sha256Hex(new TextEncoder().encode(text)).slice(0, 12)
}
