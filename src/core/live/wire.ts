/**
 * Live traffic: the flow records that devices publish on `guardian/<device>/flow` and scripts send to /traffic/ingest, and what the
 * relay tells pages over WebSocket. One record, or an array of at most MAX_RECORDS, as UTF-8 JSON.
 */
import * as v from 'valibot'
import { SEVERITIES } from '../alert/severity.ts'
import { deviceId, WATCHED_STATUSES } from '../device/wire.ts'
import { FEATURES } from '../flow/features.ts'

export const MAX_RECORDS = 1000
/** Bytes of one MQTT payload or request with flow records. */
export const MAX_RECORDS_BYTES = 1 << 20

const count = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER))
const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))
const address = v.pipe(v.string(), v.maxLength(255))

/** Names as in Zeek's conn.log. What a record does not say is unknown, never 0, but for the four counts, which it must have. */
export const flowRecord = v.strictObject({
  /** Seconds since 1970, when the flow began; the time of arrival when left out. */
  ts: v.optional(count),
  /** Seconds. */
  duration: v.optional(count),
  orig_pkts: count,
  resp_pkts: count,
  orig_bytes: count,
  resp_bytes: count,
  /** The other end. */
  peer: v.optional(address),
  peer_port: v.optional(port),
  port: v.optional(port),
  proto: v.optional(v.picklist(['tcp', 'udp', 'icmp'])),
  /** False when the peer began the flow. */
  outward: v.optional(v.boolean()),
  /** What a broker saw: how often the device connected, and to how many topics it wrote. */
  connects: v.optional(count),
  topics: v.optional(count),
  /** The 78 of flow/features.ts, in their order; null where unknown. */
  features: v.optional(v.pipe(v.array(v.nullable(v.number())), v.length(FEATURES.length))),
})
export type FlowRecord = v.InferOutput<typeof flowRecord>

export const flowRecords = v.union([flowRecord, v.pipe(v.array(flowRecord), v.minLength(1), v.maxLength(MAX_RECORDS))])
export const ingestRequest = v.strictObject({
  device: deviceId,
  records: v.pipe(v.array(flowRecord), v.minLength(1), v.maxLength(MAX_RECORDS)),
})

/** Where a record came from; `broker` is the broker's own view of a client. */
export const RECORD_SOURCES = ['mqtt', 'broker', 'capture', 'replay', 'simulated', 'script'] as const
export type RecordSource = (typeof RECORD_SOURCES)[number]

export const reason = v.object({ feature: v.string(), value: v.number(), typical: v.number(), share: v.number() })

/** What the model says of one window of a device. */
export const verdict = v.object({
  id: v.number(),
  device: deviceId,
  /** µs since 1970: the window's first and last flow, and when it was judged. */
  startMicros: v.number(),
  endMicros: v.number(),
  atMicros: v.number(),
  score: v.number(),
  threshold: v.number(),
  /** 'odd' when the score is over the threshold. */
  label: v.picklist(['usual', 'odd']),
  severity: v.picklist(SEVERITIES),
  /** "1 in N usual windows scores so high": the calibrated confidence; undefined when the calibration cannot say. */
  oneIn: v.optional(v.number()),
  reasons: v.array(reason),
  model: v.string(),
})
export type Verdict = v.InferOutput<typeof verdict>

export const deviceState = v.object({
  device: deviceId,
  status: v.picklist(WATCHED_STATUSES),
  lastSeenMicros: v.optional(v.number()),
})

/** A WebSocket opens with a ticket (POST /api/v1/tickets, good once for at most 30 s), never with a token. */
export const CHANNELS = ['live', 'device', 'alerts'] as const

/** What the relay sends. `behind` takes the place of messages that a slow reader did not take. */
export const channelMessage = v.variant('kind', [
  v.object({ kind: v.literal('verdict'), verdict }),
  v.object({ kind: v.literal('device'), state: deviceState }),
  v.object({ kind: v.literal('alert'), id: v.number(), revision: v.number() }),
  v.object({
    kind: v.literal('behind'),
    dropped: v.number(),
    sinceMicros: v.number(),
    highest: v.optional(verdict),
  }),
])
export type ChannelMessage = v.InferOutput<typeof channelMessage>
