/** The TLS ClientHello (RFC 8446 §4.1.2, RFC 6066 §3): the server's name, and the parts that JA4 is made of. */
import { readU16 } from './packet.ts'

const EXTENSION = { serverName: 0, signatureAlgorithms: 13, alpn: 16, supportedVersions: 43 } as const
const RECORD_HEADER = 5

export interface ClientHello {
  readonly version: number
  readonly ciphers: readonly number[]
  readonly extensions: readonly number[]
  readonly signatureAlgorithms: readonly number[]
  readonly supportedVersions: readonly number[]
  readonly alpn: string | undefined
  readonly serverName: string | undefined
  /** False when the bytes ended early: then lists may be short. */
  readonly whole: boolean
}

/** Whether a TLS record with a ClientHello begins here. */
export function isClientHello(bytes: Uint8Array, at: number, end: number): boolean {
  return end - at >= 6 && bytes[at] === 22 && bytes[at + 1] === 3 && bytes[at + 2]! <= 4 && bytes[at + 5] === 1
}

/** How many bytes from `at` the record takes that the ClientHello begins in. */
export function helloBytes(bytes: Uint8Array, at: number): number {
  return RECORD_HEADER + readU16(bytes, at + 3)
}

/** Reads as far as the bytes go; undefined when not even the cipher suites are whole. */
export function readClientHello(bytes: Uint8Array, at: number, end: number): ClientHello | undefined {
  const message = at + RECORD_HEADER
  if (end - message < 38) return undefined
  const messageEnd = message + 4 + ((bytes[message + 1]! << 16) | readU16(bytes, message + 2))
  const limit = Math.min(end, messageEnd)
  const ciphersAt = message + 39 + bytes[message + 38]!
  if (ciphersAt + 2 > limit) return undefined
  const ciphersEnd = ciphersAt + 2 + readU16(bytes, ciphersAt)
  if (ciphersEnd + 1 > limit) return undefined
  const extensionsAt = ciphersEnd + 1 + bytes[ciphersEnd]!
  return {
    version: readU16(bytes, message + 4),
    ciphers: readList(bytes, ciphersAt + 2, ciphersEnd),
    ...readExtensions(bytes, extensionsAt + 2, limit),
    whole: end >= messageEnd,
  }
}

function readExtensions(bytes: Uint8Array, from: number, end: number) {
  const extensions: number[] = []
  let signatureAlgorithms: number[] = []
  let supportedVersions: number[] = []
  let alpn: string | undefined
  let serverName: string | undefined
  for (let at = from; at + 4 <= end; ) {
    const type = readU16(bytes, at)
    const value = at + 4
    const valueEnd = value + readU16(bytes, at + 2)
    if (valueEnd > end) break
    extensions.push(type)
    if (type === EXTENSION.serverName) serverName = readServerName(bytes, value, valueEnd)
    else if (type === EXTENSION.signatureAlgorithms) signatureAlgorithms = readList(bytes, value + 2, valueEnd)
    else if (type === EXTENSION.supportedVersions) supportedVersions = readList(bytes, value + 1, valueEnd)
    else if (type === EXTENSION.alpn) alpn = readText(bytes, value + 2, valueEnd)
    at = valueEnd
  }
  return { extensions, signatureAlgorithms, supportedVersions, alpn, serverName }
}

function readList(bytes: Uint8Array, from: number, end: number): number[] {
  const list: number[] = []
  for (let at = from; at + 2 <= end; at += 2) list.push(readU16(bytes, at))
  return list
}

/** The list's first entry, of type host name. */
function readServerName(bytes: Uint8Array, at: number, end: number): string | undefined {
  if (end - at < 5 || bytes[at + 2] !== 0) return undefined
  const length = readU16(bytes, at + 3)
  return at + 5 + length > end ? undefined : latin1(bytes, at + 5, at + 5 + length)
}

/** A text with its length in the byte before it. */
function readText(bytes: Uint8Array, at: number, end: number): string | undefined {
  if (at >= end || at + 1 + bytes[at]! > end) return undefined
  return latin1(bytes, at + 1, at + 1 + bytes[at]!)
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let at = from; at < to; at++) text += String.fromCharCode(bytes[at]!)
  return text
}
