/** Layouts of tables that name the four counts, and of what a person mapped by hand. */
import { InputError } from '../base/errors.ts'
import { COUNT_COLUMNS } from '../flow/batch.ts'
import { cicLayout } from './cic.ts'
import { type ColumnMapping, isComplete, mapByNames, missingColumnsText, type Role, SYNONYMS } from './columns.ts'
import { column, finishLayout, type Layout, MISSING_IS_ZERO } from './layout.ts'
import { type ColumnFinder, tidyName } from './names.ts'
import { parseNumber } from './number.ts'
import { detectTimeUnit, isMonthFirst, MICROS_PER, parseTime, type TimeUnit } from './time.ts'

/** Text columns that name one flow, not a kind of flow. */
const IDENTIFIERS = new Set([
  'id',
  'uid',
  'flowid',
  'flowuid',
  'communityid',
  'index',
  'unnamed0',
  'pkseqid',
  'rowid',
  'tunnelparents',
  'history',
])

/** Duration columns are in seconds unless their name says otherwise. */
const durationScale = (name: string): number => {
  if (/(?:_us|micros|microseconds)$/i.test(name)) return 1
  return /(?:_ms|millis|milliseconds)$/i.test(name) ? 1e3 : 1e6
}

/** The layout that the names alone say. Throws InputError naming what is expected and what came. */
export function layoutByNames(find: ColumnFinder): Layout {
  const cic = cicLayout(find)
  if (cic) return cic
  const mapping = mapByNames(find)
  if (isComplete(mapping)) return layoutByMapping(find, mapping)
  throw new InputError(missingColumnsText(find.columns, mapping))
}

export function layoutByMapping(find: ColumnFinder, mapping: ColumnMapping): Layout {
  const at = (role: Role): number => {
    const name = mapping[role]
    if (name === undefined) return -1
    const exact = find.columns.indexOf(name)
    return exact >= 0 ? exact : find.first([name])
  }
  const counts = COUNT_COLUMNS.map(at)
  if (counts.some((count) => count < 0)) throw new InputError(missingColumnsText(find.columns, mapping))
  const kind = kindOf(find)
  const times = (['ts', 'end'] as const).map((role) => ({ role, at: at(role) })).filter((time) => time.at >= 0)
  const units = new Map<string, TimeUnit>(times.map((time) => [time.role, detectTimeUnit(find.samples(time.at))]))
  const scaled = (role: 'ts' | 'end') => {
    const unit = units.get(role)
    return unit === undefined ? undefined : { column: at(role), scale: unit === 'text' ? 1 : MICROS_PER[unit] }
  }
  const start = scaled('ts')
  const end = scaled('end')
  const duration = at('duration')
  const dateSamples = times.flatMap((time) => find.samples(time.at))
  const monthFirst = isMonthFirst(dateSamples) ? 'month-first' : undefined
  const protocol = at('protocol')
  const label = kind === 'unsw-csv' ? find.first(['attack_cat', 'label']) : at('label')
  const labelDetail = find.first(['detailed-label', 'detailedlabel', 'detailed_label'])
  const used = new Set([...counts, ...times.map((time) => time.at), duration, protocol, label, labelDetail])
  for (const role of ['orig_address', 'resp_address', 'orig_port', 'resp_port'] as const) used.add(at(role))
  for (const name of SYNONYMS.label) used.add(find.first([name]))
  const remarks = remarksOf(find, kind)
  if (times.length === 0) remarks.push('The table has no times; its rows are taken in the order of the file.')
  return finishLayout({
    kind,
    columns: find.columns,
    counts: counts.map(column),
    ...(start ? { start } : {}),
    ...(end ? { end } : {}),
    ...(duration >= 0 ? { duration: { column: duration, scale: durationScale(find.columns[duration]!) } } : {}),
    timeTexts: times.filter((time) => units.get(time.role) === 'text').map((time) => time.at),
    parseTime: (text) => parseTime(text, monthFirst),
    origAddress: at('orig_address'),
    respAddress: at('resp_address'),
    origPort: at('orig_port'),
    respPort: at('resp_port'),
    protocol,
    label,
    labelDetail: label < 0 ? -1 : labelDetail,
    tidyLabel: kind === 'unsw-csv' ? (text) => text.trim() || 'Normal' : (text) => text.trim(),
    categories: categoryColumns(find, used, protocol),
    policies: [[duration, MISSING_IS_ZERO], ...zeekPolicies(kind, counts)],
    remarks,
  })
}

/** Zeek leaves its byte counts unset ('-') where it saw no payload. */
const zeekPolicies = (kind: Layout['kind'], counts: readonly number[]): (readonly [number, number])[] =>
  kind === 'zeek-conn'
    ? [
        [counts[2]!, MISSING_IS_ZERO],
        [counts[3]!, MISSING_IS_ZERO],
      ]
    : []

function kindOf(find: ColumnFinder): Layout['kind'] {
  if (find.has('event_type') && find.has('flow.pkts_toserver')) return 'suricata-eve'
  if (find.has('sttl') && find.has('ct_srv_src') && find.has('spkts')) return 'unsw-csv'
  return find.has('conn_state') && find.has('orig_ip_bytes') && find.has('orig_pkts') ? 'zeek-conn' : 'flow-csv'
}

function remarksOf(find: ColumnFinder, kind: Layout['kind']): string[] {
  if (kind === 'unsw-csv' || kind === 'suricata-eve' || find.has('src2dst_bytes')) {
    return ['The byte counts of this table include packet headers, so they are higher than payload bytes.']
  }
  return []
}

/** Text columns of few values; protocol first, because a model may want it one-hot. */
function categoryColumns(find: ColumnFinder, used: ReadonlySet<number>, protocol: number): number[] {
  const extra = find.columns.flatMap((name, at) => {
    if (used.has(at) || IDENTIFIERS.has(tidyName(name))) return []
    const samples = find.samples(at)
    const texts = samples.filter((text) => Number.isNaN(parseNumber(text)))
    const distinct = new Set(texts).size
    const isCategory = texts.length > samples.length / 2 && (distinct <= 16 || distinct <= texts.length / 4)
    return isCategory && Number.isNaN(parseTime(texts[0] ?? '')) ? [at] : []
  })
  return protocol >= 0 ? [protocol, ...extra] : extra
}
