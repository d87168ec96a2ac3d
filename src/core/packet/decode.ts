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
    case LAYER.ethernet:
      return decodeEthernet(packet)
    case LAYER.ipv4:
      return decodeIpv4(packet)
    case LAYER.tcp:
      return decodeTcp(packet)
    case LAYER.udp:
      return decodeUdp(packet)
    case LAYER.ipv6:
      return decodeIpv6(packet)
    case LAYER.arp:
      packet.arpAt = packet.at
      return DONE
    case LAYER.icmp:
      return decodeIcmp(packet)
    case LAYER.vlan:
      return decodeVlan(packet)
    case LAYER.fragment:
      return decodeFragment(packet)
    case LAYER.other:
      return decodeOther(packet)
    case LAYER.llc:
      return decodeLlc(packet)
    case LAYER.rawIp:
      return decodeRawIp(packet)
    case LAYER.cooked:
      return decodeCooked(packet)
    case LAYER.cooked2:
      return decodeCooked2(packet)
    case LAYER.radiotap:
      return decodeRadiotap(packet)
    case LAYER.wifi:
      return decodeWifi(packet)
    case LAYER.loopback:
      return decodeLoopback(packet)
    case LAYER.mpls:
      return decodeMpls(packet)
    case LAYER.pppoe:
      return decodePppoe(packet)
    case LAYER.ppp:
      return decodePpp(packet)
    case LAYER.ciscoHdlc:
      return decodeCiscoHdlc(packet)
    case LAYER.ppi:
      return decodePpi(packet)
    case LAYER.fabricPath:
      return decodeFabricPath(packet)
    case LAYER.backbone:
      return decodeBackbone(packet)
    default:
      return weird(packet, 'not-ip')
  }
}
