import 'fake-indexeddb/auto'
import Dexie from 'dexie'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { beforeEach, expect, test } from 'vitest'
import { sampleCase, sampleUpdate } from '../../tests/db/sample.ts'
import { readCases, setCaseState } from './cases.ts'
import { callNormal, readQuiets, removeQuiet } from './quiets.ts'
import { appendUpdate, readScan, startScan } from './scans.ts'
import { DATABASE_NAME } from './schema.ts'
import { Store, store, useStore } from './store.ts'

const parts = () => ({ indexedDB: new IDBFactory(), IDBKeyRange })
const always = { scope: 'behaviour', days: undefined } as const
const called = { ...sampleCase('a'), severity: 'medium' as const }

async function scanned(value = called): Promise<string> {
  const id = await startScan({ file: 'home.pcap', sizeBytes: 1, demo: false })
  await appendUpdate(id, sampleUpdate({ cases: [value] }))
  return id
}
const stateOf = async (scanId: string) => (await readCases({ scanId, limit: 1 }))[0]?.state

beforeEach(() => useStore(new Store({ parts: parts() })))

test.each(['disk', 'memory'])('a later scan of the same is quieted, and undo brings it back: %s', async (where) => {
  if (where === 'memory') store().memory.turnOn('full', 'a test')
  const first = await scanned()
  const undo = await callNormal(`${first}/a`, always)
  expect(await stateOf(first)).toBe('normal')
  const second = await scanned()
  expect(await stateOf(second)).toBe('quieted')
  await undo()
  expect([await stateOf(first), await stateOf(second)]).toEqual(['open', 'open'])
  expect(await readQuiets()).toEqual([])
})

test('a quieted case that grows louder than what was called normal speaks again', async () => {
  await callNormal(`${await scanned()}/a`, always)
  const second = await scanned()
  expect(await stateOf(second)).toBe('quieted')
  await appendUpdate(second, sampleUpdate({ cases: [{ ...called, severity: 'critical' }] }))
  expect(await readCases({ scanId: second, limit: 1 })).toMatchObject([{ state: 'open' }])
})

test('a case that two quiets cover stays quieted by the other, and what a person decided of it stands', async () => {
  const first = await scanned()
  await callNormal(`${first}/a`, always)
  await callNormal(`${first}/a`, { scope: 'any-device', days: 30 })
  const [second, decided] = [await scanned(), await scanned()]
  await setCaseState(`${decided}/a`, 'bad')
  const [one, other] = await readQuiets()
  await removeQuiet(one!.id)
  expect(await stateOf(second)).toBe('quieted')
  const putBack = await removeQuiet(other!.id)
  expect([await stateOf(second), await stateOf(decided)]).toEqual(['open', 'bad'])
  await putBack()
  expect([await stateOf(second), await stateOf(decided)]).toEqual(['quieted', 'bad'])
})

test('what version 3 of the database holds is still there after quiets came', async () => {
  const own = parts()
  const old = new Dexie(DATABASE_NAME, { ...own })
  old.version(3).stores({ scans: 'id, startedAt, state, deletedAt', cases: 'key, scanId, order, [scanId+order]' })
  await old.table('scans').put({ id: 's', file: 'old.pcap', startedAt: 1, state: 'done' })
  await old.table('cases').put({ key: 's/a', scanId: 's', state: 'open', changedAt: 1, order: 1, value: called })
  old.close()
  useStore(new Store({ parts: own }))
  expect(await readScan('s')).toMatchObject({ file: 'old.pcap' })
  await callNormal('s/a', always)
  expect(await stateOf('s')).toBe('normal')
})
