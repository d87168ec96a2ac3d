/** Ethernet and the thin layers under IP: VLAN tags, MPLS labels, PPP, Linux cooked captures, BSD loopback, plain IP. */
import { LINK } from '../capture/link-types.ts'
import { OWN, SPACE } from './next.ts'
import { DONE, type Packet, readI32, readU16, weird } from './packet.ts'

/** IEEE 802.3: below this the field is a length and LLC follows. */
const LEAST_ETHERTYPE = 0x0600

/** IEEE 802.3 and Ethernet II. */
export function decodeEthernet(packet: Packet): number {
  const { bytes, at } = packet
  if (packet.end - at < 14) return weird(packet, 'truncated-ethernet')
  packet.macAt = at + 6
  packet.at = at + 14
  const type = (bytes[at + 12]! << 8) | bytes[at + 13]!
  return type < LEAST_ETHERTYPE ? OWN.llc : type
}

/** IEEE 802.1Q and 802.1ad; tags may be stacked. */
export function decodeVlan(packet: Packet): number {
  if (packet.end - packet.at < 4) return weird(packet, 'truncated-vlan')
  const type = readU16(packet.bytes, packet.at + 2)
  packet.at += 4
  return type < LEAST_ETHERTYPE ? OWN.llc : type
}

/** RFC 3032: labels until the bottom of the stack; what follows shows itself by its first half byte. */
export function decodeMpls(packet: Packet): number {
  let bottom = false
  while (!bottom) {
    if (packet.end - packet.at < 4) return weird(packet, 'truncated-mpls')
    bottom = (packet.bytes[packet.at + 2]! & 1) === 1
    packet.at += 4
  }
  return OWN.rawIp
}

/** RFC 2516. */
export function decodePppoe(packet: Packet): number {
  if (packet.end - packet.at < 6) return weird(packet, 'truncated-pppoe')
  packet.at += 6
  return OWN.ppp
}

/** RFC 1661, with or without the address and control bytes of RFC 1662 and with compressed protocol fields. */
export function decodePpp(packet: Packet): number {
  const { bytes } = packet
  if (packet.end - packet.at < 4) return weird(packet, 'truncated-ppp')
  if (bytes[packet.at] === 0xff && bytes[packet.at + 1] === 0x03) packet.at += 2
  // LINKTYPE_PPP_HDLC carries Cisco HDLC too, told by its address byte.
  else if ((bytes[packet.at]! & 0x7f) === 0x0f && bytes[packet.at + 1] === 0) return decodeCiscoHdlc(packet)
  const first = bytes[packet.at]!
  if (first & 1) {
    packet.at += 1
    return SPACE.ppp + first
  }
  const protocol = readU16(bytes, packet.at)
  packet.at += 2
  return SPACE.ppp + protocol
}

/** LINKTYPE_C_HDLC: address and control, then an EtherType. */
export function decodeCiscoHdlc(packet: Packet): number {
  if (packet.end - packet.at < 4) return weird(packet, 'truncated-hdlc')
  packet.at += 4
  return readU16(packet.bytes, packet.at - 2)
}

/** LINKTYPE_PPI: a little-endian length, and the link type of what follows. */
export function decodePpi(packet: Packet): number {
  const { bytes, at } = packet
  if (packet.end - at < 8) return weird(packet, 'truncated-ppi')
  const length = bytes[at + 2]! | (bytes[at + 3]! << 8)
  const inner = bytes[at + 4]! | (bytes[at + 5]! << 8)
  if (length < 8 || length > packet.end - at) return weird(packet, 'bad-ppi-length')
  packet.at = at + length
  if (inner === LINK.ethernet) return OWN.ethernet
  return inner === LINK.wifi ? OWN.wifi : weird(packet, 'ppi-around-unread-link')
}

/** Cisco FabricPath: a tag of two bytes before a whole Ethernet frame. */
export function decodeFabricPath(packet: Packet): number {
  packet.at += 2
  return OWN.ethernet
}

/** IEEE 802.1ah provider backbone: a tag of four bytes before a whole Ethernet frame. */
export function decodeBackbone(packet: Packet): number {
  packet.at += 4
  return OWN.ethernet
}

/** LINKTYPE_LINUX_SLL. */
export function decodeCooked(packet: Packet): number {
  return readCooked(packet, { header: 16, protocol: 14, addressLength: 5, address: 6 })
}

/** LINKTYPE_LINUX_SLL2. */
export function decodeCooked2(packet: Packet): number {
  return readCooked(packet, { header: 20, protocol: 0, addressLength: 11, address: 12 })
}

interface CookedLayout {
  readonly header: number
  readonly protocol: number
  readonly addressLength: number
  readonly address: number
}

function readCooked(packet: Packet, layout: CookedLayout): number {
  const { bytes, at } = packet
  if (packet.end - at < layout.header) return weird(packet, 'truncated-cooked')
  if (bytes[at + layout.addressLength] === 6) packet.macAt = at + layout.address
  packet.at = at + layout.header
  const type = readU16(bytes, at + layout.protocol)
  if (type >= LEAST_ETHERTYPE) return type
  return type === 4 ? OWN.llc : DONE // 4 is LINUX_SLL_P_802_2; the others carry no IP.
}

/** LINKTYPE_NULL: the address family in the byte order of the machine that captured. */
export function decodeLoopback(packet: Packet): number {
  if (packet.end - packet.at < 4) return weird(packet, 'truncated-loopback')
  packet.at += 4
  return OWN.rawIp
}

/** By the version in the first half byte. */
export function decodeRawIp(packet: Packet): number {
  if (packet.at >= packet.end) return weird(packet, 'empty-frame')
  const version = packet.bytes[packet.at]! >> 4
  if (version === 4) return 0x0800
  if (version === 6) return 0x86dd
  return weird(packet, 'not-ip')
}

/** IEEE 802.2 LLC with SNAP (RFC 1042); other users of LLC carry no IP. */
export function decodeLlc(packet: Packet): number {
  const { bytes, at } = packet
  if (packet.end - at < 8) return weird(packet, 'truncated-llc')
  if (readI32(bytes, at) >>> 8 !== 0xaaaa03) return weird(packet, 'llc-without-ip')
  packet.at = at + 8
  return readU16(bytes, at + 6)
}
