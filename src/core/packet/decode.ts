/** Takes one frame apart, layer by layer, until the flow it belongs to is known. */
import { LINK } from '../capture/link-types.ts'
import { decodeFragment, decodeIpv4, decodeIpv6, decodeOther } from './ip.ts'
import {
  decodeBackbone,
  decodeCiscoHdlc,
  decodeCooked,
  decodeCooked2,
  decodeEthernet,
  decodeFabricPath,
  decodeLlc,
  decodeLoopback,
  decodeMpls,
  decodePpi,
  decodePpp,
  decodePppoe,
  decodeRawIp,
  decodeVlan,
} from './link.ts'
import { firstLayer, LAYER, nextLayer } from './next.ts'
import { DONE, type Packet, readI32, weird } from './packet.ts'
import { decodeIcmp, decodeTcp, decodeUdp } from './transport.ts'
import { decodeRadiotap, decodeWifi } from './wifi.ts'

// Local copies: the engine folds them into the code, which it does not for imported bindings.
const L = LAYER
const ETHERNET = LINK.ethernet
const TCP = 6
const UDP = 17
/** RFC 826 for Ethernet and IPv4. */
const ARP_BYTES = 28
/** Ethernet, IPv4 and UDP. */
const LEAST_COMMON_BYTES = 14 + 20 + 8

/**
 * Fills `packet` from the frame it points at (`bytes`, `at`, `end`, `micros`). `isFlow` says whether that led to a flow;
 * if not, the reason is counted in `weirds`, except for ARP, which `arpAt` shows. Never throws for bad bytes.
 */
export function decodeFrame(packet: Packet, linkType: number): void {
  if (linkType === ETHERNET && decodeCommon(packet)) return
  packet.isFlow = false
  packet.macAt = -1
  packet.arpAt = -1
  packet.headerBytes = 0
  packet.payloadBytes = 0
  packet.otherBytes = 0
  packet.flags = 0
  packet.window = 0
  let layer = firstLayer(linkType)
  for (;;) {
    const key = decodeLayer(packet, layer)
    if (key === DONE) return
    layer = nextLayer(key)
  }
}

/**
 * Most frames by far, in one go: Ethernet, IPv4 without options or later fragments, TCP or UDP, all of whose headers are there.
 * Answers false, with the packet as it was, for any other; the result is that of the layers one by one.
 */
function decodeCommon(packet: Packet): boolean {
  const { bytes, at, end } = packet
  if (end - at < LEAST_COMMON_BYTES) return false
  const ip = at + 14
  if (bytes[at + 12] !== 0x08 || bytes[at + 13] !== 0 || bytes[ip] !== 0x45) return false
  const protocol = bytes[ip + 9]!
  if ((protocol !== TCP && protocol !== UDP) || ((bytes[ip + 6]! & 0x1f) | bytes[ip + 7]!) !== 0) return false
  const payloadEnd = Math.min(ip + ((bytes[ip + 2]! << 8) | bytes[ip + 3]!), packet.wireEnd)
  const transport = ip + 20
  const room = Math.min(payloadEnd, end) - transport
  let headerBytes = 8
  let flags = 0
  let window = 0
  if (protocol === TCP) {
    if (room < 20) return false
    headerBytes = (bytes[transport + 12]! >> 4) << 2
    if (headerBytes < 20) return false
    flags = bytes[transport + 13]!
    window = (bytes[transport + 14]! << 8) | bytes[transport + 15]!
  } else if (room < 8) {
    return false
  }
  packet.flags = flags
  packet.window = window
  const key = packet.key
  key[0] = readI32(bytes, ip + 12)
  key[1] = 0
  key[2] = 0
  key[3] = 0
  key[4] = readI32(bytes, ip + 16)
  key[5] = 0
  key[6] = 0
  key[7] = 0
  key[8] = readI32(bytes, transport)
  key[9] = protocol
  packet.protocol = protocol
  packet.macAt = at + 6
  packet.arpAt = -1
  packet.payloadEnd = payloadEnd
  packet.headerBytes = headerBytes
  packet.at = transport + headerBytes
  packet.payloadBytes = Math.max(0, payloadEnd - packet.at)
  packet.otherBytes = 0
  packet.isFlow = true
  return true
}

function decodeLayer(packet: Packet, layer: number): number {
  switch (layer) {
    case L.ethernet:
      return decodeEthernet(packet)
    case L.ipv4:
      return decodeIpv4(packet)
    case L.tcp:
      return decodeTcp(packet)
    case L.udp:
      return decodeUdp(packet)
    case L.ipv6:
      return decodeIpv6(packet)
    case L.arp:
      if (packet.end - packet.at < ARP_BYTES) return weird(packet, 'truncated-arp')
      packet.arpAt = packet.at
      return DONE
    case L.icmp:
      return decodeIcmp(packet)
    case L.vlan:
      return decodeVlan(packet)
    case L.fragment:
      return decodeFragment(packet)
    case L.other:
      return decodeOther(packet)
    case L.llc:
      return decodeLlc(packet)
    case L.rawIp:
      return decodeRawIp(packet)
    case L.cooked:
      return decodeCooked(packet)
    case L.cooked2:
      return decodeCooked2(packet)
    case L.radiotap:
      return decodeRadiotap(packet)
    case L.wifi:
      return decodeWifi(packet)
    case L.loopback:
      return decodeLoopback(packet)
    case L.mpls:
      return decodeMpls(packet)
    case L.pppoe:
      return decodePppoe(packet)
    case L.ppp:
      return decodePpp(packet)
    case L.ciscoHdlc:
      return decodeCiscoHdlc(packet)
    case L.ppi:
      return decodePpi(packet)
    case L.fabricPath:
      return decodeFabricPath(packet)
    case L.backbone:
      return decodeBackbone(packet)
    default:
      return weird(packet, 'not-ip')
  }
}
