import 'fake-indexeddb/auto'
import Dexie from 'dexie'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { sampleCase, sampleFlows, sampleSummary, sampleUpdate } from '../../tests/db/sample.ts'
import { until } from '../../tests/db/until.ts'
import { readCases, setCaseState, watchCases } from './cases.ts'
import { countFlows, readFlows } from './flows.ts'
import { makeRoom, measureStorage, storageState } from './health.ts'
import { MAX_MEMORY_FLOW_BYTES } from './memory.ts'
import {
  appendUpdate,
  deleteScans,
  finishScan,
  purgeDeleted,
  readScan,
  startScan,
  watchScan,
  watchScans,
} from './scans.ts'
import type { IndexedDbParts } from './schema.ts'
import { readSettings, writeSettings } from './settings.ts'
import { Store, store, useStore } from './store.ts'

/** A busy machine delivers a message late. */
const PATIENCE = { timeout: 20_000 }

const file = { file: 'home.pcap', sizeBytes: 1000, demo: false }
const working = (): IndexedDbParts => ({ indexedDB: new IDBFactory(), IDBKeyRange })

/** A browser that has IndexedDB but lets nobody use it (a private window). */
const refusing = (): IndexedDbParts => {
  const indexedDB = new IDBFactory()
  indexedDB.open = () => {
    throw new DOMException('The user denied permission to access the database.', 'SecurityError')
  }
  return { indexedDB, IDBKeyRange }
}

/** From the call on, every write to the store's database meets a full disk; the function ends that. */
async function fillDisk(): Promise<() => void> {
  let isFull = true
  for (const database of [store().strict, store().relaxed]) {
    database.close({ disableAutoOpen: false })
    database.use({
      stack: 'dbcore',
      name: 'full disk',
      create: (core) => ({
        ...core,
        table(name) {
          const table = core.table(name)
          return {
            ...table,
            mutate(request) {
              const needsRoom = request.type === 'put' || request.type === 'add'
              if (isFull && needsRoom) return Promise.reject(new DOMException('No room.', 'QuotaExceededError'))
              return table.mutate(request)
            },
          }
        },
      }),
    })
    await database.open()
  }
  return () => {
    isFull = false
  }
}

const kind = () => until(storageState(), () => true).then((state) => state.kind)

beforeEach(() => useStore(new Store({ parts: working() })))
afterEach(() => vi.restoreAllMocks())

test('where IndexedDB is refused, everything works from memory and the page is told', async () => {
  useStore(new Store({ parts: refusing() }))
  const id = await startScan(file)
  const seen = until(watchCases({ scanId: id, limit: 9 }), (rows) => rows.length === 1)
  await appendUpdate(id, {
    ...sampleUpdate({ cases: [sampleCase('a')] }),
    flows: [sampleFlows({ firstRow: 1, length: 5 })],
  })
  expect(await seen).toMatchObject([{ key: `${id}/a` }])
  const undo = await setCaseState(`${id}/a`, 'resolved')
  expect(await readCases({ limit: 9, states: ['resolved'] })).toHaveLength(1)
  await undo()
  expect(await readCases({ limit: 9, states: ['resolved'] })).toHaveLength(0)
  await finishScan(id, sampleSummary())
  expect(await until(watchScans(9), (scans) => scans[0]?.state === 'done')).toHaveLength(1)
  expect(await readFlows({ scanId: id, limit: 2, features: true })).toMatchObject([{ row: 1 }, { row: 2 }])
  await writeSettings({ theme: 'dark' })
  expect((await readSettings()).theme).toBe('dark')
  expect(await until(storageState(), () => true)).toMatchObject({
    kind: 'memory',
    cause: expect.stringContaining('denied'),
  })
  await deleteScans([id], 1)
  expect(await purgeDeleted(2)).toBe(1)
  expect(await readCases({ limit: 9 })).toEqual([])
})

test('where there is no IndexedDB at all, a watch still answers and sees changes', async () => {
  const { dependencies } = Dexie
  const { indexedDB } = dependencies
  try {
    Reflect.set(dependencies, 'indexedDB', undefined)
    useStore(new Store())
    const seen = until(watchScans(9), (scans) => scans.length === 1)
    await startScan(file)
    expect(await seen).toMatchObject([{ file: 'home.pcap' }])
    expect(await kind()).toBe('memory')
  } finally {
    dependencies.indexedDB = indexedDB
  }
})

