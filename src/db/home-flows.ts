/**
 * The flows of this home to learn from: all scans that are kept, without the demo, and without what a device did in the hours of cases that
 * nobody called normal.
 */
import { InputError } from '#core/base/errors.ts'
import { type FlowDataset, takeRows } from '#core/detect/dataset.ts'
import { FlowCollector } from '#core/scan/collector.ts'
import { MAX_DATASET_ROWS } from '#core/scan/dataset.ts'
import { readCases } from './cases.ts'
import { batchOf } from './flow-records.ts'
import { spansOfScan } from './flows.ts'
import { readScans } from './scans.ts'
import type { ScanRecord } from './schema.ts'
import { store } from './store.ts'

export interface HomeFlows {
  readonly data: FlowDataset
  readonly scans: number
  /** Flows in the time of cases, which are not learnt from. */
  readonly leftOut: number
}

/** More cases in one scan are read as this many; a home of so many has nothing to learn what is normal from. */
const MOST_CASES = 10_000

/** Scans that can be learnt from: whole, of this home, and with times. */
export function isHomeScan({ demo, state, summary, deletedAt }: ScanRecord): boolean {
  return !demo && deletedAt === undefined && state === 'done' && Number.isFinite(summary?.startMicros)
}

/** Throws InputError when no scan that is kept can be learnt from. */
export async function collectHome(onProgress?: (done: number, total: number) => void): Promise<HomeFlows> {
  const scans = await readHomeScans()
  const collector = new FlowCollector({ maxRows: MAX_DATASET_ROWS, hasLabels: false })
  const quiet: ((device: string, micros: number) => boolean)[] = []
  for (const [done, scan] of scans.entries()) {
    onProgress?.(done, scans.length)
    collector.startCapture(scan.file)
    quiet.push(await quietTimes(scan.id))
    for (const { key } of await spansOfScan(scan.id)) {
      const [flow] = await store().getMany('flows', [key])
      const [features] = await store().getMany('flowFeatures', [key])
      if (flow) collector.add(batchOf(flow, features), { ...flow, deviceIds: [...flow.deviceIds] })
    }
  }
  const { labels: _, droppedColumns: __, ...gathered } = collector.finish()
  const data: FlowDataset = { ...gathered, labels: undefined, classes: ['benign'] }
  const kept: number[] = []
  for (let row = 0; row < data.rows; row++) {
    const device = data.devices[data.device[row]!] ?? ''
    if (quiet[data.capture[row]!]!(device, data.startMicros[row]!)) kept.push(row)
  }
  return { data: takeRows(data, kept), scans: scans.length, leftOut: data.rows - kept.length }
}

/** The oldest first. Of captures and tables only the captures where there are any: they have no column in common. */
async function readHomeScans(): Promise<ScanRecord[]> {
  const scans = (await readScans(isHomeScan)).toReversed()
  if (scans.length === 0) {
    throw new InputError(
      'There is no scan to learn from yet: scan recordings of days on which nothing bad happened first.',
    )
  }
  const captures = scans.filter(({ summary }) => summary?.kind === 'pcap' || summary?.kind === 'pcapng')
  return captures.length > 0 ? captures : scans
}

/** Whether the device had no case at that time, or one that a person called normal. */
async function quietTimes(scanId: string): Promise<(device: string, micros: number) => boolean> {
  const cases = await readCases({ scanId, limit: MOST_CASES })
  const byDevice = new Map<string, { startMicros: number; endMicros: number }[]>()
  for (const { state, value } of cases) {
    if (state === 'normal') continue
    const times = byDevice.get(value.device)
    if (times) times.push(value)
    else byDevice.set(value.device, [value])
  }
  return (device, micros) =>
    !byDevice.get(device)?.some(({ startMicros, endMicros }) => micros >= startMicros && micros <= endMicros)
}
