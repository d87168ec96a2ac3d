/**
 * Every detector on every labelled set, on rows that it could not know: `npm run evaluate:detectors -- [FOLDER] [--seeds 5] [--json FILE] [--only KEY]`.
 * FOLDER holds the sets (default ../shared/data); those that are missing are left out. Writes docs/evaluation.md; progress goes to the screen.
 * Each part runs in a process of its own; `--only cic|km77|days|nsl|unsw|zeek|packets|telemetry|scan|leaks` renews that part of the file alone.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { FlowDataset } from '#core/detect/dataset.ts'
import { BASELINES, TOGETHER } from '#core/evaluate/baselines.ts'
import { readLabels } from '#core/evaluate/labels.ts'
import { findLeaks, PERFECT_AUC } from '#core/evaluate/leak.ts'
import { writeMarkdown } from '#core/evaluate/markdown.ts'
import { type Evaluation, evaluateDetectors } from '#core/evaluate/matrix.ts'
import { summarizeEvaluation } from '#core/evaluate/report.ts'
import { planSplits, type SplitKind } from '#core/evaluate/splits.ts'
import { readCaptures } from './evaluate/captures.ts'
import { tellHostWindows } from './evaluate/host-windows.ts'
import { readTables } from './evaluate/labelled-table.ts'
import { readNslKdd } from './evaluate/nsl-kdd.ts'
import { judgeByPeer } from './evaluate/peer.ts'
import { tellPromises } from './evaluate/promises.ts'
import { SCAN_TITLE, summarizeScan } from './evaluate/scan-level.ts'
import { tellTelemetry } from './evaluate/telemetry.ts'
import { tellUnseenFamilies } from './evaluate/unseen-families.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '5' },
    json: { type: 'string' },
    out: { type: 'string', default: 'docs/evaluation.md' },
    only: { type: 'string' },
  },
})
const folder = positionals[0] ?? '../shared/data'
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1)
const started = performance.now()
/** Of each part, when all are written. */
const times = new Map<string, number>()
/** Every process holds its data set; more would not fit a small machine. */
const MOST_AT_ONCE = 4
/** Where several detectors are joined too; it costs all of them again, which on the large sets would be most of the time. */
const JOINED = ['cic', 'zeek']
/** Keys of the slowest parts, the slowest last: they begin first. */
const SLOWEST = ['nsl', 'cic', 'unsw', 'packets', 'zeek']
const TIME_TITLE = 'How long it took'
const NOT_HERE_TITLE = 'What is not here'
const NOT_HERE = `- Device sets (\`iot-sentinel-flows\`, \`iotdevid-packets\`) have no attacks; their labels are devices. IoT Sentinel's captures are here as benign homes.
- \`mqttset-pcap/cicflowmeter_flows.csv.gz\` and \`iot-sentinel-flows\` are flows of captures that are here as packets: no evidence of their own.
- Logs without a label for each row (\`stratosphere-zeek\` 002 to 007 and \`slips\`, \`iot23-zeek/attakaay\`) cannot be judged flow by flow; 002 is in "Whole captures".
- Logins, doors and mouse movements (\`auth-logs\`, \`access-logs\`, \`mouse-dynamics-balabit\`) are no traffic.`

interface Section {
  readonly key: string
  readonly title: string
  /** What to know of the data. */
  readonly text: string
  /** One of its files: where it is missing, so is the section. */
  readonly needs: string
  readonly kinds: readonly SplitKind[]
  readonly read: () => FlowDataset | Promise<FlowDataset>
  /** Judged by models of the first. */
  readonly readOther?: () => FlowDataset
  /** Its file. */
  readonly otherNeeds?: string
  readonly after?: (data: FlowDataset, evaluation: Evaluation) => string | Promise<string>
}

