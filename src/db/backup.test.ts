import 'fake-indexeddb/auto'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { beforeEach, expect, test } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { sampleCase, sampleFlows, sampleSummary, sampleUpdate } from '../../tests/db/sample.ts'
import { createBackup, previewBackup, restoreBackup } from './backup.ts'
import { readCases, setCaseState } from './cases.ts'
import { appendUpdate, deleteScans, finishScan, readScan, startScan } from './scans.ts'
import { readSettings, writeSettings } from './settings.ts'
import { Store, store, useStore } from './store.ts'
import { BACKUP_TABLES } from './wire.ts'

const parts = () => ({ indexedDB: new IDBFactory(), IDBKeyRange })

beforeEach(() => useStore(new Store({ parts: parts() })))

async function sampleScan(name: string): Promise<string> {
  const id = await startScan({ file: name, sizeBytes: undefined, demo: false })
  const timeless = { ...sampleCase('timeless'), startMicros: Number.NaN, endMicros: Number.NaN }
  await appendUpdate(id, {
    ...sampleUpdate({ cases: [sampleCase('a'), timeless] }),
    flows: [sampleFlows({ firstRow: 1, length: 5 }), sampleFlows({ firstRow: 6, length: 3 })],
  })
  await finishScan(id, sampleSummary())
  return id
}

/** Everything stored, by table. */
async function dump(): Promise<Record<string, unknown[]>> {
  const tables: Record<string, unknown[]> = {}
  for (const table of BACKUP_TABLES) tables[table] = await store().getMany(table, await store().keys(table))
  return tables
}

test('a backup put into an empty browser gives back every record bit by bit', async () => {
  const id = await sampleScan('odd "name" — ü.pcap')
  await setCaseState(`${id}/a`, 'normal', 'it was me')
  await writeSettings({ theme: 'dark', threshold: { kind: 'percentile', percentile: 99.5 } })
  const { blob, name } = await createBackup(Date.UTC(2026, 10, 21))
  expect(name).toBe('iot-guardian-2026-11-21.guardian-backup')
  const before = await dump()
  useStore(new Store({ parts: parts() }))
  const preview = await restoreBackup(blob, 'replace')
  expect(preview).toMatchObject({ createdAt: Date.UTC(2026, 10, 21), cases: 2, flows: 8, onlyHere: 0 })
  expect(preview.scans).toMatchObject([{ id, file: 'odd "name" — ü.pcap', isHere: false }])
  const after = await dump()
  // The time of the backup itself is written only after it.
  const { settings: _, ...history } = before
  const { settings, ...restored } = after
  expect(restored).toStrictEqual(history)
  expect(settings).toContainEqual({ name: 'theme', value: 'dark' })
  expect(restored.flows?.[0]).toMatchObject({ row: Float64Array.of(1, 2, 3, 4, 5), label: new Int32Array(5) })
})

test('a preview changes nothing and says what is only here', async () => {
  await sampleScan('first.pcap')
  const { blob } = await createBackup()
  await sampleScan('second.pcap')
  const before = await dump()
  expect(await previewBackup(blob)).toMatchObject({ scans: [{ file: 'first.pcap', isHere: true }], onlyHere: 1 })
  expect(await dump()).toStrictEqual(before)
})

test('merge keeps what is only here and the decision that was made last', async () => {
  const first = await sampleScan('first.pcap')
  await setCaseState(`${first}/a`, 'resolved')
  const { blob } = await createBackup()
  const second = await sampleScan('second.pcap')
  await nextMillisecond()
  await setCaseState(`${first}/a`, 'normal', 'later')
  await restoreBackup(blob, 'merge')
  expect(await readScan(second)).toMatchObject({ file: 'second.pcap' })
  const cases = await readCases({ scanId: first, limit: 9 })
  expect(cases.find((row) => row.value.id === 'a')).toMatchObject({ state: 'normal', stateNote: 'later' })
})

test('merge takes a decision from the backup that is newer than the one here', async () => {
  const id = await sampleScan('first.pcap')
  await nextMillisecond()
  const undo = await setCaseState(`${id}/a`, 'resolved')
  const { blob } = await createBackup()
  await undo()
  await restoreBackup(blob, 'merge')
  const cases = await readCases({ scanId: id, limit: 9 })
  expect(cases.find((row) => row.value.id === 'a')?.state).toBe('resolved')
})

test('replace leaves exactly the backup', async () => {
  const first = await sampleScan('first.pcap')
  const { blob } = await createBackup()
  const second = await sampleScan('second.pcap')
  await setCaseState(`${first}/a`, 'normal')
  await restoreBackup(blob, 'replace')
  expect(await readScan(second)).toBeNull()
  expect((await readCases({ limit: 9 })).map((row) => [row.scanId, row.state])).toEqual([
    [first, 'open'],
    [first, 'open'],
  ])
})

test('scans that are being deleted are not in the backup', async () => {
  const gone = await sampleScan('gone.pcap')
  await sampleScan('kept.pcap')
  await deleteScans([gone])
  const { blob } = await createBackup()
  expect(await previewBackup(blob)).toMatchObject({ scans: [{ file: 'kept.pcap' }], cases: 2, flows: 8 })
})

test('the time of the last backup is remembered', async () => {
  await createBackup(1234)
  expect((await readSettings()).lastBackupAt).toBe(1234)
})

test('what is not a whole, unchanged backup is refused with a sentence and changes nothing', async () => {
  await sampleScan('first.pcap')
  const { blob } = await createBackup()
  const bytes = new Uint8Array(await blob.arrayBuffer())
  const before = await dump()
  const refusal = async (data: Uint8Array<ArrayBuffer>) => {
    const error = await restoreBackup(new Blob([data]), 'replace').catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'InputError' })
    return String(error)
  }
  expect(await refusal(new Uint8Array(0))).toContain('not a backup')
  expect(await refusal(new TextEncoder().encode('PK and so on'))).toContain('not a backup')
  const newer = bytes.slice()
  newer[17] = 9
  expect(await refusal(newer)).toContain('version 9')
  const random = createRandom(3)
  for (let i = 0; i < 60; i++) {
    await refusal(bytes.slice(0, 18 + random.int(bytes.length - 18)))
    const flipped = bytes.slice()
    // Past the gzip header, whose time and system bytes carry nothing, as do the bits that fill up the last byte before the trailer of 8.
    const at = 18 + 10 + random.int(bytes.length - 28)
    if (at === bytes.length - 9) continue
    flipped[at] = flipped[at]! ^ (1 << random.int(8))
    await refusal(flipped)
  }
  await refusal(new Uint8Array([...bytes, 0, 1, 2]))
  expect(await dump()).toStrictEqual(before)
})

test('a well-formed backup with a record that does not fit is refused', async () => {
  const id = await sampleScan('first.pcap')
  await store().strict.scans.update(id, { state: 'nonsense' as 'done' })
  const { blob } = await createBackup()
  await expect(previewBackup(blob)).rejects.toThrow(/does not fit \(scans: state/)
})

/** Of two decisions the later one counts, by a clock of milliseconds. */
async function nextMillisecond(): Promise<void> {
  const now = Date.now()
  while (Date.now() === now) await new Promise((resolve) => setTimeout(resolve, 1))
}
