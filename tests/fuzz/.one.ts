import { writeFileSync } from 'node:fs'
import { InputError } from '#core/base/errors.ts'
import { createRandom } from '#core/base/random.ts'
import { bytesSource } from '#core/base/source.ts'
import { openInputs } from '#core/scan/open.ts'
import { mutate } from './mutate.ts'
import { TABLE_SEEDS } from './table-seeds.ts'

const random = createRandom(Number(process.argv[3] ?? 5))
const [a, b] = process.argv[2]!.split('-').map(Number)
const pick = TABLE_SEEDS.slice(a, b)
let worst = 0,
  n = 0,
  rss = 0
const end = performance.now() + 18000
const why = new Map<string, number>()
while (performance.now() < end) {
  n++
  const s = mutate(pick[n % pick.length]!, TABLE_SEEDS, random)
  const t1 = performance.now()
  try {
    for (const { input } of await openInputs(bytesSource('f', s))) for await (const x of input.steps()) void x
  } catch (e) {
    if (!(e instanceof InputError)) {
      console.log('BAD', e)
      writeFileSync('/tmp/bad.bin', s)
      break
    }
    const k = e.message.slice(0, 60)
    why.set(k, (why.get(k) ?? 0) + 1)
  }
  const d = performance.now() - t1
  if (d > 100 && d > worst) {
    worst = d
    console.log(d.toFixed(0), 'ms')
    writeFileSync('/tmp/worst.bin', s)
  }
  const r = process.memoryUsage.rss()
  if (r > rss + 200e6) {
    rss = r
    console.log('rss', (r / 1e6).toFixed(0))
  }
}
console.log(n, 'inputs')
console.log([...why].sort((x, y) => y[1] - x[1]).slice(0, 25))
