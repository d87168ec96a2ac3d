/** MQTT 3.1, 3.1.1 and 5 (OASIS): the client's id and the topics it publishes to, never what it says. */
import { readU16 } from './packet.ts'

const CONNECT = 1
const PUBLISH = 3
const MAX_MESSAGES = 16
const PROTOCOL_NAMES: ReadonlySet<string> = new Set(['MQTT', 'MQIsdp'])

export interface MqttNote {
  readonly kind: 'client' | 'topic'
  readonly text: string
}

/** What the whole or begun messages in one packet tell. */
export function readMqtt(bytes: Uint8Array, from: number, end: number): MqttNote[] {
  const notes: MqttNote[] = []
  let at = from
  for (let count = 0; count < MAX_MESSAGES && at + 2 <= end; count++) {
    const type = bytes[at]! >> 4
    const length = readVarint(bytes, at + 1, end)
    if (length === undefined) break
    const messageEnd = Math.min(end, length.next + length.value)
    if (type === CONNECT) addClient(notes, bytes, length.next, messageEnd)
    else if (type === PUBLISH) addText(notes, 'topic', readText(bytes, length.next, messageEnd))
    at = length.next + length.value
  }
  return notes
}

/** Protocol name, level, flags, keep-alive, from version 5 properties, then the id. */
function addClient(notes: MqttNote[], bytes: Uint8Array, at: number, end: number): void {
  const protocol = readText(bytes, at, end)
  if (protocol === undefined || !PROTOCOL_NAMES.has(protocol)) return
  const levelAt = at + 2 + protocol.length
  let idAt = levelAt + 4
  if (idAt > end) return
  if (bytes[levelAt]! >= 5) {
    const properties = readVarint(bytes, idAt, end)
    if (properties === undefined) return
    idAt = properties.next + properties.value
  }
  addText(notes, 'client', readText(bytes, idAt, end))
}

function addText(notes: MqttNote[], kind: MqttNote['kind'], text: string | undefined): void {
  if (text !== undefined && text !== '') notes.push({ kind, text })
}

/** A UTF-8 text with its length in the two bytes before it. */
function readText(bytes: Uint8Array, at: number, end: number): string | undefined {
  if (at + 2 > end) return undefined
  const textEnd = at + 2 + readU16(bytes, at)
  return textEnd > end ? undefined : new TextDecoder().decode(bytes.subarray(at + 2, textEnd))
}

/** At most four bytes of seven bits. */
function readVarint(bytes: Uint8Array, from: number, end: number): { value: number; next: number } | undefined {
  let value = 0
  for (let index = 0; index < 4 && from + index < end; index++) {
    const byte = bytes[from + index]!
    value |= (byte & 0x7f) << (7 * index)
    if (byte < 0x80) return { value, next: from + index + 1 }
  }
  return undefined
}
