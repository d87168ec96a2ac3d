/**
 * Tree models on 100,000 × 78 numbers, one thread, beside scikit-learn with one thread on the same rows, in turn with it.
 * Seconds are processor time of the process, so that other work on the machine counts less.
 * Usage: node bench/trees.bench.ts [--forest-trees 20] [--rounds 1] [--only boosting]   (needs python3 with scikit-learn)
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Detector, DetectorModel, TrainingData } from '#core/detect/detector.ts'
import { gradientBoosting } from '#core/detect/gradient-boosting.ts'
import { isolationForest } from '#core/detect/isolation-forest.ts'
import { randomForest } from '#core/detect/random-forest.ts'
import { sampleTable } from '#core/detect/tree/fixture.ts'
import { logLoss } from '#core/evaluate/metrics.ts'
import { findPython } from '../tests/contract/detector-oracle.ts'

const ROWS = 100_000
const WIDTH = 78
const EXPLAINED = 2000

const { values: options } = parseArgs({
  options: {
    'forest-trees': { type: 'string', default: '20' },
    rounds: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})
const forestTrees = Number(options['forest-trees'])

const PEER = `
import sys, time, json, numpy as np
from sklearn.ensemble import IsolationForest, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import log_loss
folder, which, trees = sys.argv[1], sys.argv[2], int(sys.argv[3])
X = np.fromfile(folder + '/values', '<f4').reshape(-1, ${WIDTH})
y = np.fromfile(folder + '/labels', 'u1')
m = {'isolation-forest': lambda: IsolationForest(random_state=0), 'gradient-boosting': lambda: HistGradientBoostingClassifier(early_stopping=False),
  'random-forest': lambda: RandomForestClassifier(n_estimators=trees, max_depth=16, n_jobs=1, random_state=0)}[which]()
t = time.process_time(); m.fit(X, y); fit = time.process_time() - t
t = time.process_time(); p = m.score_samples(X) if which == 'isolation-forest' else m.predict_proba(X); score = time.process_time() - t
print(json.dumps(dict(fit=fit, score=score, loss=0 if which == 'isolation-forest' else log_loss(y, p))))
`

interface Figures {
  fit: number
  score: number
  loss: number
  peakMB?: number
}

const python = findPython()
if (!python) throw new Error('python3 with scikit-learn is not on this machine')
const table = sampleTable({ rows: ROWS, width: WIDTH, seed: 20_261_121 })
const folder = mkdtempSync(join(tmpdir(), 'guardian-trees-'))
writeFileSync(join(folder, 'values'), table.values)
writeFileSync(join(folder, 'labels'), table.labels)

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

async function runOurs<Model extends DetectorModel, Options>(
  detector: Detector<Model, Options> & { probabilities?: (model: Model, data: TrainingData) => Float64Array },
  settings: Partial<Options>,
): Promise<Figures> {
  let peak = 0
  collectGarbage()
  const before = process.memoryUsage()
  const onProgress = () => {
    const now = process.memoryUsage()
    peak = Math.max(peak, now.arrayBuffers - before.arrayBuffers + Math.max(0, now.heapUsed - before.heapUsed))
  }
  const start = cpuSeconds()
  const model = await detector.fit(table, { seed: 1, onProgress }, settings)
  const fitted = cpuSeconds()
  const scored = detector.probabilities?.(model, table) ?? detector.score(model, table)
  const end = cpuSeconds()
  if (detector.kind !== 'random-forest') {
    detector.explain(model, table, 0)
    const from = cpuSeconds()
    for (let row = 0; row < EXPLAINED; row++) detector.explain(model, table, row)
    console.log(`  ${detector.kind}: ${(EXPLAINED / (cpuSeconds() - from)).toFixed(0)} rows/s explained (TreeSHAP)`)
  }
  return {
    fit: fitted - start,
    score: end - fitted,
    loss: detector.probabilities ? logLoss(scored, table.labels) : 0,
    peakMB: peak / 1e6,
  }
}

/** Node's own, which must be asked for. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const runs: readonly [string, () => Promise<Figures>][] = [
  ['isolation-forest', () => runOurs(isolationForest, {})],
  ['gradient-boosting', () => runOurs(gradientBoosting, { validationShare: 0 })],
  ['random-forest', () => runOurs(randomForest, { trees: forestTrees })],
]
console.log(
  `${ROWS} × ${WIDTH}, data ${((table.values.byteLength + ROWS) / 1e6).toFixed(0)} MB; random forest of ${forestTrees} trees`,
)
for (const [name, run] of runs) {
  if (options.only && !name.includes(options.only)) continue
  const ours: Figures[] = []
  const peer: Figures[] = []
  for (let round = 0; round < Number(options.rounds); round++) {
    ours.push(await run())
    const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }
    const text = execFileSync(python, ['-c', PEER, folder, name, String(forestTrees)], { env, encoding: 'utf8' })
    const figures: Figures = JSON.parse(text)
    peer.push(figures)
  }
  const say = (key: 'fit' | 'score') => {
    const a = median(ours.map((figures) => figures[key]))
    const b = median(peer.map((figures) => figures[key]))
    return `${key} ${a.toFixed(2)} s, scikit-learn ${b.toFixed(2)} s, ratio ${(a / b).toFixed(2)}`
  }
  const losses =
    ours[0]!.loss > 0 ? `; log-loss ${ours[0]!.loss.toFixed(4)}, scikit-learn ${peer[0]!.loss.toFixed(4)}` : ''
  console.log(`${name}: ${say('fit')}; ${say('score')}${losses}; ${ours[0]!.peakMB?.toFixed(0)} MB beyond the data`)
}
rmSync(folder, { recursive: true })
