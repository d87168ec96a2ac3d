/** The entries of a ZIP by its central directory (APPNOTE 6.3.10, ZIP64 too), from a source that is only read forward. */
import { InputError } from '../base/errors.ts'
import type { ByteSource } from '../base/source.ts'
import { inflateHead, unpackSource } from './gzip.ts'

export const MAX_ZIP_ENTRIES = 2_000
export const MAX_DIRECTORY_BYTES = 16 << 20
/** End record and the longest comment. */
const TAIL_BYTES = 22 + 65_535 + 20

export interface ZipEntry {
  readonly name: string
  readonly method: number
  readonly isEncrypted: boolean
  readonly packedBytes: number
  readonly sizeBytes: number
  readonly headerOffset: number
}

export interface ZipListing {
  readonly entries: readonly ZipEntry[]
  /** The directory is missing: the file breaks off, and only its first entry can be had. */
  readonly isCut: boolean
}

const STORED = 0
const DEFLATED = 8
const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
const END64 = 0x06064b50
const LOCATOR64 = 0x07064b50
const ALL_ONES = 0xffff_ffff

export async function listZip(source: ByteSource): Promise<ZipListing> {
  const { tail, length } = await readTail(source)
  const end = findEnd(tail)
  if (end < 0) return { entries: await firstEntry(source), isCut: true }
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength)
  let count = view.getUint16(end + 10, true)
  let size = view.getUint32(end + 12, true)
  let offset = view.getUint32(end + 16, true)
  const locator = end - 20
  if (locator >= 0 && view.getUint32(locator, true) === LOCATOR64) {
    const at = Number(view.getBigUint64(locator + 8, true)) - (length - tail.length)
    if (at >= 0 && at + 56 <= tail.length && view.getUint32(at, true) === END64) {
      count = Number(view.getBigUint64(at + 32, true))
      size = Number(view.getBigUint64(at + 40, true))
      offset = Number(view.getBigUint64(at + 48, true))
    }
  }
  if (count > MAX_ZIP_ENTRIES || size > MAX_DIRECTORY_BYTES) {
    throw new InputError(
      `This ZIP says it holds ${count} files; at most ${MAX_ZIP_ENTRIES} are looked at. Unpack it first and give what you need.`,
    )
  }
  if (offset + size > length) return { entries: await firstEntry(source), isCut: true }
  const directory = await readRange(source, offset, size)
  return { entries: readDirectory(directory, count), isCut: false }
}

/** The entry's bytes, unpacked. */
export function entrySource(archive: ByteSource, entry: ZipEntry, remark: (sentence: string) => void): ByteSource {
  const name = `${archive.name}/${entry.name}`
  const chunks = (signal?: AbortSignal) => entryChunks(archive, entry, signal)
  if (entry.method === STORED) return { name, sizeBytes: entry.packedBytes, chunks }
  return unpackSource({ name, form: 'deflate', chunks, sizeBytes: entry.sizeBytes, remark })
}

/** Why an entry cannot be unpacked here. */
export function refusalOf(entry: ZipEntry): string | undefined {
  if (entry.isEncrypted) return 'locked with a password'
  return entry.method === STORED || entry.method === DEFLATED
    ? undefined
    : `packed by method ${entry.method}, not by DEFLATE`
}

const HEAD_BYTES = 1 << 13
/** Name and extra field of an entry. */
const MAX_NAME_BYTES = 1 << 13

/** The first bytes of each entry, unpacked, in one pass over the archive; missing where an entry is damaged. */
export async function readEntryHeads(
  archive: ByteSource,
  entries: readonly ZipEntry[],
): Promise<Map<ZipEntry, Uint8Array>> {
  const heads = new Map<ZipEntry, Uint8Array>()
  const waiting = [...entries].sort((a, b) => a.headerOffset - b.headerOffset)
  const pieces = waiting.map((entry) => ({ entry, bytes: new Uint8Array(0), wanted: 30 }))
  let next = 0
  let chunkStart = 0
  for await (const chunk of archive.chunks()) {
    const chunkEnd = chunkStart + chunk.length
    for (let i = next; i < pieces.length && pieces[i]!.entry.headerOffset < chunkEnd; i++) {
      const piece = pieces[i]!
      // Twice in one chunk: how much is wanted is known when the entry's header is there.
      for (let turn = 0; turn < 2; turn++) {
        const from = piece.entry.headerOffset + piece.bytes.length - chunkStart
        if (from >= 0 && from < chunk.length && piece.bytes.length < piece.wanted) addTo(piece, chunk.subarray(from))
      }
      if (piece.bytes.length >= piece.wanted && i === next) next++
    }
    if (next === pieces.length) break
    chunkStart = chunkEnd
  }
  for (const { entry, bytes } of pieces) {
    const head = headOf(entry, bytes)
    if (head) heads.set(entry, head)
  }
  return heads
}

function addTo(piece: { entry: ZipEntry; bytes: Uint8Array; wanted: number }, more: Uint8Array): void {
  const joined = new Uint8Array(Math.min(piece.wanted, piece.bytes.length + more.length))
  joined.set(piece.bytes)
  joined.set(more.subarray(0, joined.length - piece.bytes.length), piece.bytes.length)
  piece.bytes = joined
  if (joined.length < 30) return
  const view = new DataView(joined.buffer)
  const nameBytes = view.getUint16(26, true) + view.getUint16(28, true)
  piece.wanted = 30 + (nameBytes > MAX_NAME_BYTES ? 0 : nameBytes + Math.min(HEAD_BYTES, piece.entry.packedBytes))
}

