/** Which flows the model learns from, which set its threshold, and which judge it. No capture is in two parts. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isAttackLabel } from '#core/logs/label.ts'
import { type FileFlow, readFlows } from './read.ts'

export const PARTS = ['train', 'validation', 'calibration', 'test'] as const
export type Part = (typeof PARTS)[number]

/** The flows of one device in one capture, in time order. */
export interface Sequence {
  readonly set: string
  /** Device type or file: windows are drawn evenly from these. */
  readonly group: string
  readonly part: Part
  readonly flows: readonly FileFlow[]
  /** Per flow: 0 usual, 1 attack, -1 unknown. */
  readonly attack: Int8Array
}

/** Whole device types kept from training: a new home has devices that no training saw. */
const CALIBRATION_DEVICES = ['D-LinkCam', 'EdimaxPlug1101W', 'EdimaxPlug2101W', 'WeMoSwitch', 'WeMoSwitch2']
const TEST_DEVICES = ['D-LinkHomeHub', 'WeMoLink']
const RUN_PARTS: readonly Part[] = ['train', 'train', 'train', 'validation', 'calibration']

/** Tables without captures: the part of each stretch of time, a twentieth of the file. */
const STRETCHES = 20

interface Table {
  readonly set: string
  readonly path: string
  /** Undefined: the whole file is a test. Otherwise its attacks are left out, and windows stay inside a stretch. */
  readonly part?: (stretch: number) => Part
}

const TABLES: readonly Table[] = [
  {
    set: 'CIC-IDS2017 Monday',
    path: 'cicids2017-flows/raw79_monday_first999.csv.gz',
    part: (stretch) => (stretch < 16 ? 'train' : 'validation'),
  },
  {
    set: 'CIC-IDS2017 Friday morning',
    path: 'cicids2017-flows/raw79_friday_morning_first2885.csv.gz',
    part: (stretch) => (stretch < 10 ? 'train' : stretch < 13 ? 'validation' : 'calibration'),
  },
  {
    set: 'CIC-IDS2017 Thursday',
    path: 'cicids2017-flows/raw79_thursday_webattacks_1006.csv.gz',
    part: () => 'calibration',
  },
  { set: 'CIC-IDS2017 Tuesday', path: 'cicids2017-flows/raw79_tuesday_first4998_binary.csv.gz' },
  { set: 'IoT-23 34-1', path: 'iot23-zeek/CTU-IoT-Malware-Capture-34-1.conn.log.labeled.gz' },
  { set: 'Stratosphere 008', path: 'stratosphere-zeek/008-zeek-mixed/data/conn.log.labeled.gz' },
  { set: 'Stratosphere 010', path: 'stratosphere-zeek/010-zeek-mixed/data/conn.log.labeled.gz' },
  { set: 'UNSW-NB15', path: 'unsw-nb15-flows/unsw_nb15_part.csv.gz' },
]

const CAPTURES = { set: 'IoT Sentinel', path: 'iot-sentinel-pcap' } as const

/** Reads every source under `folder`; one that is not there is named in `missing`. */
export async function loadSequences(folder: string): Promise<{ sequences: Sequence[]; missing: string[] }> {
  const sequences: Sequence[] = []
  const missing: string[] = []
  if (existsSync(join(folder, CAPTURES.path))) sequences.push(...(await loadCaptures(join(folder, CAPTURES.path))))
  else missing.push(CAPTURES.path)
  for (const table of TABLES) {
    const path = join(folder, table.path)
    if (existsSync(path)) sequences.push(...cutTable(table, await readFlows(path)))
    else missing.push(table.path)
  }
  return { sequences, missing }
}

/** One folder for each device type, one capture for each of its runs. */
async function loadCaptures(folder: string): Promise<Sequence[]> {
  const sequences: Sequence[] = []
  const types = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  for (const type of types.map(({ name }) => name).sort()) {
    const runs = readdirSync(join(folder, type))
      .filter((name) => name.endsWith('.pcap'))
      .sort()
    // Setup-C-3 of D-LinkDayCam repeats the packets of Setup-C-2: of two runs with the same flow the one for training keeps it.
    const seen = new Set<string>()
    const inOrder = runs.map((name, run) => ({ name, part: partOfRun(type, run) }))
    inOrder.sort((a, b) => PARTS.indexOf(a.part) - PARTS.indexOf(b.part))
    for (const { name, part } of inOrder) {
      const fresh = (await readFlows(join(folder, type, name))).filter(({ device, startMicros }) => {
        const flow = `${device} ${startMicros}`
        return !seen.has(flow) && seen.add(flow)
      })
      for (const flows of byDevice(fresh)) {
        sequences.push({ set: CAPTURES.set, group: type, part, flows, attack: new Int8Array(flows.length) })
      }
    }
  }
  return sequences
}

function partOfRun(type: string, run: number): Part {
  if (CALIBRATION_DEVICES.includes(type)) return 'calibration'
  if (TEST_DEVICES.includes(type)) return 'test'
  return RUN_PARTS[run % RUN_PARTS.length]!
}

function cutTable({ set, part }: Table, flows: readonly FileFlow[]): Sequence[] {
  const sequences: Sequence[] = []
  const add = (of: Part, members: readonly FileFlow[]) => {
    const attack = Int8Array.from(members, ({ label }) => attackOf(label))
    sequences.push({ set, group: set, part: of, flows: members, attack })
  }
  if (!part) {
    for (const members of byDevice(flows)) add('test', members)
    return sequences
  }
  const length = Math.ceil(flows.length / STRETCHES)
  for (let stretch = 0; stretch < STRETCHES; stretch++) {
    const usual = flows.slice(stretch * length, (stretch + 1) * length).filter(({ label }) => attackOf(label) === 0)
    for (const members of byDevice(usual)) add(part(stretch), members)
  }
  return sequences
}

function byDevice(flows: readonly FileFlow[]): FileFlow[][] {
  const devices = new Map<string, FileFlow[]>()
  for (const flow of flows) {
    const members = devices.get(flow.device)
    if (members) members.push(flow)
    else devices.set(flow.device, [flow])
  }
  return [...devices.values()]
}

function attackOf(label: string): number {
  const attack = isAttackLabel(label)
  if (attack === undefined) return -1
  return attack ? 1 : 0
}
