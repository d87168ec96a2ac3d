/**
 * The registry of models: which there are, which one scans use, and who took over when. Files of a model are kept beside its record;
 * shipped models are files of the site and appear here only in the log.
 */
import { InputError, ModelError } from '#core/base/errors.ts'
import { CARD_FILE, MANIFEST_FILE, parseManifest, readModelFolder } from '#core/model/folder.ts'
import { isFolderManifest } from '#core/model/folder-manifest.ts'
import { loadModel } from '#core/model/load.ts'
import { sha256Hex } from '#core/model/verify.ts'
import type { EvaluationRecord, ModelRecord, ModelRole, PromotionRecord } from './schema.ts'
import { store } from './store.ts'
import type { Watch } from './watch.ts'

export interface NewModel {
  readonly name: string
  readonly version: string
  readonly kind: string
  readonly source: ModelRecord['source']
  readonly manifest: unknown
  readonly card: string
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly dataHash: string | undefined
  readonly parent: string | undefined
}

/** Who is meant in the log: a record's id, or `shippedId` of a shipped model. */
export interface ModelRef {
  readonly id: string
  readonly name: string
  readonly version: string
}

const SHIPPED = 'shipped/'
/** A person's list: more would be a mistake, and the log of such a home fits in one read. */
const MOST_PROMOTIONS = 10_000
const ID_DIGITS = 20

export function shippedId(name: string, version: string): string {
  return `${SHIPPED}${name}/${version}`
}

/** Of a shipped model: its folder relative to the site's root, with a slash at the end; undefined for others. */
export function shippedFolder(id: string): string | undefined {
  return isShipped(id) ? `models/${id.slice(SHIPPED.length)}/` : undefined
}

export function isShipped(id: string): boolean {
  return id.startsWith(SHIPPED)
}

/** Resolves to the record; the same files again give the record that is there, brought back when it was deleted. */
export async function addModel(model: NewModel, now = Date.now()): Promise<ModelRecord> {
  const files = await Promise.all(
    [...model.files].map(async ([path, bytes]) => ({ path, sizeBytes: bytes.length, sha256: await sha256Hex(bytes) })),
  )
  files.sort((a, b) => (a.path < b.path ? -1 : 1))
  const listed = new TextEncoder().encode(files.map(({ path, sha256 }) => `${sha256} ${path}\n`).join(''))
  const id = (await sha256Hex(listed)).slice(0, ID_DIGITS)
  const { files: bytesOf, ...rest } = model
  return store().write(['models', 'modelFiles'], 'strict', async (tables) => {
    const known = await tables.models.get(id)
    const { deletedAt: _, ...record }: ModelRecord = known ?? { ...rest, id, files, createdAt: now }
    await tables.modelFiles.bulkPut(
      [...bytesOf].map(([path, bytes]) => ({ key: `${id}/${path}`, modelId: id, path, bytes })),
    )
    await tables.models.bulkPut([record])
    return record
  })
}

/**
 * Keeps a model folder, its files by name, after every hash in it was verified. Throws ModelError with a sentence for what is no model,
 * not whole or not of a kind that this app knows.
 */
export async function addModelFolder(
  files: ReadonlyMap<string, Uint8Array>,
  source: ModelRecord['source'],
): Promise<ModelRecord> {
  const fetchFile = async (path: string) => {
    const bytes = files.get(path)
    if (!bytes) throw new ModelError(`this model has no ${path}`)
    return bytes
  }
  const manifest = parseManifest(await fetchFile(MANIFEST_FILE))
  const { name, version, kind, dataHash, parent, paths } = isFolderManifest(manifest)
    ? await lookIntoFolder(fetchFile)
    : await lookIntoNetwork(fetchFile)
  const card = files.get(CARD_FILE)
  const kept = [...new Set([MANIFEST_FILE, ...(card ? [CARD_FILE] : []), ...paths])]
  return addModel({
    name,
    version,
    kind,
    source,
    manifest,
    card: card ? new TextDecoder().decode(card) : '',
    files: new Map(await Promise.all(kept.map(async (path) => [path, await fetchFile(path)] as const))),
    dataHash,
    parent,
  })
}

type FolderLook = Pick<NewModel, 'name' | 'version' | 'kind' | 'dataHash' | 'parent'> & {
  readonly paths: readonly string[]
}

async function lookIntoFolder(fetchFile: (path: string) => Promise<Uint8Array>): Promise<FolderLook> {
  const { manifest } = await readModelFolder(fetchFile)
  const { name, version, kind, dataSha256: dataHash, parent } = manifest
  return { name, version, kind, dataHash, parent: parent ?? undefined, paths: manifest.files.map(({ path }) => path) }
}

