/** IANA protocol numbers by the names that Zeek, Suricata, Argus and CICFlowMeter write. */
const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['icmp', 1],
  ['igmp', 2],
  ['ipip', 4],
  ['ipv4', 4],
  ['tcp', 6],
  ['egp', 8],
  ['udp', 17],
  ['dccp', 33],
  ['ipv6', 41],
  ['rsvp', 46],
  ['gre', 47],
  ['esp', 50],
  ['ah', 51],
  ['icmp6', 58],
  ['icmpv6', 58],
  ['ipv6-icmp', 58],
  ['eigrp', 88],
  ['ospf', 89],
  ['pim', 103],
  ['vrrp', 112],
  ['l2tp', 115],
  ['sctp', 132],
  ['udplite', 136],
])

/** -1 when unknown. */
export function protocolNumber(text: string): number {
  const name = text.trim().toLowerCase()
  const known = NUMBERS.get(name)
  if (known !== undefined) return known
  if (!/^\d{1,3}(?:\.0)?$/.test(name)) return -1
  const value = Number(name)
  return value <= 255 ? value : -1
}