const CIC = 'cicids2017-flows/'
const CIC_COUNTS = [
  'Total Fwd Packets',
  'Total Backward Packets',
  'Total Length of Fwd Packets',
  'Total Length of Bwd Packets',
] as const
const LEAK_TITLE = 'Leak test'
const UNSW = 'unsw-nb15-flows/unsw_nb15_part.csv.gz'
const UNSW_COLUMNS = {
  label: 'attack_cat',
  benign: 'Normal',
  counts: ['spkts', 'dpkts', 'sbytes', 'dbytes'],
} as const
const KM77 = `${CIC}km77_minority.csv.gz`

const NSL_TEST = 'nsl-kdd/KDDTest+_first_half.txt.gz'
const NSL_TRAIN = 'nsl-kdd/KDDTrain+_20Percent.txt.gz'
const DAYS = [
  'monday_first999',
  'tuesday_first4998_binary',
  'wednesday_first200',
  'thursday_webattacks_1006',
  'friday_morning_first2885',
]
/** Tuesday says 0 and 1; the dash in the names of Thursday's attacks is broken. */
function nameOfDay(label: string): string {
  if (label === '0') return 'BENIGN'
  return label === '1' ? 'Brute force' : label.startsWith('Web Attack') ? 'Web attacks' : label
}
const TELEMETRY_TITLE = 'TON-IoT, telemetry'
const TELEMETRY_DETECTORS = [
  'nearest benign flow, two distances',
  'Isolation Forest',
  'HBOS',
  'boosted trees',
  'always benign',
]

const MQTTSET = 'mqttset-pcap/'
const ZEEK_LABEL = { column: 'label', benign: 'Benign' }

