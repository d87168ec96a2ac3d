import 'fake-indexeddb/auto'
import { beforeEach, expect, test } from 'vitest'
import type { Case } from '#core/alert/case.ts'
import type { ScanUpdate } from '#core/scan/update.ts'
import { sampleCase, sampleDevice, sampleFlows, sampleSummary, sampleUpdate } from '../../tests/db/sample.ts'
import { until } from '../../tests/db/until.ts'
import { readCases, setCaseState, watchCases } from './cases.ts'
import { watchDevices, watchNotes } from './devices.ts'
import { countFlows, readFlows } from './flows.ts'
import {
  appendUpdate,
  deleteScans,
  failScan,
  finishScan,
  markInterrupted,
  purgeDeleted,
  readScan,
  startScan,
  undoDelete,
  watchScan,
  watchScans,
} from './scans.ts'
import { Store, store, useStore } from './store.ts'

const file = { file: 'home.pcap', sizeBytes: 1000, demo: false }

beforeEach(() => useStore(new Store()))

test('a scan is stored step by step and watched while it runs', async () => {
  const id = await startScan(file)
  const running = until(watchScan(id), (scan) => scan?.progress.rows === 3)
  await appendUpdate(id, sampleUpdate({ rows: 3, cases: [sampleCase('a')] }))
  expect((await running)?.state).toBe('running')
  await finishScan(id, sampleSummary())
  const scan = await readScan(id)
  expect(scan).toMatchObject({ state: 'done', file: 'home.pcap', summary: { windows: 10 } })
  expect(await until(watchCases({ scanId: id, limit: 10 }), (rows) => rows.length === 1)).toHaveLength(1)
  expect(await until(watchDevices(id), (rows) => rows.length === 1)).toHaveLength(1)
  expect(await until(watchNotes(id), (rows) => rows.length === 1)).toHaveLength(1)
})

test('a watch of cases sees a case that is added later', async () => {
  const id = await startScan(file)
  const two = until(watchCases({ scanId: id, limit: 10 }), (rows) => rows.length === 2)
  await appendUpdate(id, sampleUpdate({ cases: [sampleCase('a')] }))
  await new Promise((resolve) => setTimeout(resolve, 20))
  await appendUpdate(id, sampleUpdate({ cases: [sampleCase('b')] }))
  expect(await two).toHaveLength(2)
})

test('what a person decided about a case stays when the case grows, and can be undone', async () => {
  const id = await startScan(file)
  await appendUpdate(id, sampleUpdate({ cases: [sampleCase('a')] }))
  const undo = await setCaseState(`${id}/a`, 'normal', 'a firmware update')
  const grown: Case = { ...sampleCase('a'), findingCount: 99, severity: 'critical' }
  await appendUpdate(id, sampleUpdate({ cases: [grown] }))
  const [row] = await readCases({ scanId: id, limit: 1 })
  expect(row).toMatchObject({ state: 'normal', stateNote: 'a firmware update', value: { findingCount: 99 } })
  await undo()
  const [again] = await readCases({ scanId: id, limit: 1 })
  expect(again).toMatchObject({ state: 'open', value: { findingCount: 99 } })
  expect(again).not.toHaveProperty('stateNote')
})

test('cases come loudest first, filtered by state and never more than the limit', async () => {
  const id = await startScan(file)
  const cases = (['low', 'critical', 'high', 'medium'] as const).map((severity) => ({
    ...sampleCase(severity),
    severity,
  }))
  await appendUpdate(id, sampleUpdate({ cases }))
  await setCaseState(`${id}/high`, 'resolved')
  const titles = (rows: { value: Case }[]) => rows.map((row) => row.value.severity)
  expect(titles(await readCases({ scanId: id, limit: 10 }))).toEqual(['critical', 'high', 'medium', 'low'])
  expect(titles(await readCases({ scanId: id, states: ['open'], limit: 2 }))).toEqual(['critical', 'medium'])
})

test('a case without times is stored and listed', async () => {
  const id = await startScan(file)
  await appendUpdate(id, sampleUpdate({ cases: [{ ...sampleCase('a'), startMicros: Number.NaN }] }))
  expect(await readCases({ scanId: id, limit: 10 })).toHaveLength(1)
})

test('flows come back by device, time, row, page, with their features in single precision', async () => {
  const id = await startScan(file)
  const flows = [sampleFlows({ firstRow: 1, length: 5 }), sampleFlows({ firstRow: 6, length: 5 })]
  await appendUpdate(id, { ...sampleUpdate({}), flows })
  expect(await countFlows({ scanId: id })).toBe(10)
  expect(await countFlows({ scanId: id, device: 'ip:10.0.0.1' })).toBe(4)
  const rows = await readFlows({ scanId: id, limit: 3, offset: 4, features: true })
  expect(rows.map((row) => row.row)).toEqual([5, 6, 7])
  expect(rows[0]).toMatchObject({
    origAddress: '10.0.0.1',
    respAddress: '10.0.0.2',
    origPkts: 5,
    respBytes: 0.5,
    label: 'benign',
  })
  expect(rows[0]?.categories).toEqual({ proto: 'tcp' })
  expect(rows[0]?.features).toEqual(Float32Array.from({ length: 78 }, (_, k) => 5 + k / 100))
  const inTime = { scanId: id, fromMicros: 3e6, toMicros: 4e6 }
  expect((await readFlows({ ...inTime, limit: 99 })).map((row) => row.row)).toEqual([3, 4])
  expect(await countFlows(inTime)).toBe(2)
  expect(await countFlows({ scanId: id, fromRow: 4, toRow: 7, device: 'ip:10.0.0.2' })).toBe(2)
})

