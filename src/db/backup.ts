/** The whole history as one file, and back: looked through before anything is changed, then merged or put in its place. */
import { InputError, unreachable } from '#core/base/errors.ts'
import { BACKUP_MAGIC, BACKUP_VERSION, type BackupEntry, EntryWriter, readEntries } from './backup-format.ts'
import { hiddenModelIds } from './models.ts'
import { hiddenScanIds } from './scans.ts'
import { keyOf, type ScanRecord, type Tables } from './schema.ts'
import { writeSettings } from './settings.ts'
import { store, type TablePort } from './store.ts'
import { BACKUP_TABLES, type BackupTable, isBackupTable, misfitOf } from './wire.ts'

export interface Backup {
  readonly blob: Blob
  /** Such as `iot-guardian-2026-11-21.guardian-backup`. */
  readonly name: string
}

export interface BackupPreview {
  /** ms since 1970. */
  readonly createdAt: number
  readonly scans: readonly {
    readonly id: string
    readonly file: string
    readonly startedAt: number
    readonly isHere: boolean
  }[]
  readonly cases: number
  /** Trained or imported here; the shipped ones come with the app. */
  readonly models: number
  readonly flows: number
  /** Scans here that the backup does not hold: `replace` would remove them. */
  readonly onlyHere: number
}

export type RestoreMode = 'merge' | 'replace'

/** Records read from the database at once: batches of flows and files of models are large, the others are small. */
const LARGE: ReadonlySet<BackupTable> = new Set<BackupTable>(['flows', 'flowFeatures', 'modelFiles'])
const LARGE_AT_ONCE = 1
const RECORDS_AT_ONCE = 500
const HEAD_BYTES = BACKUP_MAGIC.length + 1

export async function createBackup(now = Date.now()): Promise<Backup> {
  const compressed = streamOf(entryBytes(now)).pipeThrough(new CompressionStream('gzip'))
  const head = new Uint8Array([...new TextEncoder().encode(BACKUP_MAGIC), BACKUP_VERSION])
  const body = await new Response(compressed).blob()
  await writeSettings({ lastBackupAt: now })
  const day = new Date(now).toISOString().slice(0, 10)
  return {
    blob: new Blob([head, body], { type: 'application/octet-stream' }),
    name: `iot-guardian-${day}.guardian-backup`,
  }
}

/** Reads the whole file and checks every record; changes nothing. Throws InputError with a sentence. */
export async function previewBackup(file: Blob): Promise<BackupPreview> {
  const found = new Map<string, ScanRecord>()
  let createdAt = Number.NaN
  let cases = 0
  let models = 0
  let flows = 0
  for await (const entry of entriesOf(file)) {
    switch (entry.kind) {
      case 'head':
        createdAt = entry.createdAt
        break
      case 'record': {
        const { table, record } = checked(entry)
        if ('startedAt' in record) found.set(record.id, record)
        else if (table === 'cases') cases++
        else if (table === 'models') models++
        else if (table === 'flowSpans' && 'length' in record) flows += record.length
        break
      }
      case 'end':
        break
      default:
        unreachable(entry)
    }
  }
  const here = new Set(await store().keys('scans'))
  const scans = [...found.values()].map(({ id, file: name, startedAt }) => {
    return { id, file: name, startedAt, isHere: here.has(id) }
  })
  const onlyHere = [...here].filter((id) => !found.has(id)).length
  return { createdAt, scans, cases, models, flows, onlyHere }
}

/**
 * `merge` adds what is missing here; of a case that both have, the state that a person changed last stays. `replace` leaves exactly the
 * backup: what else was here goes, but only after all of the backup is written. Nothing is changed when the file is not whole.
 */
