/**
 * After a scan: whether this home's traffic still is what the scans before it showed. From a few thousand stored flows of each, so that
 * it costs about a second whatever the size of the recordings; core/evaluate/drift.ts decides.
 */
import { InputError } from '#core/base/errors.ts'
import type { FlowDataset } from '#core/detect/dataset.ts'
import { type Drift, findDrift } from '#core/evaluate/drift.ts'
import { COUNT_COLUMNS } from '#core/flow/batch.ts'
import { spansOfScan } from './flows.ts'
import { readScans } from './scans.ts'
import type { DriftNote, FlowRecord, FlowSpanRecord, ScanRecord } from './schema.ts'
import { store } from './store.ts'
import type { Watch } from './watch.ts'

const MOST_FLOWS = 5000
const MOST_BATCHES = 16
const SCANS_BEFORE = 3
/** Below this share of flows by devices known before, it is another network: nothing moved, it was never here. */
const SAME_HOME_SHARE = 0.5
/** In words, since the sentence names them. */
const MEASURES = ['packets sent', 'packets received', 'bytes sent', 'bytes received', 'seconds'] as const

/** Compares the scan with up to three before it and keeps what moved with the scan. Resolves to it; undefined when nothing did. */
export async function noteDrift(scanId: string): Promise<DriftNote | undefined> {
  const [scan] = await store().getMany('scans', [scanId])
  if (!scan || scan.demo || scan.state !== 'done') return undefined
  const earlier = await scansBefore(scan)
  if (earlier.length === 0) return undefined
  const names = await deviceNames([...earlier.map(({ id }) => id), scanId])
  const before = await sampleFlows(
    earlier.map(({ id }) => id),
    names,
  )
  const now = await sampleFlows([scanId], names)
  if (!isSameHome(before, now)) return undefined
  const drift = driftOf(before, now)
  if (!drift?.sure) return undefined
  const { since, device, cause } = drift
  const note: DriftNote = { since, device, cause }
  await changeNote(scanId, () => note)
  return note
}

/** The newest scan's drift that nobody has put away; `null` when there is none. */
export function watchDrift(): Watch<{ readonly scan: ScanRecord; readonly drift: DriftNote } | null> {
  return store().watchQuery(async () => {
    const [newest] = await readScans(({ demo, state }) => !demo && state === 'done', 1)
    if (!newest?.drift || newest.drift.seenAt !== undefined) return null
    return { scan: newest, drift: newest.drift }
  })
}

/** Puts the note away. Resolves to a function that shows it again. */
export async function putDriftAway(scanId: string, now = Date.now()): Promise<() => Promise<void>> {
  await changeNote(scanId, (note) => note && { ...note, seenAt: now })
  return () =>
    changeNote(scanId, (note) => {
      if (!note) return undefined
      const { seenAt: _, ...shown } = note
      return shown
    })
}

function driftOf(before: FlowDataset, now: FlowDataset): Drift | undefined {
  try {
    return findDrift({ before, now })
  } catch (error) {
    // Too few flows to tell.
    if (error instanceof InputError) return undefined
    throw error
  }
}

async function scansBefore(scan: ScanRecord): Promise<ScanRecord[]> {
  return readScans(
    (other) => !other.demo && other.state === 'done' && other.startedAt < scan.startedAt && other.file !== scan.file,
    SCANS_BEFORE,
  )
}

async function changeNote(
  scanId: string,
  change: (note: DriftNote | undefined) => DriftNote | undefined,
): Promise<void> {
  await store().write(['scans'], 'strict', async (tables) => {
    const scan = await tables.scans.get(scanId)
    if (!scan) return
    const { drift: old, ...rest } = scan
    const drift = change(old)
    await tables.scans.bulkPut([drift ? { ...rest, drift } : rest])
  })
}

/** Names of devices by id; the later scan knows better. */
async function deviceNames(scanIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>()
  for (const scanId of scanIds) {
    const devices = await store().read({
      table: 'devices',
      stored: (database) => database.devices.where('scanId').equals(scanId).toArray(),
      matches: (row) => row.scanId === scanId,
      compare: () => 0,
      limit: Number.POSITIVE_INFINITY,
    })
    for (const { value } of devices) names.set(value.id, value.name)
  }
  return names
}

interface Sample {
  readonly values: number[]
  readonly startMicros: number[]
  readonly row: number[]
  readonly device: number[]
}

/** Flows evenly spread over the stored batches of the scans. */
async function sampleFlows(scanIds: readonly string[], names: ReadonlyMap<string, string>): Promise<FlowDataset> {
  const devices: string[] = []
  const places = new Map<string, number>()
  const placeOf = (id: string) => {
    const known = places.get(id)
    if (known !== undefined) return known
    places.set(id, devices.length)
    devices.push(names.get(id) ?? id)
    return devices.length - 1
  }
  const sample: Sample = { values: [], startMicros: [], row: [], device: [] }
  for (const scanId of scanIds) {
    const spans = await spansOf(scanId)
    const total = spans.reduce((sum, { length }) => sum + length, 0)
    const step = Math.max(1, Math.ceil((total * scanIds.length) / MOST_FLOWS))
    for (const { key } of spans) {
      const [record] = await store().getMany('flows', [key])
      if (record) addFlows(sample, record, { step, placeOf })
    }
  }
  return datasetOf(sample, devices)
}

/** At most MOST_BATCHES, evenly spread. */
async function spansOf(scanId: string): Promise<FlowSpanRecord[]> {
  const spans = await spansOfScan(scanId)
  const every = Math.ceil(spans.length / MOST_BATCHES)
  return spans.filter((_, place) => place % every === 0)
}

function addFlows(
  sample: Sample,
  record: FlowRecord,
  { step, placeOf }: { readonly step: number; readonly placeOf: (id: string) => number },
): void {
  const width = COUNT_COLUMNS.length
  for (let i = 0; i < record.length; i += step) {
    for (let column = 0; column < width; column++) sample.values.push(record.counts[i * width + column]!)
    sample.values.push((record.endMicros[i]! - record.startMicros[i]!) / 1e6)
    sample.startMicros.push(record.startMicros[i]!)
    sample.row.push(record.row[i]!)
    sample.device.push(placeOf(record.deviceIds[record.device[i]!] ?? ''))
  }
}

function datasetOf({ values, startMicros, row, device }: Sample, devices: readonly string[]): FlowDataset {
  const rows = row.length
  return {
    rows,
    matrix: { features: MEASURES, rows, values: Float32Array.from(values) },
    counts: new Float64Array(rows * COUNT_COLUMNS.length),
    device: Int32Array.from(device),
    devices,
    capture: new Int32Array(rows),
    captures: ['scans'],
    startMicros: Float64Array.from(startMicros),
    row: Float64Array.from(row),
    labels: undefined,
    classes: [],
  }
}

function isSameHome(before: FlowDataset, now: FlowDataset): boolean {
  const known = new Set(before.devices)
  const shared = now.device.filter((place) => known.has(now.devices[place] ?? '')).length
  return now.rows > 0 && shared / now.rows >= SAME_HOME_SHARE
}
