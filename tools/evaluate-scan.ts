/**
 * What `guardian scan` finds on real labelled files, and what their labels say: `node tools/evaluate-scan.ts [FOLDER] [--budget N]`.
 * FOLDER holds the labelled sets (default ../shared/data). Prints one table row per file; the labels are never an input to the scan.
 */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Finding, MODEL_DETECTOR } from '#core/alert/evidence.ts'
import { CaseBook } from '#core/alert/gather.ts'
import { DEFAULT_THRESHOLD, parseBudget } from '#core/detect/threshold.ts'
import { openInputs } from '#core/scan/open.ts'
import { scan } from '#core/scan/scan.ts'
import type { DeviceFlows } from '#core/scan/update.ts'
import { fileSource } from '../cli/file-source.ts'
import { openModel } from '../cli/model.ts'
import { loadVendors } from '../cli/vendors.ts'

/** A pattern of several files makes one row. */
const FILES = [
  'iot-sentinel-pcap/*/*.pcap',
  'iot23-zeek/CTU-IoT-Malware-Capture-34-1.conn.log.labeled.gz',
  'stratosphere-zeek/001-zeek-scenario-malicious/labeled-conn.log.gz',
  'stratosphere-zeek/008-zeek-mixed/data/conn.log.labeled.gz',
  'stratosphere-zeek/010-zeek-mixed/data/conn.log.labeled.gz',
  'cicids2017-flows/raw79_tuesday_first4998_binary.csv.gz',
  'cicids2017-flows/raw79_thursday_webattacks_1006.csv.gz',
  'cicids2017-flows/raw79_monday_first999.csv.gz',
  'cicids2017-flows/raw79_friday_morning_first2885.csv.gz',
  'cicids2017-flows/cleaned52_natural.csv.gz',
  'unsw-nb15-flows/unsw_nb15_part.csv.gz',
  'mqttset-pcap/benign-5mb-train.pcap',
  'mqttset-pcap/bruteforce-train.pcapng',
  'mqttset-pcap/malariados-train.pcap',
  'mqttset-pcap/malformed-train.pcap',
  'mqttset-pcap/slowite-train.pcap',
  'mqttset-pcap/flood-train.pcap',
]

const HOUR = 3600e6

/** What the labels say of one device in one hour (or of one block of 100 rows where there are no times). */
interface Span {
  malicious: number
  benign: number
  model: boolean
  baseline: boolean
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { budget: { type: 'string' } } })
const folder = positionals[0] ?? '../shared/data'
const threshold = values.budget === undefined ? DEFAULT_THRESHOLD : parseBudget(values.budget)
const model = await openModel()
const vendorOf = loadVendors()

interface Row {
  flows: number
  attackFlows: number
  attackSpans: number
  seenByModel: number
  seenByBaseline: number
  falseOfModel: number
  falseOfBaseline: number
  /** NaN without times. */
  deviceDays: number
  cases: number
}

