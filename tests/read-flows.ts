/** Runs a capture through the whole reading, for tests: flows as objects by feature name. */
import { bytesSource } from '#core/base/source.ts'
import type { Sighting } from '#core/device/device.ts'
import type { FlowBatch } from '#core/flow/batch.ts'
import { FEATURE_COUNT, FEATURE_NAMES } from '#core/flow/features.ts'
import type { InputStats } from '#core/flow/input.ts'
import { type CaptureOptions, openCapture } from '#core/scan/capture-input.ts'

export interface ReadFlow {
  readonly from: string
  readonly to: string
  readonly protocol: number
  readonly startMicros: number
  readonly endMicros: number
  /** Packets and payload bytes, forward and backward. */
  readonly counts: readonly number[]
  readonly features: Readonly<Record<string, number>>
}

export interface ReadCapture {
  readonly flows: readonly ReadFlow[]
  readonly batches: readonly FlowBatch[]
  readonly sightings: readonly Sighting[]
  readonly stats: InputStats
}

export async function readFlows(capture: Uint8Array, how: number | CaptureOptions = {}): Promise<ReadCapture> {
  const [chunkBytes, options] = typeof how === 'number' ? [how, {}] : [undefined, how]
  const input = await openCapture(bytesSource('test.pcap', capture, chunkBytes), { precision: 'double', ...options })
  const batches: FlowBatch[] = []
  const sightings: Sighting[] = []
  for await (const step of input.steps()) {
    batches.push(...step.flows)
    sightings.push(...step.sightings)
  }
  return { flows: batches.flatMap(flowsOf), batches, sightings, stats: input.stats }
}

export function flowsOf(batch: FlowBatch): ReadFlow[] {
  return Array.from({ length: batch.length }, (_, index) => {
    const values = batch.features!.subarray(index * FEATURE_COUNT, (index + 1) * FEATURE_COUNT)
    return {
      from: `${batch.addresses[batch.origAddress[index]!]}:${batch.origPort[index]}`,
      to: `${batch.addresses[batch.respAddress[index]!]}:${batch.respPort[index]}`,
      protocol: batch.protocol[index]!,
      startMicros: batch.startMicros[index]!,
      endMicros: batch.endMicros[index]!,
      counts: [...batch.counts.subarray(4 * index, 4 * index + 4)],
      features: Object.fromEntries(FEATURE_NAMES.map((name, at) => [name, values[at]!])),
    }
  })
}
