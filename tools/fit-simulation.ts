/**
 * Fits the generators of simulated devices to recordings and writes src/core/live/simulation-profiles.ts.
 * Usage: node tools/fit-simulation.ts   (needs ../shared/data)
 */
import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { toRecords } from '#core/live/record.ts'
import type { Talk } from '#core/live/simulation.ts'
import type { FlowRecord } from '#core/live/wire.ts'
import { openInputs } from '#core/scan/open.ts'
import { fileSource } from '../cli/file-source.ts'

const DATA = '../shared/data/'
const DEVICES = {
  camera: ['D-LinkCam', 'EdimaxCam1', 'EdnetCam1'],
  sensor: ['D-LinkSensor', 'D-LinkWaterSensor', 'Withings'],
  gateway: ['HueBridge', 'MAXGateway', 'D-LinkHomeHub'],
  actuator: ['D-LinkSiren', 'WeMoSwitch', 'iKettle2'],
  smart_plug: ['TP-LinkPlugHS100', 'TP-LinkPlugHS110', 'EdimaxPlug1101W'],
} as const
/** The talks that make up most of the flows. */
const MOST_TALKS = 8
const LEAST_FLOWS = 5
const STEPS = 10
const SERVICES = 49_152

/** Flows of whoever takes part in most of them. */
async function read(path: string): Promise<FlowRecord[]> {
  const records: FlowRecord[] = []
  for (const { input } of await openInputs(await fileSource(path), { sightings: false }))
    for await (const { flows } of input.steps())
      for (const batch of flows) {
        const counts = new Map<string, number>()
        for (const column of [batch.origAddress, batch.respAddress])
          for (const at of column) {
            const address = batch.addresses[at]
            if (address && /^(10|172|192)\./.test(address)) counts.set(address, (counts.get(address) ?? 0) + 1)
          }
        const own = [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0]
        records.push(...toRecords(batch, own))
      }
  return records
}

function distil(recordings: readonly (readonly FlowRecord[])[]): Talk[] {
  const talks = new Map<
    string,
    { readonly flows: FlowRecord[]; readonly gaps: number[]; readonly peers: Set<string> }
  >()
  for (const recording of recordings) {
    const last = new Map<string, number>()
    for (const flow of recording.toSorted((a, b) => endOf(a) - endOf(b))) {
      const key = keyOf(flow)
      const talk = talks.get(key) ?? { flows: [], gaps: [], peers: new Set<string>() }
      talks.set(key, talk)
      talk.flows.push(flow)
      talk.peers.add(flow.peer ?? '')
      const before = last.get(key)
      if (before !== undefined) talk.gaps.push(endOf(flow) - before)
      last.set(key, endOf(flow))
    }
  }
  return [...talks]
    .filter(([, { flows, gaps }]) => flows.length >= LEAST_FLOWS && gaps.length >= LEAST_FLOWS - 1)
    .toSorted((a, b) => b[1].flows.length - a[1].flows.length)
    .slice(0, MOST_TALKS)
    .map(([key, { flows, gaps, peers }]) => {
      const [, direction, service] = key.split(' ')
      const answering = flows.filter(({ resp_pkts }) => resp_pkts > 0)
      return {
        ...(flows[0]?.proto ? { proto: flows[0].proto } : {}),
        ...(service ? { servicePort: Number(service) } : {}),
        outward: direction === 'out',
        peers: Math.min(16, peers.size),
        gap: quantiles(gaps),
        duration: quantiles(flows.map(({ duration = 0 }) => duration)),
        packets: quantiles(flows.map(({ orig_pkts }) => orig_pkts)),
        answered: quantiles(flows.map(({ orig_pkts, resp_pkts }) => resp_pkts / Math.max(1, orig_pkts))),
        bytesPerPacket: quantiles(flows.map(({ orig_pkts, orig_bytes }) => orig_bytes / Math.max(1, orig_pkts))),
        answerBytesPerPacket: quantiles(answering.map(({ resp_pkts, resp_bytes }) => resp_bytes / resp_pkts)),
      }
    })
}

function keyOf({ proto, outward, peer_port, port }: FlowRecord): string {
  const service = outward === false ? port : peer_port
  return `${proto ?? ''} ${outward === false ? 'in' : 'out'} ${service !== undefined && service < SERVICES ? service : ''}`
}

const endOf = ({ ts = 0, duration = 0 }: FlowRecord) => ts + duration
const rounded = (value: number) => Number(value.toPrecision(3))
function quantiles(values: readonly number[]): number[] {
  if (values.length === 0) return [0]
  const sorted = values.toSorted((a, b) => a - b)
  return Array.from({ length: STEPS + 1 }, (_, i) =>
    rounded(sorted[Math.round((i / STEPS) * (sorted.length - 1))] ?? 0),
  )
}

const devices: Record<string, Talk[]> = {}
for (const [type, folders] of Object.entries(DEVICES)) {
  const recordings: FlowRecord[][] = []
  for (const folder of folders)
    for (const file of readdirSync(`${DATA}iot-sentinel-pcap/${folder}`).filter((name) => name.endsWith('.pcap')))
      recordings.push(await read(`${DATA}iot-sentinel-pcap/${folder}/${file}`))
  devices[type] = distil(recordings)
  console.log(
    `${type}: ${recordings.length} recordings, ${recordings.flat().length} flows, ${devices[type].length} talks`,
  )
}
const text = (value: object) => JSON.stringify(value)
await writeFile(
  'src/core/live/simulation-profiles.ts',
  `/**
 * Written by tools/fit-simulation.ts. Devices: set-ups recorded in IoT Sentinel (Miettinen et al., 2017), hence livelier than everyday use.
 */
import type { Talk } from './simulation.ts'

export const DEVICES = ${text(devices)} satisfies Record<string, readonly Talk[]>
`,
)
