/**
 * What `guardian scan` finds on real labelled files, and what their labels say:
 * `node tools/evaluate-scan.ts [FOLDER] [--budget N] [--model DIR] [--only TEXT]`; `--only` takes the files whose path has the text.
 * FOLDER holds the labelled sets (default ../shared/data). Prints one table row per file; the labels are never an input to the scan.
 */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Case } from '#core/alert/case.ts'
import { BOX_PLOT_DETECTOR, type Finding, MODEL_DETECTOR, RULE_DETECTOR } from '#core/alert/evidence.ts'
import { CaseBook } from '#core/alert/gather.ts'
import { DEFAULT_THRESHOLD, parseBudget } from '#core/detect/threshold.ts'
import { isAttackLabel } from '#core/logs/label.ts'
import { openInputs } from '#core/scan/open.ts'
import { scan } from '#core/scan/scan.ts'
import type { DeviceFlows } from '#core/scan/update.ts'
import { fileSource } from '../cli/file-source.ts'
import { openScanModels } from '../cli/judge.ts'
import { loadVendors } from '../cli/vendors.ts'

/** A pattern of several files makes one row. */
const FILES = [
  'iot-sentinel-pcap/*/*.pcap',
  'stratosphere-zeek/002-zeek-scenario-port-scanning/conn.log.gz',
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
  seen: Set<Seer>
}

/** A detector, or the case that the product shows from them all. */
type Seer = Finding['detector'] | 'case'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { budget: { type: 'string' }, model: { type: 'string' }, only: { type: 'string', default: '' } },
})
const folder = positionals[0] ?? '../shared/data'
const threshold = values.budget === undefined ? DEFAULT_THRESHOLD : parseBudget(values.budget)
const { model, judge } = await openScanModels(values.model)
const vendorOf = loadVendors()

interface Row {
  flows: number
  attackFlows: number
  attackSpans: number
  byModel: number
  byRules: number
  byBaseline: number
  byCases: number
  cases: number
  falseCases: number
  falseOfBaseline: number
  /** NaN without times. */
  deviceDays: number
}

