/** JA4, the fingerprint of a TLS client (FoxIO, technical_details/JA4.md; BSD-3): the same software gives the same text. */
import { SeenSet } from '../base/seen-set.ts'
import { sha256Hex } from '../base/sha256.ts'
import { readU16 } from './packet.ts'
import { type ClientHello, EXTENSION } from './tls.ts'

const VERSIONS: Readonly<Record<number, string>> = {
  772: '13',
  771: '12',
  770: '11',
  769: '10',
  768: 's3',
}
/** Sorting and hashing cost 20 µs, and few kinds of client make most of the hellos. */
const MAX_REMEMBERED = 4096

export class Ja4 {
  readonly #known = new Map<number, string>()
  readonly #mix = new SeenSet(0)

  /** Of a whole ClientHello over TCP. */
  read(bytes: Uint8Array, hello: ClientHello): string {
    const key = this.#hash(bytes, hello)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const text = ja4(bytes, hello)
    if (this.#known.size < MAX_REMEMBERED) this.#known.set(key, text)
    return text
  }

  /** Of everything that the fingerprint depends on. */
  #hash(bytes: Uint8Array, hello: ClientHello): number {
    const mix = this.#mix.start(hello.version).addBytes(bytes, hello.ciphersAt, hello.ciphersEnd)
    for (let at = hello.extensionsAt; at + 4 <= hello.extensionsEnd; ) {
      const type = readU16(bytes, at)
      const next = at + 4 + readU16(bytes, at + 2)
      mix.addWord(type)
      if (type === EXTENSION.signatureAlgorithms || type === EXTENSION.supportedVersions || type === EXTENSION.alpn) {
        mix.addBytes(bytes, at + 4, next)
      }
      at = next
    }
    return mix.number
  }
}

function ja4(bytes: Uint8Array, hello: ClientHello): string {
  const ciphers = readList(bytes, hello.ciphersAt, hello.ciphersEnd)
  const extensions: number[] = []
  let algorithms: number[] = []
  let versions: number[] = []
  let alpn = '00'
  for (let at = hello.extensionsAt; at + 4 <= hello.extensionsEnd; ) {
    const type = readU16(bytes, at)
    const value = at + 4
    const next = value + readU16(bytes, at + 2)
    if (isNoGrease(type)) extensions.push(type)
    if (type === EXTENSION.signatureAlgorithms) algorithms = readList(bytes, value + 2, next)
    else if (type === EXTENSION.supportedVersions) versions = readList(bytes, value + 1, next)
    else if (type === EXTENSION.alpn) alpn = alpnEnds(bytes, value + 2, next)
    at = next
  }
  const version = versions.length > 0 ? Math.max(...versions) : hello.version
  const named = extensions.includes(EXTENSION.serverName) ? 'd' : 'i'
  const counts = `${twoDigits(ciphers.length)}${twoDigits(extensions.length)}`
  const sorted = hexList(extensions.filter((type) => type !== EXTENSION.serverName && type !== EXTENSION.alpn)).sort()
  const rest = algorithms.length > 0 ? `${sorted.join(',')}_${hexList(algorithms).join(',')}` : sorted.join(',')
  return [
    `t${VERSIONS[version] ?? '00'}${named}${counts}${alpn}`,
    digest(hexList(ciphers).sort().join(',')),
    digest(extensions.length > 0 ? rest : ''),
  ].join('_')
}

function readList(bytes: Uint8Array, from: number, end: number): number[] {
  const list: number[] = []
  for (let at = from; at + 2 <= end; at += 2) {
    const value = readU16(bytes, at)
    if (isNoGrease(value)) list.push(value)
  }
  return list
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

/** First and last character of the first protocol offered; in hexadecimal when one is no letter or digit. */
function alpnEnds(bytes: Uint8Array, at: number, end: number): string {
  const length = at < end ? bytes[at]! : 0
  if (length === 0 || at + 1 + length > end) return '00'
  const first = bytes[at + 1]!
  const last = bytes[at + length]!
  const text = String.fromCharCode(first, last)
  if (/^[0-9A-Za-z]{2}$/.test(text)) return text
  return `${(first >> 4).toString(16)}${(last & 15).toString(16)}`
}

function digest(text: string): string {
  return text === '' ? '000000000000' : sha256Hex(new TextEncoder().encode(text)).slice(0, 12)
}