export async function restoreBackup(file: Blob, mode: RestoreMode): Promise<BackupPreview> {
  const preview = await previewBackup(file)
  const kept = new Map(BACKUP_TABLES.map((table) => [table, new Set<string>()]))
  for await (const entry of entriesOf(file)) {
    if (entry.kind !== 'record') continue
    const { table, record } = checked(entry)
    kept.get(table)?.add(keyOf(record))
    await restoreRecord(table, record, mode)
  }
  if (mode === 'replace') {
    for (const [table, keys] of kept) {
      const others = (await store().keys(table)).filter((key) => !keys.has(key))
      await store().remove(table, others)
    }
  }
  return preview
}

async function restoreRecord<Name extends BackupTable>(
  table: Name,
  record: Tables[Name],
  mode: RestoreMode,
): Promise<void> {
  await store().write([table], 'strict', async (tables) => {
    const port: TablePort<Tables[Name]> = tables[table]
    const known = await port.get(keyOf(record))
    if (mode === 'replace' || known === undefined || isNewer(record, known)) await port.bulkPut([record])
  })
}

/** A case whose state was changed later than the one that is here. */
function isNewer(record: Tables[BackupTable], known: Tables[BackupTable]): boolean {
  return 'changedAt' in record && 'changedAt' in known && record.changedAt > known.changedAt
}

/** The scan or model that a record belongs to, or its own key. The log of promotions outlives its models. */
function ownerOf(record: Tables[BackupTable]): string {
  if ('scanId' in record) return record.scanId
  if ('modelId' in record && !('role' in record)) return record.modelId
  return keyOf(record)
}

async function* entryBytes(createdAt: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const writer = new EntryWriter()
  yield writer.write({ kind: 'head', createdAt })
  const hidden = new Set([...(await hiddenScanIds()), ...(await hiddenModelIds())])
  let records = 0
  for (const table of BACKUP_TABLES) {
    const keys = await store().keys(table)
    const step = LARGE.has(table) ? LARGE_AT_ONCE : RECORDS_AT_ONCE
    for (let at = 0; at < keys.length; at += step) {
      for (const record of await store().getMany(table, keys.slice(at, at + step))) {
        if (hidden.has(ownerOf(record))) continue
        records++
        yield writer.write({ kind: 'record', table, record })
      }
    }
  }
  yield writer.write({ kind: 'end', records })
}

async function* entriesOf(file: Blob): AsyncGenerator<BackupEntry> {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer())
  if (new TextDecoder().decode(head.subarray(0, BACKUP_MAGIC.length)) !== BACKUP_MAGIC)
    throw new InputError('This is not a backup of IoT Guardian: one begins with its name.')
  const version = head[BACKUP_MAGIC.length]
  if (version !== BACKUP_VERSION)
    throw new InputError(
      `This backup has version ${version}; this app reads version ${BACKUP_VERSION}. Update the app first.`,
    )
  const bytes = file.slice(HEAD_BYTES).stream().pipeThrough(new DecompressionStream('gzip'))
  let records = 0
  for await (const entry of readEntries(chunksOf(bytes))) {
    if (entry.kind === 'record') records++
    if (entry.kind === 'end' && entry.records !== records)
      throw new InputError(`This backup holds ${records} records but should hold ${entry.records}.`)
    yield entry
  }
}

async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const part = await reader.read().catch(() => {
        throw new InputError('This backup breaks off or was damaged: it cannot be unpacked to its end.')
      })
      if (part.done) return
      yield part.value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function streamOf(parts: AsyncGenerator<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await parts.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
}

interface CheckedRecord {
  readonly table: BackupTable
  readonly record: Tables[BackupTable]
}

function checked(entry: { readonly table: string; readonly record: unknown }): CheckedRecord {
  const { table, record } = entry
  if (!isBackupTable(table)) throw new InputError(`This backup holds "${table}", which this version does not know.`)
  const misfit = misfitOf(table, record)
  if (misfit !== undefined) throw new InputError(`This backup holds a record that does not fit (${misfit}).`)
  return { table, record: record as Tables[BackupTable] }
}