const HEADS = [
  'file',
  'flows',
  'attack flows',
  'attack spans',
  'seen by the model',
  'by rules',
  'by the baseline',
  'in a case shown',
  'cases shown',
  'false cases shown',
  'false cases of the baseline alone',
  'device-days',
]
console.log(`| ${HEADS.join(' | ')} |\n|${'---|'.repeat(HEADS.length)}`)
for (const pattern of FILES.filter((one) => one.includes(values.only))) {
  const rows: Row[] = []
  for (const file of globSync(pattern, { cwd: folder }).sort()) rows.push(await evaluate(file))
  if (rows.length === 0) continue
  const sum = (pick: keyof Row) => rows.reduce((total, row) => total + row[pick], 0)
  const days = sum('deviceDays')
  const timed = (text: string | number) => (Number.isNaN(days) ? 'no times' : text)
  const falseCount = sum('falseCases')
  const cells = [
    rows.length > 1 ? `${pattern.split('/')[0]}, ${rows.length} files` : pattern.split('/').slice(-3).join('/'),
    sum('flows'),
    sum('attackFlows'),
    sum('attackSpans'),
    sum('byModel'),
    timed(sum('byRules')),
    timed(sum('byBaseline')),
    sum('byCases'),
    sum('cases'),
    Number.isNaN(days) ? falseCount : `${falseCount} (${(falseCount / days).toFixed(2)} a device-day)`,
    timed(sum('falseOfBaseline')),
    timed(days.toFixed(2)),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}
await model.network.dispose()

async function evaluate(file: string): Promise<Row> {
  const spans = new Map<string, Span>()
  const findings: Finding[] = []
  const [opened] = await openInputs(await fileSource(join(folder, file)), { ownNumbers: judge !== undefined })
  const updates = scan(opened!.input, {
    file,
    bytesTotal: undefined,
    model,
    judge,
    threshold,
    vendorOf,
    timeZone: 'UTC',
    inFlight: 1,
    updateEveryMs: 0,
    onFinding: (finding) => findings.push(finding),
  })
  const attackFile = /bruteforce|malariados|malformed|slowite|flood|port-scanning/.test(file)
  const cases = new Map<string, Case>()
  let step = await updates.next()
  for (; !step.done; step = await updates.next()) {
    for (const flows of step.value.flows) readLabels(flows, spans, attackFile)
    for (const found of step.value.cases) cases.set(found.id, found)
  }
  const summary = step.value
  for (const { detector, device, startMicros, rows } of findings) {
    const span = spans.get(spanKey(device, startMicros, rows[0])) ?? spans.get(spanKey(device, startMicros, rows[1]))
    span?.seen.add(detector)
  }
  for (const found of cases.values()) for (const key of keysOf(found)) spans.get(key)?.seen.add('case')
  const all = [...spans.values()]
  const attacks = all.filter(({ malicious }) => malicious > 0)
  const seen = (seer: Seer) => attacks.filter((span) => span.seen.has(seer)).length
  const isFalse = (found: Stretch) => !keysOf(found).some((key) => (spans.get(key)?.malicious ?? 0) > 0)
  return {
    flows: summary.rows,
    attackFlows: all.reduce((sum, span) => sum + span.malicious, 0),
    attackSpans: attacks.length,
    byModel: seen(MODEL_DETECTOR),
    byRules: seen(RULE_DETECTOR),
    byBaseline: seen(BOX_PLOT_DETECTOR),
    byCases: seen('case'),
    cases: cases.size,
    falseCases: [...cases.values()].filter(isFalse).length,
    falseOfBaseline: gather(findings.filter(({ detector }) => detector === BOX_PLOT_DETECTOR)).filter(isFalse).length,
    deviceDays: summary.rows === 0 || Number.isFinite(summary.startMicros) ? all.length / 24 : Number.NaN,
  }
}

/** Device-hours stand for device-days: an hour in which a device was heard counts 1/24. */
function readLabels({ batch, deviceIds, device }: DeviceFlows, spans: Map<string, Span>, attackFile: boolean): void {
  for (let i = 0; i < batch.length; i++) {
    const key = spanKey(deviceIds[device[i]!]!, batch.startMicros[i]!, batch.row[i]!)
    const span = spans.get(key) ?? { malicious: 0, benign: 0, seen: new Set() }
    spans.set(key, span)
    const label = batch.labels[batch.label?.[i] ?? -1]
    if (label === undefined ? attackFile : isAttackLabel(label)) span.malicious++
    else span.benign++
  }
}

function spanKey(device: string, micros: number, row: number): string {
  return Number.isFinite(micros) ? `${device} ${Math.floor(micros / HOUR)}` : `${device} row ${Math.floor(row / 100)}`
}

type Stretch = Pick<Case, 'device' | 'startMicros' | 'endMicros' | 'findings'>

/** The spans that a case touches: its hours, or without times the blocks of rows of its windows. */
function keysOf({ device, startMicros, endMicros, findings }: Stretch): string[] {
  return Number.isFinite(startMicros)
    ? stepsBetween(startMicros, endMicros, HOUR).map((at) => spanKey(device, at, 0))
    : findings.flatMap(({ rows: [first, last] }) =>
        stepsBetween(first, last, 100).map((row) => spanKey(device, Number.NaN, row)),
      )
}

function gather(findings: readonly Finding[]): Stretch[] {
  const book = new CaseBook(() => true)
  for (const finding of findings) book.add(finding)
  return book.all().map((evidence) => ({ ...evidence, findings: evidence.kept }))
}

function stepsBetween(first: number, last: number, width: number): number[] {
  const count = Math.min(24 * 366, Math.floor(last / width) - Math.floor(first / width) + 1)
  return Array.from({ length: count }, (_, i) => first + i * width)
}
