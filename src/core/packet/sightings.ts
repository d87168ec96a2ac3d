/** Sightings on their way out: each once, and never more than a bounded number, since a capture may be made of invented senders. */
import { SeenSet } from '../base/seen-set.ts'
import type { Sighting } from '../device/device.ts'
import { formatIpv4, formatIpv6, formatMac } from './address.ts'
import { addName, DNS_TYPE, type DnsRecord } from './dns.ts'
import { IPV6_BIT, KEY, type Packet, readI32 } from './packet.ts'

/** Pairs of MAC and address. */
const MAX_SOURCES = 131_072
/** Names, hints and hosts together. */
const MAX_NOTES = 65_536
/** Of one kind by one sender: enough for a broker's topics to show, not for all. */
const MAX_HINTS_PER_SENDER = 64
const MAX_TEXT = 255

type Hint = Extract<Sighting, { kind: 'hint' }>
type Name = Extract<Sighting, { kind: 'name' }>
type Host = Extract<Sighting, { kind: 'host' }>

const KIND = { source: 1, given: 2, router: 3, name: 4, hint: 5, host: 6 } as const
const HINTS: readonly Hint['from'][] = [
  'dhcp-vendor',
  'ssdp-server',
  'mdns-service',
  'user-agent',
  'ja4',
  'mqtt-client',
  'mqtt-topic',
]

export class Sightings {
  #fresh: Sighting[] = []
  readonly #sources = new SeenSet(MAX_SOURCES)
  readonly #notes = new SeenSet(MAX_NOTES)
  /** Of multicast DNS, whose announcements are repeated word for word. */
  readonly #records = new SeenSet(MAX_NOTES)
  readonly #hints = new Map<string, number>()

  /** Whether so much was learnt that the rest is dropped. */
  get full(): boolean {
    return this.#sources.full || this.#notes.full || this.#records.full
  }

  /** What was learnt since the last call. */
  take(): Sighting[] {
    const fresh = this.#fresh
    this.#fresh = []
    return fresh
  }

  /** The frame's MAC sends from the packet's source address. A group address sends nothing: such a frame is damaged. */
  addSource(packet: Packet): void {
    const { bytes, macAt, key } = packet
    if (macAt < 0 || bytes[macAt]! & 1) return
    const seen = this.#sources.start(KIND.source).addBytes(bytes, macAt, macAt + 6)
    if (!addAddress(seen, key, KEY.source).isNew()) return
    const address = sourceAddress(packet)
    if (address === undefined) return
    this.#fresh.push({ kind: 'address', micros: packet.micros, mac: formatMac(bytes, macAt), address })
  }

  /** The MAC at `macAt` states that it has the IPv4 address at `addressAt`. */
  addStated(packet: Packet, macAt: number, addressAt: number): void {
    const { bytes, micros } = packet
    const word = readI32(bytes, addressAt)
    if (word === 0 || bytes[macAt]! & 1) return
    const seen = this.#sources.start(KIND.source).addBytes(bytes, macAt, macAt + 6)
    if (!seen.addWord(word).addWord(0).addWord(0).addWord(0).isNew()) return
    this.#fresh.push({ kind: 'address', micros, mac: formatMac(bytes, macAt), address: formatIpv4(word) })
  }

