/** A flow as the rules see it: from its device's side, with what counts for "answered" and "outside" already decided. */
import { type AddressClass, classifyAddress } from '../device/address.ts'
import type { FlowBatch } from '../flow/batch.ts'

export interface FlowEvent {
  readonly micros: number
  readonly endMicros: number
  readonly row: number
  /** Number of the device within the rule set. */
  readonly device: number
  readonly peer: string
  /** The peer has a public address. */
  readonly outside: boolean
  /** The device began it. */
  readonly outward: boolean
  /** Of the service. */
  readonly port: number
  /** Of the side that began it. */
  readonly callerPort: number
  readonly protocol: number
  readonly packetsOut: number
  readonly packetsIn: number
  readonly bytesOut: number
  readonly bytesIn: number
  /** No answer, or a refusal: TCP without a byte of payload either way. */
  readonly failed: boolean
}

export interface OwnedFlows {
  readonly batch: FlowBatch
  readonly deviceIds: readonly string[]
  readonly device: Int32Array
  readonly outward: Uint8Array
}

export const TCP = 6
export const UDP = 17
export const ICMP = 1

/** What a batch's addresses are, so that each is classified once. */
export function classesOf({ addresses }: FlowBatch): AddressClass[] {
  return addresses.map(classifyAddress)
}

/** Undefined for rows that no rule can use: without time or peer, to groups, or the tail of an answer that lost its beginning. */
export function readEvent(
  { batch, outward }: OwnedFlows,
  i: number,
  { device, classes }: { device: number; classes: readonly AddressClass[] },
): FlowEvent | undefined {
  const micros = batch.startMicros[i]!
  const isOutward = outward[i] === 1
  const peer = isOutward ? batch.respAddress[i]! : batch.origAddress[i]!
  const kind = classes[peer]
  if (Number.isNaN(micros) || kind === undefined || kind === 'multicast' || kind === 'unspecified') return undefined
  const port = batch.respPort[i]!
  const callerPort = batch.origPort[i]!
  if (isAnswerTail(callerPort, port)) return undefined
  const protocol = batch.protocol[i]!
  const at = i * 4
  const origPackets = count(batch.counts[at])
  const respPackets = count(batch.counts[at + 1])
  const origBytes = count(batch.counts[at + 2])
  const respBytes = count(batch.counts[at + 3])
  return {
    micros,
    endMicros: Math.max(micros, batch.endMicros[i] || micros),
    row: batch.row[i]!,
    device,
    peer: batch.addresses[peer]!,
    outside: kind === 'global',
    outward: isOutward,
    port,
    callerPort,
    protocol,
    packetsOut: isOutward ? origPackets : respPackets,
    packetsIn: isOutward ? respPackets : origPackets,
    bytesOut: isOutward ? origBytes : respBytes,
    bytesIn: isOutward ? respBytes : origBytes,
    failed: respPackets === 0 || (protocol === TCP && origBytes === 0 && respBytes === 0),
  }
}

/** From a service's port to one of those that clients are given (RFC 6335 §6): the flow was cut and goes on with the server's packet. */
function isAnswerTail(from: number, to: number): boolean {
  return from > 0 && from < 10_000 && to >= 32_768 && from !== to
}

function count(value: number | undefined): number {
  return value !== undefined && value > 0 && value < Number.POSITIVE_INFINITY ? value : 0
}