test('a disk that gets full during a scan keeps what is there, and the rest goes to memory until there is room', async () => {
  const old = await startScan(file)
  await appendUpdate(old, sampleUpdate({ cases: [sampleCase('old')] }))
  await finishScan(old, sampleSummary())
  const id = await startScan(file)
  await appendUpdate(id, {
    ...sampleUpdate({ cases: [sampleCase('a')] }),
    flows: [sampleFlows({ firstRow: 1, length: 5 })],
  })
  const endFull = await fillDisk()
  await appendUpdate(id, {
    ...sampleUpdate({ rows: 9, cases: [sampleCase('b')] }),
    flows: [sampleFlows({ firstRow: 6, length: 5 })],
  })
  expect(await kind()).toBe('full')
  expect((await readCases({ limit: 9 })).map((row) => row.value.id).sort()).toEqual(['a', 'b', 'old'])
  expect(await countFlows({ scanId: id })).toBe(10)
  expect(await readScan(id)).toMatchObject({ progress: { rows: 9 } })
  expect(await store().flushMemory()).toBe(false)
  await finishScan(id, sampleSummary())
  expect(await store().flushMemory()).toBe(false)
  // What is deleted makes room.
  endFull()
  await deleteScans([old])
  expect(await makeRoom()).toBe(true)
  expect(await readScan(old)).toBeNull()
  await measureStorage({ persisted: async () => true, estimate: async () => ({ usage: 1, quota: 100 }) })
  expect(await kind()).toBe('safe')
  expect(await store().strict.cases.toCollection().primaryKeys()).toEqual([`${id}/a`, `${id}/b`])
  expect(await countFlows({ scanId: id })).toBe(10)
})

test('flows beyond what memory may hold are counted, cases are kept', async () => {
  useStore(new Store({ parts: refusing() }))
  const id = await startScan(file)
  await appendUpdate(id, sampleUpdate({}))
  vi.spyOn(store().memory, 'hasRoomFor').mockImplementation((bytes) => bytes > MAX_MEMORY_FLOW_BYTES)
  await appendUpdate(id, {
    ...sampleUpdate({ cases: [sampleCase('a')] }),
    flows: [sampleFlows({ firstRow: 1, length: 5 })],
  })
  await appendUpdate(id, {
    ...sampleUpdate({ cases: [sampleCase('b')] }),
    flows: [sampleFlows({ firstRow: 6, length: 5 })],
  })
  expect(await readScan(id)).toMatchObject({ flowsNotKept: 10 })
  expect(await readCases({ limit: 9 })).toHaveLength(2)
  expect(await countFlows({ scanId: id })).toBe(0)
})

test('what a worker must keep in memory is seen by the page, also by one that opens later', async () => {
  const worker = new Store({ parts: refusing(), channel: new BroadcastChannel('test-memory') })
  const page = new Store({ parts: refusing(), channel: new BroadcastChannel('test-memory') })
  useStore(worker)
  const id = await startScan(file)
  await appendUpdate(id, sampleUpdate({ rows: 3, cases: [sampleCase('a')] }))
  await vi.waitFor(() => expect(page.memory.rows('cases').size).toBe(1), PATIENCE)
  expect(page.memory.state.value).toMatchObject({ reason: 'refused' })
  const later = new Store({ parts: refusing(), channel: new BroadcastChannel('test-memory') })
  await vi.waitFor(() => expect(later.memory.rows('scans').get(id)).toMatchObject({ progress: { rows: 3 } }), PATIENCE)
  page.close()
  later.close()
})

test('an error that is not about storage is not mistaken for one', async () => {
  await expect(appendUpdate('no-such-scan', sampleUpdate({}))).rejects.toThrow('no-such-scan was removed')
  expect(store().memory.state.value).toBeUndefined()
  await expect(setCaseState('no/case', 'open')).rejects.toThrow('no case no/case')
})

test('storage that the browser may evict, or that is nearly full, is at risk', async () => {
  const estimate = async () => ({ usage: 95, quota: 100 })
  await measureStorage({ persisted: async () => true, estimate })
  expect(await until(storageState(), () => true)).toMatchObject({ kind: 'at-risk', usageBytes: 95, quotaBytes: 100 })
  await measureStorage({ persisted: async () => false, estimate: async () => ({ usage: 1, quota: 100 }) })
  expect(await kind()).toBe('at-risk')
})

test('settings have defaults, and a watch sees a change', async () => {
  expect(await readSettings()).toMatchObject({ theme: 'system', threshold: { kind: 'budget' } })
  await writeSettings({ threshold: { kind: 'percentile', percentile: 99 } })
  expect((await readSettings()).threshold).toEqual({ kind: 'percentile', percentile: 99 })
})

test('a scan that is not there is null, not an endless wait', async () => {
  expect(await until(watchScan('none'), () => true)).toBeNull()
})

test('a watch that takes long to read rests between readings, and still ends with what is stored last', async () => {
  const id = await startScan(file)
  let readings = 0
  const seen: number[] = []
  const stop = store()
    .watchQuery(async () => {
      readings++
      const scan = await readScan(id)
      for (const until = performance.now() + 50; performance.now() < until; );
      return scan?.progress.rows ?? -1
    })
    .subscribe((rows) => {
      if (rows !== undefined) seen.push(rows)
    })
  for (let rows = 1; rows <= 40; rows++) {
    await appendUpdate(id, sampleUpdate({ rows }))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await vi.waitFor(() => expect(seen.at(-1)).toBe(40), PATIENCE)
  stop()
  expect(readings).toBeLessThan(20)
  await finishScan(id, sampleSummary())
})
