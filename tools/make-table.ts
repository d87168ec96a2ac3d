/**
 * A four-column flow table of any length for benches and tests: `node tools/make-table.ts --rows 1000000 --out FILE [--seed N] [--anomalies N]`.
 * Rows are stretches of what the devices of the demo home do on a day without events; the planted runs are labelled.
 */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { parseArgs } from 'node:util'
import { createRandom, type Random } from '#core/base/random.ts'
import { bytesSource } from '#core/base/source.ts'
import { Inventory } from '#core/device/inventory.ts'
import { openCapture } from '#core/scan/capture-input.ts'
import { filmHome } from './demo/home.ts'
import { writePcap } from './demo/pcap-writer.ts'

const HEADER = 'ts,orig_pkts,resp_pkts,orig_bytes,resp_bytes,label\n'
/** Monday, 1 June 2026, 00:00 UTC. */
const START_SECONDS = Date.UTC(2026, 5, 1) / 1000
const ROWS_A_PIECE = 8192
const MEAN_STRETCH = 60
const ANOMALY_ROWS = 16

type Counts = readonly [number, number, number, number]

/** What no device of the home does; a quiet row between loud ones, as reports between uploads. */
const ANOMALIES: readonly (readonly [string, (random: Random, row: number) => Counts])[] = [
  [
    'upload',
    (random, row) => (row % 2 === 0 ? [9000 + random.int(3000), 4000, 12e6 + random.int(4e6), 300] : [6, 5, 80, 44]),
  ],
  ['flood', (random) => [40_000 + random.int(20_000), 0, 0, 0]],
  [
    'download',
    (random, row) =>
      row % 3 === 0 ? [1, 1, 38, 54] : [20_000, 30_000 + random.int(9000), 900, 40e6 + random.int(9e6)],
  ],
]

export interface TableOptions {
  readonly rows: number
  readonly seed: number
  /** Runs of ANOMALY_ROWS rows, spread evenly. */
  readonly anomalies: number
}

/** The table as text in pieces. */
export async function* makeTable({ rows, seed, anomalies }: TableOptions): AsyncGenerator<string> {
  const random = createRandom(seed)
  const lives = await readLives(seed)
  const spacing = Math.floor(rows / (anomalies + 1))
  let text = HEADER
  let seconds = START_SECONDS
  let life: readonly Counts[] = []
  let at = 0
  let left = 0
  for (let row = 0; row < rows; row++) {
    const planted = spacing > ANOMALY_ROWS ? Math.floor(row / spacing) : 0
    const within = row - planted * spacing
    let counts: Counts
    let label = 'benign'
    if (planted > 0 && planted <= anomalies && within < ANOMALY_ROWS) {
      const [name, make] = ANOMALIES[planted % ANOMALIES.length]!
      label = name
      counts = make(random, within)
    } else {
      if (left-- <= 0) {
        life = lives[random.int(lives.length)]!
        at = random.int(life.length)
        left = 1 + Math.floor(-MEAN_STRETCH * Math.log(1 - random.next()))
      }
      counts = life[at++ % life.length]!
    }
    seconds += -4 * Math.log(1 - random.next())
    text += `${seconds.toFixed(6)},${counts.join()},${label}\n`
    if ((row + 1) % ROWS_A_PIECE === 0) {
      yield text
      text = ''
    }
  }
  yield text
}

/** Each device's flows in the order in which they ended. */
async function readLives(seed: number): Promise<Counts[][]> {
  const input = await openCapture(bytesSource('home.pcap', writePcap(filmHome(seed, []))))
  const inventory = new Inventory()
  const lives = new Map<string, Counts[]>()
  for await (const { flows, sightings } of input.steps()) {
    inventory.see(sightings)
    for (const batch of flows) {
      const { deviceIds, device } = inventory.assign(batch)
      for (let row = 0; row < batch.length; row++) {
        const id = deviceIds[device[row]!]!
        const life = lives.get(id) ?? []
        lives.set(id, life)
        const [a = 0, b = 0, c = 0, d = 0] = batch.counts.subarray(4 * row, 4 * row + 4)
        life.push([a, b, c, d])
      }
    }
  }
  return [...lives.values()].filter((life) => life.length >= MEAN_STRETCH)
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '1000' },
      out: { type: 'string' },
      seed: { type: 'string', default: '1' },
      anomalies: { type: 'string', default: '3' },
    },
  })
  const { out } = values
  if (out === undefined) throw new Error('--out FILE is needed')
  const file = createWriteStream(out)
  const options = { rows: Number(values.rows), seed: Number(values.seed), anomalies: Number(values.anomalies) }
  for await (const piece of makeTable(options)) if (!file.write(piece)) await once(file, 'drain')
  file.end()
  await once(file, 'finish')
  console.log(`${out}: ${options.rows} rows, ${options.anomalies} planted runs of ${ANOMALY_ROWS}`)
}
