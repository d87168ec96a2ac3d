/** A guess which column has which role, where the names are not known: by words in them, then by the values of the first rows. */
import { type ColumnMapping, mapByNames, type Role } from './columns.ts'
import type { ColumnFinder } from './names.ts'
import { parseNumber } from './number.ts'
import { parseTime } from './time.ts'

type Draft = Partial<Record<Role, string>>

const PACKETS = /^(?:p?kts?|packets?|pkt|frames?)$/
const BYTES = /^(?:bytes?|octets?|size|volume|length|len|b)$/
const ORIGINATOR =
  /^(?:s|src|source|orig|originator|fwd|forward|sent|send|out|tx|up|upload|uplink|client|toserver|request|c2s|egress)$/
const RESPONDER =
  /^(?:d|dst|dest|destination|resp|responder|bwd|backward|received|recv|rcvd|in|rx|down|download|downlink|server|toclient|reply|response|s2c|ingress)$/

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}|[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5})$/i

export function proposeMapping(find: ColumnFinder): ColumnMapping {
  const draft: Draft = { ...mapByNames(find) }
  proposeByWords(find, draft)
  proposeCountsByValues(find, draft)
  proposeOthersByValues(find, draft)
  return draft
}

const isFree = (find: ColumnFinder, draft: Draft, at: number): boolean =>
  !Object.values(draft).includes(find.columns[at]!)

/** `bytesSent`, `TX-Packets`, `octets in`: a measure and a direction. */
function proposeByWords(find: ColumnFinder, draft: Draft): void {
  for (const [at, name] of find.columns.entries()) {
    if (!isFree(find, draft, at)) continue
    const words = name
      .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .split(/[^a-z0-9]+/)
    const has = (kind: RegExp) => words.some((word) => kind.test(word))
    const [orig, resp] = [has(ORIGINATOR), has(RESPONDER)]
    if (orig === resp || has(PACKETS) === has(BYTES)) continue
    const role: Role = `${orig ? 'orig' : 'resp'}_${has(PACKETS) ? 'pkts' : 'bytes'}`
    draft[role] ??= name
  }
}

/** Packets and their bytes: whole numbers, no bytes without packets, and many bytes to a packet. */
function proposeCountsByValues(find: ColumnFinder, draft: Draft): void {
  const counts = find.columns
    .map((name, at) => ({ name, at, values: find.samples(at).map(parseNumber) }))
    .filter(({ at, values }) => isFree(find, draft, at) && isCount(values))
  const taken = new Set<string>()
  for (const side of ['orig', 'resp'] as const) {
    const [packets, bytes] = [`${side}_pkts`, `${side}_bytes`] as const
    if (draft[packets] !== undefined || draft[bytes] !== undefined) continue
    for (const one of counts) {
      const partner = taken.has(one.name)
        ? undefined
        : counts.find((other) => !taken.has(other.name) && areBytesOf(other.values, one.values))
      if (!partner) continue
      draft[packets] = one.name
      draft[bytes] = partner.name
      taken.add(one.name).add(partner.name)
      break
    }
  }
}

const isCount = (values: readonly number[]): boolean =>
  values.length > 0 &&
  new Set(values).size > 1 &&
  values.every((value) => Number.isInteger(value) && value >= 0 && value < 1e8)

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** A TCP acknowledgement has no payload, so bytes may be 0; without packets there are none. */
function areBytesOf(bytes: readonly number[], packets: readonly number[]): boolean {
  if (bytes.length !== packets.length || mean(bytes) < 5 * mean(packets)) return false
  return packets.every((count, i) => (count === 0 ? bytes[i] === 0 : bytes[i] === 0 || bytes[i]! >= count))
}

function proposeOthersByValues(find: ColumnFinder, draft: Draft): void {
  for (const [at, name] of find.columns.entries()) {
    if (!isFree(find, draft, at)) continue
    const samples = find.samples(at)
    if (samples.length === 0) continue
    if (samples.every((text) => ADDRESS.test(text))) {
      if (draft.orig_address === undefined) draft.orig_address = name
      else draft.resp_address ??= name
    } else if (draft.ts === undefined && samples.every(looksLikeTime)) draft.ts = name
  }
}

/** A text that is a time, or a number between 2001 and 2065 in s, ms, µs or ns. */
function looksLikeTime(text: string): boolean {
  const value = parseNumber(text)
  if (Number.isNaN(value)) return !Number.isNaN(parseTime(text))
  return [1, 1e3, 1e6, 1e9].some((unit) => value >= 1e9 * unit && value <= 3e9 * unit)
}
