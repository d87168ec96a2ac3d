/** Frames with right lengths and checksums: Ethernet, ARP (RFC 826), IPv4, IPv6, TCP, UDP, ICMP, ICMPv6. */
import type { Frame } from './pcap-writer.ts'

/** One end of a conversation as seen on the home's cable: outside hosts show the gateway's MAC. */
export interface Host {
  readonly mac: string
  readonly ip: string
  readonly ttl: number
}

/** What a segment carries: the first bytes as they are, the rest up to `length` as zeros that the capture cuts off. */
export interface Payload {
  readonly bytes: Uint8Array
  readonly length: number
}

export const FIN = 1
export const SYN = 2
export const RST = 4
export const PSH = 8
export const ACK = 16

export const NOTHING: Payload = { bytes: new Uint8Array(0), length: 0 }

export function payload(bytes: Uint8Array): Payload {
  return { bytes, length: bytes.length }
}

export interface TcpSegment {
  readonly from: Host
  readonly to: Host
  readonly fromPort: number
  readonly toPort: number
  readonly seq: number
  readonly ack: number
  readonly flags: number
  readonly window: number
  readonly data: Payload
}

/** Maximum segment size 1460 (1440 over IPv6), SACK permitted, window scale 7. */
const SYN_OPTIONS = [2, 4, 0x05, 0xb4, 4, 2, 1, 3, 3, 7, 1, 0]

export function tcpFrame(micros: number, segment: TcpSegment): Frame {
  const options = (segment.flags & SYN) === 0 ? [] : SYN_OPTIONS
  const header = 20 + options.length
  const part = new Uint8Array(header + segment.data.bytes.length)
  const view = new DataView(part.buffer)
  view.setUint16(0, segment.fromPort)
  view.setUint16(2, segment.toPort)
  view.setUint32(4, segment.seq >>> 0)
  view.setUint32(8, segment.ack >>> 0)
  part[12] = (header / 4) << 4
  part[13] = segment.flags
  view.setUint16(14, segment.window)
  part.set(options, 20)
  part.set(segment.data.bytes, header)
  return ipFrame(micros, segment, { protocol: 6, part, length: header + segment.data.length, checksumAt: 16 })
}

export interface Datagram {
  readonly from: Host
  readonly to: Host
  readonly fromPort: number
  readonly toPort: number
  readonly data: Uint8Array
}

export function udpFrame(micros: number, datagram: Datagram): Frame {
  const part = new Uint8Array(8 + datagram.data.length)
  const view = new DataView(part.buffer)
  view.setUint16(0, datagram.fromPort)
  view.setUint16(2, datagram.toPort)
  view.setUint16(4, part.length)
  part.set(datagram.data, 8)
  return ipFrame(micros, datagram, { protocol: 17, part, length: part.length, checksumAt: 6 })
}

/** An ICMP or ICMPv6 message; `body` starts after the checksum. */
export function icmpFrame(micros: number, ends: { from: Host; to: Host }, type: number, body: Uint8Array): Frame {
  const part = new Uint8Array(4 + body.length)
  part[0] = type
  part.set(body, 4)
  const protocol = ends.from.ip.includes(':') ? 58 : 1
  return ipFrame(micros, ends, { protocol, part, length: part.length, checksumAt: 2 })
}

export function arpFrame(micros: number, arp: { kind: 'who-has' | 'is-at'; from: Host; to: Host }): Frame {
  const bytes = new Uint8Array(60)
  const asks = arp.kind === 'who-has'
  bytes.set(asks ? [255, 255, 255, 255, 255, 255] : macBytes(arp.to.mac))
  bytes.set(macBytes(arp.from.mac), 6)
  bytes.set([0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, asks ? 1 : 2], 12)
  bytes.set(macBytes(arp.from.mac), 22)
  bytes.set(ipBytes(arp.from.ip), 28)
  if (!asks) bytes.set(macBytes(arp.to.mac), 32)
  bytes.set(ipBytes(arp.to.ip), 38)
  return { micros, bytes, wireBytes: 60 }
}

