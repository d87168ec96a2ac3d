/**
 * What a search for settings gains: `node tools/measure-search.ts [FOLDER] [--trials 20] [--seeds 3] [--kinds nearest,boosting] [--only cic|unsw]`.
 * UNSW-NB15: later blocks judge. CIC-IDS2017: each attack family in turn judges, the others choose. Default and winner on the very same rows.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { FlowDataset } from '#core/detect/dataset.ts'
import { describeSettings } from '#core/detect/tuning.ts'
import type { ModelKind } from '#core/evaluate/contend-kind.ts'
import { readLabels } from '#core/evaluate/labels.ts'
import { searchOn } from '#core/evaluate/search.ts'
import type { JudgedSettings } from '#core/evaluate/search-judge.ts'
import { planSplits, type SplitKind } from '#core/evaluate/splits.ts'
import { readTables } from './evaluate/labelled-table.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    trials: { type: 'string', default: '20' },
    seeds: { type: 'string', default: '3' },
    kinds: { type: 'string', default: 'nearest,isolation-forest,boosting' },
    only: { type: 'string' },
  },
})
const folder = positionals[0] ?? '../shared/data'
const CIC_COUNTS = [
  'Total Fwd Packets',
  'Total Backward Packets',
  'Total Length of Fwd Packets',
  'Total Length of Bwd Packets',
] as const

const SETS: readonly { readonly key: string; readonly split: SplitKind; readonly read: () => FlowDataset }[] = [
  {
    key: 'unsw',
    split: 'in-time',
    read: () =>
      readTables([join(folder, 'unsw-nb15-flows/unsw_nb15_part.csv.gz')], {
        label: 'attack_cat',
        benign: 'Normal',
        drop: ['id', 'label', 'sttl', 'dttl', 'ct_state_ttl', 'stcpb', 'dtcpb'],
        counts: ['spkts', 'dpkts', 'sbytes', 'dbytes'],
      }),
  },
  {
    key: 'cic',
    split: 'family',
    read: () =>
      readTables(
        ['natural', 'balanced'].map((name) => join(folder, `cicids2017-flows/cleaned52_${name}.csv.gz`)),
        { label: 'Attack Type', benign: 'Normal Traffic', drop: ['Destination Port'], counts: CIC_COUNTS },
      ),
  },
]

const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length
const say = (all: readonly JudgedSettings[]) =>
  `recall at 1 % ${mean(all.map(({ recall }) => recall[0]!)).toFixed(3)}, at 0.1 % ${mean(all.map(({ recall }) => recall[1]!)).toFixed(3)} (became ${(100 * mean(all.map(({ falsePositiveRate }) => falsePositiveRate[0]!))).toFixed(2)} / ${(100 * mean(all.map(({ falsePositiveRate }) => falsePositiveRate[1]!))).toFixed(2)} %), low-rate recall ${mean(all.map(({ lowRateRecall }) => lowRateRecall)).toFixed(3)}, PR-AUC ${mean(all.map(({ prAuc }) => prAuc)).toFixed(4)}`

for (const { key, split, read } of SETS) {
  if (values.only && values.only !== key) continue
  const data = readLabels(read())
  for (const kind of values.kinds.split(',') as ModelKind[]) {
    const byDefault: JudgedSettings[] = []
    const winners: JudgedSettings[] = []
    const started = performance.now()
    for (let seed = 1; seed <= Number(values.seeds); seed++) {
      const found: [JudgedSettings, JudgedSettings][] = []
      for (const outer of planSplits(data, { seed, kinds: [split] }).splits) {
        const report = await searchOn(outer, {
          kind,
          seed,
          trials: Number(values.trials),
          now: () => performance.now(),
        })
        if (!report.judged) continue
        found.push([report.judged.byDefault, report.judged.winner])
        console.log(
          `  ${key} ${kind} seed ${seed}, ${outer.leftOut}: ${describeSettings(report.trials[report.winner]!.settings)}; low-rate recall ${report.judged.byDefault.lowRateRecall.toFixed(3)} → ${report.judged.winner.lowRateRecall.toFixed(3)}`,
        )
      }
      byDefault.push(...found.map(([one]) => one))
      winners.push(...found.map(([, one]) => one))
    }
    console.log(
      `${key} ${kind}, ${Math.round((performance.now() - started) / 1000)} s\n  default: ${say(byDefault)}\n  winner:  ${say(winners)}`,
    )
  }
}