/** The older form, of the shipped autoencoder. */
async function lookIntoNetwork(fetchFile: (path: string) => Promise<Uint8Array>): Promise<FolderLook> {
  const { manifest } = await loadModel(fetchFile)
  const { name, version, kind, files } = manifest
  return { name, version, kind, dataHash: undefined, parent: undefined, paths: files.map(({ path }) => path) }
}

/** The newest first, without those being deleted. */
export function watchModels(limit: number): Watch<ModelRecord[]> {
  return store().watchQuery(() => readModels(limit))
}

export function readModels(limit: number): Promise<ModelRecord[]> {
  return store().read({
    table: 'models',
    stored: ({ models }) =>
      models
        .orderBy('createdAt')
        .reverse()
        .filter(({ deletedAt }) => deletedAt === undefined)
        .limit(limit)
        .toArray(),
    matches: ({ deletedAt }) => deletedAt === undefined,
    compare: (a, b) => b.createdAt - a.createdAt,
    limit,
  })
}

/** Models whose deletion can still be taken back, the last deleted first. */
export function watchRemovedModels(limit: number): Watch<ModelRecord[]> {
  return store().watch({
    table: 'models',
    stored: ({ models }) => models.where('deletedAt').above(0).reverse().limit(limit).toArray(),
    matches: ({ deletedAt }) => deletedAt !== undefined,
    compare: (a, b) => (b.deletedAt ?? 0) - (a.deletedAt ?? 0),
    limit,
  })
}

/** `null` when there is no such model, or it is being deleted. */
export async function readModel(id: string): Promise<ModelRecord | null> {
  const [record] = await store().getMany('models', [id])
  return record && record.deletedAt === undefined ? record : null
}

/** Every file of the model by its path. Throws InputError when they are not all here. */
export async function readModelFiles(id: string): Promise<Map<string, Uint8Array>> {
  const [record] = await store().getMany('models', [id])
  if (!record) throw new InputError('This model is not kept here any more.')
  const keys = record.files.map(({ path }) => `${id}/${path}`)
  const found = await store().getMany('modelFiles', keys)
  if (found.length < keys.length)
    throw new InputError(
      `${record.name} ${record.version} is not whole: a file of it was lost. Train or import it again.`,
    )
  return new Map(found.map(({ path, bytes }) => [path, bytes]))
}

/** `1.0.0` for a new name, otherwise the greatest of its versions with the middle number raised. */
export async function nextVersion(name: string): Promise<string> {
  const models = await store().read({
    table: 'models',
    stored: (database) => database.models.filter((model) => model.name === name).toArray(),
    matches: (model) => model.name === name,
    compare: () => 0,
    limit: Number.POSITIVE_INFINITY,
  })
  let [major, minor] = [1, -1]
  for (const { version } of models) {
    const [first = Number.NaN, second = Number.NaN] = version.split('.').map(Number)
    if (first > major || (first === major && second > minor)) [major, minor] = [first, second]
  }
  return `${major}.${minor + 1}.0`
}

/** `name version` of the newest model of that name: what the next version takes after. */
export async function latestTitle(name: string): Promise<string | undefined> {
  const latest = (await readModels(Number.POSITIVE_INFINITY)).find((model) => model.name === name)
  return latest && `${name} ${latest.version}`
}

/** From now on `model` fills the role. Resolves, once it is on disk, to a function that takes it back. */
export async function promote(
  role: ModelRole,
  model: ModelRef,
  reason: string,
  now = Date.now(),
): Promise<() => Promise<void>> {
  const { id: modelId, name, version } = model
  const log = await readPromotions(role)
  const at = Math.max(now, (log[0]?.at ?? 0) + 1)
  const key = `${at.toString(36).padStart(9, '0')}-${role}`
  const line: PromotionRecord = { key, role, modelId, name, version, at, reason }
  await store().write(['promotions'], 'strict', (tables) => tables.promotions.bulkPut([line]))
  return () => store().remove('promotions', [key])
}

/**
 * The model before fills the role again; the line stays in the log as rolled back. Resolves to a function that undoes it. Throws
 * InputError when nobody was promoted.
 */
export async function rollBack(role: ModelRole, now = Date.now()): Promise<() => Promise<void>> {
  const last = (await readPromotions(role)).find(({ rolledBackAt }) => rolledBackAt === undefined)
  if (!last) throw new InputError('There is no model before this one.')
  await store().write(['promotions'], 'strict', (tables) => tables.promotions.bulkPut([{ ...last, rolledBackAt: now }]))
  return () => store().write(['promotions'], 'strict', (tables) => tables.promotions.bulkPut([last]))
}

