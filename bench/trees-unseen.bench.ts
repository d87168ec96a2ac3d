/**
 * Attack families that training never saw: recall of the nearest detector at 1 % and 0.1 % false positives on CIC flows, without the port.
 * Each seed trains on 70 % of the benign flows; thresholds and false positives are of the other 30 %.
 * Usage: node bench/trees-unseen.bench.ts [--references 2048] [--squared] [--plain] [--seeds 5]   (needs ../shared/data)
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { createRandom } from '#core/base/random.ts'
import type { Detector, DetectorModel, FeatureMatrix } from '#core/detect/detector.ts'
import { type NearestOptions, nearest } from '#core/detect/nearest.ts'
import { fusedNearest } from '#core/detect/nearest-fused.ts'
import { recallAtRate } from '#core/evaluate/metrics.ts'

const FOLDER = '../shared/data/cicids2017-flows/'
const FILES = ['cleaned52_natural.csv.gz', 'cleaned52_balanced.csv.gz']
const LABEL = 'Attack Type'
const BENIGN = 'Normal Traffic'
const RATES = [0.01, 0.001]
const TRAINING_SHARE = 0.7

const { values: options } = parseArgs({
  options: {
    references: { type: 'string', default: '2048' },
    seeds: { type: 'string', default: '5' },
    squared: { type: 'boolean', default: false },
    plain: { type: 'boolean', default: false },
  },
})

let features: string[] = []
const families = new Map<string, number[][]>()
for (const file of FILES) {
  const [header = '', ...lines] = gunzipSync(readFileSync(FOLDER + file))
    .toString()
    .trim()
    .split(/\r?\n/)
  const names = header.split(',')
  if (features.length === 0) features = names.filter((name) => name !== LABEL && name !== 'Destination Port')
  const columns = features.map((name) => names.indexOf(name))
  for (const line of lines) {
    const cells = line.split(',')
    const family = cells[names.indexOf(LABEL)] ?? ''
    const rows = families.get(family) ?? []
    rows.push(columns.map((column) => Number(cells[column])))
    families.set(family, rows)
  }
}
const matrix = (rows: readonly number[][]): FeatureMatrix => ({
  features,
  rows: rows.length,
  values: Float32Array.from(rows.flat()),
})
const benign = families.get(BENIGN) ?? []
const attacks = [...families].filter(([family]) => family !== BENIGN).sort(([a], [b]) => (a < b ? -1 : 1))

const means: number[][] = RATES.map(() => [])
for (let seed = 1; seed <= Number(options.seeds); seed++) {
  const random = createRandom(seed)
  const order = benign.map((row) => [random.next(), row] as const).sort(([a], [b]) => a - b)
  const shuffled = order.map(([, row]) => row)
  const cut = Math.floor(TRAINING_SHARE * benign.length)
  const settings = { references: Number(options.references), weighted: !options.plain }
  const learnScorer = async <Model extends DetectorModel>(detector: Detector<Model, NearestOptions>) => {
    const model = await detector.fit(matrix(shuffled.slice(0, cut)), { seed }, settings)
    return (data: FeatureMatrix) => detector.score(model, data)
  }
  const score = options.squared ? await learnScorer(nearest) : await learnScorer(fusedNearest)
  const unseen = score(matrix(shuffled.slice(cut)))
  const scored = attacks.map(([, rows]) => score(matrix(rows)))
  for (const [at, rate] of RATES.entries()) {
    const recalls = scored.map((scores) => {
      const isAttack = [...unseen.map(() => 0), ...scores.map(() => 1)]
      return recallAtRate({ scores: [...unseen, ...scores], attacks: isAttack }, rate).recall
    })
    const mean = recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length
    means[at]!.push(mean)
    const list = recalls.map((recall, i) => `${attacks[i]![0]} ${recall.toFixed(2)}`).join(', ')
    console.log(`seed ${seed} at ${rate}: ${list}; mean ${mean.toFixed(3)}`)
  }
}
for (const [at, rate] of RATES.entries()) {
  const list = means[at]!
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length
  console.log(`at ${rate}: mean over seeds ${mean.toFixed(3)}, lowest ${Math.min(...list).toFixed(3)}`)
}