console.log(
  '| file | flows | attack flows | attack spans | seen by the model | seen by the baseline | false cases of the model | … of the baseline | device-days | cases shown |',
)
console.log('|---|---|---|---|---|---|---|---|---|---|')
for (const pattern of FILES) {
  const rows: Row[] = []
  for (const file of globSync(pattern, { cwd: folder }).sort()) rows.push(await evaluate(file))
  if (rows.length === 0) continue
  const sum = (pick: keyof Row) => rows.reduce((total, row) => total + row[pick], 0)
  const days = sum('deviceDays')
  const timed = (text: string | number) => (Number.isNaN(days) ? 'no times' : text)
  const perDay = (count: number) => `${count} (${(count / days).toFixed(2)} a device-day)`
  const name =
    rows.length > 1 ? `${pattern.split('/')[0]}, ${rows.length} files` : pattern.split('/').slice(-3).join('/')
  const cells = [
    name,
    sum('flows'),
    sum('attackFlows'),
    sum('attackSpans'),
    sum('seenByModel'),
    timed(sum('seenByBaseline')),
    Number.isNaN(days) ? sum('falseOfModel') : perDay(sum('falseOfModel')),
    timed(perDay(sum('falseOfBaseline'))),
    timed(days.toFixed(2)),
    sum('cases'),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}
await model.network.dispose()

async function evaluate(file: string): Promise<Row> {
  const spans = new Map<string, Span>()
  const findings: Finding[] = []
  const [opened] = await openInputs(await fileSource(join(folder, file)))
  const updates = scan(opened!.input, {
    file,
    bytesTotal: undefined,
    model,
    threshold,
    vendorOf,
    timeZone: 'UTC',
    inFlight: 1,
    updateEveryMs: 0,
    onFinding: (finding) => findings.push(finding),
  })
  const attackFile = /bruteforce|malariados|malformed|slowite|flood/.test(file)
  let step = await updates.next()
  for (; !step.done; step = await updates.next())
    for (const flows of step.value.flows) readLabels(flows, spans, attackFile)
  const summary = step.value
  for (const { detector, device, startMicros, rows } of findings) {
    const span = spans.get(spanKey(device, startMicros, rows[0])) ?? spans.get(spanKey(device, startMicros, rows[1]))
    if (!span) continue
    if (detector === MODEL_DETECTOR) span.model = true
    else span.baseline = true
  }
  const all = [...spans.values()]
  const attacks = all.filter(({ malicious }) => malicious > 0)
  const seen = (pick: 'model' | 'baseline') => attacks.filter((span) => span[pick]).length
  const falseOf = (isModel: boolean) =>
    falseCases(
      findings.filter(({ detector }) => (detector === MODEL_DETECTOR) === isModel),
      spans,
    )
  return {
    flows: summary.rows,
    attackFlows: all.reduce((sum, span) => sum + span.malicious, 0),
    attackSpans: attacks.length,
    seenByModel: seen('model'),
    seenByBaseline: seen('baseline'),
    falseOfModel: falseOf(true),
    falseOfBaseline: falseOf(false),
    deviceDays: summary.rows === 0 || Number.isFinite(summary.startMicros) ? all.length / 24 : Number.NaN,
    cases: summary.cases,
  }
}

/** Device-hours stand for device-days: an hour in which a device was heard counts 1/24. */
function readLabels({ batch, deviceIds, device }: DeviceFlows, spans: Map<string, Span>, attackFile: boolean): void {
  for (let i = 0; i < batch.length; i++) {
    const key = spanKey(deviceIds[device[i]!]!, batch.startMicros[i]!, batch.row[i]!)
    const span = spans.get(key) ?? { malicious: 0, benign: 0, model: false, baseline: false }
    spans.set(key, span)
    const label = batch.labels[batch.label?.[i] ?? -1]
    if (label === undefined ? attackFile : isAttack(label)) span.malicious++
    else span.benign++
  }
}

function isAttack(label: string): boolean {
  return !/^(benign|normal|normal traffic|background|0|-|unknown|\(empty\))\b/i.test(label.trim())
}

function spanKey(device: string, micros: number, row: number): string {
  return Number.isFinite(micros) ? `${device} ${Math.floor(micros / HOUR)}` : `${device} row ${Math.floor(row / 100)}`
}

function falseCases(findings: readonly Finding[], spans: ReadonlyMap<string, Span>): number {
  const book = new CaseBook(() => true)
  for (const finding of findings) book.add(finding)
  const isFalse = ({ device, startMicros, endMicros, firstRow, lastRow }: ReturnType<CaseBook['all']>[number]) => {
    const keys = Number.isFinite(startMicros)
      ? stepsBetween(startMicros, endMicros, HOUR).map((at) => spanKey(device, at, 0))
      : stepsBetween(firstRow, lastRow, 100).map((row) => spanKey(device, Number.NaN, row))
    return !keys.some((key) => (spans.get(key)?.malicious ?? 0) > 0)
  }
  return book.all().filter(isFalse).length
}

function stepsBetween(first: number, last: number, width: number): number[] {
  const count = Math.min(24 * 366, Math.floor(last / width) - Math.floor(first / width) + 1)
  return Array.from({ length: count }, (_, i) => first + i * width)
}