test('a view into a larger buffer is stored without the rest of the buffer', async () => {
  const id = await startScan(file)
  const flows = sampleFlows({ firstRow: 1, length: 5 })
  const large = new Float64Array(100_000)
  large.set(flows.batch.row, 10)
  const update: ScanUpdate = {
    ...sampleUpdate({}),
    flows: [{ ...flows, batch: { ...flows.batch, row: large.subarray(10, 15) } }],
  }
  await appendUpdate(id, update)
  const [record] = await store().strict.flows.where('scanId').equals(id).toArray()
  expect(record?.row.buffer.byteLength).toBe(40)
  expect([...record!.row]).toEqual([1, 2, 3, 4, 5])
})

test('a deleted scan and its cases are hidden, come back on undo, and are gone after the purge', async () => {
  const id = await startScan(file)
  await appendUpdate(id, {
    ...sampleUpdate({ cases: [sampleCase('a')] }),
    flows: [sampleFlows({ firstRow: 1, length: 5 })],
  })
  await finishScan(id, sampleSummary())
  const listed = () => until(watchScans(1000), () => true).then((scans) => scans.some((scan) => scan.id === id))
  await deleteScans([id])
  expect(await listed()).toBe(false)
  expect(await readCases({ scanId: id, limit: 9 })).toEqual([])
  await undoDelete([id])
  expect(await listed()).toBe(true)
  expect(await readCases({ scanId: id, limit: 9 })).toHaveLength(1)
  await deleteScans([id], 5000)
  expect(await purgeDeleted(5000)).toBe(0)
  expect(await purgeDeleted(5001)).toBe(1)
  expect(await readScan(id)).toBeNull()
  for (const table of ['cases', 'devices', 'notes', 'flows', 'flowSpans', 'flowFeatures'] as const)
    expect(await store().strict.table(table).where('scanId').equals(id).count(), table).toBe(0)
})

test('a running scan whose worker is gone becomes interrupted, one that lives does not', async () => {
  const alive = await startScan(file)
  const failed = await startScan(file)
  await failScan(failed, 'the file ended early')
  const dead = 'dead-scan'
  await store().strict.scans.put({ ...(await readScan(alive))!, id: dead })
  expect(await markInterrupted()).toEqual([dead])
  expect((await readScan(dead))?.state).toBe('interrupted')
  expect((await readScan(alive))?.state).toBe('running')
  expect(await readScan(failed)).toMatchObject({ state: 'failed', error: 'the file ended early' })
  await finishScan(alive, { ...sampleSummary(), stopped: true })
  expect((await readScan(alive))?.state).toBe('stopped')
})

test('a device of a scan keeps one record when it changes', async () => {
  const id = await startScan(file)
  await appendUpdate(id, sampleUpdate({ devices: [sampleDevice(10)] }))
  await appendUpdate(id, sampleUpdate({ devices: [sampleDevice(20)] }))
  const rows = await until(watchDevices(id), () => true)
  expect(rows.map((row) => row.value.flows)).toEqual([20])
})

test('lists of scans carry one lane for all devices, a single scan the lane of each', async () => {
  const id = await startScan(file)
  const lane = (device: string, flows: number[]) => ({ device, flows, bytes: [1, 1], findings: [0, 1] })
  const timeline = { ...sampleSummary().timeline, bins: 2, lanes: [lane('a', [1, 2]), lane('b', [3, 4])] }
  const update = sampleUpdate({ rows: 1 })
  const progressed = until(watchScan(id), (scan) => scan?.progress.timeline !== undefined)
  await appendUpdate(id, { ...update, progress: { ...update.progress, timeline } })
  expect((await progressed)?.progress.timeline).toEqual(timeline)
  await finishScan(id, { ...sampleSummary(), timeline })
  expect((await readScan(id))?.summary?.timeline).toEqual(timeline)
  const listed = await until(watchScans(99), (scans) => scans.some((scan) => scan.id === id && scan.summary))
  const scan = listed.find((candidate) => candidate.id === id)
  expect(scan?.progress).not.toHaveProperty('timeline')
  expect(scan?.summary?.timeline.lanes).toEqual([{ device: '', flows: [4, 6], bytes: [2, 2], findings: [0, 2] }])
})
