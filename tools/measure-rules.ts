/**
 * Measures the evidence rules on recordings at hand: findings on benign traffic per device-day, and which attacks raise any.
 * `node tools/measure-rules.ts [FOLDER]`; the limits were set on the rows marked "tuned", the others had no say (docs/rules.md).
 */
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bytesSource } from '#core/base/source.ts'
import { Inventory } from '#core/device/inventory.ts'
import type { FlowBatch } from '#core/flow/batch.ts'
import type { FlowInput } from '#core/flow/input.ts'
import type { OwnedFlows } from '#core/rule/event.ts'
import { RULE_IDS, type RuleFinding, tellRule } from '#core/rule/finding.ts'
import { RuleSet } from '#core/rule/rule-set.ts'
import { openInputs } from '#core/scan/open.ts'
import { fileSource } from '../cli/file-source.ts'
import { filmHome } from './demo/home.ts'
import { writePcap } from './demo/pcap-writer.ts'

interface Recording {
  readonly name: string
  readonly tuned: boolean
  /** Files under the folder; or frames of the demo home without events. */
  readonly files?: readonly string[]
  readonly seed?: number
  /** Which rows of a labelled file are heard. */
  readonly rows: 'all' | 'benign'
  readonly isAttack: boolean
}

const ZEEK = 'stratosphere-zeek'
const attack = (name: string, files: readonly string[], tuned = false): Recording => ({
  name,
  files,
  tuned,
  rows: 'all',
  isAttack: true,
})
const benign = (name: string, files: readonly string[], tuned = false): Recording => ({
  name,
  files,
  tuned,
  rows: 'benign',
  isAttack: false,
})
const { values, positionals } = parseArgs({ allowPositionals: true, options: { tell: { type: 'boolean' } } })
const folder = positionals[0] ?? '../shared/data'
/** Every fifth run of a device is held out, as in the set's own split. */
const sentinel = existsSync(folder) ? globSync('iot-sentinel-pcap/*/*.pcap', { cwd: folder }).sort() : []

const RECORDINGS: readonly Recording[] = [
  { name: 'demo home, quiet, seed 20260512', seed: 20_260_512, tuned: true, rows: 'all', isAttack: false },
  { name: 'demo home, quiet, seed 2', seed: 2, tuned: false, rows: 'all', isAttack: false },
  { name: 'demo home, quiet, seed 3', seed: 3, tuned: false, rows: 'all', isAttack: false },
  benign(
    'IoT Sentinel, four fifths',
    sentinel.filter((_, i) => i % 5 !== 4),
    true,
  ),
  benign(
    'IoT Sentinel, one fifth',
    sentinel.filter((_, i) => i % 5 === 4),
  ),
  benign('MQTTset benign', ['mqttset-pcap/benign-5mb-train.pcap']),
  benign('Stratosphere 008, benign rows', [`${ZEEK}/008-zeek-mixed/data/conn.log.labeled.gz`], true),
  benign('Stratosphere 010, benign rows', [`${ZEEK}/010-zeek-mixed/data/conn.log.labeled.gz`]),
  benign('IoT-23 34-1, benign rows', ['iot23-zeek/CTU-IoT-Malware-Capture-34-1.conn.log.labeled.gz'], true),
  attack('Stratosphere 001 njRAT', [`${ZEEK}/001-zeek-scenario-malicious/labeled-conn.log.gz`], true),
  attack('Stratosphere 002 Nmap', [`${ZEEK}/002-zeek-scenario-port-scanning/conn.log.gz`], true),
  attack('MQTTset brute force', ['mqttset-pcap/bruteforce-train.pcapng'], true),
  attack('IoT-23 34-1 Mirai', ['iot23-zeek/CTU-IoT-Malware-Capture-34-1.conn.log.labeled.gz'], true),
  attack('Stratosphere 003 AndroidTester', [`${ZEEK}/003-zeek-scenario-malicious/conn.log.gz`], true),
  attack('Stratosphere 005 Simda', [`${ZEEK}/005-zeek-scenario-malicious/conn.log.gz`]),
  attack('Stratosphere 008, all rows', [`${ZEEK}/008-zeek-mixed/data/conn.log.labeled.gz`], true),
  attack('Stratosphere 010, all rows', [`${ZEEK}/010-zeek-mixed/data/conn.log.labeled.gz`]),
  attack('Slips horizontal scan', [`${ZEEK}/slips/port-scans/horizontal/conn.log.gz`]),
  attack('Slips vertical scan', [`${ZEEK}/slips/port-scans/vertical/conn.log.gz`]),
  attack('MQTTset malaria DoS', ['mqttset-pcap/malariados-train.pcap']),
  attack('MQTTset SlowITe', ['mqttset-pcap/slowite-train.pcap']),
  attack('MQTTset malformed', ['mqttset-pcap/malformed-train.pcap']),
  attack('MQTTset flood', ['mqttset-pcap/flood-train.pcap']),
]

