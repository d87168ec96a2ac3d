import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { sampleCase, sampleFlows, sampleSummary, sampleUpdate } from '../../tests/db/sample.ts'
import { setCaseState } from './cases.ts'
import { collectHome, collectTold, isHomeScan } from './home-flows.ts'
import { appendUpdate, finishScan, readScans, startScan } from './scans.ts'

const FLOWS = 20

async function keepScan(file: string, demo = false): Promise<string> {
  const id = await startScan({ file, sizeBytes: 1000, demo })
  const flows = [sampleFlows({ firstRow: 1, length: FLOWS })]
  await appendUpdate(id, { ...sampleUpdate({ cases: [sampleCase('a')] }), flows })
  await finishScan(id, sampleSummary())
  return id
}

test('a home without scans has nothing to learn from', async () => {
  await expect(collectHome()).rejects.toThrow(/no scan to learn from yet/)
  await keepScan('demo.pcap', true)
  await expect(collectHome()).rejects.toThrow(/no scan to learn from yet/)
})

test('flows in the time of a case are left out until a person calls it normal', async () => {
  const id = await keepScan('home.pcap')
  const before = await collectHome()
  expect(before).toMatchObject({ scans: 1 })
  expect(before.data.rows + before.leftOut).toBe(FLOWS)
  expect(before.leftOut).toBeGreaterThan(0)
  await setCaseState(`${id}/a`, 'normal')
  const after = await collectHome()
  expect(after.leftOut).toBe(0)
  expect(after.data.rows).toBe(FLOWS)
  expect(after.data.labels).toBeUndefined()
})

test('flows in the time of what was called bad are labelled so; those of other open cases are left out', async () => {
  const [id] = (await readScans(isHomeScan)).map((scan) => scan.id)
  await expect(collectTold()).rejects.toThrow(/not called anything bad yet/)
  await setCaseState(`${id}/a`, 'bad')
  const told = await collectTold()
  expect(told).toMatchObject({ scans: 1, bad: 1, normal: 0, leftOut: 0 })
  expect(told.data.classes).toEqual(['benign', 'attack'])
  expect(told.data.rows).toBe(FLOWS)
  const { startMicros, endMicros } = sampleCase('a')
  const { data } = told
  for (let row = 0; row < data.rows; row++) {
    const inTime = data.startMicros[row]! >= startMicros && data.startMicros[row]! <= endMicros
    const isBad = inTime && data.devices[data.device[row]!] === 'ip:10.0.0.1'
    expect(data.labels![row]).toBe(isBad ? 1 : 0)
  }
  expect(data.labels!.includes(1)).toBe(true)
  expect((await collectHome()).data.rows).toBe(FLOWS - data.labels!.filter((label) => label === 1).length)
  await setCaseState(`${id}/a`, 'open')
  await expect(collectTold()).rejects.toThrow(/not called anything bad yet/)
})
