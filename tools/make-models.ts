/**
 * Makes the models that come with the app beside its autoencoder: `npm run make:models -- [FOLDER] [NAME …]`. FOLDER holds the data sets (default
 * ../shared/data); without names all are made. The same data gives the same bytes. MQTTset, which is not free for every use, is never read.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { learn } from '#core/detect/catalogue.ts'
import { type FlowDataset, takeRows } from '#core/detect/dataset.ts'
import type { KindControl } from '#core/detect/kind.ts'
import { judgeDataset } from '#core/evaluate/evaluate.ts'
import { writeModelFolder } from '#core/model/folder.ts'
import type { ModelKind } from '#core/model/folder-manifest.ts'
import { SHIPPED_MODELS } from '#core/model/shipped.ts'
import { createTrainer } from '../cli/engine.ts'
import { type CaptureSource, readCaptures } from './evaluate/captures.ts'

const MODELS = new URL('../models/', import.meta.url).pathname
const SEED = 1
/** Changed with the recipes, so that the same data gives the same bytes. */
const CREATED = '2026-11-21T00:00:00.000Z'
const CIC = 'cicids2017-flows/'

/** Flow tables of offices in 2017, days in order. Tuesday's labels are 0 and 1: the attacks of that day were password guessing. */
const DAYS = {
  monday: { pattern: `${CIC}raw79_monday_*.csv.gz`, label: { column: 'Label', benign: 'BENIGN' } },
  tuesday: { pattern: `${CIC}raw79_tuesday_*.csv.gz`, label: { column: 'Label', benign: '0' } },
  thursday: { pattern: `${CIC}raw79_thursday_*.csv.gz`, label: { column: 'Label', benign: 'BENIGN' } },
  friday: { pattern: `${CIC}raw79_friday_*.csv.gz`, label: { column: 'Label', benign: 'BENIGN' } },
} as const satisfies Record<string, CaptureSource>
const MINORITY: CaptureSource = {
  pattern: `${CIC}km77_minority.csv.gz`,
  label: { column: 'Label', benign: 'BENIGN' },
}
const NATURAL: CaptureSource = {
  pattern: `${CIC}cleaned52_natural.csv.gz`,
  label: { column: 'Attack Type', benign: 'Normal Traffic' },
}
const BALANCED: CaptureSource = {
  pattern: `${CIC}cleaned52_balanced.csv.gz`,
  label: { column: 'Attack Type', benign: 'Normal Traffic' },
}
/** Set-ups of 31 device types, several runs each. */
const HOMES: CaptureSource = { pattern: 'iot-sentinel-pcap/*/*.pcap*', label: 'benign' }

/** One word for each kind of attack, whatever the file calls it. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^1$|brute ?force|patator/i, 'Password guessing'],
  [/ddos/i, 'Distributed flood'],
  [/dos|slow|hulk|golden/i, 'Denial of service'],
  [/web|xss|sql/i, 'Web attack'],
  [/port ?scan/i, 'Port scan'],
  [/bot/i, 'Bot'],
  [/infiltration/i, 'Infiltration'],
]

interface Recipe {
  readonly kind: ModelKind
  readonly train: (data: Sets) => FlowDataset
  /** By what the card calls it. */
  readonly judge: (data: Sets) => Readonly<Record<string, FlowDataset>>
  readonly options?: KindControl['options']
}

interface Sets {
  readonly benign: FlowDataset
  readonly days: FlowDataset
  readonly windows: FlowDataset
}

const RECIPES: Readonly<Record<(typeof SHIPPED_MODELS)[number]['name'], Recipe | undefined>> = {
  'flow-autoencoder': undefined,
  'isolation-forest': {
    kind: 'isolation-forest',
    train: ({ benign }) =>
      unlabelled(rowsWhere(benign, (row) => isBenign(benign, row) && benign.capture[row]! % 2 === 0)),
    judge: ({ benign }) => ({
      'every second run of the homes and every second office table, with all attacks of these tables': rowsWhere(
        benign,
        (row) => !isBenign(benign, row) || benign.capture[row]! % 2 === 1,
      ),
    }),
  },
  'cnn-lstm': {
    kind: 'cnn-lstm',
    train: ({ windows }) => rowsWhere(windows, earlyIn(windows)),
    judge: ({ windows }) => {
      const isEarly = earlyIn(windows)
      return { 'the last third of each table': rowsWhere(windows, (row) => !isEarly(row)) }
    },
  },
  'family-classifier': {
    kind: 'family',
    train: ({ days }) => rowsWhere(days, (row) => !isEveryThird(days, row)),
    judge: ({ days }) => ({
      'every third flow, of the same days and attacks as training: the most that can be expected': rowsWhere(
        days,
        (row) => isEveryThird(days, row),
      ),
    }),
    options: { rounds: 40, leaves: 15 },
  },
}

