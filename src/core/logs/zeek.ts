/** Zeek's conn.log as TSV (https://docs.zeek.org/en/master/logs/conn.html), with labels of IoT-23 and Stratosphere, also several logs in one file. */
import { InputError } from '../base/errors.ts'
import type { ByteSource } from '../base/source.ts'
import type { FlowBatch } from '../flow/batch.ts'
import type { FlowInput } from '../flow/input.ts'
import { ChunkBuffer, cutChunk } from './chunk-buffer.ts'
import { missingColumnsText, SYNONYMS } from './columns.ts'
import { CsvReader } from './csv-reader.ts'
import { isCut, MAX_ROW_BYTES, readRows, STEP_BYTES } from './delimited.ts'
import { joinLabel } from './label.ts'
import { column, finishLayout, type Layout, MISSING_IS_ZERO, OPTIONAL } from './layout.ts'
import { createFinder } from './names.ts'
import { FlowRows } from './rows.ts'
import { createTableInput, type TableRun } from './table-input.ts'
import { applyOptions, type TableOptions } from './table-options.ts'
import { detectTimeUnit, MICROS_PER, parseTime } from './time.ts'

const HASH = 35
const LF = 10
const READ_BYTES = 1 << 18
const decoder = new TextDecoder('utf-8')

/** Fields of conn.log that are used here; a JSON log leaves out those that are unset. */
export const ZEEK_CONN_FIELDS = [
  'ts',
  'id.orig_h',
  'id.orig_p',
  'id.resp_h',
  'id.resp_p',
  'proto',
  'service',
  'duration',
  'orig_bytes',
  'resp_bytes',
  'conn_state',
  'orig_pkts',
  'resp_pkts',
] as const

/** Throws InputError when the fields are not those of conn.log. `timeSamples` only where the unit may differ (JSON). */
export function zeekLayout(
  columns: readonly string[],
  options: { missing?: string | undefined; timeSamples?: readonly string[] } = {},
): Layout {
  const find = createFinder(columns, [])
  const counts = [
    find.first(['orig_pkts']),
    find.first(['resp_pkts']),
    find.first(['orig_bytes']),
    find.first(['resp_bytes']),
  ]
  const start = find.first(['ts'])
  if (counts.some((at) => at < 0) || start < 0)
    throw new InputError(missingColumnsText(columns, foundCounts(columns, counts)))
  const unit = detectTimeUnit(options.timeSamples ?? [])
  const duration = find.first(['duration'])
  const last = columns.at(-1) ?? ''
  const packed = last.includes('   ') ? last.split(/ {2,}/) : []
  const label = packed.includes('label') ? columns.length - 1 : find.first(['label'])
  return finishLayout({
    kind: 'zeek-conn',
    columns,
    counts: counts.map(column),
    start: { column: start, scale: unit === 'text' ? 1 : MICROS_PER[unit] },
    timeTexts: unit === 'text' ? [start] : [],
    parseTime: (text) => parseTime(text),
    ...(duration >= 0 ? { duration: { column: duration, scale: 1e6 } } : {}),
    origAddress: find.first(SYNONYMS.orig_address.slice(0, 7)),
    respAddress: find.first(SYNONYMS.resp_address.slice(0, 8)),
    origPort: find.first(SYNONYMS.orig_port),
    respPort: find.first(SYNONYMS.resp_port),
    protocol: find.first(['proto']),
    label,
    labelDetail: packed.length > 0 ? -1 : find.first(['detailed-label', 'detailedlabel']),
    tidyLabel: packed.length > 0 ? (text) => packedLabel(text, packed) : (text) => text.trim(),
    categories: ['proto', 'service', 'conn_state'].map((name) => find.first([name])).filter((at) => at >= 0),
    policies: [
      [duration, MISSING_IS_ZERO],
      [counts[2]!, MISSING_IS_ZERO],
      [counts[3]!, MISSING_IS_ZERO],
      [find.first(SYNONYMS.orig_port), OPTIONAL],
      [find.first(SYNONYMS.resp_port), OPTIONAL],
    ],
    missing: options.missing,
  })
}

const foundCounts = (columns: readonly string[], counts: readonly number[]) => {
  const [a = -1, b = -1, c = -1, d = -1] = counts
  return Object.fromEntries(
    (['orig_pkts', 'resp_pkts', 'orig_bytes', 'resp_bytes'] as const)
      .map((name, k) => [name, columns[[a, b, c, d][k]!]] as const)
      .filter(([, found]) => found !== undefined),
  )
}

/** IoT-23: `-   Malicious   C&C`, three blanks where tabs should be. */
function packedLabel(text: string, names: readonly string[]): string {
  const parts = text.split(/ {2,}/)
  const label = parts[names.indexOf('label')] ?? ''
  const detail = names.findIndex((name) => /^detailed/.test(name))
  return joinLabel(label.trim(), detail < 0 ? '' : (parts[detail] ?? ''))
}

/** What the `#` lines said so far. */
class ZeekHeader {
  separator = '\t'
  missing = '-'
  path = 'conn'
  columns: readonly string[] | undefined

  /** True when the line names the fields, so that the rows below are laid out anew. */
  read(line: string): boolean {
    if (line.startsWith('#separator ')) {
      const code = /\\x([0-9a-f]{2})/i.exec(line)
      this.separator = code ? String.fromCharCode(Number.parseInt(code[1]!, 16)) : line.slice(11, 12)
      return false
    }
    const [name, ...values] = line.split(this.separator)
    if (name === '#unset_field') this.missing = values[0] ?? '-'
    if (name === '#path') this.path = values[0] ?? ''
    if (name === '#fields') this.columns = values
    return name === '#fields'
  }
}

