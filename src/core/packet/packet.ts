/**
 * The one packet that is being taken apart. It is filled again for each frame, so that reading makes no objects;
 * decoders read `bytes[at, end)`, move `at` past their header and answer which layer follows (next.ts).
 */
import type { Tally } from '../base/tally.ts'

/** Where the words of `key` are: addresses of four words each (IPv4 fills the first), ports, protocol. */
export const KEY = { source: 0, destination: 4, ports: 8, protocol: 9, words: 10 } as const
/** Set in the protocol word of an IPv6 packet, so that 1.2.3.4 is never taken for 102:304::. */
export const IPV6_BIT = 0x100

export const TCP_FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const

const NOTHING = new Uint8Array(0)

export class Packet {
  bytes: Uint8Array = NOTHING
  /** The layer that is being read begins here. */
  at = 0
  /** The captured bytes end here. */
  end = 0
  /** The frame ended here on the wire: after `end` when the capture is cut. */
  wireEnd = 0
  /** The IP payload ends here by the IP header: before `end` when the frame is padded, after it when the capture is cut. */
  payloadEnd = 0
  micros = 0
  /** Where the sender's MAC is in `bytes`; -1 when the link has none. */
  macAt = -1
  readonly key = new Int32Array(KEY.words)
  /** Where an ARP message begins in `bytes`; -1 when it is none. */
  arpAt = -1
  /** Whether a flow can be made of it: it has addresses and a protocol. */
  isFlow = false
  /** IANA number. */
  protocol = 0
  /** Header and payload of TCP or UDP; 0 for other protocols, whose bytes are in `otherBytes`. */
  headerBytes = 0
  payloadBytes = 0
  otherBytes = 0
  /** TCP flags and window; 0 for other protocols. */
  flags = 0
  window = 0
  /** ICMP: type * 256 + code. */
  icmp = 0
  readonly weirds: Tally

  constructor(weirds: Tally) {
    this.weirds = weirds
  }
}

/** No layer follows. */
export const DONE = -1

/** Names what is malformed, counts it, and ends the decoding. */
export function weird(packet: Packet, name: string): typeof DONE {
  packet.weirds.add(name)
  return DONE
}

/** Network byte order. */
export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

/** Network byte order, as a signed 32-bit word. */
export function readI32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
