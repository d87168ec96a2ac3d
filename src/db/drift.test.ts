import 'fake-indexeddb/auto'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { beforeEach, expect, test } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import type { DeviceFlows } from '#core/scan/update.ts'
import { sampleDevice, sampleFlows, sampleSummary, sampleUpdate } from '../../tests/db/sample.ts'
import { until } from '../../tests/db/until.ts'
import { noteDrift, putDriftAway, watchDrift } from './drift.ts'
import { appendUpdate, deleteScans, finishScan, readScan, startScan } from './scans.ts'
import { Store, useStore } from './store.ts'

beforeEach(() => useStore(new Store({ parts: { indexedDB: new IDBFactory(), IDBKeyRange } })))

/** Flows of two devices; the second one sends `times` as much from `fromFlow` on. */
function flowsOf({ seed, times = 1, fromFlow = 0, ids = ['a', 'b'] }: FlowsOptions): DeviceFlows {
  const random = createRandom(seed)
  const length = 1200
  const flows = sampleFlows({ firstRow: 1, length })
  const device = Int32Array.from({ length }, (_, i) => i % 2)
  const counts = Float64Array.from({ length: length * 4 }, (_, at) => {
    const i = Math.floor(at / 4)
    const factor = i % 2 === 1 && i >= fromFlow ? times : 1
    return Math.round((5 + random.next() * 10) * factor * (at % 4 < 2 ? 1 : 100))
  })
  return { ...flows, batch: { ...flows.batch, counts, features: undefined }, deviceIds: ids, device }
}

interface FlowsOptions {
  readonly seed: number
  readonly times?: number
  readonly fromFlow?: number
  readonly ids?: readonly string[]
}

let next = 0
async function scanOf(options: FlowsOptions, demo = false): Promise<string> {
  const id = await startScan({ file: `day-${next++}.pcap`, sizeBytes: 1, demo })
  const ids = options.ids ?? ['a', 'b']
  const devices = ids.map((device) => ({ ...sampleDevice(1), id: device, name: `Device ${device}` }))
  await appendUpdate(id, { ...sampleUpdate({ devices }), flows: [flowsOf(options)] })
  await finishScan(id, sampleSummary())
  await new Promise((resolve) => setTimeout(resolve, 2))
  return id
}

test('the same traffic on another day is no drift', async () => {
  await scanOf({ seed: 1 })
  const second = await scanOf({ seed: 2 })
  expect(await noteDrift(second)).toBeUndefined()
  expect(await until(watchDrift(), (value) => value !== undefined)).toBeNull()
})

test('a device that sends more than before is named, with since when, and the note can be put away and shown again', async () => {
  await scanOf({ seed: 1 })
  const second = await scanOf({ seed: 2, times: 4, fromFlow: 600 })
  const note = await noteDrift(second)
  expect(note).toMatchObject({ device: 'Device b' })
  expect(note?.cause).toContain('sent')
  // Flow n starts at n seconds; the beginning is told to a twelfth of the recording.
  expect((note?.since ?? 0) / 1e6).toBeGreaterThan(450)
  expect((note?.since ?? 0) / 1e6).toBeLessThan(750)
  expect(await until(watchDrift(), (value) => value !== null)).toMatchObject({ scan: { id: second } })
  const undo = await putDriftAway(second)
  await until(watchDrift(), (value) => value === null)
  await undo()
  expect(await until(watchDrift(), (value) => value !== null)).toMatchObject({ drift: { device: 'Device b' } })
})

test('another network, a demo and a first scan say nothing', async () => {
  expect(await noteDrift(await scanOf({ seed: 1 }))).toBeUndefined()
  expect(await noteDrift(await scanOf({ seed: 2, times: 9, ids: ['x', 'y'] }))).toBeUndefined()
  const demo = await scanOf({ seed: 3, times: 9 }, true)
  expect(await noteDrift(demo)).toBeUndefined()
  expect(await readScan(demo)).not.toHaveProperty('drift')
})

test('a deleted scan is not compared with', async () => {
  const first = await scanOf({ seed: 1 })
  await deleteScans([first])
  expect(await noteDrift(await scanOf({ seed: 2, times: 4 }))).toBeUndefined()
})
