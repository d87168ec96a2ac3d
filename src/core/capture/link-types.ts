/** Link-layer header types of pcap and pcapng (tcpdump.org/linktypes.html): the ones we read, and names for the ones we refuse. */
export const LINK = {
  null: 0,
  ethernet: 1,
  ppp: 9,
  rawBsd: 12,
  rawOpenBsd: 14,
  pppSerial: 50,
  raw: 101,
  ciscoHdlc: 104,
  wifi: 105,
  loop: 108,
  cooked: 113,
  radiotap: 127,
  ppi: 192,
  ipv4: 228,
  ipv6: 229,
  cooked2: 276,
} as const

const READ: ReadonlySet<number> = new Set(Object.values(LINK))

const NAMES: Readonly<Record<number, string>> = {
  3: 'AX.25',
  6: 'Token Ring',
  7: 'ARCNET',
  8: 'SLIP',
  10: 'FDDI',
  51: 'PPPoE',
  100: 'ATM RFC 1483',
  107: 'Frame Relay',
  114: 'LocalTalk',
  117: 'OpenBSD pflog',
  119: 'Prism 802.11',
  122: 'IP over Fibre Channel',
  123: 'SunATM',
  129: 'ARCNET Linux',
  132: 'Juniper',
  137: 'Juniper',
  138: 'IEEE 1394 (FireWire)',
  143: 'DOCSIS',
  144: 'Linux IrDA',
  163: 'AVS 802.11',
  164: 'Juniper',
  165: 'BACnet MS/TP',
  178: 'Juniper',
  182: 'Frame Relay, multi-link',
  187: 'Bluetooth HCI H4',
  189: 'Linux USB',
  195: 'IEEE 802.15.4 with FCS',
  197: 'Endace ERF',
  201: 'Bluetooth HCI H4 with direction',
  202: 'AX.25 KISS',
  203: 'LAPD',
  209: 'I2C',
  212: 'LIN',
  215: 'IEEE 802.15.4 with PHY header',
  220: 'Linux USB (mmapped)',
  226: 'Solaris ipnet',
  227: 'SocketCAN',
  230: 'IEEE 802.15.4 without FCS',
  231: 'D-Bus',
  239: 'nflog',
  240: 'Hilscher netANALYZER',
  242: 'IP over InfiniBand',
  247: 'InfiniBand',
  249: 'USBPcap',
  251: 'Bluetooth LE',
  252: 'Wireshark upper PDU',
  253: 'netlink',
  254: 'Bluetooth monitor',
  256: 'Bluetooth LE with PHY header',
  258: 'Apple PKTAP',
  273: 'G.99.74',
  282: 'switch tags by Broadcom',
  283: 'IEEE 802.15.4 TAP',
  284: 'switch tags by Marvell',
  285: 'switch tags by Marvell',
}

/** Whether packets of this link type can be taken apart. */
export function readsLinkType(linkType: number): boolean {
  return READ.has(linkType)
}

/** For a person: `189 (Linux USB)`. */
export function nameLinkType(linkType: number): string {
  const name = NAMES[linkType] ?? (linkType >= 147 && linkType <= 162 ? 'private use' : 'none that we know')
  return `${linkType} (${name})`
}
