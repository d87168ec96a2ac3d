/** Sightings on their way out: each once, and never more than a bounded number, since a capture may be made of invented senders. */
import type { Sighting } from '../device/device.ts'
import { formatIpv4, formatIpv6, formatMac } from './address.ts'
import { IPV6_BIT, KEY, type Packet, readI32, readU16 } from './packet.ts'

const MAX_MACS = 16_384
const MAX_ADDRESSES_PER_MAC = 4096
/** Of names, hints and hosts together. */
const MAX_REMEMBERED = 65_536
/** Of one kind by one sender: enough for a broker's topics to show, not for all. */
const MAX_HINTS_PER_SENDER = 64
const MAX_TEXT = 255

export type NameFrom = Extract<Sighting, { kind: 'name' }>['from']
export type HintFrom = Extract<Sighting, { kind: 'hint' }>['from']
export type HostFrom = Extract<Sighting, { kind: 'host' }>['from']

interface Sender {
  readonly mac: string
  readonly ipv4: Set<number>
  readonly ipv6: Set<string>
}

export class Sightings {
  #fresh: Sighting[] = []
  readonly #senders = new Map<number, Sender>()
  readonly #remembered = new Set<string>()
  readonly #hints = new Map<string, number>()

  /** What was learnt since the last call. */
  take(): Sighting[] {
    const fresh = this.#fresh
    this.#fresh = []
    return fresh
  }

  /** The frame's MAC sends from the packet's source address. */
  addSource(packet: Packet): void {
    const { macAt, key } = packet
    if (macAt < 0) return
    const sender = this.#findSender(packet.bytes, macAt)
    if (sender === undefined) return
    if ((key[KEY.protocol]! & IPV6_BIT) === 0) {
      this.#addIpv4(sender, key[KEY.source]!, packet.micros)
    } else if (sender.ipv6.size < MAX_ADDRESSES_PER_MAC) {
      const address = formatIpv6(key, KEY.source)
      if (address === '::' || sender.ipv6.has(address)) return
      sender.ipv6.add(address)
      this.#fresh.push({ kind: 'address', micros: packet.micros, mac: sender.mac, address })
    }
  }

  /** The MAC at `macAt` states that it has the IPv4 address at `addressAt`. */
  addStated(packet: Packet, macAt: number, addressAt: number): void {
    const sender = this.#findSender(packet.bytes, macAt)
    if (sender !== undefined) this.#addIpv4(sender, readI32(packet.bytes, addressAt), packet.micros)
  }

  addGiven(micros: number, mac: string, address: string): void {
    if (this.#isNew(`given ${mac} ${address}`)) this.#fresh.push({ kind: 'address', micros, mac, address })
  }

  addRouter(micros: number, address: string): void {
    if (this.#isNew(`router ${address}`)) this.#fresh.push({ kind: 'router', micros, address })
  }

  addName(name: Omit<Extract<Sighting, { kind: 'name' }>, 'kind'>): void {
    const text = cleanText(name.name)
    if (text === '' || !this.#isNew(`name ${name.from} ${name.mac} ${name.address} ${text}`)) return
    this.#fresh.push({ kind: 'name', ...name, name: text })
  }

  /** By the sender of the packet. */
  addHint(packet: Packet, from: HintFrom, text: string): void {
    const clean = cleanText(text)
    if (clean === '') return
    const mac = sourceMac(packet)
    const address = sourceAddress(packet)
    const sender = `${from} ${mac} ${address}`
    const count = this.#hints.get(sender) ?? 0
    if (count >= MAX_HINTS_PER_SENDER || !this.#isNew(`${sender} ${clean}`)) return
    this.#hints.set(sender, count + 1)
    this.#fresh.push({ kind: 'hint', micros: packet.micros, mac, address, from, text: clean })
  }

  addHost(host: Omit<Extract<Sighting, { kind: 'host' }>, 'kind'>): void {
    const name = cleanText(host.name).toLowerCase()
    if (name === '' || !this.#isNew(`host ${host.address} ${name}`)) return
    this.#fresh.push({ kind: 'host', ...host, name })
  }

  #isNew(key: string): boolean {
    if (this.#remembered.size >= MAX_REMEMBERED || this.#remembered.has(key)) return false
    this.#remembered.add(key)
    return true
  }

  #addIpv4(sender: Sender, word: number, micros: number): void {
    if (word === 0 || sender.ipv4.has(word) || sender.ipv4.size >= MAX_ADDRESSES_PER_MAC) return
    sender.ipv4.add(word)
    this.#fresh.push({ kind: 'address', micros, mac: sender.mac, address: formatIpv4(word) })
  }

  /** A group address sends nothing: such a frame is damaged. */
  #findSender(bytes: Uint8Array, at: number): Sender | undefined {
    const id = readU16(bytes, at) * 4294967296 + (readI32(bytes, at + 2) >>> 0)
    const known = this.#senders.get(id)
    if (known !== undefined || id === 0 || bytes[at]! & 1 || this.#senders.size >= MAX_MACS) return known
    const sender: Sender = { mac: formatMac(bytes, at), ipv4: new Set(), ipv6: new Set() }
    this.#senders.set(id, sender)
    return sender
  }
}

export function sourceMac(packet: Packet): string | undefined {
  return packet.macAt < 0 ? undefined : formatMac(packet.bytes, packet.macAt)
}

/** Undefined for the address of a device that has none yet. */
export function sourceAddress(packet: Packet): string | undefined {
  const address = formatAddress(packet, KEY.source)
  return address === '0.0.0.0' || address === '::' ? undefined : address
}

export function destinationAddress(packet: Packet): string {
  return formatAddress(packet, KEY.destination)
}

function formatAddress(packet: Packet, at: number): string {
  const { key } = packet
  return (key[KEY.protocol]! & IPV6_BIT) === 0 ? formatIpv4(key[at]!) : formatIpv6(key, at)
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