console.log(`| recording | limits | flows | device-days | ${RULE_IDS.join(' | ')} |`)
console.log(`|---|---|---|---|${'---|'.repeat(RULE_IDS.length)}`)
for (const recording of RECORDINGS) {
  const measured = await measure(recording)
  if (!measured) continue
  const { findings, flows, deviceDays } = measured
  const counts = RULE_IDS.map((id) => findings.filter(({ rule }) => rule === id).length || '')
  const role = `${recording.isAttack ? 'attack' : 'benign'}, ${recording.tuned ? 'tuned' : 'held out'}`
  console.log(`| ${recording.name} | ${role} | ${flows} | ${deviceDays.toFixed(2)} | ${counts.join(' | ')} |`)
}

async function measure({ files, seed, rows }: Recording) {
  const findings: RuleFinding[] = []
  let flows = 0
  let deviceDays = 0
  const take = async (input: FlowInput) => {
    const heard = await runRules(input, rows)
    findings.push(...heard.findings)
    flows += heard.flows
    deviceDays += heard.deviceDays
  }
  if (seed !== undefined) {
    const [opened] = await openInputs(bytesSource('home.pcap', writePcap(filmHome(seed, []))))
    await take(opened!.input)
  }
  for (const file of files ?? []) {
    if (!existsSync(join(folder, file))) continue
    const [opened] = await openInputs(await fileSource(join(folder, file)))
    await take(opened!.input)
  }
  return flows === 0 ? undefined : { findings, flows, deviceDays }
}

async function runRules(input: FlowInput, rows: Recording['rows']) {
  const inventory = new Inventory()
  const rules = new RuleSet()
  const findings: RuleFinding[] = []
  const spans = new Map<string, [number, number]>()
  let flows = 0
  for await (const step of input.steps()) {
    inventory.see(step.sightings)
    rules.see(step.sightings)
    for (const batch of step.flows) {
      const owned: OwnedFlows = { batch, ...inventory.assign(batch) }
      flows += keepRows(owned, rows)
      addSpans(owned, spans)
      findings.push(...rules.add(owned))
    }
  }
  findings.push(...rules.finish())
  if (values.tell) {
    const names = {
      deviceName: (id: string) => inventory.nameOf(id),
      addressName: (a: string) => inventory.hostName(a),
    }
    for (const finding of findings) console.log(`  ${finding.rule} ${finding.severity}: ${tellRule(finding, names)}`)
  }
  let micros = 0
  for (const [first, last] of spans.values()) micros += last - first
  return { findings, flows, deviceDays: micros / 86_400e6 }
}

/** Takes the rows that are not to be heard from their devices; returns how many are left. */
function keepRows({ batch, device }: OwnedFlows, rows: Recording['rows']): number {
  if (rows === 'all' || batch.label === undefined) return batch.length
  let kept = 0
  for (let i = 0; i < batch.length; i++) {
    if (isBenign(batch, i)) kept++
    else device[i] = -1
  }
  return kept
}

function isBenign({ labels, label }: FlowBatch, i: number): boolean {
  return /^(benign|normal)/i.test(labels[label?.[i] ?? -1] ?? 'benign')
}

function addSpans({ batch, device, deviceIds }: OwnedFlows, spans: Map<string, [number, number]>): void {
  for (let i = 0; i < batch.length; i++) {
    const id = deviceIds[device[i]!]
    const micros = batch.startMicros[i]!
    if (id === undefined || Number.isNaN(micros)) continue
    const span = spans.get(id)
    if (!span) spans.set(id, [micros, micros])
    else {
      span[0] = Math.min(span[0], micros)
      span[1] = Math.max(span[1], micros)
    }
  }
}
