/** Who follows whom: the one table from what a header says comes next to the decoder that reads it. */
import { LINK } from '../capture/link-types.ts'

/** Decoders; 0 is nothing we know. */
export const LAYER = {
  unknown: 0,
  ethernet: 1,
  vlan: 2,
  cooked: 3,
  cooked2: 4,
  rawIp: 5,
  loopback: 6,
  ppp: 7,
  pppoe: 8,
  mpls: 9,
  wifi: 10,
  radiotap: 11,
  llc: 12,
  ipv4: 13,
  ipv6: 14,
  arp: 15,
  tcp: 16,
  udp: 17,
  icmp: 18,
  fragment: 19,
  other: 20,
  ciscoHdlc: 21,
  ppi: 22,
  fabricPath: 23,
  backbone: 24,
} as const

/** Name spaces of the keys that decoders answer with: EtherTypes as they are, then IP protocols, PPP protocols and our own. */
export const SPACE = { etherType: 0, protocol: 0x10000, ppp: 0x20000, own: 0x30000 } as const
/** Keys without a number in any registry. */
export const OWN = {
  wifi: SPACE.own,
  llc: SPACE.own + 1,
  rawIp: SPACE.own + 2,
  fragment: SPACE.own + 3,
  ppp: SPACE.own + 4,
  ethernet: SPACE.own + 5,
} as const

const NEXT = new Uint8Array(SPACE.own + 16)
NEXT.fill(LAYER.other, SPACE.protocol, SPACE.protocol + 256)

const ROWS: readonly (readonly [number, number])[] = [
  [0x0800, LAYER.ipv4],
  [0x0806, LAYER.arp],
  [0x86dd, LAYER.ipv6],
  [0x8100, LAYER.vlan],
  [0x88a8, LAYER.vlan],
  [0x9100, LAYER.vlan],
  [0x8847, LAYER.mpls],
  [0x8848, LAYER.mpls],
  [0x8864, LAYER.pppoe],
  [0x880b, LAYER.ppp],
  [0x8903, LAYER.fabricPath],
  [0x88e7, LAYER.backbone],
  [SPACE.protocol + 1, LAYER.icmp],
  [SPACE.protocol + 6, LAYER.tcp],
  [SPACE.protocol + 17, LAYER.udp],
  [SPACE.protocol + 58, LAYER.icmp],
  [SPACE.ppp + 0x21, LAYER.ipv4],
  [SPACE.ppp + 0x57, LAYER.ipv6],
  [SPACE.ppp + 0x281, LAYER.mpls],
  [SPACE.ppp + 0x283, LAYER.mpls],
  [OWN.wifi, LAYER.wifi],
  [OWN.llc, LAYER.llc],
  [OWN.rawIp, LAYER.rawIp],
  [OWN.fragment, LAYER.fragment],
  [OWN.ppp, LAYER.ppp],
  [OWN.ethernet, LAYER.ethernet],
]
for (const [key, layer] of ROWS) NEXT[key] = layer

const FIRST_ROWS: Readonly<Record<number, number>> = {
  [LINK.null]: LAYER.loopback,
  [LINK.ethernet]: LAYER.ethernet,
  [LINK.ppp]: LAYER.ppp,
  [LINK.rawBsd]: LAYER.rawIp,
  [LINK.rawOpenBsd]: LAYER.rawIp,
  [LINK.pppSerial]: LAYER.ppp,
  [LINK.raw]: LAYER.rawIp,
  [LINK.ciscoHdlc]: LAYER.ciscoHdlc,
  [LINK.ppi]: LAYER.ppi,
  [LINK.wifi]: LAYER.wifi,
  [LINK.loop]: LAYER.loopback,
  [LINK.cooked]: LAYER.cooked,
  [LINK.radiotap]: LAYER.radiotap,
  [LINK.ipv4]: LAYER.ipv4,
  [LINK.ipv6]: LAYER.ipv6,
  [LINK.cooked2]: LAYER.cooked2,
}

const FIRST = new Uint8Array(512)
for (const [linkType, layer] of Object.entries(FIRST_ROWS)) FIRST[Number(linkType)] = layer

export function firstLayer(linkType: number): number {
  return FIRST[linkType] ?? LAYER.unknown
}

export function nextLayer(key: number): number {
  return NEXT[key] ?? LAYER.unknown
}
