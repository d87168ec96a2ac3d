/** A file as what can be scanned in it: unpacked, known by its content, one input for each capture or table inside. */
import { InputError } from '../base/errors.ts'
import type { ByteSource } from '../base/source.ts'
import type { FlowInput, InputStats } from '../flow/input.ts'
import type { ColumnMapping } from '../logs/columns.ts'
import { previewTable, type TablePreview } from '../logs/mapping.ts'
import { openTable } from '../logs/table.ts'
import type { TableOptions } from '../logs/table-options.ts'
import { type CaptureOptions, openCapture } from './capture-input.ts'
import { unpackSource } from './gzip.ts'
import { RemarkSink } from './remarks.ts'
import { type Content, describeBytes, SNIFF_BYTES, sniffContent } from './sniff.ts'
import { utf8Source } from './utf16.ts'
import { entrySource, listZip, readEntryHeads, refusalOf, type ZipEntry } from './zip.ts'

/** An archive in an archive, and no further. */
export const MAX_ARCHIVE_DEPTH = 2
/** Captures and tables taken out of one file. */
export const MAX_INPUTS = 100

export interface OpenedInput {
  /** The file's name, with the entry's behind a slash when it was inside an archive. */
  readonly name: string
  readonly input: FlowInput
}

export interface OpenOptions extends CaptureOptions, TableOptions {
  readonly mapping?: ColumnMapping | undefined
}

/** Throws InputError, with a sentence for the person, when there is nothing in the file that can be scanned. */
export async function openInputs(source: ByteSource, options: OpenOptions = {}): Promise<OpenedInput[]> {
  const outer = countBytes(source)
  const { finds, leftOut, isArchive } = await findInside(outer.source, 0)
  const opened: OpenedInput[] = []
  for (const found of finds.slice(0, MAX_INPUTS)) {
    try {
      const input = await openOne(found, options)
      found.sink.follow(input.stats.remarks)
      opened.push({ name: found.source.name, input: isArchive ? countOutside(input, outer) : input })
    } catch (error) {
      if (!(error instanceof InputError) || (finds.length === 1 && leftOut.length === 0)) throw error
      leftOut.push({ name: found.source.name, text: error.message, one: 'text file', many: 'text files' })
    }
  }
  if (opened.length === 0) throw new InputError(nothingInsideText(leftOut))
  if (finds.length > MAX_INPUTS) {
    opened[0]!.input.stats.remarks.push(
      `Only the first ${MAX_INPUTS} of ${finds.length} captures and tables inside were opened.`,
    )
  }
  if (leftOut.length > 0) opened[0]!.input.stats.remarks.push(leftOutText(leftOut))
  return opened
}

/** The first rows of the first table in the file, for a person to say which column is which. */
export async function previewInput(source: ByteSource): Promise<TablePreview> {
  const { finds, leftOut } = await findInside(source, 0)
  const table = finds.find((found) => found.content === 'table')
  if (table) return previewTable(table.source)
  if (finds.length > 0) throw new InputError(`${source.name} is a capture; only tables have columns to choose.`)
  throw new InputError(nothingInsideText(leftOut))
}

interface Found {
  readonly source: ByteSource
  readonly content: 'capture' | 'table'
  /** Takes the sentences about the unpacking. */
  readonly sink: RemarkSink
}

interface LeftOut {
  readonly name: string
  readonly text: string
  /** What to call it when only counted. */
  readonly one: string
  readonly many: string
}

interface Inside {
  readonly finds: Found[]
  readonly leftOut: LeftOut[]
  readonly isArchive: boolean
}

function openOne({ content, source }: Found, options: OpenOptions): Promise<FlowInput> {
  if (content === 'table') return openTable(source, options.mapping, options)
  if (options.labelColumn !== undefined)
    throw new InputError(`${source.name} is a capture: it has no column ${options.labelColumn} to take labels from`)
  return openCapture(source, options)
}

async function findInside(source: ByteSource, depth: number): Promise<Inside> {
  const head = await readSome(source)
  const content = sniffContent(head)
  switch (content.kind) {
    case 'capture':
      return one(source, 'capture')
    case 'text':
    case 'parquet':
      return one(source, 'table')
    case 'utf16le':
    case 'utf16be':
      return one(utf8Source(source, content.kind), 'table')
    case 'gzip':
    case 'zip':
      if (depth >= MAX_ARCHIVE_DEPTH) throw new InputError(tooDeepText(source.name))
      return content.kind === 'gzip' ? findInGzip(source, depth + 1) : findInZip(source, depth + 1)
    default:
      throw new InputError(refusalText(content, head))
  }
}

function one(source: ByteSource, content: Found['content']): Inside {
  return { finds: [{ source, content, sink: new RemarkSink() }], leftOut: [], isArchive: false }
}

async function findInGzip(source: ByteSource, depth: number): Promise<Inside> {
  const sink = new RemarkSink()
  const packed = {
    name: source.name,
    form: 'gzip' as const,
    chunks: (signal?: AbortSignal) => source.chunks(signal),
    remark: sink.add,
  }
  const inside = await findInside(unpackSource(packed), depth)
  const [only] = inside.finds
  if (inside.finds.length !== 1 || !only || inside.isArchive) return { ...inside, isArchive: true }
  return { finds: [{ ...only, sink }], leftOut: inside.leftOut, isArchive: true }
}

