/** Each link layer around the same UDP packet, and what is malformed named instead of thrown. */
import { expect, it } from 'vitest'
import { ipBytes, MAC_A, pcap, tcp, u16, u32, udp } from '../../../tests/capture-writer.ts'
import { readFlows } from '../../../tests/read-flows.ts'

const ENDS = { micros: 1_700_000_000_000_000, from: '10.0.0.1:4000', to: '10.0.0.2:53' }
const UDP_BODY = [...u16(4000), ...u16(53), ...u16(12), 0, 0, 1, 2, 3, 4]
const IP = ipBytes(ENDS, 17, UDP_BODY)
const V6_ENDS = { from: '[fd00::1]:4000', to: '[fd00::2]:53' }
const IP6 = ipBytes(V6_ENDS, 17, UDP_BODY)
const MACS = [2, 0, 0, 0, 0, 2, ...MAC_A]
const SNAP = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0]
/** Data to the access point: receiver, sender, destination. */
const WIFI = [0x08, 0x01, 0, 0, ...MACS, 2, 0, 0, 0, 0, 9, 0, 0]
const WIFI_QOS = [0x88, 0x02, 0, 0, ...MACS, ...MAC_A, 0, 0, 0, 0]
const RADIOTAP = [0, 0, 9, 0, 2, 0, 0, 0, 0]
const RADIOTAP_FCS = [0, 0, 17, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10]

async function read(linkType: number, body: readonly number[]) {
  return readFlows(pcap([{ micros: ENDS.micros, bytes: Uint8Array.from(body) }], { linkType }))
}

const LAYERS: readonly (readonly [string, number, readonly number[]])[] = [
  ['Ethernet', 1, [...MACS, 8, 0, ...IP]],
  ['Ethernet with padding', 1, [...MACS, 8, 0, ...IP, 0, 0, 0, 0, 0, 0]],
  ['Ethernet with LLC/SNAP', 1, [...MACS, 0, 48, ...SNAP, ...IP]],
  ['802.1Q', 1, [...MACS, 0x81, 0, 0, 5, 8, 0, ...IP]],
  ['QinQ', 1, [...MACS, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0, ...IP]],
  ['MPLS', 1, [...MACS, 0x88, 0x47, 0, 0, 0x10, 64, 0, 0, 0x21, 64, ...IP]],
  ['PPPoE', 1, [...MACS, 0x88, 0x64, 0x11, 0, 0, 1, 0, 42, 0, 0x21, ...IP]],
  ['Linux cooked', 113, [0, 0, 0, 1, 0, 6, ...MAC_A, 0, 0, 8, 0, ...IP]],
  ['Linux cooked 2', 276, [8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, ...MAC_A, 0, 0, ...IP]],
  ['plain IP', 101, IP],
  ['plain IP of BSD', 12, IP],
  ['plain IP of OpenBSD', 14, IP],
  ['plain IPv4', 228, IP],
  ['BSD loopback', 0, [2, 0, 0, 0, ...IP]],
  ['OpenBSD loopback', 108, [0, 0, 0, 2, ...IP]],
  ['PPP', 9, [0xff, 3, 0, 0x21, ...IP]],
  ['PPP with a short protocol field', 50, [0x21, ...IP]],
  ['Cisco HDLC under PPP', 50, [0x0f, 0, 8, 0, ...IP]],
  ['Cisco HDLC', 104, [0x0f, 0, 8, 0, ...IP]],
  ['PPI around Ethernet', 192, [0, 0, 8, 0, 1, 0, 0, 0, ...MACS, 8, 0, ...IP]],
  ['Cisco FabricPath', 1, [...MACS, 0x89, 3, 0, 0x40, ...MACS, 8, 0, ...IP]],
  ['a provider backbone', 1, [...MACS, 0x88, 0xe7, 0, 0, 0, 1, ...MACS, 8, 0, ...IP]],
  ['802.11', 105, [...WIFI, ...SNAP, ...IP]],
  ['802.11 with quality of service', 105, [...WIFI_QOS, ...SNAP, ...IP]],
  ['radiotap', 127, [...RADIOTAP, ...WIFI, ...SNAP, ...IP]],
  ['radiotap with a check sequence', 127, [...RADIOTAP_FCS, ...WIFI, ...SNAP, ...IP, 1, 2, 3, 4]],
  [
    'options in the IPv4 header',
    228,
    [0x46, ...IP.slice(1, 3), IP[3]! + 4, ...IP.slice(4, 20), 1, 1, 1, 1, ...UDP_BODY],
  ],
]

