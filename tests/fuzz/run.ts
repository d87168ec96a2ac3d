/** `npm run fuzz -- [--minutes N] [--seed N]`: damages good files until the time is over; stops at the first input that is answered badly. */
import { parseArgs } from 'node:util'
import { fuzzCapture } from './capture-fuzz.ts'
import { fuzzRows } from './row-fuzz.ts'
import { fuzzTables } from './table-fuzz.ts'

/** Each takes a number of inputs, about a second's worth, and a seed; it throws at the first failure. */
const FUZZERS = [
  { name: 'captures', inputs: 10_000, run: fuzzCapture },
  { name: 'tables and archives', inputs: 4_000, run: fuzzTables },
  { name: 'rows', inputs: 40_000, run: fuzzRows },
] as const

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string', default: String(Date.now() % 1e9) } },
})
const endMs = performance.now() + Number(values.minutes) * 60_000
const counts = new Map<string, number>()
let seed = Number(values.seed)
console.log(`seed ${seed}, ${values.minutes} min`)
while (performance.now() < endMs) {
  for (const { name, inputs, run } of FUZZERS) {
    await run(inputs, seed)
    counts.set(name, (counts.get(name) ?? 0) + inputs)
  }
  seed++
}
for (const [name, count] of counts) console.log(`${name}: ${count.toLocaleString('en')} inputs, each read or refused`)
