import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { connectPacket, packet } from './fixture.ts'
import { guard, MAX_CONNECT_BYTES } from './guard.ts'

interface Seen {
  readonly packets: string[]
  readonly refused: string[]
  readonly read: number
}

/** What the guard says of bytes that come in chunks of a size. */
async function walk(bytes: Buffer, chunk: number, maxPacketBytes = 5000): Promise<Seen> {
  const stream = new PassThrough()
  const packets: string[] = []
  const refused: string[] = []
  guard(stream, maxPacketBytes, {
    packet: (type, qos, size) => packets.push(`${type} ${qos} ${size}`),
    refuse: (reason) => refused.push(reason),
  })
  let read = 0
  for (let at = 0; at < bytes.length && !stream.destroyed; at += chunk) {
    stream.write(bytes.subarray(at, at + chunk))
    await new Promise((resolve) => setImmediate(resolve))
    const got: unknown = stream.read()
    if (got instanceof Uint8Array) read += got.length
  }
  stream.destroy()
  return { packets, refused, read }
}

const CONNECT = connectPacket('cam')
const GOOD = Buffer.concat([
  CONNECT,
  packet(0x32, 'a/b', Buffer.from([0, 1]), Buffer.alloc(200)),
  packet(0x30, 'a', Buffer.alloc(4000)),
  Buffer.from([0xc0, 0, 0xc0, 0]),
  packet(0x34, 'a', Buffer.from([0, 2])),
])

describe('the guard before the broker', () => {
  it.each([1, 7, 4096])('sees the same packets in chunks of %i bytes', async (chunk) => {
    const { packets, refused, read } = await walk(GOOD, chunk)
    expect(packets).toEqual([`1 0 ${CONNECT.length}`, '3 1 210', '3 0 4006', '12 0 2', '12 0 2', '3 2 7'])
    expect(refused).toEqual([])
    expect(read).toBe(GOOD.length)
  })

  it.each([1, 7, 4096])('refuses the same in chunks of %i bytes, and hands on nothing after it', async (chunk) => {
    const bad: [Buffer, string][] = [
      [Buffer.concat([packet(0x30, 'a'), CONNECT]), 'not-mqtt'],
      [packet(0x10, Buffer.alloc(MAX_CONNECT_BYTES + 1)), 'packet-too-large'],
      [Buffer.concat([CONNECT, packet(0x30, Buffer.alloc(5001))]), 'packet-too-large'],
      [Buffer.concat([CONNECT, Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 1])]), 'malformed-packet'],
    ]
    for (const [bytes, reason] of bad) {
      const { refused, read } = await walk(bytes, chunk)
      expect(refused).toEqual([reason])
      expect(read).toBeLessThanOrEqual(CONNECT.length + 5)
    }
  })

  it('takes a packet of just the size', async () => {
    expect((await walk(Buffer.concat([CONNECT, packet(0x30, Buffer.alloc(5000))]), 64)).refused).toEqual([])
    expect((await walk(packet(0x10, Buffer.alloc(MAX_CONNECT_BYTES)), 4096)).refused).toEqual([])
  })
})