it.each(LAYERS)('finds the flow under %s', async (_name, linkType, body) => {
  const { flows, stats } = await read(linkType, body)
  expect(stats.skipped.toObject()).toEqual({})
  expect(flows).toMatchObject([{ from: ENDS.from, to: ENDS.to, protocol: 17, counts: [1, 0, 4, 0] }])
})

it.each([
  ['plain', 229, IP6],
  [
    'hop-by-hop and destination options',
    229,
    ipBytes(V6_ENDS, 0, [60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0, ...UDP_BODY]),
  ],
  ['a first fragment', 229, ipBytes(V6_ENDS, 44, [17, 0, 0, 1, 0, 0, 0, 9, ...UDP_BODY])],
  ['an authentication header', 229, ipBytes(V6_ENDS, 51, [17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...UDP_BODY])],
] as const)('finds the flow under IPv6 with %s', async (_name, linkType, body) => {
  const { flows } = await read(linkType, body)
  expect(flows).toMatchObject([{ from: 'fd00::1:4000', to: 'fd00::2:53', protocol: 17, counts: [1, 0, 4, 0] }])
})

it('keeps the outer flow of a tunnel, with its bytes but without ports', async () => {
  const { flows } = await read(228, ipBytes(ENDS, 47, [0, 0, 8, 0, ...IP]))
  expect(flows).toMatchObject([{ from: '10.0.0.1:0', protocol: 47, counts: [1, 0, 36, 0] }])
})

it('counts a packet that the capture cut by its length on the wire', async () => {
  const whole = tcp({ ...ENDS, payload: 1000 })
  const { flows } = await readFlows(
    pcap([{ micros: ENDS.micros, bytes: whole.bytes.slice(0, 64), wire: whole.bytes.length }]),
  )
  expect(flows[0]!.counts).toEqual([1, 0, 1000, 0])
})

const MALFORMED: readonly (readonly [string, number, readonly number[]])[] = [
  ['truncated-ethernet', 1, MACS],
  ['truncated-vlan', 1, [...MACS, 0x81, 0, 0]],
  ['not-ip', 1, [...MACS, 0x88, 0xcc, 0, 0]],
  ['truncated-ipv4', 228, IP.slice(0, 19)],
  ['bad-ip-version', 228, [0x55, ...IP.slice(1)]],
  ['bad-ipv4-header-length', 228, [0x44, ...IP.slice(1)]],
  ['bad-ipv4-total-length', 228, [0x45, 0, ...u16(19), ...IP.slice(4)]],
  ['truncated-udp', 228, IP.slice(0, 27)],
  ['truncated-tcp', 228, ipBytes(ENDS, 6, UDP_BODY)],
  ['bad-tcp-header-length', 228, ipBytes(ENDS, 6, [...UDP_BODY, 0x40, 0, ...u32(0), 0, 0])],
  ['truncated-ipv6', 229, IP6.slice(0, 39)],
  ['truncated-ipv6-extension', 229, ipBytes(V6_ENDS, 0, [17, 200, 0, 0, 0, 0, 0, 0])],
  ['too-many-ipv6-extensions', 229, ipBytes(V6_ENDS, 0, new Array<number>(200).fill(0))],
  ['wifi-encrypted', 105, [0x08, 0x41, ...WIFI.slice(2), ...SNAP, ...IP]],
  ['wifi-management', 105, [0x80, 0, ...WIFI.slice(2)]],
  ['llc-without-ip', 1, [...MACS, 0, 38, 0x42, 0x42, 3, 0, 0, 0, 0, 0]],
  ['bad-radiotap-length', 127, [0, 0, 255, 0, ...WIFI]],
]

it.each(MALFORMED)('names and counts %s', async (name, linkType, body) => {
  const { flows, stats } = await read(linkType, body)
  expect(flows).toEqual([])
  expect(stats.skipped.toObject()).toEqual({ [name]: 1 })
})

it('takes the MAC of each side once, from flows and from ARP', async () => {
  const arp = [0, 1, 8, 0, 6, 4, 0, 2, ...MAC_A, 10, 0, 0, 7, ...MACS.slice(0, 6), 10, 0, 0, 1]
  const frames = [
    udp(ENDS),
    udp({ ...ENDS, micros: ENDS.micros + 1 }),
    { micros: ENDS.micros + 2, bytes: Uint8Array.from([...MACS, 8, 6, ...arp]) },
  ]
  const { sightings } = await readFlows(pcap(frames))
  expect(sightings.map((sighting) => sighting.kind === 'address' && [sighting.mac, sighting.address])).toEqual([
    ['02:00:00:00:00:01', '10.0.0.1'],
    ['02:00:00:00:00:01', '10.0.0.7'],
  ])
})