async function main(folder: string, only: readonly string[]): Promise<void> {
  const { monday, tuesday, thursday, friday } = DAYS
  const sets: Sets = {
    benign: withoutHostWindows(renamed(await readCaptures(folder, [HOMES, monday, tuesday, friday, MINORITY]))),
    days: renamed(await readCaptures(folder, [monday, tuesday, thursday, friday, MINORITY])),
    windows: renamed(await readCaptures(folder, [NATURAL, BALANCED, monday, tuesday, thursday, friday])),
  }
  for (const { name, version } of SHIPPED_MODELS) {
    const recipe = RECIPES[name]
    if (!recipe || (only.length > 0 && !only.includes(name))) continue
    const train = recipe.train(sets)
    console.log(`${name}: ${train.rows} flows`)
    const { kind, options } = recipe
    const model = await learn(train, { kind, name, version, seed: SEED, createTrainer, options, forOthers: true })
    const metrics: Record<string, unknown> = {}
    for (const [title, data] of Object.entries(recipe.judge(sets))) {
      const { elapsedMs: _, ...result } = await judgeDataset(model.judge, data)
      metrics[title] = result
    }
    const files = await writeModelFolder({ ...model, manifest: { ...model.manifest, metrics, created: CREATED } })
    const to = join(MODELS, name, version)
    await rm(to, { recursive: true, force: true })
    await mkdir(to, { recursive: true })
    for (const [path, bytes] of files) await writeFile(join(to, path), bytes)
    console.log(`  ${[...files].map(([path, bytes]) => `${path} ${bytes.length}`).join(', ')} bytes`)
  }
}

/** Classes by their common names; several may become one. */
function renamed(data: FlowDataset): FlowDataset {
  const names = data.classes.map((label, i) => {
    return i === 0 ? 'Benign' : (NAMES.find(([pattern]) => pattern.test(label))?.[1] ?? label)
  })
  const classes = [...new Set(names)]
  return { ...data, classes, labels: data.labels!.map((label) => (label < 0 ? -1 : classes.indexOf(names[label]!))) }
}

/** Tables without addresses have none, and a model for both must not ask for them. */
function withoutHostWindows(data: FlowDataset): FlowDataset {
  const { features, values, rows } = data.matrix
  const places = features.flatMap((name, i) => (name.startsWith('host_') ? [] : [i]))
  if (places.length === features.length) return data
  const kept = new Float32Array(rows * places.length)
  for (let row = 0; row < rows; row++) {
    places.forEach((place, i) => {
      kept[row * places.length + i] = values[row * features.length + place]!
    })
  }
  return { ...data, matrix: { features: places.map((place) => features[place]!), rows, values: kept } }
}

function rowsWhere(data: FlowDataset, fits: (row: number) => boolean): FlowDataset {
  const rows: number[] = []
  for (let row = 0; row < data.rows; row++) if (data.labels![row]! >= 0 && fits(row)) rows.push(row)
  return takeRows(data, rows)
}

function unlabelled(data: FlowDataset): FlowDataset {
  return { ...data, labels: undefined, classes: data.classes.slice(0, 1) }
}

const isBenign = ({ labels }: FlowDataset, row: number) => labels![row] === 0

/** Whether a row is in the first two thirds of its file: windows of the rest share no flow with it. */
function earlyIn({ capture, row }: FlowDataset): (at: number) => boolean {
  const last = new Map<number, number>()
  capture.forEach((one, at) => {
    last.set(one, Math.max(last.get(one) ?? 0, row[at]!))
  })
  return (at) => row[at]! <= (2 / 3) * last.get(capture[at]!)!
}

/** Of its class; neighbours in a table are alike, but attacks that last a few flows would else be on one side only. */
function isEveryThird({ row }: FlowDataset, at: number): boolean {
  return row[at]! % 3 === 0
}

const [folder = '../shared/data', ...names] = process.argv.slice(2)
await main(folder, names)
