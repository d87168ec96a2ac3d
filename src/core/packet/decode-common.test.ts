/** The short way for common frames against the layers one by one: the same frame as Ethernet (1) and as plain IPv4 (228). */
import { expect, it } from 'vitest'
import { ipBytes, MAC_A, u16 } from '../../../tests/capture-writer.ts'
import { Tally } from '../base/tally.ts'
import { decodeFrame } from './decode.ts'
import { Packet } from './packet.ts'

const ETHERNET_BYTES = 14
const ENDS = { micros: 1_700_000_000_000_000, from: '10.0.0.1:4000', to: '10.0.0.2:53' }
const PORTS = [...u16(4000), ...u16(53)]
const FRAMES = [
  ['UDP', ipBytes(ENDS, 17, [...PORTS, ...u16(12), 0, 0, 1, 2, 3, 4])],
  ['TCP', ipBytes(ENDS, 6, [...PORTS, 0, 0, 0, 1, 0, 0, 0, 2, 0x60, 0x18, 0x20, 0, 0, 0, 0, 0, 1, 1, 1, 1, 7, 8, 9])],
] as const

/** What came of `bytes[0, end)`, places told from the IP header on. */
function decode(bytes: readonly number[], at: number, end: number, linkType: number) {
  const packet = new Packet(new Tally())
  packet.bytes = Uint8Array.from(bytes)
  packet.end = end
  packet.wireEnd = bytes.length
  decodeFrame(packet, linkType)
  const { key, isFlow, protocol, headerBytes, payloadBytes, otherBytes, flags, window, arpAt, weirds } = packet
  const told = { isFlow, protocol, headerBytes, payloadBytes, otherBytes, flags, window, arpAt }
  const places = isFlow ? [packet.at - at, packet.payloadEnd - at, packet.end - at] : []
  return { ...told, key: isFlow ? [...key] : [], places, weirds: weirds.toObject() }
}

function expectSame(ip: readonly number[], end: number) {
  const frame = [2, 0, 0, 0, 0, 2, ...MAC_A, 8, 0, ...ip]
  expect(decode(frame, ETHERNET_BYTES, ETHERNET_BYTES + end, 1)).toEqual(decode(ip, 0, end, 228))
}

it.each(FRAMES)('reads %s the same wherever the capture is cut', (_name, ip) => {
  for (let end = 0; end <= ip.length; end++) expectSame(ip, end)
})

it.each(FRAMES)('reads %s the same when any byte is damaged', (_name, ip) => {
  for (let at = 0; at < ip.length; at++) {
    for (const value of [0, 1, 0x10, 0x2f, 0x45, 0x46, 0x50, 0xff]) {
      const damaged = [...ip]
      damaged[at] = value
      expectSame(damaged, ip.length)
    }
  }
})
