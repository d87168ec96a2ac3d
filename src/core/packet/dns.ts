/** DNS messages (RFC 1035) and multicast DNS (RFC 6762), names and addresses only. */
import { readI32, readU16 } from './packet.ts'

export const DNS_TYPE = { a: 1, ptr: 12, txt: 16, aaaa: 28 } as const
const MAX_NAME_BYTES = 255
/** Each label costs at least one step, each pointer one: no name needs more. */
const MAX_NAME_STEPS = 128
const MAX_RECORDS = 128

export interface DnsRecord {
  readonly name: string
  readonly type: number
  readonly dataAt: number
  readonly dataEnd: number
}

export interface DnsMessage {
  readonly isResponse: boolean
  /** The name asked for, when exactly one was. */
  readonly question: string | undefined
  /** Answers, authorities and additions, as many as are whole. */
  readonly records: readonly DnsRecord[]
}

/** Undefined when not even the header and questions are whole. */
export function readDns(bytes: Uint8Array, at: number, end: number): DnsMessage | undefined {
  if (end - at < 12) return undefined
  const message = { bytes, start: at, end }
  const questions = readU16(bytes, at + 4)
  if (questions > MAX_RECORDS) return undefined
  let next = at + 12
  let question: string | undefined
  for (let index = 0; index < questions; index++) {
    const name = readName(message, next)
    if (name === undefined || name.next + 4 > end) return undefined
    question = name.text
    next = name.next + 4
  }
  const count = readU16(bytes, at + 6) + readU16(bytes, at + 8) + readU16(bytes, at + 10)
  const records: DnsRecord[] = []
  while (records.length < Math.min(count, MAX_RECORDS)) {
    const name = readName(message, next)
    if (name === undefined || name.next + 10 > end) break
    const dataAt = name.next + 10
    const dataEnd = dataAt + readU16(bytes, name.next + 8)
    if (dataEnd > end) break
    records.push({ name: name.text, type: readU16(bytes, name.next), dataAt, dataEnd })
    next = dataEnd
  }
  return { isResponse: (bytes[at + 2]! & 0x80) !== 0, question: questions === 1 ? question : undefined, records }
}

/** The name that a record's data holds (PTR). */
export function readDataName(
  message: { bytes: Uint8Array; start: number; end: number },
  record: DnsRecord,
): string | undefined {
  return readName(message, record.dataAt)?.text
}

/** The four words of an AAAA record. */
export function readIpv6Words(bytes: Uint8Array, at: number): Int32Array {
  return Int32Array.of(readI32(bytes, at), readI32(bytes, at + 4), readI32(bytes, at + 8), readI32(bytes, at + 12))
}

/** Pointers may only point backwards, so that no name runs in circles. */
function readName(
  message: { bytes: Uint8Array; start: number; end: number },
  from: number,
): { text: string; next: number } | undefined {
  const { bytes, start, end } = message
  let at = from
  let next = -1
  let text = ''
  for (let step = 0; step < MAX_NAME_STEPS; step++) {
    if (at >= end) return undefined
    const length = bytes[at]!
    if (length === 0) return { text, next: next < 0 ? at + 1 : next }
    if (length >= 0xc0) {
      if (at + 2 > end) return undefined
      const target = start + (((length & 0x3f) << 8) | bytes[at + 1]!)
      if (target >= at) return undefined
      if (next < 0) next = at + 2
      at = target
      continue
    }
    if (length > 63 || at + 1 + length > end || text.length + length > MAX_NAME_BYTES) return undefined
    if (text !== '') text += '.'
    for (let index = at + 1; index <= at + length; index++) text += String.fromCharCode(bytes[index]!)
    at += 1 + length
  }
  return undefined
}