const SECTIONS: readonly Section[] = [
  {
    key: 'cic',
    title: 'CIC-IDS2017, cleaned flows',
    text: 'Two samples of the five days, 51 features (the port is left out). Attacks of a family never seen: what a home meets. Another set: the k-means sample km77 of the same days, which keeps rare attacks whole: much alike, so no proof of transfer.',
    needs: `${CIC}cleaned52_natural.csv.gz`,
    kinds: ['family', 'other-data', 'random'],
    read: () =>
      readTables([join(folder, `${CIC}cleaned52_natural.csv.gz`), join(folder, `${CIC}cleaned52_balanced.csv.gz`)], {
        label: 'Attack Type',
        benign: 'Normal Traffic',
        drop: ['Destination Port'],
        counts: CIC_COUNTS,
      }),
    otherNeeds: KM77,
    readOther: () =>
      readTables([join(folder, KM77)], { label: 'Label', benign: 'BENIGN', drop: [], counts: CIC_COUNTS }),
    after: (data) => tellUnseenFamilies(data, { contenders: BASELINES, seeds }),
  },
  {
    key: 'km77',
    title: 'CIC-IDS2017, the k-means sample km77',
    text: 'Rare attacks whole, among them infiltration; few benign rows (504), so thresholds at 0.1 % rest on none of them.',
    needs: KM77,
    kinds: ['family'],
    read: () => readTables([join(folder, KM77)], { label: 'Label', benign: 'BENIGN', drop: [], counts: CIC_COUNTS }),
  },
  {
    key: 'days',
    title: 'CIC-IDS2017, first rows of each day',
    text: 'The raw 79 columns without the port, a file for each day; 96 attack rows in all, guessing on Tuesday (89) and web attacks on Thursday (7). Each day left out in turn: the attacks of that day were never seen.',
    needs: `${CIC}raw79_monday_first999.csv.gz`,
    kinds: ['capture'],
    read: () =>
      readTables(
        DAYS.map((day) => join(folder, `${CIC}raw79_${day}.csv.gz`)),
        { label: 'Label', benign: 'BENIGN', drop: ['Destination Port'], counts: CIC_COUNTS, rename: nameOfDay },
      ),
  },
  {
    key: 'nsl',
    title: 'NSL-KDD',
    text: 'Simulated traffic of 1998, 41 columns (not the service); a known number, not a home. Another data set: half of KDDTest+, which has attacks of its own.',
    needs: NSL_TRAIN,
    kinds: ['family', 'other-data'],
    read: () => readNslKdd(join(folder, NSL_TRAIN)),
    otherNeeds: NSL_TEST,
    readOther: () => readNslKdd(join(folder, NSL_TEST)),
  },
  {
    key: 'unsw',
    title: 'UNSW-NB15',
    text: 'Part of the official files, number columns without the lab’s TTLs (`sttl`, `dttl`, `ct_state_ttl` nearly give the label away) and TCP’s first sequence numbers. No times; 26,387 of the 82,332 rows it was taken from are repeats.',
    needs: UNSW,
    kinds: ['in-time', 'family'],
    read: () =>
      readTables([join(folder, UNSW)], {
        ...UNSW_COLUMNS,
        drop: ['id', 'label', 'sttl', 'dttl', 'ct_state_ttl', 'stcpb', 'dtcpb'],
      }),
    after: comparePeer,
  },
  {
    key: 'zeek',
    title: 'IoT-23 and Stratosphere, Zeek logs',
    text: 'IoT-23 34-1 (Mirai), Stratosphere 001, 008 and 010, without rows labelled Background. A log has few columns: counts, duration, protocol, service and state. Times and devices are known.',
    needs: 'iot23-zeek/CTU-IoT-Malware-Capture-34-1.conn.log.labeled.gz',
    kinds: ['in-time', 'capture', 'device'],
    read: () =>
      readCaptures(folder, [
        { pattern: 'iot23-zeek/CTU-IoT-Malware-Capture-34-1.conn.log.labeled.gz', label: ZEEK_LABEL },
        { pattern: 'stratosphere-zeek/001-zeek-scenario-malicious/labeled-conn.log.gz', label: ZEEK_LABEL },
        { pattern: 'stratosphere-zeek/0{08,10}-zeek-mixed/data/conn.log.labeled.gz', label: ZEEK_LABEL },
      ]),
    after: tellHostWindows,
  },
  {
    key: 'packets',
    title: 'IoT Sentinel and MQTTset, packets',
    text: 'Flows that the product makes of packets: 31 kinds of devices being set up (all benign), an MQTT sensor network, and attacks on its broker, each a capture labelled as a whole (so a capture left out is its family left out). Another network than the benign homes: part of what is found is that difference.',
    needs: `${MQTTSET}bruteforce-train.pcapng`,
    kinds: ['capture', 'device'],
    read: () =>
      readCaptures(folder, [
        { pattern: 'iot-sentinel-pcap/*/*.pcap', label: 'benign' },
        { pattern: `${MQTTSET}benign-5mb-train.pcap`, label: 'benign' },
        ...['bruteforce', 'malariados', 'malformed', 'slowite', 'flood'].map((label) => ({
          pattern: `${MQTTSET}${label}-train.pcap*`,
          label,
        })),
      ]),
    after: async (data, evaluation) => `${await tellHostWindows(data, evaluation)}\n${await tellPromises(data, seeds)}`,
  },
]

const evaluations: Record<string, Evaluation> = {}
/** Every part of the file, in its order. */
const PARTS: readonly {
  readonly key: string
  readonly title: string
  readonly write: () => string | Promise<string>
}[] = [
  ...SECTIONS.map((section) => ({ key: section.key, title: section.title, write: () => writeSection(section) })),
  { key: 'telemetry', title: TELEMETRY_TITLE, write: writeTelemetry },
  { key: 'scan', title: SCAN_TITLE, write: () => summarizeScan(folder) },
  { key: 'leaks', title: LEAK_TITLE, write: tellLeaks },
]
const unknown = values.only !== undefined && !PARTS.some(({ key }) => key === values.only)
if (unknown) throw new Error(`--only is one of ${PARTS.map(({ key }) => key).join(', ')}, not ${values.only}`)

