/** Collects what packets say about who is who as sightings: each once, and never more than a bounded number. */
import type { Sighting } from '../device/device.ts'
import { formatIpv4, formatIpv6, formatMac } from './address.ts'
import { IPV6_BIT, KEY, type Packet, readI32, readU16 } from './packet.ts'

/** Beyond these numbers new sightings are dropped: a capture may be made of invented senders. */
const MAX_MACS = 16_384
const MAX_ADDRESSES_PER_MAC = 4096

interface Sender {
  readonly mac: string
  readonly ipv4: Set<number>
  readonly ipv6: Set<string>
}

export class Observer {
  #sightings: Sighting[] = []
  readonly #senders = new Map<number, Sender>()

  /** What was learnt since the last call. */
  takeSightings(): Sighting[] {
    const sightings = this.#sightings
    this.#sightings = []
    return sightings
  }

  /** The frame's MAC sends from the packet's source address. */
  noteAddress(packet: Packet): void {
    const { macAt, key } = packet
    if (macAt < 0 || packet.bytes[macAt]! & 1) return // A group address sends nothing: damaged.
    const sender = this.#findSender(packet.bytes, macAt)
    if (sender === undefined) return
    if ((key[KEY.protocol]! & IPV6_BIT) === 0) {
      this.#noteIpv4(sender, key[KEY.source]!, packet.micros)
    } else {
      if (sender.ipv6.size >= MAX_ADDRESSES_PER_MAC) return
      const address = formatIpv6(key, KEY.source)
      if (address === '::' || sender.ipv6.has(address)) return
      sender.ipv6.add(address)
      this.#sightings.push({ kind: 'address', micros: packet.micros, mac: sender.mac, address })
    }
  }

  /** RFC 826: the sender's own statement of its two addresses. */
  noteArp(packet: Packet): void {
    const { bytes, arpAt: at } = packet
    if (packet.end - at < 28) {
      packet.weirds.add('truncated-arp')
      return
    }
    const isIpv4OverEthernet = readU16(bytes, at) === 1 && readI32(bytes, at + 2) === 0x08000604
    if (!isIpv4OverEthernet || bytes[at + 8]! & 1) return
    const sender = this.#findSender(bytes, at + 8)
    if (sender !== undefined) this.#noteIpv4(sender, readI32(bytes, at + 14), packet.micros)
  }

  /** Called for each packet with payload. */
  notePayload(_packet: Packet): void {}

  #noteIpv4(sender: Sender, word: number, micros: number): void {
    if (word === 0 || sender.ipv4.has(word) || sender.ipv4.size >= MAX_ADDRESSES_PER_MAC) return
    sender.ipv4.add(word)
    this.#sightings.push({ kind: 'address', micros, mac: sender.mac, address: formatIpv4(word) })
  }

  #findSender(bytes: Uint8Array, at: number): Sender | undefined {
    const id = readU16(bytes, at) * 4294967296 + (readI32(bytes, at + 2) >>> 0)
    const known = this.#senders.get(id)
    if (known !== undefined || id === 0 || this.#senders.size >= MAX_MACS) return known
    const sender: Sender = { mac: formatMac(bytes, at), ipv4: new Set(), ipv6: new Set() }
    this.#senders.set(id, sender)
    return sender
  }
}