  addGiven(micros: number, mac: string, address: string): void {
    if (!this.#notes.start(KIND.given).addText(mac).addText(address).isNew()) return
    this.#fresh.push({ kind: 'address', micros, mac, address })
  }

  addRouter(micros: number, address: string): void {
    if (this.#notes.start(KIND.router).addText(address).isNew()) this.#fresh.push({ kind: 'router', micros, address })
  }

  addName(name: Omit<Name, 'kind'>): void {
    const text = cleanText(name.name)
    const seen = this.#notes
      .start(KIND.name)
      .addText(name.from)
      .addText(name.mac ?? '')
    if (
      text === '' ||
      !seen
        .addText(name.address ?? '')
        .addText(text)
        .isNew()
    )
      return
    this.#fresh.push({ kind: 'name', ...name, name: text })
  }

  /** Whether the sender has not yet stated this record, a name and its data, read from a message that begins at `packet.at`. */
  isNewRecord(packet: Packet, record: DnsRecord, end: number): boolean {
    const { bytes, at, key } = packet
    const seen = addAddress(this.#records.start(record.type), key, KEY.source)
    addName(seen, bytes, at, end, record.nameAt)
    if (record.type === DNS_TYPE.ptr) addName(seen, bytes, at, end, record.dataAt)
    else seen.addBytes(bytes, record.dataAt, record.dataEnd)
    return seen.isNew()
  }

  /** By the sender of the packet; the text is `bytes[at, end)`, read only when it is new. */
  addHint(packet: Packet, from: Hint['from'], at: number, end: number): void {
    const { bytes } = packet
    const seen = this.#startHint(packet, from).addBytes(bytes, at, Math.min(end, at + MAX_TEXT))
    if (seen.isNew()) this.#pushHint(packet, from, readText(bytes, at, end))
  }

  addHintText(packet: Packet, from: Hint['from'], text: string): void {
    if (this.#startHint(packet, from).addText(text).isNew()) this.#pushHint(packet, from, text)
  }

  /** The address in `words` at `wordsAt` has the name `bytes[at, end)`. */
  addHost(host: {
    readonly micros: number
    readonly from: Host['from']
    readonly words: Int32Array
    readonly wordsAt: number
    readonly bytes: Uint8Array
    readonly at: number
    readonly end: number
    /** How the bytes become a name; plain text if not given. */
    readonly read?: () => string
  }): void {
    const { bytes, at, end, words, wordsAt, micros, from } = host
    const seen = addAddress(this.#notes.start(KIND.host), words, wordsAt)
    if (!seen.addBytes(bytes, at, Math.min(end, at + MAX_TEXT)).isNew()) return
    const name = cleanText(host.read === undefined ? readText(bytes, at, end) : host.read()).toLowerCase()
    // A name of digits and dots is an address, which tells nothing new.
    if (!/[a-z]/.test(name) || name.includes(':')) return
    const address = isIpv4(words, wordsAt) ? formatIpv4(words[wordsAt]!) : formatIpv6(words, wordsAt)
    this.#fresh.push({ kind: 'host', micros, address, name, from })
  }

  #startHint(packet: Packet, from: Hint['from']): SeenSet {
    const { bytes, macAt, key } = packet
    const seen = addAddress(this.#notes.start(KIND.hint).addWord(HINTS.indexOf(from)), key, KEY.source)
    return macAt < 0 ? seen : seen.addBytes(bytes, macAt, macAt + 6)
  }

  #pushHint(packet: Packet, from: Hint['from'], text: string): void {
    const clean = cleanText(text)
    const mac = sourceMac(packet)
    const address = sourceAddress(packet)
    const sender = `${from} ${mac} ${address}`
    const count = this.#hints.get(sender) ?? 0
    if (clean === '' || count >= MAX_HINTS_PER_SENDER) return
    this.#hints.set(sender, count + 1)
    this.#fresh.push({ kind: 'hint', micros: packet.micros, mac, address, from, text: clean })
  }
}

export function sourceMac(packet: Packet): string | undefined {
  return packet.macAt < 0 ? undefined : formatMac(packet.bytes, packet.macAt)
}

/** Undefined for a device that has no address yet. */
export function sourceAddress(packet: Packet): string | undefined {
  const { key } = packet
  const isIpv6 = (key[KEY.protocol]! & IPV6_BIT) !== 0
  const address = isIpv6 ? formatIpv6(key, KEY.source) : formatIpv4(key[KEY.source]!)
  return address === '0.0.0.0' || address === '::' ? undefined : address
}

function addAddress(seen: SeenSet, words: Int32Array, at: number): SeenSet {
  return seen
    .addWord(words[at]!)
    .addWord(words[at + 1]!)
    .addWord(words[at + 2]!)
    .addWord(words[at + 3]!)
}

/** An IPv6 address whose last 96 bits are zero does not name a host. */
function isIpv4(words: Int32Array, at: number): boolean {
  return words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 0
}

/** UTF-8, which most names and agents keep to; other bytes become replacement characters. */
function readText(bytes: Uint8Array, at: number, end: number): string {
  return new TextDecoder().decode(bytes.subarray(at, Math.min(end, at + MAX_TEXT)))
}

/** Text from a packet may hold anything: control characters go, and it is cut to a length that a page can bear. */
function cleanText(text: string): string {
  let clean = ''
  for (const character of text.slice(0, MAX_TEXT)) {
    const code = character.codePointAt(0)!
    if (code >= 0x20 && (code < 0x7f || code > 0x9f)) clean += character
  }
  return clean.trim()
}
