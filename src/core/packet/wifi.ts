/** IEEE 802.11 data frames, with radiotap before them or without. */
import { OWN } from './next.ts'
import { type Packet, readU16, weird } from './packet.ts'

const FLAG = { toDs: 0x01, fromDs: 0x02, moreFragments: 0x04, protected: 0x40, order: 0x80 } as const
const RADIOTAP_FLAGS_PRESENT = 0x02
const RADIOTAP_TSFT_PRESENT = 0x01
const RADIOTAP_EXTENDED = 0x80000000
const RADIOTAP_HAS_FCS = 0x10
const RADIOTAP_HAS_PADDING = 0x20

/** radiotap.org: a little-endian length, then fields; of these only the flags matter here. */
export function decodeRadiotap(packet: Packet): number {
  const { bytes, at } = packet
  if (packet.end - at < 8) return weird(packet, 'truncated-radiotap')
  const length = bytes[at + 2]! | (bytes[at + 3]! << 8)
  if (length < 8 || length > packet.end - at) return weird(packet, 'bad-radiotap-length')
  packet.at = at + length
  const flags = radiotapFlags(bytes, at, length)
  if (flags & RADIOTAP_HAS_FCS) packet.end = Math.max(packet.at, packet.end - 4)
  if (flags & RADIOTAP_HAS_PADDING) return weird(packet, 'wifi-padded')
  return OWN.wifi
}

function radiotapFlags(bytes: Uint8Array, at: number, length: number): number {
  const present = (bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24)) >>> 0
  if ((present & RADIOTAP_FLAGS_PRESENT) === 0) return 0
  let field = 8
  let word = present
  for (let more = at + 8; word & RADIOTAP_EXTENDED && more + 4 <= at + length; more += 4) {
    word = bytes[more + 3]! << 24
    field += 4
  }
  if (present & RADIOTAP_TSFT_PRESENT) field = ((field + 7) & ~7) + 8 // Aligned to 8 bytes.
  return field < length ? bytes[at + field]! : 0
}

/** IEEE 802.11-2020 §9.2 and §9.3.2: only unprotected data frames carry readable IP. */
export function decodeWifi(packet: Packet): number {
  const { bytes, at } = packet
  if (packet.end - at < 24) return weird(packet, 'truncated-wifi')
  const control = bytes[at]!
  const flags = bytes[at + 1]!
  const type = (control >> 2) & 3
  const subtype = control >> 4
  if (type !== 2) return weird(packet, type === 0 ? 'wifi-management' : 'wifi-control')
  if (subtype & 4) return weird(packet, 'wifi-no-data')
  if (flags & FLAG.protected) return weird(packet, 'wifi-encrypted')
  const fourAddresses = (flags & (FLAG.toDs | FLAG.fromDs)) === (FLAG.toDs | FLAG.fromDs)
  const quality = (subtype & 8) !== 0
  let header = fourAddresses ? 30 : 24
  packet.macAt = at + (fourAddresses ? 24 : flags & FLAG.fromDs ? 16 : 10)
  if (quality) header += flags & FLAG.order ? 6 : 2
  if (packet.end - at < header) return weird(packet, 'truncated-wifi')
  if (flags & FLAG.moreFragments || readU16(bytes, at + 22) & 0x0f00) return weird(packet, 'wifi-fragment')
  if (quality && bytes[at + (fourAddresses ? 30 : 24)]! & 0x80) return weird(packet, 'wifi-aggregate')
  packet.at = at + header
  return OWN.llc
}
