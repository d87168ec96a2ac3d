/**
 * What was promised against what came, for each device: the home ensemble learnt from the first runs of the IoT Sentinel devices, false alarms
 * counted on the runs after them. Usage: node tools/measure-devices.ts [--promise 0.01]   (needs ../shared/data)
 * With --cases instead: the budget in cases a week against the cases that came, in several homes, through a whole scan
 * (measure/cases.ts); [--kind home] [--budget 10] [--only PART-OF-A-HOME'S-NAME] [--each]
 */
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { selectColumns, teachingColumns } from '#core/detect/columns.ts'
import { type FlowDataset, takeRows } from '#core/detect/dataset.ts'
import { homeKind } from '#core/detect/home.ts'
import { LEARNABLE_KINDS } from '#core/detect/kinds.ts'
import { nearestKind } from '#core/detect/tabular-kinds.ts'
import { splitForTraining } from '#core/detect/training-split.ts'
import { realiseRates } from '#core/evaluate/realised.ts'
import { collectFiles } from '../cli/collect.ts'
import { measureCases } from './measure/cases.ts'

const FOLDER = '../shared/data/iot-sentinel-pcap/'
const TRAINING_SHARE = 0.6

const { values: options } = parseArgs({
  options: {
    promise: { type: 'string', default: '0.01' },
    cases: { type: 'boolean', default: false },
    kind: { type: 'string', multiple: true, default: ['nearest', 'isolation-forest', 'home'] },
    only: { type: 'string', default: '' },
    budget: { type: 'string', multiple: true, default: ['1', '10', '100'] },
    each: { type: 'boolean', default: false },
  },
})
if (options.cases) {
  const kinds = LEARNABLE_KINDS.filter((kind) => options.kind.includes(kind))
  const budgets = options.budget.map(Number)
  await measureCases({ folder: '../shared/data', kinds, budgets, only: options.only, each: options.each })
  process.exit()
}
const promised = Number(options.promise)

const training = new Set<string>()
const files: string[] = []
for (const device of readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
  const runs = readdirSync(FOLDER + device.name).filter((file) => file.endsWith('.pcap'))
  for (const [at, run] of runs.entries()) {
    files.push(`${FOLDER}${device.name}/${run}`)
    if (at < TRAINING_SHARE * runs.length) training.add(String(files.length - 1))
  }
}
const whole = await collectFiles(files, { label: undefined, benign: undefined })
const data = selectColumns(whole, teachingColumns(whole.matrix))
const rowsOf = (wanted: boolean): FlowDataset =>
  takeRows(
    data,
    Array.from({ length: data.rows }, (_, row) => row).filter(
      (row) => training.has(String(data.capture[row])) === wanted,
    ),
  )
const learnt = rowsOf(true)
const fresh = rowsOf(false)
console.log(
  `${data.devices.length} devices in ${files.length} runs, ${learnt.rows} flows learnt from, ${fresh.rows} judged`,
)

const features = data.matrix.features
const home = homeKind.open((await homeKind.learn(learnt, { seed: 1 })).files, features, undefined)
const started = performance.now()
const surprises = await home.score(fresh)
const seconds = (performance.now() - started) / 1000
tell('each device by itself and the home', surprises, -Math.log10(promised))
console.log(`judged ${Math.round(fresh.rows / seconds)} flows a second`)

const split = splitForTraining(learnt, 1)
const nearest = nearestKind.open(
  (await nearestKind.learn(takeRows(learnt, split.train), { seed: 1 })).files,
  features,
  undefined,
)
const kept = await nearest.score(
  takeRows(
    learnt,
    split.calibration.flatMap((rows) => Array.from(rows)),
  ),
)
const line = kept.sort()[Math.floor((1 - promised) * kept.length)]!
tell('one line for the home', await nearest.score(fresh), line)

function tell(name: string, scores: Float64Array, threshold: number): void {
  const { devices, shareWithin, rate, tooQuiet } = realiseRates(fresh, scores, {
    thresholdOf: () => threshold,
    promised,
  })
  const worst = Math.max(...devices.map((device) => device.rate))
  console.log(
    `${name}: ${(100 * shareWithin).toFixed(0)} % of ${devices.length} devices within 1.3 times the promised ${promised}; all together ${rate.toFixed(4)}, the worst ${worst.toFixed(3)}; ${tooQuiet} devices have too few flows to tell`,
  )
}
