import 'fake-indexeddb/auto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Dexie from 'dexie'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { beforeEach, expect, test } from 'vitest'
import { ModelError } from '#core/base/errors.ts'
import type { EvalResult } from '#core/evaluate/result.ts'
import { packModel, unpackModel } from '#core/model/archive.ts'
import { until } from '../../tests/db/until.ts'
import { createBackup, previewBackup, restoreBackup } from './backup.ts'
import {
  addModel,
  addModelFolder,
  bringBackModels,
  keepEvaluation,
  latestTitle,
  type NewModel,
  nextVersion,
  promote,
  purgeModels,
  readChampion,
  readModelFiles,
  readModels,
  removeModels,
  rollBack,
  shippedId,
  watchChampion,
  watchEvaluations,
  watchModels,
  watchPromotions,
  watchRemovedModels,
} from './models.ts'
import { readScan } from './scans.ts'
import { DATABASE_NAME } from './schema.ts'
import { Store, store, useStore } from './store.ts'

const parts = () => ({ indexedDB: new IDBFactory(), IDBKeyRange })

beforeEach(() => useStore(new Store({ parts: parts() })))

function sampleModel(change: Partial<NewModel> = {}): NewModel {
  return {
    name: 'my-home',
    version: '1.0.0',
    kind: 'isolation-forest',
    source: 'trained',
    manifest: { format: 'iot-guardian-model/1' },
    card: '# my-home',
    files: new Map([
      ['model.bin', Uint8Array.of(1, 2, 3)],
      ['manifest.json', Uint8Array.of(4)],
    ]),
    dataHash: 'd'.repeat(64),
    parent: undefined,
    ...change,
  }
}

const sampleReport = (rows: number): EvalResult => ({
  rows,
  baseRate: 0.5,
  perClass: { Benign: { n: rows, recall: 1, low: 0.5, high: 1 } },
  prAuc: null,
  rocAuc: null,
  recallAtFpr: { '0.01': null, '0.001': 0.5 },
  falseCasesPerDeviceWeek: null,
  abstained: 0,
  confusion: { truePositives: 0, falsePositives: 0, trueNegatives: rows, falseNegatives: 0 },
  elapsedMs: 1,
})
const otherFiles = new Map([['model.bin', Uint8Array.of(9)]])

test('a model is kept with its files, and the same files again are the same model', async () => {
  const seen = until(watchModels(10), (models) => models.length === 1)
  const { id } = await addModel(sampleModel())
  expect(await seen).toMatchObject([{ id, name: 'my-home', files: [{ path: 'manifest.json' }, { sizeBytes: 3 }] }])
  expect((await addModel(sampleModel())).id).toBe(id)
  expect(await readModels(10)).toHaveLength(1)
  expect(await readModelFiles(id)).toEqual(sampleModel().files)
})

test('a model that lost a file says so instead of running', async () => {
  const { id } = await addModel(sampleModel())
  await store().remove('modelFiles', [`${id}/model.bin`])
  await expect(readModelFiles(id)).rejects.toThrow('my-home 1.0.0 is not whole')
})

async function shippedFolder(): Promise<Map<string, Uint8Array>> {
  const folder = 'models/flow-autoencoder/1.0.0'
  const names = await readdir(folder)
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)))
}

test('a folder is kept whole with its card, and packs and unpacks to the same model', async () => {
  const files = await shippedFolder()
  const record = await addModelFolder(files, 'imported')
  expect(record).toMatchObject({ name: 'flow-autoencoder', version: '1.0.0', kind: 'lstm-autoencoder' })
  expect(record.card).toContain('# flow-autoencoder')
  const again = await addModelFolder(unpackModel(packModel(await readModelFiles(record.id))), 'imported')
  expect(again.id).toBe(record.id)
})

test('a folder with one changed byte, or without its weights, is refused and nothing is kept', async () => {
  const files = await shippedFolder()
  const changed = Uint8Array.from(files.get('model.onnx') ?? [])
  changed[100] = changed[100]! ^ 1
  await expect(addModelFolder(new Map([...files, ['model.onnx', changed]]), 'imported')).rejects.toThrow(ModelError)
  files.delete('model.onnx')
  await expect(addModelFolder(files, 'imported')).rejects.toThrow('this model has no model.onnx')
  expect(await readModels(10)).toEqual([])
})

test('versions of a name rise, also past deleted ones', async () => {
  expect(await nextVersion('my-home')).toBe('1.0.0')
  const { id } = await addModel(sampleModel({ version: '1.9.0' }))
  await addModel(sampleModel({ version: '1.2.0', files: otherFiles }))
  await removeModels([id], ['judge'])
  expect(await nextVersion('my-home')).toBe('1.10.0')
  expect(await latestTitle('my-home')).toBe('my-home 1.2.0')
  expect(await latestTitle('other')).toBeUndefined()
})

