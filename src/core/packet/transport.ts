/** TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792) and ICMPv6 (RFC 4443). */
import { DONE, KEY, type Packet, readI32, readU16, weird } from './packet.ts'

// A local copy: the engine folds it into the code, which it does not for imported bindings.
const PORTS = KEY.ports

export function decodeTcp(packet: Packet): number {
  const { bytes, at } = packet
  if (headerRoom(packet) < 20) return weird(packet, 'truncated-tcp')
  const headerBytes = (bytes[at + 12]! >> 4) << 2
  if (headerBytes < 20) return weird(packet, 'bad-tcp-header-length')
  packet.key[PORTS] = readI32(bytes, at)
  packet.headerBytes = headerBytes
  packet.at = at + headerBytes
  packet.payloadBytes = Math.max(0, packet.payloadEnd - packet.at)
  packet.flags = bytes[at + 13]!
  packet.window = (bytes[at + 14]! << 8) | bytes[at + 15]!
  packet.isFlow = true
  return DONE
}

export function decodeUdp(packet: Packet): number {
  const { bytes, at } = packet
  if (headerRoom(packet) < 8) return weird(packet, 'truncated-udp')
  packet.key[PORTS] = readI32(bytes, at)
  packet.headerBytes = 8
  packet.at = at + 8
  // The IP length counts, as in the tool that the features come from; the UDP length may differ in crafted packets.
  packet.payloadBytes = Math.max(0, packet.payloadEnd - packet.at)
  packet.isFlow = true
  return DONE
}

/** One flow per pair of addresses; the packet inside an ICMP error is not looked at. */
export function decodeIcmp(packet: Packet): number {
  const { bytes, at } = packet
  if (headerRoom(packet) < 4) return weird(packet, 'truncated-icmp')
  packet.key[PORTS] = 0
  packet.icmp = readU16(bytes, at)
  packet.otherBytes = Math.max(0, packet.payloadEnd - at - 8)
  packet.isFlow = true
  return DONE
}

/** What is both captured and inside the IP packet: padding of the frame is no header. */
function headerRoom(packet: Packet): number {
  return Math.min(packet.payloadEnd, packet.end) - packet.at
}
