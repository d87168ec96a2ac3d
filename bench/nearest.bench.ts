/**
 * How many flows a second the default detector (`nearest-fused`) judges on one thread: real CIC flows without the port, half of the 9,888
 * benign ones for training; judged are the other half and all attacks, in mixed order. Processor time, so that other work counts less.
 * `check` is a hash of all scores: the same before and after a change that should change none.
 * Usage: node bench/nearest.bench.ts [--rounds 7] [--references 2048]   (needs ../shared/data)
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { createRandom } from '#core/base/random.ts'
import { fusedNearest } from '#core/detect/nearest-fused.ts'

const FOLDER = '../shared/data/cicids2017-flows/'
const FILES = ['cleaned52_natural.csv.gz', 'cleaned52_balanced.csv.gz']
const LABEL = 'Attack Type'
const BENIGN = 'Normal Traffic'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    references: { type: 'string', default: '2048' },
  },
})

let features: string[] = []
const benign: number[][] = []
const attacks: number[][] = []
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
    const rows = cells[names.indexOf(LABEL)] === BENIGN ? benign : attacks
    rows.push(columns.map((column) => Number(cells[column])))
  }
}

const random = createRandom(1)
function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => [random.next(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item)
}
const matrix = (rows: readonly number[][]) => ({
  features,
  rows: rows.length,
  values: Float32Array.from(rows.flat()),
})
const mixed = shuffled(benign)
const half = mixed.length >> 1
const model = await fusedNearest.fit(
  matrix(mixed.slice(0, half)),
  { seed: 1 },
  { references: Number(options.references) },
)
const unseen = matrix(shuffled([...mixed.slice(half), ...attacks]))
const everything = matrix(shuffled([...mixed, ...attacks]))

for (const [name, data] of [
  ['all flows', everything],
  ['without those of training', unseen],
] as const) {
  const rates: number[] = []
  let check = ''
  for (let round = 0; round < Number(options.rounds); round++) {
    const before = process.cpuUsage()
    const scores = fusedNearest.score(model, data)
    const { user, system } = process.cpuUsage(before)
    rates.push((data.rows * 1e6) / (user + system))
    check = createHash('sha256').update(scores).digest('hex').slice(0, 12)
  }
  rates.sort((a, b) => a - b)
  const median = rates[rates.length >> 1] ?? Number.NaN
  console.log(
    `${name}: ${data.rows} of ${features.length} features, ${model.base.index.rows.length / features.length} references: ` +
      `median ${Math.round(median)} flows/s, best ${Math.round(rates.at(-1) ?? 0)}, worst ${Math.round(rates[0] ?? 0)}; check ${check}`,
  )
}
