/** For tests of brokers: ports that keep in memory what they are told, clients, raw packets, and waiting for what must come. */
import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import type { FlowRecord, RecordSource } from '#core/live/wire.ts'
import type { Announcer } from '#core/mqtt/wire.ts'
import type { BrokerPorts, DeviceEvent } from './broker.ts'
import type { NamedDevice } from './discovery.ts'
import type { Refusal } from './refusals.ts'

export interface Taken {
  readonly device: string
  readonly records: readonly FlowRecord[]
  readonly source: RecordSource
}

export interface MemoryPorts extends BrokerPorts {
  readonly passwords: Map<string, string>
  readonly announcers: Map<string, readonly Announcer[]>
  readonly readers: Map<string, readonly string[]>
  readonly taken: Taken[]
  readonly events: (DeviceEvent & { device: string })[]
  readonly names: (NamedDevice & { device: string; id: string })[]
  readonly told: Refusal[]
  /** What `ingest` waits for before it resolves, as a slow or failing disk. */
  commit: () => Promise<void>
}

export function memoryPorts(...devices: string[]): MemoryPorts {
  const ports: MemoryPorts = {
    passwords: new Map(devices.map((device) => [device, `${device}-secret`])),
    announcers: new Map(),
    readers: new Map(),
    taken: [],
    events: [],
    names: [],
    told: [],
    commit: async () => {},
    identify: async (device, password) => ports.passwords.get(device) === password,
    announces: async (device) => ports.announcers.get(device) ?? [],
    reads: async (device) => ports.readers.get(device) ?? [],
    async ingest(device, records, source) {
      await ports.commit()
      ports.taken.push({ device, records, source })
    },
    seen: (device, event) => ports.events.push({ device, ...event }),
    named: (device, id, named) => ports.names.push({ device, id, ...named }),
    refused: (refusals) => ports.told.push(...refusals),
  }
  return ports
}

export const RECORD: FlowRecord = { orig_pkts: 3, resp_pkts: 2, orig_bytes: 300, resp_bytes: 120 }
export const FLOW = JSON.stringify(RECORD)

/** Rejects when the broker refuses. */
export function connect(url: string, device: string, options: IClientOptions = {}): Promise<MqttClient> {
  return mqtt.connectAsync(url, {
    username: device,
    password: `${device}-secret`,
    clientId: device,
    reconnectPeriod: 0,
    protocolVersion: 4,
    ...options,
  })
}

const STEP_MS = 10
const PATIENCE_MS = 20_000

/** Waits for what must come; the error says what did not. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < PATIENCE_MS; waited += STEP_MS) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, STEP_MS))
  }
  throw new Error(`did not happen: ${what}`)
}

/** A packet of MQTT 3.1.1 from its first byte and its parts. */
export function packet(first: number, ...parts: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? text(part) : part)))
  const length: number[] = []
  let left = body.length
  do {
    length.push((left % 128) | (left >= 128 ? 128 : 0))
    left = Math.floor(left / 128)
  } while (left > 0)
  return Buffer.concat([Buffer.from([first, ...length]), body])
}

/** A string with its length before it. */
export function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
}

export function connectPacket(device: string, { client = device, password = `${device}-secret` } = {}): Buffer {
  // Clean session, user name, password; keep-alive 60 s.
  return packet(0x10, 'MQTT', Buffer.from([4, 0xc2, 0, 60]), client, device, password)
}

/** A socket with what came over it so far. */
export interface Raw {
  readonly socket: Socket
  readonly got: () => Buffer
  readonly closed: () => boolean
}

export async function raw(port: number): Promise<Raw> {
  const socket = connectSocket(port, '127.0.0.1')
  const chunks: Buffer[] = []
  let closed = false
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', () => {})
  socket.on('close', () => {
    closed = true
  })
  await once(socket, 'connect')
  return { socket, got: () => Buffer.concat(chunks), closed: () => closed }
}
