/** Benign recordings of homes, each in two parts: what a model learns from, and what came after. */
import { readdirSync } from 'node:fs'
import { bytesSource } from '#core/base/source.ts'
import { Tally } from '#core/base/tally.ts'
import type { FlowBatch } from '#core/flow/batch.ts'
import type { FlowInput, InputStep } from '#core/flow/input.ts'
import { isAttackLabel } from '#core/logs/label.ts'
import { openCapture } from '#core/scan/capture-input.ts'
import { openInputs } from '#core/scan/open.ts'
import { fileSource } from '../../cli/file-source.ts'
import { filmHome } from '../demo/home.ts'
import { writePcap } from '../demo/pcap-writer.ts'

export interface Recording {
  readonly name: string
  readonly kind: FlowInput['kind']
  readonly steps: readonly InputStep[]
}

export interface Home {
  readonly name: string
  readonly learnt: readonly Recording[]
  readonly judged: readonly Recording[]
}

const TRAINING_SHARE = 0.6
const SENTINEL = { name: 'IoT Sentinel, minutes a recording', path: 'iot-sentinel-pcap' }
/** Logs of a day of one network; what their labels do not call benign is left out. */
const LOGS = [
  ['Stratosphere 008, benign flows', 'stratosphere-zeek/008-zeek-mixed/data/conn.log.labeled.gz'],
  ['Stratosphere 010, benign flows', 'stratosphere-zeek/010-zeek-mixed/data/conn.log.labeled.gz'],
  ['IoT-23 34-1, benign flows', 'iot23-zeek/CTU-IoT-Malware-Capture-34-1.conn.log.labeled.gz'],
  ['MQTTset, benign', 'mqttset-pcap/benign-5mb-train.pcap'],
] as const
/** Recordings of 36 hours of the made home: many benign weeks are nowhere to be had. */
const FILMED = [
  { name: 'the made home, ten recordings of 36 hours', learnt: 10, judged: 14 },
  { name: 'the made home, one recording of 36 hours', learnt: 1, judged: 14 },
]

/** Of those whose name has `only`; one after the other, because all at once are large. */
export async function* openHomes(folder: string, only: string): AsyncGenerator<Home> {
  for (const filmed of FILMED) if (filmed.name.includes(only)) yield await filmedHome(filmed)
  if (SENTINEL.name.includes(only)) yield await sentinelHome(`${folder}/${SENTINEL.path}`)
  for (const [name, path] of LOGS) if (name.includes(only)) yield await loggedHome(name, `${folder}/${path}`)
}

async function filmedHome({ name, learnt, judged }: (typeof FILMED)[number]): Promise<Home> {
  const recordings: Recording[] = []
  for (let seed = 1; seed <= learnt + judged; seed++) {
    const pcap = writePcap(filmHome(seed, ['printer-update', 'visitor', 'thermostat-silent']))
    recordings.push(await record(`seed ${seed}`, await openCapture(bytesSource('home.pcap', pcap))))
  }
  return { name, learnt: recordings.slice(0, learnt), judged: recordings.slice(learnt) }
}

async function sentinelHome(folder: string): Promise<Home> {
  const learnt: Recording[] = []
  const judged: Recording[] = []
  for (const device of readdirSync(`${folder}`, { withFileTypes: true }).filter((one) => one.isDirectory())) {
    const runs = readdirSync(`${folder}/${device.name}`).filter((file) => file.endsWith('.pcap'))
    for (const [at, run] of runs.entries())
      (at < TRAINING_SHARE * runs.length ? learnt : judged).push(
        ...(await recordFile(`${folder}/${device.name}/${run}`)),
      )
  }
  return { name: SENTINEL.name, learnt, judged }
}

async function loggedHome(name: string, path: string): Promise<Home> {
  const recordings = await recordFile(path)
  const starts = recordings.flatMap(({ steps }) =>
    steps.flatMap(({ flows }) => flows.flatMap((one) => [...one.startMicros])),
  )
  const order = starts.sort((a, b) => a - b)
  const cut = order[Math.floor(TRAINING_SHARE * order.length)] ?? 0
  const part = (isLate: boolean) =>
    recordings.map((one) => ({
      ...one,
      steps: one.steps.map(({ flows, sightings }) => ({
        flows: flows.map((batch) => keepRows(batch, (row) => batch.startMicros[row]! >= cut === isLate)),
        sightings,
      })),
    }))
  return { name, learnt: part(false), judged: part(true) }
}

async function recordFile(path: string): Promise<Recording[]> {
  const inputs = await openInputs(await fileSource(path))
  return Promise.all(inputs.map(({ name, input }) => record(name, input)))
}

async function record(name: string, input: FlowInput): Promise<Recording> {
  const steps: InputStep[] = []
  for await (const { flows, sightings } of input.steps()) {
    const benign = flows.map((batch) =>
      keepRows(batch, (row) => {
        const label = batch.labels[batch.label?.[row] ?? -1]
        return label === undefined || isAttackLabel(label) === false
      }),
    )
    steps.push({ flows: benign.filter(({ length }) => length > 0), sightings })
  }
  return { name, kind: input.kind, steps }
}

/** As if it were read again. */
export function play({ kind, steps }: Recording): FlowInput {
  const stats = { bytesRead: 0, packets: 0, rows: 0, skipped: new Tally(), remarks: [], readMs: 0, featuresMs: 0 }
  return {
    kind,
    stats,
    async *steps() {
      for (const step of steps) {
        stats.rows += step.flows.reduce((sum, { length }) => sum + length, 0)
        yield step
      }
    },
  }
}

function keepRows(batch: FlowBatch, isKept: (row: number) => boolean): FlowBatch {
  const rows = Array.from({ length: batch.length }, (_, row) => row).filter(isKept)
  if (rows.length === batch.length) return batch
  const table = <Column extends Float32Array | Float64Array>(values: Column, width: number, out: Column): Column => {
    rows.forEach((row, i) => {
      out.set(values.subarray(row * width, (row + 1) * width), i * width)
    })
    return out
  }
  const whole = <Column extends Int32Array | Int16Array>(values: Column, out: Column): Column => {
    rows.forEach((row, i) => {
      out[i] = values[row]!
    })
    return out
  }
  const float = (values: Float64Array, width = 1) => table(values, width, new Float64Array(rows.length * width))
  const int = (values: Int32Array) => whole(values, new Int32Array(rows.length))
  const { features, numbers } = batch
  return {
    ...batch,
    length: rows.length,
    row: float(batch.row),
    startMicros: float(batch.startMicros),
    endMicros: float(batch.endMicros),
    origAddress: int(batch.origAddress),
    respAddress: int(batch.respAddress),
    origPort: int(batch.origPort),
    respPort: int(batch.respPort),
    protocol: whole(batch.protocol, new Int16Array(rows.length)),
    counts: float(batch.counts, 4),
    features: features && Float32Array.from(rows.flatMap((row) => [...features.subarray(row * 78, (row + 1) * 78)])),
    label: batch.label && int(batch.label),
    categories: batch.categories.map((one) => ({ ...one, code: int(one.code) })),
    ...(numbers
      ? {
          numbers: {
            ...numbers,
            values: table(numbers.values, numbers.names.length, new Float32Array(rows.length * numbers.names.length)),
          },
        }
      : {}),
  }
}
