import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { ciphertext, TcpConnection, textPayload } from './conversation.ts'
import { filmHome } from './home.ts'
import { ACK, arpFrame, type Host, icmpFrame, NOTHING, SYN, tcpFrame, udpFrame } from './packets.ts'
import { type Frame, writePcap } from './pcap-writer.ts'

const client: Host = { mac: '02:00:00:00:00:01', ip: '192.168.0.1', ttl: 64 }
const server: Host = { mac: '02:00:00:00:00:02', ip: '192.168.0.199', ttl: 64 }
const u16 = ({ bytes }: Frame, at: number) => (bytes[at]! << 8) | bytes[at + 1]!

/** One's complement sum of a part with its checksum inside: 0xffff when right (RFC 1071 §1). */
function foldedSum(bytes: Uint8Array, start: number): number {
  let total = start
  for (let i = 0; i < bytes.length; i += 2) total += (bytes[i]! << 8) | (bytes[i + 1] ?? 0)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  return total
}

describe('frames', () => {
  it('have the IPv4 checksum of the example that textbooks compute', () => {
    // 45 00 00 73 00 00 40 00 40 11 b8 61 c0 a8 00 01 c0 a8 00 c7
    const frame = udpFrame(0, { from: client, to: server, fromPort: 1, toPort: 2, data: new Uint8Array(0x73 - 28) })
    expect(u16(frame, 24)).toBe(0xb861)
    expect(frame.wireBytes).toBe(14 + 0x73)
  })

  it.each([
    ['IPv4', client, server, 20, 0xc0a8 + 0x0001 + 0xc0a8 + 0x00c7],
    ['IPv6', { ...client, ip: '2001:db8::1' }, { ...server, ip: '2001:db8::2' }, 40, 2 * (0x2001 + 0x0db8) + 3],
  ])('add up over %s, odd lengths included', (_, from, to, header, addresses) => {
    for (const text of ['', 'a', 'ab', 'hello world']) {
      const data = new TextEncoder().encode(text)
      const udp = udpFrame(0, { from, to, fromPort: 40_000, toPort: 53, data })
      const at = 14 + header
      expect(foldedSum(udp.bytes.subarray(at, at + 8 + data.length), addresses + 17 + 8 + data.length)).toBe(0xffff)
      const segment = { from, to, fromPort: 40_000, toPort: 80, seq: 7, ack: 9, flags: ACK, window: 501 }
      const tcp = tcpFrame(0, { ...segment, data: { bytes: data, length: data.length } })
      expect(foldedSum(tcp.bytes.subarray(at, at + 20 + data.length), addresses + 6 + 20 + data.length)).toBe(0xffff)
    }
  })

  it('tell the length on the wire of what they cut off', () => {
    const segment = { from: client, to: server, fromPort: 1, toPort: 2, seq: 0, ack: 0, flags: ACK, window: 1 }
    const frame = tcpFrame(0, { ...segment, data: { bytes: new Uint8Array(32), length: 1460 } })
    expect([frame.bytes.length, frame.wireBytes, u16(frame, 16)]).toEqual([86, 1514, 1500])
    expect(tcpFrame(0, { ...segment, flags: SYN, data: NOTHING }).wireBytes).toBe(66)
  })
})

describe('a connection', () => {
  it('counts what it sends: every acknowledgement names a byte that was sent', () => {
    const frames: Frame[] = []
    const ends = { client, server, clientPort: 40_000, serverPort: 443 }
    const connection = new TcpConnection({ frames, random: createRandom(5) }, ends, {
      startMicros: 0,
      rttMicros: 30_000,
    })
    connection.open().send('client', textPayload('GET')).send('server', ciphertext(500_000)).wait(9e6).close()
    const ordered = frames.toSorted((a, b) => a.micros - b.micros)
    const view = ({ bytes }: Frame) => new DataView(bytes.buffer, bytes.byteOffset)
    const end = { client: 0, server: 0 }
    for (const frame of ordered) {
      const side = frame.bytes[6 + 5] === 1 ? 'client' : 'server'
      const flags = frame.bytes[47]!
      const header = (frame.bytes[46]! >> 4) * 4
      const length = u16(frame, 16) - 20 - header + (flags & 3 ? 1 : 0)
      const other = side === 'client' ? 'server' : 'client'
      if (end[other] !== 0) expect((end[other] - view(frame).getUint32(42)) >>> 0).toBeLessThan(64_000)
      const next = (view(frame).getUint32(38) + length) >>> 0
      if (end[side] === 0 || ((next - end[side]) | 0) > 0) end[side] = next
    }
    expect(ordered.at(-1)?.bytes[47]).toBe(ACK)
  })
})

const hasTshark = spawnSync('tshark', ['--version']).status === 0

it.skipIf(!hasTshark)('gives tshark nothing malformed and no wrong checksum to find', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'guardian-demo-')), 'home.pcap')
  const odd = [
    arpFrame(1, { kind: 'who-has', from: client, to: server }),
    icmpFrame(2, { from: client, to: server }, 8, new Uint8Array(12)),
  ]
  writeFileSync(file, writePcap([...odd, ...filmHome(3)]))
  const checks = ['ip', 'tcp', 'udp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`])
  const wrong = ['ip', 'tcp', 'udp', 'icmp', 'icmpv6'].map((protocol) => `${protocol}.checksum.status == 0`)
  const filter = ['_ws.malformed', ...wrong].join(' || ')
  expect(
    execFileSync('tshark', ['-r', file, ...checks, '-Y', filter], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ).toBe('')
})