const kept = existsSync(values.out) ? readSections(readFileSync(values.out, 'utf8')) : new Map<string, string>()
if (values.only) {
  const part = PARTS.find(({ key }) => key === values.only)!
  const text = await part.write()
  if (text !== '') kept.set(part.title, text)
  save()
} else {
  const failed = await writeAll()
  kept.set(TIME_TITLE, tellTimes())
  save()
  if (failed.length > 0) throw new Error(`not renewed, see above: ${failed.join(', ')}; the other parts are written`)
}
if (values.json) writeFileSync(values.json, JSON.stringify(evaluations))
console.log(`${values.out} written after ${sinceStart()} s`)

/** Each part in a process of its own, as many at once as there are cores; what is done is kept if a later one fails. */
async function writeAll(): Promise<string[]> {
  const waiting = [...PARTS].sort((a, b) => SLOWEST.indexOf(b.key) - SLOWEST.indexOf(a.key))
  const failed: string[] = []
  const scratch = mkdtempSync(join(tmpdir(), 'guardian-evaluate-'))
  const next = async (): Promise<void> => {
    const part = waiting.shift()
    if (!part) return
    const out = join(scratch, `${part.key}.md`)
    const args = [fileURLToPath(import.meta.url), folder, '--seeds', values.seeds, '--only', part.key, '--out', out]
    const from = performance.now()
    const child = spawn(process.execPath, args, { stdio: 'inherit' })
    const [status] = await once(child, 'exit')
    times.set(part.title, (performance.now() - from) / 1000)
    const text = existsSync(out) ? readSections(readFileSync(out, 'utf8')).get(part.title) : undefined
    if (status !== 0) failed.push(part.key)
    else if (text) kept.set(part.title, text)
    save()
    return next()
  }
  await Promise.all(Array.from({ length: Math.min(MOST_AT_ONCE, availableParallelism()) }, next))
  rmSync(scratch, { recursive: true })
  return failed
}

function save(): void {
  const titles = [...PARTS.map(({ title }) => title), NOT_HERE_TITLE, TIME_TITLE]
  kept.set(NOT_HERE_TITLE, NOT_HERE)
  const body = titles.flatMap((title) => {
    const text = kept.get(title)
    return text === undefined ? [] : [`## ${title}\n\n${text.trim()}\n`]
  })
  writeFileSync(values.out, `${head()}\n${body.join('\n')}`)
}

function sinceStart(): number {
  return Math.round((performance.now() - started) / 1000)
}

function tellTimes(): string {
  const list = [...times].map(([title, seconds]) => `${title} ${Math.round(seconds)} s`)
  return `The whole run took ${sinceStart()} s on ${availableParallelism()} cores with Node ${process.versions.node}: ${list.join('; ')}.`
}

/** Empty where the set is not in the folder. */
async function writeSection(section: Section): Promise<string> {
  if (!existsSync(join(folder, section.needs))) {
    console.log(`${section.title}: not in ${folder}, left out`)
    return ''
  }
  const data = await section.read()
  const evaluation = await run(section, data)
  evaluations[section.key] = evaluation
  const after = section.after ? `\n${await section.after(data, evaluation)}` : ''
  return `${section.text}\n\n${writeMarkdown(evaluation)}${after}`
}

async function writeTelemetry(): Promise<string> {
  if (!existsSync(join(folder, 'ton-iot-telemetry'))) return ''
  return tellTelemetry(folder, {
    contenders: BASELINES.filter(({ name }) => TELEMETRY_DETECTORS.includes(name)),
    seeds,
  })
}

