/** Takes one frame apart, layer by layer, until the flow it belongs to is known. */
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
import { DONE, type Packet, weird } from './packet.ts'
import { decodeIcmp, decodeTcp, decodeUdp } from './transport.ts'
import { decodeRadiotap, decodeWifi } from './wifi.ts'

// A local copy: the engine folds it into the code, which it does not for imported bindings.
const L = LAYER

/**
 * Fills `packet` from the frame it points at (`bytes`, `at`, `end`, `micros`). `isFlow` says whether that led to a flow;
 * if not, the reason is counted in `weirds`, except for ARP, which `arpAt` shows. Never throws for bad bytes.
 */
export function decodeFrame(packet: Packet, linkType: number): void {
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
