/**
 * The flows of this home to learn from: all scans that are kept, without the demo, and without what a device did in the hours of cases that
 * nobody called normal. Told apart by what a person called bad where labels are wanted.
 */
import { InputError } from '#core/base/errors.ts'
import { type FlowDataset, takeRows } from '#core/detect/dataset.ts'
import { FlowCollector } from '#core/scan/collector.ts'
import { MAX_DATASET_ROWS } from '#core/scan/dataset.ts'
import { readCases } from './cases.ts'
import { batchOf } from './flow-records.ts'
import { spansOfScan } from './flows.ts'
import { readScans } from './scans.ts'
import type { CaseRecord, ScanRecord } from './schema.ts'
import { store } from './store.ts'

export interface HomeFlows {
  readonly data: FlowDataset
  readonly scans: number
  /** Flows in the time of cases, which are not learnt from. */
  readonly leftOut: number
}

/** Flows labelled by what a person said: 1 in the time of what was called bad, 0 for all that is learnt from otherwise. */
export interface ToldFlows extends HomeFlows {
  /** Cases called so, in the scans that are learnt from. */
  readonly bad: number
  readonly normal: number
}

type Progress = (done: number, total: number) => void
/** What a device's flow of that time is to the one who learns. */
type Said = 'benign' | 'bad' | 'unknown'

/** More cases in one scan are read as this many; a home of so many has nothing to learn what is normal from. */
const MOST_CASES = 10_000

/** Scans that can be learnt from: whole, of this home, and with times. */
export function isHomeScan({ demo, state, summary, deletedAt }: ScanRecord): boolean {
  return !demo && deletedAt === undefined && state === 'done' && Number.isFinite(summary?.startMicros)
}

/** Those of `scans` that are learnt from. Of captures and tables only the captures where there are any: they have no column in common. */
export function scansToLearnFrom(scans: readonly ScanRecord[]): ScanRecord[] {
  const whole = scans.filter(isHomeScan)
  const captures = whole.filter(({ summary }) => summary?.kind === 'pcap' || summary?.kind === 'pcapng')
  return captures.length > 0 ? captures : whole
}

/** Throws InputError when no scan that is kept can be learnt from. */
export async function collectHome(onProgress?: Progress): Promise<HomeFlows> {
  const { data, said, scans } = await gather(onProgress)
  const kept = [...said.keys()].filter((row) => said[row] === 'benign')
  return { data: takeRows(data, kept), scans, leftOut: data.rows - kept.length }
}

/** Throws InputError when nothing was called bad, or its flows are not kept. */
export async function collectTold(onProgress?: Progress): Promise<ToldFlows> {
  const { data, said, scans, bad, normal } = await gather(onProgress)
  if (bad === 0)
    throw new InputError(
      'You have not called anything bad yet: open a case that was an attack, say so there, and teach it then.',
    )
  const labels = Int32Array.from(said, (word) => (word === 'bad' ? 1 : 0))
  if (!labels.includes(1))
    throw new InputError('The flows of what you called bad are not kept here any more. Scan that recording again.')
  const kept = [...said.keys()].filter((row) => said[row] !== 'unknown')
  const labelled: FlowDataset = { ...data, labels, classes: ['benign', 'attack'] }
  return { data: takeRows(labelled, kept), scans, leftOut: data.rows - kept.length, bad, normal }
}

/** All flows of the scans that are learnt from, and for each what a person said of its time. */
async function gather(onProgress: Progress | undefined) {
  const scans = await readHomeScans()
  const collector = new FlowCollector({ maxRows: MAX_DATASET_ROWS, hasLabels: false })
  const words: ((device: string, micros: number) => Said)[] = []
  let [bad, normal] = [0, 0]
  for (const [done, scan] of scans.entries()) {
    onProgress?.(done, scans.length)
    collector.startCapture(scan.file)
    const cases = await readCases({ scanId: scan.id, limit: MOST_CASES })
    words.push(wordsOf(cases))
    bad += cases.filter(({ state }) => state === 'bad').length
    normal += cases.filter(({ state }) => state === 'normal').length
    for (const { key } of await spansOfScan(scan.id)) {
      const [flow] = await store().getMany('flows', [key])
      const [features] = await store().getMany('flowFeatures', [key])
      if (flow) collector.add(batchOf(flow, features), { ...flow, deviceIds: [...flow.deviceIds] })
    }
  }
  const { labels: _, droppedColumns: __, ...gathered } = collector.finish()
  const data: FlowDataset = { ...gathered, labels: undefined, classes: ['benign'] }
  const said = Array.from({ length: data.rows }, (_, row) => {
    const device = data.devices[data.device[row]!] ?? ''
    return words[data.capture[row]!]!(device, data.startMicros[row]!)
  })
  return { data, said, scans: scans.length, bad, normal }
}

/** The oldest first. */
async function readHomeScans(): Promise<ScanRecord[]> {
  const scans = scansToLearnFrom(await readScans(isHomeScan)).toReversed()
  if (scans.length > 0) return scans
  throw new InputError(
    'There is no scan to learn from yet: scan recordings of days on which nothing bad happened first.',
  )
}

/** Bad where one case of that time was called so; unknown in the time of a case that nobody called normal. */
function wordsOf(cases: readonly CaseRecord[]): (device: string, micros: number) => Said {
  const byDevice = new Map<string, CaseRecord[]>()
  for (const one of cases) {
    if (one.state === 'normal') continue
    const times = byDevice.get(one.value.device)
    if (times) times.push(one)
    else byDevice.set(one.value.device, [one])
  }
  return (device, micros) => {
    const then = byDevice.get(device)?.filter(({ value }) => micros >= value.startMicros && micros <= value.endMicros)
    if (!then || then.length === 0) return 'benign'
    return then.some(({ state }) => state === 'bad') ? 'bad' : 'unknown'
  }
}