function headOf(entry: ZipEntry, bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < 30) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== LOCAL) return undefined
  const nameBytes = view.getUint16(26, true) + view.getUint16(28, true)
  if (nameBytes > MAX_NAME_BYTES) return undefined
  const data = bytes.subarray(30 + nameBytes)
  return entry.method === DEFLATED ? inflateHead(data) : data
}

async function* entryChunks(archive: ByteSource, entry: ZipEntry, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const header = new Uint8Array(30)
  let toSkip = entry.headerOffset
  let headerBytes = 0
  let toSkipAfter = -1
  let left = entry.packedBytes
  for await (const chunk of archive.chunks(signal)) {
    let at = Math.min(toSkip, chunk.length)
    toSkip -= at
    while (headerBytes < header.length && at < chunk.length) header[headerBytes++] = chunk[at++]!
    if (headerBytes < header.length) continue
    if (toSkipAfter < 0) toSkipAfter = localExtraBytes(header)
    const skip = Math.min(toSkipAfter, chunk.length - at)
    toSkipAfter -= skip
    at += skip
    const take = Math.min(left, chunk.length - at)
    left -= take
    if (take > 0) yield chunk.subarray(at, at + take)
    if (left === 0) return
  }
}

function localExtraBytes(header: Uint8Array): number {
  const view = new DataView(header.buffer)
  if (view.getUint32(0, true) !== LOCAL)
    throw new InputError('This ZIP is damaged: its directory points at something that is no entry.')
  return view.getUint16(26, true) + view.getUint16(28, true)
}

function readDirectory(bytes: Uint8Array, count: number): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const decoder = new TextDecoder('utf-8')
  const entries: ZipEntry[] = []
  let at = 0
  while (entries.length < count && at + 46 <= bytes.length && view.getUint32(at, true) === CENTRAL) {
    const nameBytes = view.getUint16(at + 28, true)
    const extraBytes = view.getUint16(at + 30, true)
    const extra = bytes.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes)
    const sizes = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)]
    const [sizeBytes = 0, packedBytes = 0, headerOffset = 0] = widen(sizes, extra)
    entries.push({
      name: decoder.decode(bytes.subarray(at + 46, at + 46 + nameBytes)),
      method: view.getUint16(at + 10, true),
      isEncrypted: (view.getUint16(at + 8, true) & 1) !== 0,
      packedBytes,
      sizeBytes,
      headerOffset,
    })
    at += 46 + nameBytes + extraBytes + view.getUint16(at + 32, true)
  }
  return entries.filter((entry) => !entry.name.endsWith('/'))
}

/** ZIP64: sizes that do not fit stand in the extra field, in this order, each only if its place holds all ones. */
function widen(sizes: readonly number[], extra: Uint8Array): number[] {
  const view = new DataView(extra.buffer, extra.byteOffset, extra.byteLength)
  for (let at = 0; at + 4 <= extra.length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue
    let next = at + 4
    return sizes.map((size) => {
      if (size !== ALL_ONES || next + 8 > extra.length) return size
      const wide = Number(view.getBigUint64(next, true))
      next += 8
      return wide
    })
  }
  return [...sizes]
}

/** Without a directory: the entry at the very start, to the end of the file. */
async function firstEntry(source: ByteSource): Promise<ZipEntry[]> {
  const head = await readRange(source, 0, 30 + 65_535)
  if (head.length < 30) return []
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  if (view.getUint32(0, true) !== LOCAL) return []
  const known = view.getUint32(18, true)
  return [
    {
      name: new TextDecoder('utf-8').decode(head.subarray(30, 30 + view.getUint16(26, true))),
      method: view.getUint16(8, true),
      isEncrypted: (view.getUint16(6, true) & 1) !== 0,
      packedBytes: known === 0 || known === ALL_ONES ? Number.MAX_SAFE_INTEGER : known,
      sizeBytes: view.getUint32(22, true),
      headerOffset: 0,
    },
  ]
}

function findEnd(tail: Uint8Array): number {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength)
  for (let at = tail.length - 22; at >= 0; at--) if (view.getUint32(at, true) === END) return at
  return -1
}

async function readTail(source: ByteSource): Promise<{ tail: Uint8Array; length: number }> {
  let tail = new Uint8Array(0)
  let length = 0
  for await (const chunk of source.chunks()) {
    length += chunk.length
    const kept = tail.subarray(Math.max(0, tail.length + chunk.length - TAIL_BYTES))
    const more = chunk.subarray(Math.max(0, chunk.length - TAIL_BYTES))
    const next = new Uint8Array(kept.length + more.length)
    next.set(kept)
    next.set(more, kept.length)
    tail = next.length > TAIL_BYTES ? next.subarray(next.length - TAIL_BYTES) : next
  }
  return { tail, length }
}

async function readRange(source: ByteSource, start: number, count: number): Promise<Uint8Array> {
  const range = new Uint8Array(count)
  let at = 0
  let filled = 0
  for await (const chunk of source.chunks()) {
    const from = Math.max(0, start - at)
    if (from < chunk.length) {
      const part = chunk.subarray(from, from + count - filled)
      range.set(part, filled)
      filled += part.length
    }
    at += chunk.length
    if (filled === count) break
  }
  return range.subarray(0, filled)
}