/** The log of a role, the newest first. */
export function watchPromotions(role: ModelRole): Watch<PromotionRecord[]> {
  return store().watchQuery(() => readPromotions(role))
}

/** The line of the model that fills the role; `null` while nobody was promoted. Models that are gone are passed over. */
export async function readChampion(role: ModelRole): Promise<PromotionRecord | null> {
  const standing = (await readPromotions(role)).filter(({ rolledBackAt }) => rolledBackAt === undefined)
  for (const line of standing) if (isShipped(line.modelId) || (await readModel(line.modelId))) return line
  return null
}

export function watchChampion(role: ModelRole): Watch<PromotionRecord | null> {
  return store().watchQuery(() => readChampion(role))
}

/** Hides the models; `bringBackModels` shows them again until `purgeModels` has run. Throws InputError for one that is in use. */
export async function removeModels(
  ids: readonly string[],
  roles: readonly ModelRole[],
  now = Date.now(),
): Promise<void> {
  for (const role of roles) {
    const champion = await readChampion(role)
    if (champion && ids.includes(champion.modelId))
      throw new InputError(`${champion.name} ${champion.version} is in use. Go back to the model before it first.`)
  }
  await changeModels(ids, (model) => ({ ...model, deletedAt: now }))
}

export async function bringBackModels(ids: readonly string[]): Promise<void> {
  await changeModels(ids, ({ deletedAt: _, ...model }) => model)
}

/** Removes for good what was deleted before `before` (ms), with its files and evaluations; its lines in the log stay. */
export async function purgeModels(before: number): Promise<number> {
  const onDisk = await store().readDisk((d) => d.models.where('deletedAt').below(before).primaryKeys(), [])
  const inMemory = [...store().memory.rows('models').values()].filter(({ deletedAt = Infinity }) => deletedAt < before)
  const ids = [...new Set([...onDisk, ...inMemory.map(({ id }) => id)])]
  for (const id of ids) {
    for (const table of ['modelFiles', 'evaluations'] as const) {
      const stored = await store().readDisk((d) => d.table(table).where('modelId').equals(id).primaryKeys(), [])
      const held = [...store().memory.rows(table).values()].filter(({ modelId }) => modelId === id)
      await store().remove(table, [...stored.map(String), ...held.map(({ key }) => key)])
    }
    await store().remove('models', [id])
  }
  return ids.length
}

/** Ids of models that are hidden because their deletion can still be undone. */
export async function hiddenModelIds(): Promise<Set<string>> {
  const stored = await store().readDisk((d) => d.models.where('deletedAt').above(0).primaryKeys(), [])
  const hidden = new Set(stored)
  for (const { id, deletedAt } of store().memory.rows('models').values()) {
    if (deletedAt === undefined) hidden.delete(id)
    else hidden.add(id)
  }
  return hidden
}

/** Keeps what a model did on a file; a later evaluation on the same file takes its place. */
export async function keepEvaluation(made: Omit<EvaluationRecord, 'key'>): Promise<void> {
  const key = `${made.modelId}/${made.file}`
  await store().write(['evaluations'], 'strict', (tables) => tables.evaluations.bulkPut([{ ...made, key }]))
}

/** Of one model, the newest first. */
export function watchEvaluations(modelId: string, limit: number): Watch<EvaluationRecord[]> {
  return store().watch({
    table: 'evaluations',
    stored: async ({ evaluations }) => (await evaluations.where({ modelId }).sortBy('at')).reverse().slice(0, limit),
    matches: (one) => one.modelId === modelId,
    compare: (a, b) => b.at - a.at,
    limit,
  })
}

/** `null` when none is kept of this model on this file. */
export function watchEvaluation(modelId: string, file: string): Watch<EvaluationRecord | null> {
  return store().watchQuery(async () => (await store().getMany('evaluations', [`${modelId}/${file}`]))[0] ?? null)
}

function readPromotions(role: ModelRole): Promise<PromotionRecord[]> {
  return store().read({
    table: 'promotions',
    stored: ({ promotions }) => promotions.where('role').equals(role).reverse().sortBy('key'),
    matches: (line) => line.role === role,
    compare: (a, b) => (a.key < b.key ? 1 : -1),
    limit: MOST_PROMOTIONS,
  })
}

async function changeModels(ids: readonly string[], change: (model: ModelRecord) => ModelRecord): Promise<void> {
  await store().write(['models'], 'strict', async (tables) => {
    const found = await tables.models.bulkGet([...ids])
    await tables.models.bulkPut(found.filter((model) => model !== undefined).map(change))
  })
}
