/** Batches for tests, from a few words. */
import type { DeviceFlows } from './update.ts'

export interface FixtureFlow {
  readonly startMicros: number
  readonly counts: readonly [number, number, number, number]
  readonly device?: string
  readonly peer?: string
  readonly port?: number
  readonly outward?: boolean
}

export function tableFlows(flows: readonly FixtureFlow[], firstRow = 1): DeviceFlows {
  const deviceIds = [...new Set(flows.map(({ device }) => device ?? 'a'))]
  const addresses = [...new Set(flows.flatMap(({ peer }) => peer ?? []))]
  const n = flows.length
  const column = (pick: (flow: FixtureFlow, i: number) => number) => flows.map(pick)
  const start = Float64Array.from(column(({ startMicros }) => startMicros))
  const peers = Int32Array.from(column(({ peer }) => (peer === undefined ? -1 : addresses.indexOf(peer))))
  return {
    deviceIds,
    device: Int32Array.from(column(({ device }) => deviceIds.indexOf(device ?? 'a'))),
    outward: Uint8Array.from(column(({ outward }) => (outward === false ? 0 : 1))),
    batch: {
      length: n,
      row: Float64Array.from(column((_, i) => firstRow + i)),
      startMicros: start,
      endMicros: start.slice(),
      addresses,
      origAddress: new Int32Array(n).fill(-1),
      respAddress: peers,
      origPort: new Int32Array(n).fill(-1),
      respPort: Int32Array.from(column(({ port }) => port ?? -1)),
      protocol: new Int16Array(n).fill(6),
      counts: Float64Array.from(flows.flatMap(({ counts }) => counts)),
      features: undefined,
      labels: [],
      label: undefined,
      categories: [],
      watermarkMicros: start.reduce((latest, micros) => Math.max(latest, micros), Number.NEGATIVE_INFINITY),
    },
  }
}
