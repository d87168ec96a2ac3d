import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TrainingData } from '#core/detect/detector.ts'
import { gradientBoosting } from '#core/detect/gradient-boosting.ts'
import { isolationForest } from '#core/detect/isolation-forest.ts'
import { type ExportedForest, importIsolationForest } from '#core/detect/isolation-forest-import.ts'
import { randomForest } from '#core/detect/random-forest.ts'
import { sampleTable } from '#core/detect/tree/fixture.ts'
import { logLoss } from '#core/evaluate/metrics.ts'
import { findPython, runPython } from './detector-oracle.ts'

const python = findPython()

const ISOLATION = `
import json, sys, numpy as np
from sklearn.ensemble import IsolationForest
r = np.random.RandomState(7)
X = r.standard_normal((1500, 12)).astype(np.float32)
X[:, 0] = np.exp(3 * X[:, 0]); X[:, 1] = np.round(X[:, 1]); X[-20:] *= 6
m = IsolationForest(n_estimators=100, max_features=0.7, random_state=1).fit(X)
trees = [dict(columns=f.tolist(), childrenLeft=e.tree_.children_left.tolist(), childrenRight=e.tree_.children_right.tolist(),
  feature=e.tree_.feature.tolist(), threshold=e.tree_.threshold.tolist(), rows=e.tree_.n_node_samples.tolist())
  for e, f in zip(m.estimators_, m.estimators_features_)]
print(json.dumps(dict(values=[float(v) for v in X.ravel()], scores=(-m.score_samples(X)).tolist(),
  forest=dict(features=[str(i) for i in range(12)], maxSamples=int(m.max_samples_), trees=trees))))
`

const CLASSIFIERS = `
import json, sys, numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
d = json.load(open(sys.argv[1]))
read = lambda k: np.array([np.nan if v is None else v for v in d[k]], dtype=np.float32).reshape(-1, d['width'])
X, T, y = read('train'), read('test'), np.array(d['labels'])
b = HistGradientBoostingClassifier(early_stopping=False).fit(X, y)
f = RandomForestClassifier(n_estimators=100, max_depth=16, random_state=0).fit(np.nan_to_num(X), y)
print(json.dumps(dict(boosting=b.predict_proba(T).ravel().tolist(), forest=f.predict_proba(np.nan_to_num(T)).ravel().tolist())))
`

describe.skipIf(!python)('beside scikit-learn', () => {
  test('an isolation forest of 100 × 256 on a part of the columns scores the same to 1e-6', () => {
    const exported = runPython(python!, ISOLATION) as { values: number[]; scores: number[]; forest: ExportedForest }
    const scores = isolationForest.score(importIsolationForest(exported.forest), {
      features: exported.forest.features,
      rows: exported.scores.length,
      values: Float32Array.from(exported.values),
    })
    const worst = Math.max(...exported.scores.map((score, i) => Math.abs(score - scores[i]!)))
    expect(worst).toBeLessThan(1e-6)
  })

  test.each([
    ['two classes', 2, 0],
    ['two classes, values missing', 2, 0.1],
    ['four classes', 4, 0],
  ])(
    '%s: log-loss on unseen rows, boosting within a hundredth, the forest within three',
    async (_, classes, missing) => {
      const train = sampleTable({ rows: 4000, width: 8, classes, missing, seed: 21 })
      const unseen = sampleTable({ rows: 8000, width: 8, classes, missing, seed: 22 })
      const file = await writeTables(train, unseen)
      const theirs = runPython(python!, CLASSIFIERS, [file]) as { boosting: number[]; forest: number[] }
      await rm(file)
      const boosting = await gradientBoosting.fit(train, { seed: 1 }, { validationShare: 0 })
      const forest = await randomForest.fit(train, { seed: 1 })
      const ratio = (ours: Float64Array, other: number[]) =>
        logLoss(ours, unseen.labels) / logLoss(other, unseen.labels)
      expect(ratio(gradientBoosting.probabilities(boosting, unseen), theirs.boosting)).toBeLessThan(1.01)
      if (missing === 0) expect(ratio(randomForest.probabilities(forest, unseen), theirs.forest)).toBeLessThan(1.03)
    },
    120_000,
  )
})

async function writeTables(train: TrainingData, unseen: TrainingData): Promise<string> {
  const file = join(tmpdir(), `guardian-tables-${process.pid}-${train.classes?.length}-${performance.now()}.json`)
  const plain = (values: Float32Array) => Array.from(values, (value) => (Number.isNaN(value) ? null : value))
  const tables = {
    width: train.features.length,
    train: plain(train.values),
    test: plain(unseen.values),
    labels: Array.from(train.labels ?? []),
  }
  await writeFile(file, JSON.stringify(tables))
  return file
}