async function findInZip(source: ByteSource, depth: number): Promise<Inside> {
  const { entries, isCut } = await listZip(source)
  const finds: Found[] = []
  const leftOut: LeftOut[] = []
  const heads = await readEntryHeads(source, entries)
  for (const entry of entries) {
    const refusal = refusalOf(entry)
    const head = heads.get(entry)
    if (refusal !== undefined || head === undefined) {
      leftOut.push({
        name: entry.name,
        text: refusal ?? 'damaged',
        one: 'file that cannot be unpacked',
        many: 'files that cannot be unpacked',
      })
      continue
    }
    const sink = new RemarkSink()
    if (isCut) sink.add('This ZIP breaks off; only its first file could be read.')
    await findInEntry({ source, entry, head, depth, sink }, finds, leftOut)
  }
  return { finds, leftOut, isArchive: true }
}

interface EntryPlace {
  readonly source: ByteSource
  readonly entry: ZipEntry
  readonly head: Uint8Array
  readonly depth: number
  readonly sink: RemarkSink
}

async function findInEntry(place: EntryPlace, finds: Found[], leftOut: LeftOut[]): Promise<void> {
  const { source, entry, head, depth, sink } = place
  const content = sniffContent(head)
  const inner = entrySource(source, entry, sink.add)
  if (content.kind === 'capture') finds.push({ source: inner, content: 'capture', sink })
  else if (content.kind === 'text' || content.kind === 'parquet') finds.push({ source: inner, content: 'table', sink })
  else if (
    content.kind === 'gzip' ||
    content.kind === 'zip' ||
    content.kind === 'utf16le' ||
    content.kind === 'utf16be'
  ) {
    try {
      const inside = await findInside(inner, depth)
      finds.push(...inside.finds)
      leftOut.push(...inside.leftOut)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      leftOut.push({ name: entry.name, text: error.message, one: 'archive', many: 'archives' })
    }
  } else {
    const [name, plural] =
      content.kind === 'other'
        ? [content.name, content.plural]
        : content.kind === 'empty'
          ? ['empty file', 'empty files']
          : ['other file', 'other files']
    leftOut.push({ name: entry.name, text: '', one: name, many: plural })
  }
}

function nothingInsideText(leftOut: readonly LeftOut[]): string {
  const [only] = leftOut
  if (leftOut.length === 1 && only && only.text !== '')
    return `This is a ZIP with no capture or table inside. In ${shownName(only.name)}: ${only.text}`
  const zeek = leftOut.find(({ text }) => text.startsWith("This is Zeek's"))
  if (zeek)
    return `This is a ZIP with no capture or table inside. It holds Zeek logs, but conn.log is not among them. ${zeek.text}`
  if (leftOut.length === 0) return 'This is a ZIP with no capture or table inside. It is empty.'
  return `This is a ZIP with no capture or table inside. It holds ${countKinds(leftOut)}.`
}

/** "3 pictures and 1 text file" */
function countKinds(leftOut: readonly LeftOut[]): string {
  const counts = new Map<string, { count: number; one: string }>()
  for (const { one: single, many } of leftOut)
    counts.set(many, { count: (counts.get(many)?.count ?? 0) + 1, one: single })
  const parts = [...counts].map(([many, { count, one: single }]) => `${count} ${count === 1 ? single : many}`)
  return parts.length === 1 ? parts[0]! : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

const SHOWN_NAMES = 5

function leftOutText(leftOut: readonly LeftOut[]): string {
  const names = leftOut.slice(0, SHOWN_NAMES).map(({ name }) => shownName(name))
  const more = leftOut.length - names.length
  return `Left out, because they are no capture or flow table: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`
}

/** Names in archives are written by strangers. */
const shownName = (name: string): string => name.replace(/[^\p{L}\p{N} ._\-/()]/gu, '?').slice(-60)

const tooDeepText = (name: string): string =>
  `${shownName(name)} is an archive in an archive in an archive. Unpack it first and give what is inside.`

function refusalText(content: Content, head: Uint8Array): string {
  const reads =
    'Guardian reads captures (pcap, pcapng), Zeek and Suricata logs, and flow tables (CSV, JSON, Parquet), also in gz or zip.'
  if (content.kind === 'empty') return `This file is empty: it has 0 bytes. ${reads}`
  if (content.kind === 'other') return `This is a ${content.name}. ${reads}`
  return `This is neither a capture nor a table: it begins with the bytes ${describeBytes(head)}. ${reads}`
}

async function readSome(source: ByteSource): Promise<Uint8Array> {
  const head = new Uint8Array(SNIFF_BYTES)
  let filled = 0
  for await (const chunk of source.chunks()) {
    const part = chunk.subarray(0, SNIFF_BYTES - filled)
    head.set(part, filled)
    filled += part.length
    if (filled === SNIFF_BYTES) break
  }
  return head.subarray(0, filled)
}

interface Counted {
  readonly source: ByteSource
  /** Bytes of the outer file read in the run that goes on. */
  readBytes: number
}

function countBytes(source: ByteSource): Counted {
  const counted: Counted = {
    readBytes: 0,
    source: {
      name: source.name,
      sizeBytes: source.sizeBytes,
      async *chunks(signal) {
        counted.readBytes = 0
        for await (const chunk of source.chunks(signal)) {
          counted.readBytes += chunk.length
          yield chunk
        }
      },
    },
  }
  return counted
}

/** Progress of what is inside an archive is told in bytes of the archive, because its size is what is known beforehand. */
function countOutside(input: FlowInput, outer: Counted): FlowInput {
  const inner = input.stats
  const stats: InputStats = {
    get bytesRead() {
      return outer.readBytes
    },
    get packets() {
      return inner.packets
    },
    get rows() {
      return inner.rows
    },
    get readMs() {
      return inner.readMs
    },
    get featuresMs() {
      return inner.featuresMs
    },
    skipped: inner.skipped,
    remarks: inner.remarks,
  }
  return { kind: input.kind, stats, steps: (signal) => input.steps(signal) }
}
