import { expect, it } from 'vitest'
import { Tally } from '../base/tally.ts'
import { Packet } from './packet.ts'
import { Repeats } from './repeats.ts'

const MESSAGE_AT = 20

/** 45 bytes: whole words and a rest. The MAC is at 6, as in Ethernet. */
function packetOf(change: (bytes: Uint8Array) => void = () => {}): Packet {
  const packet = new Packet(new Tally())
  packet.bytes = Uint8Array.from({ length: MESSAGE_AT + 45 }, (_, index) => (index * 37) & 255)
  change(packet.bytes)
  packet.macAt = 6
  packet.end = packet.bytes.length
  packet.key.set([0x0a000001, 0, 0, 0])
  return packet
}

const ask = (repeats: Repeats, packet: Packet, service = 5353) =>
  repeats.has(packet, service, MESSAGE_AT, packet.bytes.length)

it('knows a message again that came word for word from the same sender', () => {
  const repeats = new Repeats()
  expect(ask(repeats, packetOf())).toBe(false)
  expect(ask(repeats, packetOf())).toBe(true)
})

it('takes a message for another one when any of its bytes or of the MAC differs', () => {
  for (let at = 6; at < MESSAGE_AT + 45; at++) {
    if (at >= 12 && at < MESSAGE_AT) continue
    const repeats = new Repeats()
    ask(repeats, packetOf())
    const changed = packetOf((bytes) => {
      bytes[at]! ^= 0x10
    })
    expect(ask(repeats, changed), `byte ${at}`).toBe(false)
  }
})

it.each([0, 1, 2, 3])('takes it for another one when word %i of the sender differs', (word) => {
  const repeats = new Repeats()
  ask(repeats, packetOf())
  const other = packetOf()
  other.key[word]! ^= 1
  expect(ask(repeats, other)).toBe(false)
})

it('keeps services apart, and forgets what it is told to forget', () => {
  const repeats = new Repeats()
  ask(repeats, packetOf())
  expect(ask(repeats, packetOf(), 1900)).toBe(false)
  expect(ask(repeats, packetOf(), 1900)).toBe(true)
  repeats.forget()
  expect(ask(repeats, packetOf(), 1900)).toBe(false)
})
