/** Which flows the model learns from, which set its threshold, and which judge it. No capture is in two parts. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type FlowTable, type LayoutName, readTable } from './table.ts'

export const PARTS = ['train', 'validation', 'calibration', 'test'] as const
export type Part = (typeof PARTS)[number]

/** The flows of one device in one capture, in time order. */
export interface Sequence {
  readonly set: string
  /** Device type or file: windows are drawn evenly from these. */
  readonly group: string
  readonly part: Part
  readonly length: number
  readonly counts: Float64Array
  /** Per flow: 0 usual, 1 attack, -1 unknown. */
  readonly attack: Int8Array
}

interface Source {
  readonly set: string
  readonly path: string
  readonly layout: LayoutName
  /** Usual traffic only: other rows are left out before windows are made. */
  readonly benignOnly: boolean
  /** Part of a sequence; `run` counts a device's captures in order, `share` is the sequence's place in its file (0 … 1). */
  readonly part: (device: string, run: number, share: number) => Part
}

/** Whole device types kept from training: a new home has devices that no training saw. */
const CALIBRATION_DEVICES = [
  'D-LinkHomeHub',
  'D-LinkCam',
  'WeMoInsightSwitch',
  'WeMoInsightSwitch2',
  'EdimaxPlug1101W',
  'EdimaxPlug2101W',
]
const TEST_DEVICES = ['WeMoLink', 'WeMoSwitch', 'WeMoSwitch2']
const RUN_PARTS: readonly Part[] = ['train', 'train', 'train', 'validation', 'calibration']
/** Files without captures are cut into this many stretches of time, so that a part is a stretch and not single flows. */
const STRETCHES = 20

const SOURCES: readonly Source[] = [
  {
    set: 'IoT Sentinel',
    path: 'iot-sentinel-flows/flows.csv.gz',
    layout: 'sentinel',
    benignOnly: true,
    part(device, run) {
      if (CALIBRATION_DEVICES.includes(device)) return 'calibration'
      if (TEST_DEVICES.includes(device)) return 'test'
      return RUN_PARTS[run % RUN_PARTS.length]!
    },
  },
  cicids('CIC-IDS2017 Monday', 'raw79_monday_first999.csv.gz', (share) => (share < 0.8 ? 'train' : 'validation')),
  cicids('CIC-IDS2017 Friday morning', 'raw79_friday_morning_first2885.csv.gz', (share) => {
    if (share < 0.5) return 'train'
    return share < 0.65 ? 'validation' : 'calibration'
  }),
  cicids('CIC-IDS2017 Wednesday', 'raw79_wednesday_first200.csv.gz', () => 'calibration'),
  cicids('CIC-IDS2017 Tuesday', 'raw79_tuesday_first4998_binary.csv.gz', () => 'test'),
  cicids('CIC-IDS2017 Thursday', 'raw79_thursday_webattacks_1006.csv.gz', () => 'test'),
  zeek('IoT-23 34-1', 'iot23-zeek/CTU-IoT-Malware-Capture-34-1.conn.log.labeled.gz'),
  zeek('Stratosphere 008', 'stratosphere-zeek/008-zeek-mixed/data/conn.log.labeled.gz'),
  zeek('Stratosphere 010', 'stratosphere-zeek/010-zeek-mixed/data/conn.log.labeled.gz'),
  {
    set: 'UNSW-NB15',
    path: 'unsw-nb15-flows/unsw_nb15_part.csv.gz',
    layout: 'unsw',
    benignOnly: false,
    part: () => 'test',
  },
]

function cicids(set: string, file: string, part: (share: number) => Part): Source {
  return {
    set,
    path: `cicids2017-flows/${file}`,
    layout: 'cic',
    benignOnly: part(0) !== 'test',
    part: (_device, _run, share) => part(share),
  }
}

function zeek(set: string, path: string): Source {
  return { set, path, layout: 'zeek', benignOnly: false, part: () => 'test' }
}

/** Reads every source under `folder`; one that is not there is named in `missing`. */
export function loadSequences(folder: string): { sequences: Sequence[]; missing: string[] } {
  const sequences: Sequence[] = []
  const missing: string[] = []
  for (const source of SOURCES) {
    const path = join(folder, source.path)
    if (existsSync(path)) sequences.push(...cutSequences(source, readTable(path, source.layout)))
    else missing.push(source.path)
  }
  return { sequences, missing }
}

function cutSequences(source: Source, table: FlowTable): Sequence[] {
  const groups = new Map<string, number[]>()
  const stretch = Math.ceil(table.length / STRETCHES)
  const hasCaptures = table.capture.some((name) => name !== '')
  const split = !hasCaptures && source.benignOnly
  for (let i = 0; i < table.length; i++) {
    if (source.benignOnly && attackOf(table.label[i]!) !== 0) continue
    const key = `${split ? String(Math.floor(i / stretch)).padStart(3, '0') : table.capture[i]}|${table.device[i]}`
    const rows = groups.get(key)
    if (rows) rows.push(i)
    else groups.set(key, [i])
  }
  const runs = new Map<string, string[]>()
  const sequences: Sequence[] = []
  for (const [key, rows] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const capture = key.slice(0, key.indexOf('|'))
    const group = hasCaptures ? capture.slice(0, capture.indexOf('/')) : source.set
    const seen = runs.get(group) ?? []
    if (!seen.includes(capture)) seen.push(capture)
    runs.set(group, seen)
    // Array.sort is stable: flows of the same second keep the order of the file.
    rows.sort((a, b) => table.startMicros[a]! - table.startMicros[b]! || 0)
    const counts = new Float64Array(rows.length * 4)
    for (const [i, row] of rows.entries()) counts.set(table.counts.subarray(row * 4, row * 4 + 4), i * 4)
    sequences.push({
      set: source.set,
      group,
      part: source.part(group, seen.indexOf(capture), rows[0]! / table.length),
      length: rows.length,
      counts,
      attack: Int8Array.from(rows, (row) => attackOf(table.label[row]!)),
    })
  }
  return sequences
}

const USUAL = new Set(['benign', 'normal', '0', 'normal traffic'])
const UNKNOWN = new Set(['background', '', '-', '(empty)'])

function attackOf(label: string): number {
  const word = label.trim().toLowerCase()
  if (USUAL.has(word)) return 0
  return UNKNOWN.has(word) ? -1 : 1
}
