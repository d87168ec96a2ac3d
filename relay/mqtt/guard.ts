/**
 * Stands between a connection and the broker: walks the fixed headers (MQTT 3.1.1 §2.2) of what is read, so that nothing but a small CONNECT
 * comes first, no packet announces more than is taken (CVE-2017-7651, CVE-2023-0809), and each packet is counted.
 */
import type { Duplex } from 'node:stream'
import type { RefusalReason } from './refusals.ts'

/** A CONNECT with ids, will and password. */
export const MAX_CONNECT_BYTES = 16 * 1024

const CONNECT = 1

export interface GuardEvents {
  /** A packet whose end was read: its type (1–14), QoS bits and whole size. */
  packet(type: number, qos: number, bytes: number): void
  refuse(reason: RefusalReason, detail: string): void
}

/** `conn` is read as before; a refused one is destroyed and reads nothing more. */
export function guard(conn: Duplex, maxPacketBytes: number, events: GuardEvents): void {
  const take: (size?: number) => unknown = conn.read.bind(conn)
  const walk = createWalk(maxPacketBytes, events)
  conn.read = (size?: number): unknown => {
    if (conn.destroyed) return null
    const chunk = take(size)
    if (!(chunk instanceof Uint8Array)) return chunk
    const fault = walk(chunk)
    if (fault === undefined) return chunk
    events.refuse(fault[0], fault[1])
    conn.destroy()
    return null
  }
}

type Fault = readonly [RefusalReason, string]

function createWalk(maxPacketBytes: number, events: GuardEvents): (chunk: Uint8Array) => Fault | undefined {
  let first = true
  let header = -1
  let length = 0
  let lengthBytes = 0
  let left = -1
  return (chunk) => {
    let at = 0
    while (at < chunk.length) {
      if (header < 0) {
        header = chunk[at++]!
        const type = header >> 4
        if (first && type !== CONNECT) return ['not-mqtt', 'The first packet of a connection is a CONNECT']
        continue
      }
      if (left < 0) {
        const byte = chunk[at++]!
        length += (byte & 0x7f) * 128 ** lengthBytes++
        if (byte >= 0x80) {
          if (lengthBytes === 4) return ['malformed-packet', 'A packet states its length in at most four bytes']
          continue
        }
        const most = first ? MAX_CONNECT_BYTES : maxPacketBytes
        if (length > most) return ['packet-too-large', `${first ? 'A CONNECT' : 'A packet'} has at most ${most} bytes`]
        left = length
      }
      const step = Math.min(left, chunk.length - at)
      at += step
      left -= step
      if (left > 0) return undefined
      events.packet(header >> 4, (header >> 1) & 3, 1 + lengthBytes + length)
      first = false
      header = -1
      left = -1
      length = 0
      lengthBytes = 0
    }
    return undefined
  }
}