export interface ZeekHead {
  readonly path: string
  readonly columns: readonly string[]
}

/** The first header of a Zeek TSV log; undefined when it is none. */
export function readZeekHead(head: Uint8Array): ZeekHead | undefined {
  const text = decoder.decode(head).trimStart()
  if (!/^(?:#[^\n]*\n)*#separator |^(?:#[^\n]*\n)*#fields[\t ,]/.test(text.slice(0, 4096))) return undefined
  const header = new ZeekHeader()
  for (const line of text.split('\n')) {
    if (!line.startsWith('#')) break
    header.read(line.replace(/\r$/, ''))
  }
  return header.columns === undefined ? undefined : { path: header.path, columns: header.columns }
}

/** Fields that only one of Zeek's logs has, for JSON logs that do not say which they are. */
const TELLING_FIELDS: readonly (readonly [field: string, log: string])[] = [
  ['conn_state', 'conn'],
  ['qtype', 'dns'],
  ['query', 'dns'],
  ['auth_success', 'ssh'],
  ['auth_attempts', 'ssh'],
  ['note', 'notice'],
  ['msg_types', 'dhcp'],
  ['helo', 'smtp'],
  ['tunnel_type', 'tunnel'],
  ['call_id', 'sip'],
  ['software_type', 'software'],
  ['method', 'http'],
  ['status_code', 'http'],
  ['cipher', 'ssl'],
  ['server_name', 'ssl'],
  ['client_fuids', 'ssl'],
  ['fuid', 'files'],
  ['certificate.serial', 'x509'],
  ['uses_seh', 'pe'],
  ['orig_hw', 'arp'],
  ['addl', 'weird'],
  ['peer', 'weird'],
]

/** Which of Zeek's logs has such fields; `path` is what the log says itself. Undefined: none known. */
export function zeekLogName(columns: readonly string[], path?: string): string | undefined {
  if (path === undefined && !columns.includes('ts')) return undefined
  const told = path ?? TELLING_FIELDS.find(([field]) => columns.includes(field))?.[1]
  return told?.replace(/[^\w-]/g, '').slice(0, 30)
}

/** Says which log is needed instead. */
export function otherZeekLogText(path: string): string {
  return `This is Zeek's ${path} log. Guardian judges flows, so it needs conn.log from the same folder.`
}

export function openZeek(source: ByteSource, head: ZeekHead, options: TableOptions = {}): FlowInput {
  const layout = applyOptions(layoutOf(head.path, head.columns, '-'), options)
  return createTableInput('zeek-conn', layout.remarks, (run, signal) => readZeek({ source, run, options }, signal))
}

function layoutOf(path: string, columns: readonly string[], missing: string): Layout {
  const isConn = columns.includes('conn_state') || columns.includes('orig_pkts')
  if (!isConn && !path.startsWith('conn')) throw new InputError(otherZeekLogText(path))
  return zeekLayout(columns, { missing })
}

interface Reading {
  readonly source: ByteSource
  readonly run: TableRun
  readonly options: TableOptions
}

async function* readZeek({ source, run, options }: Reading, signal?: AbortSignal): AsyncGenerator<FlowBatch[]> {
  const header = new ZeekHeader()
  const buffer = new ChunkBuffer(Math.min(source.sizeBytes ?? READ_BYTES, READ_BYTES * 4))
  let rows: FlowRows | undefined
  let reader: CsvReader | undefined

  function skip(reason: string): void {
    run.progress.row++
    run.stats.rows++
    run.stats.skipped.add(reason)
  }

  /** Reads what can be read; gives the batches of a part whose columns are no longer those that follow. */
  function readOn(final: boolean): FlowBatch[] {
    const done: FlowBatch[] = []
    for (;;) {
      buffer.bytes[buffer.end] = LF
      if (reader && rows && buffer.bytes[buffer.start] !== HASH) {
        readRows(buffer, { reader, rows, lineEnd: LF, final })
        if (!reader.atComment) return [...done, ...rows.takeReady()]
      }
      if (buffer.length === 0) return done
      const lineEnd = buffer.bytes.indexOf(LF, buffer.start)
      if (lineEnd >= buffer.end && !final) {
        if (buffer.length <= MAX_ROW_BYTES) return done
        skip(`longer than ${MAX_ROW_BYTES} bytes`)
        buffer.start = buffer.end
        return done
      }
      const line = decoder.decode(buffer.bytes.subarray(buffer.start, lineEnd)).trim()
      buffer.start = Math.min(buffer.end, lineEnd + 1)
      if (!line.startsWith('#')) {
        if (line.trim() !== '') skip('row before the line that names the fields')
      } else if (header.read(line)) {
        if (rows) done.push(...rows.finish())
        const layout = applyOptions(layoutOf(header.path, header.columns ?? [], header.missing), options)
        rows = new FlowRows(layout, run.stats, run.progress)
        const shape = { separator: header.separator.charCodeAt(0), lineEnd: LF, quote: -1, comment: HASH }
        reader = new CsvReader(shape, layout.reading, rows)
      }
    }
  }

  for await (const chunk of source.chunks(signal)) {
    for (const part of cutChunk(chunk, STEP_BYTES)) {
      run.stats.bytesRead += part.length
      buffer.add(part)
      if (buffer.length < READ_BYTES) continue
      yield readOn(false)
      signal?.throwIfAborted()
    }
  }
  const cut = isCut(source)
  const last = readOn(!cut)
  if (cut && buffer.length > 0) rows?.skipRow('cut off in the middle')
  yield [...last, ...(rows?.finish() ?? [])]
}
