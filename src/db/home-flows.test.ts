import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { sampleCase, sampleFlows, sampleSummary, sampleUpdate } from '../../tests/db/sample.ts'
import { setCaseState } from './cases.ts'
import { collectHome } from './home-flows.ts'
import { appendUpdate, finishScan, startScan } from './scans.ts'

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
