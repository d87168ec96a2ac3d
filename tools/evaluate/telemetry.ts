/**
 * TON-IoT: what sensors said while attacks ran on the network. The labels say when an attack ran, not what the sensor saw, so little can be
 * found, and a detector that finds much has found a leak. Spellings are made one first: `true` and `1` part the classes in garage_door.
 */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { FlowDataset } from '#core/detect/dataset.ts'
import type { Contender } from '#core/evaluate/baselines.ts'
import { table } from '#core/evaluate/markdown.ts'
import { evaluateDetectors } from '#core/evaluate/matrix.ts'
import { summarizeEvaluation } from '#core/evaluate/report.ts'

const TABLES = ['fridge', 'garage_door', 'gps_tracker', 'modbus', 'motion_light', 'thermostat', 'weather']
const NO_FEATURES = ['ts', 'date', 'time', 'label', 'type']
/** Of every eight blocks of this many rows one is taken: enough for two to four columns. */
const BLOCK_ROWS = 250
const TAKEN = 8
const WORDS: Readonly<Record<string, number>> = {
  true: 1,
  false: 0,
  on: 1,
  off: 0,
  open: 1,
  closed: 0,
  high: 1,
  low: 0,
}

export async function tellTelemetry(
  folder: string,
  { contenders, seeds }: { readonly contenders: readonly Contender[]; readonly seeds: readonly number[] },
): Promise<string> {
  const rows: string[][] = []
  for (const name of TABLES) {
    const data = readTelemetry(join(folder, `ton-iot-telemetry/${name}.csv.gz`))
    const run = evaluateDetectors(data, { contenders, kinds: ['family'], seeds })
    let step = await run.next()
    while (!step.done) step = await run.next()
    const [report] = summarizeEvaluation(step.value)
    for (const { detector, prAuc, rocAuc, recall, falsePositiveRate } of report?.detectors ?? []) {
      rows.push([
        name,
        `${data.matrix.features.length}`,
        report!.baseRate.toFixed(2),
        detector,
        ...[prAuc, rocAuc, recall[0]!, recall[1]!].map(
          (spread) => `${spread.mean.toFixed(2)}, ${spread.worst.toFixed(2)}`,
        ),
        falsePositiveRate.map(({ worst }) => `${(100 * worst).toFixed(1)} %`).join(' / '),
      ])
    }
  }
  return [
    'Seven tables of sensor values (not flows) with the attack that ran on the network at that moment; an eighth of the rows, in blocks. Each kind of attack left out in turn; mean over seeds and the worst of them, as above. Text is numbers here in one spelling, and times are no features.',
    '',
    ...table(
      [
        'table',
        'columns',
        'base rate',
        'detector',
        'PR-AUC',
        'ROC-AUC',
        'recall at 1 %',
        'recall at 0.1 %',
        'false positives became',
      ],
      rows,
    ),
    '',
  ].join('\n')
}

function readTelemetry(file: string): FlowDataset {
  const [header = '', ...lines] = gunzipSync(readFileSync(file)).toString().trim().split(/\r?\n/)
  const names = header.split(',')
  const kept = lines.filter((_, at) => Math.floor(at / BLOCK_ROWS) % TAKEN === 0).map((line) => line.split(','))
  const columns = names.flatMap((name, at) => (NO_FEATURES.includes(name) ? [] : [at]))
  const types = kept.map((cells) => cells[names.indexOf('type')]?.trim() ?? '')
  const classes = ['normal', ...[...new Set(types)].filter((type) => type !== 'normal').sort()]
  return {
    rows: kept.length,
    matrix: {
      features: columns.map((at) => names[at]!),
      rows: kept.length,
      values: Float32Array.from(kept.flatMap((cells) => columns.map((at) => cellValue(cells[at] ?? '')))),
    },
    counts: new Float64Array(kept.length * 4).fill(Number.NaN),
    device: new Int32Array(kept.length).fill(-1),
    devices: [],
    capture: new Int32Array(kept.length),
    captures: [basename(file)],
    startMicros: new Float64Array(kept.length).fill(Number.NaN),
    row: Float64Array.from(kept, (_, at) => at + 1),
    labels: Int32Array.from(types, (type) => classes.indexOf(type)),
    classes,
  }
}

function cellValue(cell: string): number {
  const text = cell.trim().toLowerCase()
  return text === '' ? Number.NaN : (WORDS[text] ?? Number(text))
}