test('promotion, a second one, rolling back twice, and no further', async () => {
  const shipped = { id: shippedId('flow-autoencoder', '1.0.0'), name: 'flow-autoencoder', version: '1.0.0' }
  const first = await addModel(sampleModel())
  const second = await addModel(sampleModel({ version: '1.1.0', files: otherFiles }))
  expect(await readChampion('judge')).toBeNull()
  // Within one millisecond: the log must keep their order.
  await promote('judge', shipped, 'as shipped', 1000)
  await promote('judge', first, 'not compared', 1000)
  await promote('judge', second, 'better by the paired test', 1000)
  expect(await until(watchChampion('judge'), (line) => line !== null)).toMatchObject({ modelId: second.id })
  await rollBack('judge', 2000)
  expect(await readChampion('judge')).toMatchObject({ modelId: first.id })
  const undo = await rollBack('judge', 3000)
  expect(await readChampion('judge')).toMatchObject({ modelId: shipped.id })
  await undo()
  expect(await readChampion('judge')).toMatchObject({ modelId: first.id })
  await rollBack('judge', 4000)
  await rollBack('judge', 5000)
  expect(await readChampion('judge')).toBeNull()
  await expect(rollBack('judge')).rejects.toThrow('no model before')
  const log = await until(watchPromotions('judge'), (lines) => lines.length === 3)
  expect(log.map(({ version, rolledBackAt }) => [version, rolledBackAt])).toEqual([
    ['1.1.0', 2000],
    ['1.0.0', 4000],
    ['1.0.0', 5000],
  ])
})

test('a promotion can be undone and leaves no line', async () => {
  const undo = await promote('judge', await addModel(sampleModel()), 'not compared')
  await undo()
  expect(await readChampion('judge')).toBeNull()
  expect(await until(watchPromotions('judge'), () => true)).toEqual([])
})

test('the model in use is not deleted; another is, comes back, and goes for good with its evaluations', async () => {
  const used = await addModel(sampleModel())
  const spare = await addModel(sampleModel({ name: 'spare', files: otherFiles }))
  await promote('judge', used, 'not compared')
  await keepEvaluation({ modelId: spare.id, file: 'day.csv', at: 1, report: sampleReport(3) })
  await expect(removeModels([used.id], ['judge'])).rejects.toThrow('is in use')
  await removeModels([spare.id], ['judge'], 100)
  expect(await readModels(10)).toHaveLength(1)
  expect(await until(watchRemovedModels(10), (models) => models.length === 1)).toMatchObject([{ name: 'spare' }])
  await bringBackModels([spare.id])
  expect(await readModels(10)).toHaveLength(2)
  await removeModels([spare.id], ['judge'], 100)
  expect(await purgeModels(100)).toBe(0)
  expect(await purgeModels(101)).toBe(1)
  expect(await store().keys('modelFiles')).toHaveLength(2)
  expect(await store().keys('evaluations')).toEqual([])
})

test('a champion that was lost is passed over', async () => {
  const first = await addModel(sampleModel())
  const second = await addModel(sampleModel({ version: '1.1.0', files: otherFiles }))
  await promote('judge', first, '')
  await promote('judge', second, '')
  await store().remove('models', [second.id])
  expect(await readChampion('judge')).toMatchObject({ modelId: first.id })
})

test('an evaluation on the same file takes the place of the one before, and each model has its own', async () => {
  await keepEvaluation({ modelId: 'a', file: 'day.csv', at: 1, report: sampleReport(3) })
  await keepEvaluation({ modelId: 'a', file: 'day.csv', at: 2, report: sampleReport(4) })
  await keepEvaluation({ modelId: 'a', file: 'night.csv', at: 1, report: sampleReport(3) })
  await keepEvaluation({ modelId: 'b', file: 'day.csv', at: 3, report: sampleReport(3) })
  const kept = await until(watchEvaluations('a', 10), (rows) => rows.length > 0)
  expect(kept).toMatchObject([
    { file: 'day.csv', at: 2, report: { rows: 4 } },
    { file: 'night.csv', at: 1 },
  ])
})

test('a backup brings models, their files, evaluations and the log, but no deleted model', async () => {
  const { id } = await addModel(sampleModel())
  const gone = await addModel(sampleModel({ name: 'gone', files: otherFiles }))
  await promote('judge', gone, 'not compared')
  await promote('judge', { id, name: 'my-home', version: '1.0.0' }, 'better')
  await keepEvaluation({ modelId: id, file: 'day.csv', at: 1, report: sampleReport(3) })
  await removeModels([gone.id], ['judge'])
  const { blob } = await createBackup()
  useStore(new Store({ parts: parts() }))
  expect(await previewBackup(blob)).toMatchObject({ models: 1, scans: [] })
  await restoreBackup(blob, 'merge')
  expect(await readModels(10)).toMatchObject([{ id, dataHash: 'd'.repeat(64) }])
  expect(await readModelFiles(id)).toEqual(sampleModel().files)
  expect(await readChampion('judge')).toMatchObject({ modelId: id, reason: 'better' })
  expect(await until(watchPromotions('judge'), () => true)).toHaveLength(2)
  expect(await store().keys('modelFiles')).toHaveLength(2)
})

test('what version 1 of the database holds is still there after models came', async () => {
  const own = parts()
  const old = new Dexie(DATABASE_NAME, { ...own })
  old.version(1).stores({ scans: 'id, startedAt, state, deletedAt', settings: 'name' })
  await old.table('scans').put({ id: 's', file: 'old.pcap', startedAt: 1, state: 'done' })
  old.close()
  useStore(new Store({ parts: own }))
  expect(await readScan('s')).toMatchObject({ file: 'old.pcap' })
  expect((await addModel(sampleModel())).name).toBe('my-home')
})

test('without IndexedDB models live in memory like everything else', async () => {
  useStore(new Store())
  store().memory.turnOn('full', 'a test')
  const { id } = await addModel(sampleModel())
  await promote('judge', { id, name: 'my-home', version: '1.0.0' }, 'not compared')
  expect(await readChampion('judge')).toMatchObject({ modelId: id })
  expect(await readModelFiles(id)).toEqual(sampleModel().files)
})
