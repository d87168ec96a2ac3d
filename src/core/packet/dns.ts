/** DNS messages (RFC 1035) and multicast DNS (RFC 6762): where their names and addresses are. */
import type { SeenSet } from '../base/seen-set.ts'
import { readU16 } from './packet.ts'

export const DNS_TYPE = { a: 1, ptr: 12, aaaa: 28 } as const
const MAX_NAME_BYTES = 255
/** Each label costs a step, each pointer one: no name needs more. */
const MAX_NAME_STEPS = 128
const MAX_RECORDS = 128
const POINTER = 0xc0

export interface DnsRecord {
  readonly nameAt: number
  readonly type: number
  readonly dataAt: number
  readonly dataEnd: number
}

export interface DnsMessage {
  readonly isResponse: boolean
  /** Where the name asked for is, when exactly one was; else -1. */
  readonly questionAt: number
  readonly questionEnd: number
  /** Answers, authorities and additions, as many as are whole. */
  readonly records: readonly DnsRecord[]
}

const NO_RECORDS: readonly DnsRecord[] = []

/** Undefined when not even the header and questions are whole. Records are read of responses only. */
export function readDns(bytes: Uint8Array, at: number, end: number): DnsMessage | undefined {
  if (end - at < 12) return undefined
  const questions = readU16(bytes, at + 4)
  if (questions > MAX_RECORDS) return undefined
  let next = at + 12
  for (let index = 0; index < questions; index++) {
    next = skipName(bytes, next, end) + 4
    if (next < 4 || next > end) return undefined
  }
  const isResponse = (bytes[at + 2]! & 0x80) !== 0
  return {
    isResponse,
    questionAt: questions === 1 ? at + 12 : -1,
    questionEnd: questions === 1 ? next - 4 : -1,
    records: isResponse ? readRecords(bytes, at, next, end) : NO_RECORDS,
  }
}

function readRecords(bytes: Uint8Array, start: number, from: number, end: number): readonly DnsRecord[] {
  const count = readU16(bytes, start + 6) + readU16(bytes, start + 8) + readU16(bytes, start + 10)
  const records: DnsRecord[] = []
  let at = from
  while (records.length < count && records.length < MAX_RECORDS) {
    const fields = skipName(bytes, at, end)
    if (fields < 0 || fields + 10 > end) break
    const dataAt = fields + 10
    const dataEnd = dataAt + readU16(bytes, fields + 8)
    if (dataEnd > end) break
    records.push({ nameAt: at, type: readU16(bytes, fields), dataAt, dataEnd })
    at = dataEnd
  }
  return records
}

/** Where what follows the name begins; -1 when the name is not whole. */
function skipName(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end) {
    const length = bytes[at]!
    if (length === 0) return at + 1
    if (length >= POINTER) return at + 2 <= end ? at + 2 : -1
    at += 1 + length
  }
  return -1
}

/** The name at `from` of the message that begins at `start`. Pointers may only point backwards, so that no name runs in circles. */
export function readName(bytes: Uint8Array, start: number, end: number, from: number): string | undefined {
  let at = from
  let text = ''
  for (let step = 0; step < MAX_NAME_STEPS && at < end; step++) {
    const length = bytes[at]!
    if (length === 0) return text
    if (length >= POINTER) {
      if (at + 2 > end) return undefined
      const target = start + (((length & 0x3f) << 8) | bytes[at + 1]!)
      if (target >= at) return undefined
      at = target
      continue
    }
    const next = at + 1 + length
    if (length > 63 || next > end || text.length + length > MAX_NAME_BYTES) return undefined
    if (text !== '') text += '.'
    text += new TextDecoder().decode(bytes.subarray(at + 1, next))
    at = next
  }
  return undefined
}

/** Mixes a name into a hash, as `readName` would read it, without making a text. */
export function addName(seen: SeenSet, bytes: Uint8Array, start: number, end: number, from: number): void {
  let at = from
  for (let step = 0; step < MAX_NAME_STEPS && at < end; step++) {
    const length = bytes[at]!
    if (length === 0) return
    if (length >= POINTER) {
      if (at + 2 > end) return
      const target = start + (((length & 0x3f) << 8) | bytes[at + 1]!)
      if (target >= at) return
      at = target
    } else {
      seen.addBytes(bytes, at, Math.min(end, at + 1 + length))
      at += 1 + length
    }
  }
}