/** The group MAC that a multicast address is sent to (RFC 1112 §6.4, RFC 2464 §7). */
export function multicastHost(ip: string): Host {
  const bytes = ipBytes(ip)
  const tail =
    bytes.length === 4 ? [1, 0, 0x5e, bytes[1]! & 127, bytes[2]!, bytes[3]!] : [0x33, 0x33, ...bytes.slice(12)]
  return { mac: tail.map((byte) => byte.toString(16).padStart(2, '0')).join(':'), ip, ttl: 1 }
}

export const BROADCAST: Host = { mac: 'ff:ff:ff:ff:ff:ff', ip: '255.255.255.255', ttl: 64 }

interface Transport {
  readonly protocol: number
  readonly part: Uint8Array
  /** Header and whole payload on the wire; `part` may be shorter. */
  readonly length: number
  readonly checksumAt: number
}

function ipFrame(micros: number, { from, to }: { from: Host; to: Host }, transport: Transport): Frame {
  const source = ipBytes(from.ip)
  const target = ipBytes(to.ip)
  const isV6 = source.length === 16
  const ipHeader = isV6 ? 40 : 20
  const { part, length, protocol } = transport
  const bytes = new Uint8Array(Math.max(60, 14 + ipHeader + part.length))
  const view = new DataView(bytes.buffer)
  bytes.set(macBytes(to.mac))
  bytes.set(macBytes(from.mac), 6)
  view.setUint16(12, isV6 ? 0x86dd : 0x0800)
  if (isV6) {
    view.setUint32(14, 0x60000000)
    view.setUint16(18, length)
    bytes[20] = protocol
    bytes[21] = from.ttl
    bytes.set(source, 22)
    bytes.set(target, 38)
  } else {
    bytes[14] = 0x45
    view.setUint16(16, 20 + length)
    view.setUint16(20, 0x4000)
    bytes[22] = from.ttl
    bytes[23] = protocol
    bytes.set(source, 26)
    bytes.set(target, 30)
    view.setUint16(24, checksum(sum(bytes, 14, 34)))
  }
  const at = 14 + ipHeader
  bytes.set(part, at)
  const pseudo = protocol === 1 ? 0 : sum(source, 0, source.length) + sum(target, 0, target.length) + protocol + length
  const found = checksum(pseudo + sum(bytes, at, at + part.length))
  view.setUint16(at + transport.checksumAt, protocol === 17 && found === 0 ? 0xffff : found)
  return { micros, bytes, wireBytes: Math.max(60, at + length) }
}

/** Sum of big-endian 16-bit words; the missing half of an odd last word counts as zero (RFC 1071). */
function sum(bytes: Uint8Array, from: number, to: number): number {
  let total = 0
  for (let i = from; i < to; i++) total += (i - from) % 2 === 0 ? bytes[i]! << 8 : bytes[i]!
  return total
}

function checksum(total: number): number {
  let folded = total
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000)
  return ~folded & 0xffff
}

const known = new Map<string, Uint8Array>()

function remember(text: string, parse: (text: string) => number[]): Uint8Array {
  let bytes = known.get(text)
  if (bytes === undefined) {
    bytes = Uint8Array.from(parse(text))
    known.set(text, bytes)
  }
  return bytes
}

export function macBytes(mac: string): Uint8Array {
  return remember(mac, (text) => text.split(':').map((part) => Number.parseInt(part, 16)))
}

export function ipBytes(ip: string): Uint8Array {
  return remember(ip, (text) => (text.includes(':') ? ipv6Octets(text) : text.split('.').map(Number)))
}

function ipv6Octets(text: string): number[] {
  const [head = '', tail] = text.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const before = groups(head)
  const after = groups(tail ?? '')
  const zeros = new Array<string>(8 - before.length - after.length).fill('0')
  return [...before, ...zeros, ...after]
    .map((group) => Number.parseInt(group, 16))
    .flatMap((value) => [value >> 8, value & 255])
}
