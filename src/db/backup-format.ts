/** The bytes of a backup: see docs/formats/backup.md. Pure reading and writing of entries; backup.ts knows the database. */
import { InputError } from '#core/base/errors.ts'

export const BACKUP_MAGIC = 'IoTGuardianBackup'
export const BACKUP_VERSION = 1

/** Limits against a crafted file: the JSON of one entry, and its columns together. */
const MAX_JSON_BYTES = 64 * 1024 * 1024
const MAX_COLUMN_BYTES = 256 * 1024 * 1024
const MAX_DEPTH = 32

const VIEWS = {
  Float64Array,
  Float32Array,
  Int32Array,
  Int16Array,
  Uint8Array,
} as const
type ViewName = keyof typeof VIEWS
type View = InstanceType<(typeof VIEWS)[ViewName]>

/** One table's record, or the end with what went before. */
export type BackupEntry =
  | { readonly kind: 'head'; readonly createdAt: number }
  | { readonly kind: 'record'; readonly table: string; readonly record: unknown }
  | { readonly kind: 'end'; readonly records: number }

/** Entries as bytes: each with a hash that also covers all before it. */
export class EntryWriter {
  #chain = new Uint8Array(32)

  async write(entry: BackupEntry): Promise<Uint8Array<ArrayBuffer>> {
    const columns: View[] = []
    const json = new TextEncoder().encode(JSON.stringify(encode(entry, columns)))
    const columnBytes = columns.reduce((sum, view) => sum + view.byteLength, 0)
    const bytes = new Uint8Array(8 + json.length + columnBytes + 32)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, json.length, true)
    view.setUint32(4, columnBytes, true)
    bytes.set(json, 8)
    let at = 8 + json.length
    for (const column of columns) {
      bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at)
      at += column.byteLength
    }
    this.#chain = await chainHash(this.#chain, bytes.subarray(0, at))
    bytes.set(this.#chain, at)
    return bytes
  }
}

/** Entries from bytes in chunks of any size. Throws InputError for what is not whole, not ours, or changed. */
export async function* readEntries(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<BackupEntry> {
  const reader = new ChunkReader(chunks)
  let chain = new Uint8Array(32)
  for (;;) {
    const lengths = await reader.take(8)
    const view = new DataView(lengths.buffer, lengths.byteOffset, 8)
    const jsonBytes = view.getUint32(0, true)
    const columnBytes = view.getUint32(4, true)
    if (jsonBytes > MAX_JSON_BYTES || columnBytes > MAX_COLUMN_BYTES) throw changed()
    const body = await reader.take(jsonBytes + columnBytes)
    const whole = new Uint8Array(8 + body.length)
    whole.set(lengths)
    whole.set(body, 8)
    chain = await chainHash(chain, whole)
    const stored = await reader.take(32)
    if (!chain.every((byte, i) => byte === stored[i])) throw changed()
    const entry = decodeEntry(body.subarray(0, jsonBytes), body.subarray(jsonBytes))
    yield entry
    if (entry.kind === 'end') {
      if (!(await reader.isAtEnd())) throw changed()
      return
    }
  }
}

async function chainHash(before: Uint8Array, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const inner = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const both = new Uint8Array(64)
  both.set(before)
  both.set(inner, 32)
  return new Uint8Array(await crypto.subtle.digest('SHA-256', both))
}

function changed(): InputError {
  return new InputError('This backup was changed or damaged after it was made: its check sum does not fit.')
}

/** JSON cannot write these: they become {"$": name, …}. */
function encode(value: unknown, columns: View[]): unknown {
  if (value === undefined) return { $: 'undefined' }
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return { $: '-0' }
    return Number.isFinite(value) ? value : { $: String(value) }
  }
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value)) {
    const name = value.constructor.name
    if (!isViewName(name)) throw new Error(`a backup cannot hold a ${name}`)
    columns.push(value as View)
    return { $: name, length: (value as View).length }
  }
  if (Array.isArray(value)) return value.map((item) => encode(item, columns))
  const fields = Object.entries(value).map(([key, item]) => [key, encode(item, columns)] as const)
  return { $: 'object', fields }
}

function decodeEntry(json: Uint8Array, columns: Uint8Array): BackupEntry {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json))
  } catch {
    throw changed()
  }
  const cursor = { bytes: columns, at: 0 }
  const entry = decode(parsed, cursor, 0)
  if (cursor.at !== columns.length || !isEntry(entry)) throw changed()
  return entry
}

interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

function decode(value: unknown, cursor: Cursor, depth: number): unknown {
  if (depth > MAX_DEPTH) throw changed()
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => decode(item, cursor, depth + 1))
  const tag: unknown = Reflect.get(value, '$')
  switch (tag) {
    case 'undefined':
      return undefined
    case '-0':
      return -0
    case 'NaN':
    case 'Infinity':
    case '-Infinity':
      return Number(tag)
    case 'object':
      return decodeObject(Reflect.get(value, 'fields'), cursor, depth)
    default:
      if (typeof tag !== 'string' || !isViewName(tag)) throw changed()
      return decodeColumn(tag, Reflect.get(value, 'length'), cursor)
  }
}

function decodeObject(fields: unknown, cursor: Cursor, depth: number): Record<string, unknown> {
  if (!Array.isArray(fields)) throw changed()
  const result: Record<string, unknown> = {}
  for (const field of fields) {
    if (!Array.isArray(field) || typeof field[0] !== 'string') throw changed()
    const value = decode(field[1], cursor, depth + 1)
    // Not by assignment: a key may be __proto__.
    Object.defineProperty(result, field[0], { value, enumerable: true, writable: true, configurable: true })
  }
  return result
}

function decodeColumn(name: ViewName, length: unknown, cursor: Cursor): View {
  const Column = VIEWS[name]
  if (typeof length !== 'number' || !Number.isInteger(length) || length < 0) throw changed()
  const end = cursor.at + length * Column.BYTES_PER_ELEMENT
  if (end > cursor.bytes.length) throw changed()
  // A copy: columns are not aligned within the file.
  const buffer = cursor.bytes.slice(cursor.at, end).buffer
  cursor.at = end
  return new Column(buffer)
}

function isViewName(name: string): name is ViewName {
  return Object.hasOwn(VIEWS, name)
}

function isEntry(value: unknown): value is BackupEntry {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false
  switch (value.kind) {
    case 'head':
      return 'createdAt' in value && typeof value.createdAt === 'number'
    case 'record':
      return 'table' in value && typeof value.table === 'string' && 'record' in value
    case 'end':
      return 'records' in value && typeof value.records === 'number'
    default:
      return false
  }
}

/** Exact numbers of bytes from chunks of any size. */
class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #chunk = new Uint8Array(0)
  #at = 0

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  async take(count: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    let filled = 0
    while (filled < count) {
      if (this.#at === this.#chunk.length && !(await this.#next()))
        throw new InputError('This backup breaks off: the file was not copied whole.')
      const part = this.#chunk.subarray(this.#at, this.#at + count - filled)
      this.#at += part.length
      filled += part.length
      parts.push(part)
    }
    if (parts.length === 1 && parts[0]) return parts[0]
    const bytes = new Uint8Array(count)
    let at = 0
    for (const part of parts) {
      bytes.set(part, at)
      at += part.length
    }
    return bytes
  }

  async isAtEnd(): Promise<boolean> {
    return this.#at === this.#chunk.length && !(await this.#next())
  }

  async #next(): Promise<boolean> {
    const { done, value } = await this.#chunks.next()
    if (done) return false
    this.#chunk = value as Uint8Array<ArrayBuffer>
    this.#at = 0
    return true
  }
}
