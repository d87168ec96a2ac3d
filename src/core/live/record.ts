/** Flow records as devices send them → columns, as files give them. */
import { withoutUndefined } from '../base/defined.ts'
import { COUNT_COLUMNS, type FlowBatch } from '../flow/batch.ts'
import { FEATURE_COUNT } from '../flow/features.ts'
import type { FlowRecord } from './wire.ts'

export interface ReceivedRecord {
  /** Number in the log of records, rising. */
  readonly id: number
  readonly device: string
  /** µs since 1970: see `recordMicros`. */
  readonly atMicros: number
  readonly record: FlowRecord
}

/** Flows of several devices, each with whose it is. */
export interface LiveFlows {
  readonly batch: FlowBatch
  readonly deviceIds: readonly string[]
  readonly device: Int32Array
  readonly outward: Uint8Array
}

/** A clock may be this far from that of the relay; beyond, the time of arrival counts. */
const MAX_AHEAD_MICROS = 600e6
const MAX_BEHIND_MICROS = 7 * 86_400e6
const PROTOCOLS = { tcp: 6, udp: 17, icmp: 1 } as const

/** When the flow began: as the record says, unless its clock stands wrong (an ESP32 without network time counts from 1970). */
export function recordMicros({ ts }: FlowRecord, arrivedMicros: number): number {
  if (ts === undefined) return arrivedMicros
  const micros = ts * 1e6
  const isLikely = micros <= arrivedMicros + MAX_AHEAD_MICROS && micros >= arrivedMicros - MAX_BEHIND_MICROS
  return isLikely ? micros : arrivedMicros
}

/** `addressOf` gives a device's own address where it is known. Rows are numbered by the records' ids. */
export function toFlows(
  records: readonly ReceivedRecord[],
  addressOf: (device: string) => string | undefined,
): LiveFlows {
  const { length } = records
  const addresses = new Index()
  const devices = new Index()
  const columns = {
    row: new Float64Array(length),
    startMicros: new Float64Array(length),
    endMicros: new Float64Array(length),
    origAddress: new Int32Array(length).fill(-1),
    respAddress: new Int32Array(length).fill(-1),
    origPort: new Int32Array(length).fill(-1),
    respPort: new Int32Array(length).fill(-1),
    protocol: new Int16Array(length).fill(-1),
    counts: new Float64Array(length * COUNT_COLUMNS.length),
  }
  const device = new Int32Array(length)
  const outward = new Uint8Array(length)
  const features = records.some(({ record }) => record.features)
    ? new Float32Array(length * FEATURE_COUNT).fill(Number.NaN)
    : undefined
  let watermarkMicros = Number.NEGATIVE_INFINITY
  for (const [i, { id, device: name, atMicros, record }] of records.entries()) {
    const isOutward = record.outward !== false
    const own = { address: addresses.of(addressOf(name)), port: record.port ?? -1 }
    const peer = { address: addresses.of(record.peer), port: record.peer_port ?? -1 }
    const [orig, resp] = isOutward ? [own, peer] : [peer, own]
    columns.row[i] = id
    columns.startMicros[i] = atMicros
    columns.endMicros[i] = atMicros + (record.duration ?? 0) * 1e6
    columns.origAddress[i] = orig.address
    columns.respAddress[i] = resp.address
    columns.origPort[i] = orig.port
    columns.respPort[i] = resp.port
    if (record.proto) columns.protocol[i] = PROTOCOLS[record.proto]
    for (const [c, column] of COUNT_COLUMNS.entries()) columns.counts[i * COUNT_COLUMNS.length + c] = record[column]
    record.features?.forEach((value, f) => {
      if (value !== null && features) features[i * FEATURE_COUNT + f] = value
    })
    device[i] = devices.of(name)
    outward[i] = isOutward ? 1 : 0
    watermarkMicros = Math.max(watermarkMicros, atMicros)
  }
  return {
    batch: {
      length,
      ...columns,
      addresses: addresses.names,
      features,
      labels: [],
      label: undefined,
      categories: [],
      watermarkMicros,
    },
    deviceIds: devices.names,
    device,
    outward,
  }
}

const NAMES: ReadonlyMap<number, FlowRecord['proto']> = new Map(
  Object.entries(PROTOCOLS).map(([name, number]) => [number, name as FlowRecord['proto']]),
)

/**
 * The way back: a batch's flows as records of one device. `address` is its own: flows of others are left out; where it is not known, every
 * flow counts as begun by the device.
 */
export function toRecords(batch: FlowBatch, address: string | undefined): FlowRecord[] {
  const records: FlowRecord[] = []
  const textOf = (index: number) => batch.addresses[index]
  const portOf = (port: number) => (port >= 0 ? port : undefined)
  for (let i = 0; i < batch.length; i++) {
    const orig = textOf(batch.origAddress[i]!)
    const resp = textOf(batch.respAddress[i]!)
    const outward = address === undefined || address === '' || orig === address
    if (!outward && resp !== address) continue
    const start = batch.startMicros[i]!
    const [own, peer] = outward ? [batch.origPort[i]!, batch.respPort[i]!] : [batch.respPort[i]!, batch.origPort[i]!]
    const at = i * COUNT_COLUMNS.length
    records.push(
      withoutUndefined<FlowRecord>({
        ts: Number.isNaN(start) ? undefined : start / 1e6,
        duration: Number.isNaN(start) ? undefined : Math.max(0, (batch.endMicros[i]! - start) / 1e6),
        orig_pkts: batch.counts[at]!,
        resp_pkts: batch.counts[at + 1]!,
        orig_bytes: batch.counts[at + 2]!,
        resp_bytes: batch.counts[at + 3]!,
        peer: outward ? resp : orig,
        peer_port: portOf(peer),
        port: portOf(own),
        proto: NAMES.get(batch.protocol[i]!),
        outward: outward ? undefined : false,
      }),
    )
  }
  return records
}

class Index {
  readonly names: string[] = []
  readonly #at = new Map<string, number>()

  /** -1 for what is not known. */
  of(name: string | undefined): number {
    if (name === undefined || name === '') return -1
    const known = this.#at.get(name)
    if (known !== undefined) return known
    const at = this.names.push(name) - 1
    this.#at.set(name, at)
    return at
  }
}
