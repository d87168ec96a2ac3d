/**
 * Whether the autoencoder helps the ensemble of a home: both learnt from the first 60 % of each set's benign flows, and how many of the attack
 * flows pass the line that 1 % and 0.1 % of its later benign flows pass. Usage: node tools/measure-home.ts   (needs ../shared/data)
 */
import { bytesSource } from '#core/base/source.ts'
import { selectColumns, teachingColumns } from '#core/detect/columns.ts'
import { combineP } from '#core/detect/conformal.ts'
import { type FlowDataset, takeRows } from '#core/detect/dataset.ts'
import { deviceSurprise, fitDevices } from '#core/detect/device-calibration.ts'
import { homeKind } from '#core/detect/home.ts'
import { lstmAutoencoderKind } from '#core/detect/sequence-kinds.ts'
import { splitForTraining } from '#core/detect/training-split.ts'
import { openCapture } from '#core/scan/capture-input.ts'
import { collectDataset } from '#core/scan/dataset.ts'
import { collectFiles } from '../cli/collect.ts'
import { createTrainer } from '../cli/engine.ts'
import { filmHome, TAKEN_OVER } from './demo/home.ts'
import { writePcap } from './demo/pcap-writer.ts'

const DATA = '../shared/data/'
const TRAINING_SHARE = 0.6
const RATES = [0.01, 0.001]
const LOGS = [
  ['Stratosphere 008', 'stratosphere-zeek/008-zeek-mixed/data/conn.log.labeled.gz'],
  ['Stratosphere 010', 'stratosphere-zeek/010-zeek-mixed/data/conn.log.labeled.gz'],
  ['IoT-23 34-1', 'iot23-zeek/CTU-IoT-Malware-Capture-34-1.conn.log.labeled.gz'],
] as const
const FILMS = 5

console.log('| set | home as it is: attack flows at 1 % / 0.1 % | with the autoencoder | the autoencoder alone |')
console.log('|---|---|---|---|')
await compare('the made home, a camera taken over', ...(await filmed()))
for (const [name, path] of LOGS) {
  const data = await collectFiles([DATA + path], { label: 'label', benign: 'Benign' })
  const rows = (wanted: (label: number) => boolean) =>
    Array.from({ length: data.rows }, (_, row) => row).filter((row) => wanted(data.labels![row]!))
  const benign = rows((label) => label === 0)
  const cut = Math.floor(TRAINING_SHARE * benign.length)
  const later = [...benign.slice(cut), ...rows((label) => label > 0)].sort((a, b) => a - b)
  await compare(name, takeRows(data, benign.slice(0, cut)), takeRows(data, later))
}

async function filmed(): Promise<[FlowDataset, FlowDataset]> {
  const inputs = []
  for (let seed = 1; seed <= FILMS; seed++)
    inputs.push({ name: String(seed), input: await openCapture(bytesSource('a.pcap', writePcap(filmHome(seed, [])))) })
  const story = writePcap(filmHome(FILMS + 1, ['camera-taken-over']))
  inputs.push({ name: 'story', input: await openCapture(bytesSource('story.pcap', story)) })
  const data = await collectDataset(inputs)
  const rows = Array.from({ length: data.rows }, (_, row) => row)
  const judged = rows.filter((row) => data.capture[row] === FILMS)
  const camera = data.devices[mostOf(judged.filter((row) => isTaken(data, row)).map((row) => data.device[row]!))]
  const test = takeRows(data, judged)
  const labels = Int32Array.from(judged, (row) =>
    Number(isTaken(data, row) && data.devices[data.device[row]!] === camera),
  )
  return [
    takeRows(
      data,
      rows.filter((row) => data.capture[row]! < FILMS),
    ),
    { ...test, labels, classes: ['benign', 'taken over'] },
  ]
}

function isTaken({ startMicros }: FlowDataset, row: number): boolean {
  return startMicros[row]! >= TAKEN_OVER.from && startMicros[row]! < TAKEN_OVER.to
}

function mostOf(values: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0
}

async function compare(name: string, train: FlowDataset, test: FlowDataset): Promise<void> {
  const columns = teachingColumns(train.matrix)
  const learnt = { ...selectColumns(train, columns), labels: undefined, classes: ['benign'] }
  const judged = selectColumns(test, columns)
  const home = homeKind.open((await homeKind.learn(learnt, { seed: 1, createTrainer })).files, columns, createTrainer)
  const two = await home.score(judged)
  const split = splitForTraining(learnt, 10)
  const kept = takeRows(learnt, Int32Array.from(split.calibration.flatMap((rows) => [...rows])).sort())
  const weights = await lstmAutoencoderKind.learn(takeRows(learnt, split.train), { seed: 1, createTrainer })
  const network = lstmAutoencoderKind.open(weights.files, weights.features, createTrainer)
  const calibration = fitDevices({ ...kept, scores: await network.score(selectColumns(kept, weights.features)) })
  const scores = await network.score(selectColumns(judged, weights.features))
  const alone = scores.map((score, row) =>
    deviceSurprise(calibration, judged.devices[judged.device[row]!] ?? '', score),
  )
  const three = two.map((surprise, row) => {
    const p = 10 ** -surprise / 2
    // Each member's p-value is paid for by their number: two of them become three
    return -Math.log10(combineP([p, p, 10 ** -alone[row]!]))
  })
  const cells = [two, three, alone].map((list) =>
    RATES.map((rate) => recall(list, test.labels!, rate).toFixed(3)).join(' / '),
  )
  console.log(`| ${name} | ${cells.join(' | ')} |`)
}

/** Attack rows above what a share `rate` of benign rows is above; rows that were not judged are not found. */
function recall(scores: ArrayLike<number>, labels: Int32Array, rate: number): number {
  const benign: number[] = []
  const attacks: number[] = []
  for (let row = 0; row < labels.length; row++)
    (labels[row] === 0 ? benign : attacks).push(Number.isNaN(scores[row]!) ? Number.NEGATIVE_INFINITY : scores[row]!)
  const line = benign.sort((a, b) => b - a)[Math.floor(rate * benign.length)]!
  return attacks.filter((score) => score > line).length / attacks.length
}