async function run(section: Section, data: FlowDataset): Promise<Evaluation> {
  const { otherNeeds } = section
  const other = otherNeeds && existsSync(join(folder, otherNeeds)) ? section.readOther?.() : undefined
  const contenders = JOINED.includes(section.key) ? [...BASELINES, TOGETHER] : BASELINES
  const steps = evaluateDetectors(data, { contenders, kinds: section.kinds, seeds, ...(other && { other }) })
  let shown = 0
  let step = await steps.next()
  for (; !step.done; step = await steps.next()) {
    if (performance.now() - shown < 2000) continue
    shown = performance.now()
    const { done, total, cell } = step.value
    const seconds = Math.round((shown - started) / 1000)
    console.log(`${seconds} s  ${section.title}: ${done} of ${total}  ${cell?.detector ?? ''} ${cell?.leftOut ?? ''}`)
  }
  return step.value
}

/** What the leak test says of the features above, and of UNSW-NB15 with the columns that were taken out of it. */
async function tellLeaks(): Promise<string> {
  const readers: [string, string, () => FlowDataset | Promise<FlowDataset>][] = [
    ...SECTIONS.map(({ title, needs, read }): (typeof readers)[number] => [title, needs, read]),
    ['UNSW-NB15 as it came', UNSW, () => readTables([join(folder, UNSW)], { ...UNSW_COLUMNS, drop: ['label'] })],
  ]
  const lines: string[] = []
  for (const [title, needs, read] of readers) {
    if (!existsSync(join(folder, needs))) continue
    const leaks = findLeaks(readLabels(await read()))
    const found = leaks.map(({ sentence, rocAuc }) => `${sentence.slice(0, -1)} (alone: ROC-AUC ${rocAuc.toFixed(2)})`)
    lines.push(`- ${title}: ${found.length === 0 ? 'nothing' : found.join('; ')}.`)
  }
  return `Features that name who instead of what, or that part attacks from benign rows alone (ROC-AUC or few values, ${PERFECT_AUC} and more):\n\n${lines.join('\n')}`
}

function readSections(text: string): Map<string, string> {
  return new Map(
    text
      .split(/^## /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n'))] as const),
  )
}

/** Boosting beside scikit-learn's, on the very same rows. */
function comparePeer(data: FlowDataset, evaluation: Evaluation): string {
  const labelled = readLabels(data)
  const peers = seeds.flatMap((seed) => {
    const [split] = planSplits(labelled, { seed, kinds: ['in-time'] }).splits
    return (split && judgeByPeer(split, seed)) ?? []
  })
  const own = summarizeEvaluation(evaluation)
    .find(({ kind }) => kind === 'in-time')
    ?.detectors.find(({ detector }) => detector === 'boosted trees')
  if (!own) return ''
  const [first] = peers
  if (!first) return 'scikit-learn is not installed on the machine that wrote this: no peer beside the boosted trees.\n'
  const list = peers.map(({ prAuc }) => prAuc)
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length
  const lowest = Math.min(...list)
  const isAbove = own.prAuc.mean >= mean && own.prAuc.worst >= lowest
  return `Peer on the same rows, later blocks left out: scikit-learn ${first.version} HistGradientBoosting PR-AUC ${mean.toFixed(4)} (lowest seed ${lowest.toFixed(4)}); boosted trees here ${own.prAuc.mean.toFixed(4)} (lowest ${own.prAuc.worst.toFixed(4)}): ${isAbove ? 'at or above it in both' : 'not above it in both'}.\n`
}

function head(): string {
  return `# Detectors on rows that they could not know

\`npm run evaluate:detectors -- FOLDER\` writes this file from the labelled sets of the shared data folder (${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}). Every detector stands beside the same baselines,
on splits that leave out what matters; a random split is shown only as a warning of how much it flatters.

How to read it. Thresholds come from benign rows that neither taught nor are judged, so "false positives became" says what the promised 1 % and 0.1 % turned into.
Two numbers in a cell are the mean over seeds and the worst seed: the worst is what is claimed. PR-AUC of guessing is the base rate. Intervals are Wilson's 95 %.
A class that is not judged (a detector that abstains) counts as not found. Accuracy is not shown: "always benign" has much of it.
`
}
