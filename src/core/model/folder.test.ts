import { expect, test } from 'vitest'
import { packModel, unpackModel } from './archive.ts'
import { SAMPLE_MANIFEST } from './fixture.ts'
import { type ModelDraft, readModelFolder, writeModelFolder } from './folder.ts'
import { readFolderManifest } from './folder-manifest.ts'
import { MAX_MODEL_BYTES } from './verify.ts'

const DRAFT: ModelDraft = {
  manifest: {
    name: 'kitchen',
    version: '1.2.0',
    kind: 'nearest',
    features: ['orig_pkts', 'duration'],
    window: 1,
    classes: ['Benign'],
    calibration: SAMPLE_MANIFEST.calibration,
    threshold: 3,
    thresholdText: 'Scores above 3.',
    dataSha256: 'b'.repeat(64),
    rows: 400,
    benignRows: 500,
    calibrationRows: 100,
    captures: ['a.csv'],
    leftOut: [],
    seed: 1,
    parent: null,
    metrics: {},
  },
  files: new Map([['model.bin', Uint8Array.of(1, 2, 3)]]),
}

type Files = ReadonlyMap<string, Uint8Array>
const read = (files: Files) =>
  readModelFolder(async (path) => {
    const bytes = files.get(path)
    if (!bytes) throw new Error(`no file ${path}`)
    return bytes
  })

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes)

test('what was written is read back, and the same draft gives the same bytes', async () => {
  const files = await writeModelFolder(DRAFT)
  expect([...files.keys()].sort()).toEqual(['card.md', 'manifest.json', 'model.bin'])
  const folder = await read(files)
  expect(folder.manifest).toEqual({ ...DRAFT.manifest, format: 'iot-guardian-model/2', files: folder.manifest.files })
  expect(folder.files.get('model.bin')).toEqual(Uint8Array.of(1, 2, 3))
  expect(await writeModelFolder(DRAFT)).toEqual(files)
})

test('a changed file is refused by its name', async () => {
  const files = await writeModelFolder(DRAFT)
  await expect(read(new Map([...files, ['model.bin', Uint8Array.of(1, 2, 4)]]))).rejects.toThrow(/model\.bin/)
  await expect(read(new Map([...files, ['card.md', new TextEncoder().encode('# 100 %')]]))).rejects.toThrow(/card\.md/)
})

test('a model of 500 MB is refused before a byte of it is fetched', async () => {
  const files = await writeModelFolder(DRAFT)
  const manifest = JSON.parse(text(files.get('manifest.json'))) as { files: { sizeBytes: number }[] }
  manifest.files[1]!.sizeBytes = 500e6
  const fetched: string[] = []
  const reading = readModelFolder(async (path) => {
    fetched.push(path)
    return new TextEncoder().encode(JSON.stringify(manifest))
  })
  await expect(reading).rejects.toThrow(/477 MB together; a model of at most 64 MB is read/)
  expect(fetched).toEqual(['manifest.json'])
})

test.each<[string, Record<string, unknown>, RegExp]>([
  ['another format', { format: 'iot-guardian-model/3' }, /iot-guardian-model\/2 at format/],
  ['a kind that nobody knows', { kind: 'oracle' }, /nearest or .* at kind/],
  ['no columns', { features: [] }, /at least one column at features/],
  ['a column twice', { features: ['a', 'a'] }, /each column once at features, and has a twice/],
  ['a name that leaves its folder', { name: '../x' }, /a plain name at name/],
  ['a threshold that is none', { threshold: null }, /a finite number at threshold/],
  ['a hash that is none', { dataSha256: 'x' }, /64 hexadecimal digits at dataSha256/],
  ['a file outside', { files: [{ path: '../model.bin', sha256: 'a'.repeat(64), sizeBytes: 1 }] }, /a plain file name/],
])('a manifest with %s is refused with a sentence', (_, change, sentence) => {
  const whole = { ...DRAFT.manifest, format: 'iot-guardian-model/2', files: SAMPLE_MANIFEST.files }
  expect(readFolderManifest(JSON.parse(JSON.stringify(whole))).name).toBe('kitchen')
  expect(() => readFolderManifest({ ...whole, ...change })).toThrow(sentence)
})

test('a folder goes through a ZIP and back, also one zipped with its name', async () => {
  const files = await writeModelFolder(DRAFT)
  const zip = packModel(files)
  expect(packModel(files)).toEqual(zip)
  expect(unpackModel(zip)).toEqual(files)
  const named = packModel(new Map([...files].map(([path, bytes]) => [`kitchen/${path}`, bytes])))
  expect((await read(unpackModel(named))).manifest.name).toBe('kitchen')
})

test.each<[string, () => Uint8Array, RegExp]>([
  ['what is no ZIP', () => Uint8Array.of(1, 2, 3), /no ZIP of a model/],
  [
    'a ZIP cut short',
    () => packModel(new Map([['manifest.json', new Uint8Array(500)]])).slice(0, 60),
    /no ZIP of a model/,
  ],
  [
    'a ZIP of something else',
    () => packModel(new Map([['notes.txt', new Uint8Array(3)]])),
    /there is no manifest\.json/,
  ],
  [
    'a bomb',
    () => packModel(new Map([['manifest.json', new Uint8Array(MAX_MODEL_BYTES + 1)]])),
    /more than a model has/,
  ],
  ['500 MB', () => new Uint8Array(500e6), /477 MB; a model of at most 64 MB/],
])('%s is refused with a sentence', (_, make, sentence) => {
  expect(() => unpackModel(make())).toThrow(sentence)
})

test('the card says what was evaluated, and a label cannot break its table', async () => {
  const perClass = { 'DoS | Hulk\n# x': { n: 30, recall: 0.5, low: 0.33, high: 0.67 } }
  const metrics = { 'test.csv': { rows: 60, baseRate: 0.5, prAuc: 0.9, perClass, recallAtFpr: { '0.01': 0.4 } } }
  const files = await writeModelFolder({ ...DRAFT, manifest: { ...DRAFT.manifest, metrics } })
  const card = text(files.get('card.md'))
  expect(card).toContain('| DoS   Hulk # x | 30 | 0.500 | 0.330–0.670 |')
  expect(card).toContain('### test.csv')
  expect(text((await writeModelFolder(DRAFT)).get('card.md'))).toContain('not been evaluated')
})
