/** IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200). */
import { OWN, SPACE } from './next.ts'
import { DONE, IPV6_BIT, KEY, type Packet, readI32, readU16, weird } from './packet.ts'

// Local copies: the engine folds them into the code, which it does not for imported bindings.
const PROTOCOL_WORD = KEY.protocol
const PORTS_WORD = KEY.ports
const PROTOCOL_SPACE = SPACE.protocol
const FRAGMENT = OWN.fragment

/** More extension headers than any honest packet has. */
const MAX_EXTENSION_HEADERS = 16
const EXTENSION = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  authentication: 51,
  none: 59,
  destination: 60,
  mobility: 135,
} as const

export function decodeIpv4(packet: Packet): number {
  const { bytes, at, end, key } = packet
  if (end - at < 20) return weird(packet, 'truncated-ipv4')
  const first = bytes[at]!
  if (first >> 4 !== 4) return weird(packet, 'bad-ip-version')
  const headerBytes = (first & 15) << 2
  if (headerBytes < 20) return weird(packet, 'bad-ipv4-header-length')
  // 0 is written by network cards that cut segments themselves (TSO): then the frame tells the length.
  const totalBytes = (bytes[at + 2]! << 8) | bytes[at + 3]! || packet.wireEnd - at
  if (totalBytes < headerBytes) return weird(packet, 'bad-ipv4-total-length')
  if (end - at < headerBytes) return weird(packet, 'truncated-ipv4')
  const protocol = bytes[at + 9]!
  key[0] = readI32(bytes, at + 12)
  key[1] = 0
  key[2] = 0
  key[3] = 0
  key[4] = readI32(bytes, at + 16)
  key[5] = 0
  key[6] = 0
  key[7] = 0
  key[PROTOCOL_WORD] = protocol
  packet.protocol = protocol
  packet.payloadEnd = Math.min(at + totalBytes, packet.wireEnd)
  packet.at = at + headerBytes
  const laterFragment = ((bytes[at + 6]! & 0x1f) | bytes[at + 7]!) !== 0
  return laterFragment ? FRAGMENT : PROTOCOL_SPACE + protocol
}

export function decodeIpv6(packet: Packet): number {
  const { bytes, at, key } = packet
  if (packet.end - at < 40) return weird(packet, 'truncated-ipv6')
  if (bytes[at]! >> 4 !== 6) return weird(packet, 'bad-ip-version')
  for (let word = 0; word < 8; word++) key[word] = readI32(bytes, at + 8 + 4 * word)
  const payloadBytes = readU16(bytes, at + 4)
  packet.at = at + 40
  // 0 stands for a jumbogram (RFC 2675) or segmentation by the network card.
  packet.payloadEnd = payloadBytes === 0 ? packet.wireEnd : Math.min(packet.at + payloadBytes, packet.wireEnd)
  return skipExtensions(packet, bytes[at + 6]!)
}

function skipExtensions(packet: Packet, first: number): number {
  const { bytes } = packet
  let next = first
  for (let count = 0; count < MAX_EXTENSION_HEADERS; count++) {
    packet.protocol = next
    packet.key[PROTOCOL_WORD] = next | IPV6_BIT
    if (!isExtension(next)) return PROTOCOL_SPACE + next
    if (packet.end - packet.at < 8) return weird(packet, 'truncated-ipv6-extension')
    const at = packet.at
    if (next === EXTENSION.fragment) {
      packet.at = at + 8
      const laterFragment = (readU16(bytes, at + 2) & 0xfff8) !== 0
      if (laterFragment) return FRAGMENT
    } else {
      const units = bytes[at + 1]!
      packet.at = at + (next === EXTENSION.authentication ? (units + 2) << 2 : (units + 1) << 3)
      if (packet.at > packet.end) return weird(packet, 'truncated-ipv6-extension')
    }
    next = bytes[at]!
  }
  return weird(packet, 'too-many-ipv6-extensions')
}

function isExtension(protocol: number): boolean {
  return (
    protocol === EXTENSION.hopByHop ||
    protocol === EXTENSION.destination ||
    protocol === EXTENSION.routing ||
    protocol === EXTENSION.fragment ||
    protocol === EXTENSION.authentication ||
    protocol === EXTENSION.mobility
  )
}

/**
 * A fragment after the first has no ports: such packets form a flow of their own between two addresses under
 * protocol 44 (IPv6-Frag), for IPv4 too, so that their bytes are seen and no TCP or UDP flow is mixed up with them.
 */
export function decodeFragment(packet: Packet): number {
  packet.protocol = EXTENSION.fragment
  packet.key[PROTOCOL_WORD] = EXTENSION.fragment | (packet.key[PROTOCOL_WORD]! & IPV6_BIT)
  return decodeOther(packet)
}

/** A protocol without ports: GRE, ESP, IGMP, SCTP … Tunnels are not opened, the flow is the outer one. */
export function decodeOther(packet: Packet): number {
  packet.key[PORTS_WORD] = 0
  packet.otherBytes = Math.max(0, packet.payloadEnd - packet.at)
  packet.isFlow = true
  return DONE
}
