/** The TLS ClientHello (RFC 8446 §4.1.2, RFC 6066 §3): where the server's name is, and the parts that JA4 is made of. */
import { readU16 } from './packet.ts'

export const EXTENSION = { serverName: 0, signatureAlgorithms: 13, alpn: 16, supportedVersions: 43 } as const
const RECORD_HEADER = 5

/** Offsets into the bytes it was read from. */
export interface ClientHello {
  readonly version: number
  readonly ciphersAt: number
  readonly ciphersEnd: number
  readonly extensionsAt: number
  /** Of the last extension that is whole. */
  readonly extensionsEnd: number
  /** -1 when there is none. */
  readonly serverNameAt: number
  readonly serverNameEnd: number
  /** False when the bytes ended early. */
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
  if (end - message < 39) return undefined
  const messageEnd = message + 4 + ((bytes[message + 1]! << 16) | readU16(bytes, message + 2))
  const limit = Math.min(end, messageEnd)
  const ciphersAt = message + 39 + bytes[message + 38]! + 2
  if (ciphersAt > limit) return undefined
  const ciphersEnd = ciphersAt + readU16(bytes, ciphersAt - 2)
  if (ciphersEnd + 1 > limit) return undefined
  const extensionsAt = ciphersEnd + 1 + bytes[ciphersEnd]! + 2
  let serverNameAt = -1
  let serverNameEnd = -1
  let extension = extensionsAt
  while (extension + 4 <= limit) {
    const next = extension + 4 + readU16(bytes, extension + 2)
    if (next > limit) break
    const isName = readU16(bytes, extension) === EXTENSION.serverName && next - extension >= 9
    if (isName && bytes[extension + 6] === 0 && serverNameAt < 0) {
      // The list's first entry, of type host name.
      serverNameAt = extension + 9
      serverNameEnd = Math.min(next, serverNameAt + readU16(bytes, extension + 7))
    }
    extension = next
  }
  return {
    version: readU16(bytes, message + 4),
    ciphersAt,
    ciphersEnd,
    extensionsAt,
    extensionsEnd: extension,
    serverNameAt,
    serverNameEnd,
    whole: end >= messageEnd,
  }
}
