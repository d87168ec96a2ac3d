/** MQTT 3.1, 3.1.1 and 5 (OASIS): the client's id and the topics it publishes to, never what it says. */
import { readU16 } from './packet.ts'

const CONNECT = 1
const PUBLISH = 3
const MAX_MESSAGES = 16

/** Where a text is. */
export type MqttNote = readonly [kind: 'client' | 'topic', at: number, end: number]

/** What the whole or begun messages in one packet tell. */
export function readMqtt(bytes: Uint8Array, from: number, end: number): MqttNote[] {
  const notes: MqttNote[] = []
  let at = from
  for (let count = 0; count < MAX_MESSAGES && at + 2 <= end; count++) {
    const type = bytes[at]! >> 4
    const header = varintEnd(bytes, at + 1, end)
    if (header < 0) break
    const next = header + varint(bytes, at + 1, header)
    const messageEnd = Math.min(end, next)
    if (type === CONNECT) addText(notes, 'client', bytes, clientIdAt(bytes, header, messageEnd), messageEnd)
    else if (type === PUBLISH) addText(notes, 'topic', bytes, header, messageEnd)
    at = next
  }
  return notes
}

/** After protocol name, level, flags, keep-alive and, from version 5, properties; -1 when it is no CONNECT. */
function clientIdAt(bytes: Uint8Array, at: number, end: number): number {
  if (at + 2 > end) return -1
  const nameLength = readU16(bytes, at)
  const levelAt = at + 2 + nameLength
  const idAt = levelAt + 4
  if ((nameLength !== 4 && nameLength !== 6) || idAt > end || bytes[at + 2] !== 0x4d || bytes[at + 3] !== 0x51)
    return -1
  if (bytes[levelAt]! < 5) return idAt
  const properties = varintEnd(bytes, idAt, end)
  return properties < 0 ? -1 : properties + varint(bytes, idAt, properties)
}

/** A text with its length in the two bytes before it. */
function addText(notes: MqttNote[], kind: 'client' | 'topic', bytes: Uint8Array, at: number, end: number): void {
  if (at < 0 || at + 2 > end) return
  const textEnd = at + 2 + readU16(bytes, at)
  if (textEnd <= end && textEnd > at + 2) notes.push([kind, at + 2, textEnd])
}

/** The end of a number of at most four bytes of seven bits; -1 when it is not whole. */
function varintEnd(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < from + 4 && at < end; at++) {
    if (bytes[at]! < 0x80) return at + 1
  }
  return -1
}

function varint(bytes: Uint8Array, from: number, end: number): number {
  let value = 0
  for (let at = end - 1; at >= from; at--) value = value * 128 + (bytes[at]! & 0x7f)
  return value
}
