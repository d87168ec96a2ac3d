/** The head of an HTTP/1 request (RFC 9112), and of SSDP messages, which have the same form (UPnP 2.0 §1). */
import { readI32 } from './packet.ts'

const MAX_HEAD_BYTES = 4096
const NEWLINE = 0x0a
const COLON = 0x3a
const SPACE = 0x20
/** Of a head, as bits. */
const PART = { host: 1, agent: 2, server: 4 } as const
const REQUEST_PARTS = PART.host | PART.agent
const ALL_PARTS = REQUEST_PARTS | PART.server

/** Where the value of each header is that we note; -1 when it is missing. */
export interface Head {
  hostAt: number
  hostEnd: number
  agentAt: number
  agentEnd: number
  serverAt: number
  serverEnd: number
}

const REQUESTS = fourLetters(['GET ', 'POST', 'HEAD', 'PUT ', 'DELE', 'OPTI', 'PATC', 'PROP', 'SUBS'])
const DISCOVERY = fourLetters(['NOTI', 'M-SE', 'HTTP'])

/** Undefined when the first line is no request's. Headers are those of this packet, read until host and agent are known. */
export function readRequest(bytes: Uint8Array, at: number, end: number): Head | undefined {
  return end - at >= 16 && REQUESTS.has(readI32(bytes, at)) ? readHeaders(bytes, at, end, REQUEST_PARTS) : undefined
}

/** Announcements, searches and answers of SSDP. */
export function readDiscovery(bytes: Uint8Array, at: number, end: number): Head | undefined {
  return end - at >= 16 && DISCOVERY.has(readI32(bytes, at)) ? readHeaders(bytes, at, end, ALL_PARTS) : undefined
}

/** Stops when it has all `wanted` parts. */
function readHeaders(bytes: Uint8Array, from: number, end: number, wanted: number): Head {
  const limit = Math.min(end, from + MAX_HEAD_BYTES)
  const head: Head = { hostAt: -1, hostEnd: -1, agentAt: -1, agentEnd: -1, serverAt: -1, serverEnd: -1 }
  let line = nextLine(bytes, from, limit)
  let missing = wanted
  while (line < limit && missing !== 0) {
    const next = nextLine(bytes, line, limit)
    if (next - line <= 2) break
    const first = bytes[line]! | 0x20
    if (first === 0x68 && isHeader(bytes, line, limit, 'host')) {
      head.hostAt = line + 5
      head.hostEnd = next
      missing &= ~PART.host
    } else if (first === 0x75 && isHeader(bytes, line, limit, 'user-agent')) {
      head.agentAt = line + 11
      head.agentEnd = next
      missing &= ~PART.agent
    } else if (first === 0x73 && isHeader(bytes, line, limit, 'server')) {
      head.serverAt = line + 7
      head.serverEnd = next
      missing &= ~PART.server
    }
    line = next
  }
  return trimHost(bytes, head)
}

/** The port is no part of the name. */
function trimHost(bytes: Uint8Array, head: Head): Head {
  while (head.hostAt >= 0 && head.hostAt < head.hostEnd && bytes[head.hostAt]! <= SPACE) head.hostAt++
  for (let at = head.hostAt; at < head.hostEnd; at++) {
    if (bytes[at] === COLON || bytes[at]! <= SPACE) head.hostEnd = at
  }
  return head
}

function nextLine(bytes: Uint8Array, at: number, limit: number): number {
  let next = at
  while (next < limit && bytes[next] !== NEWLINE) next++
  return next + 1
}

function isHeader(bytes: Uint8Array, at: number, limit: number, name: string): boolean {
  if (at + name.length >= limit || bytes[at + name.length] !== COLON) return false
  for (let index = 0; index < name.length; index++) {
    const byte = bytes[at + index]!
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    if (lower !== name.charCodeAt(index)) return false
  }
  return true
}

function fourLetters(words: readonly string[]): ReadonlySet<number> {
  return new Set(words.map((word) => [0, 1, 2, 3].reduce((value, index) => (value << 8) | word.charCodeAt(index), 0)))
}
