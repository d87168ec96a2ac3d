/** What host-window aggregates add: the same detectors on the same splits and seeds, without those columns. */
import type { FlowDataset } from '#core/detect/dataset.ts'
import { BASELINES } from '#core/evaluate/baselines.ts'
import { readLabels } from '#core/evaluate/labels.ts'
import { table } from '#core/evaluate/markdown.ts'
import { type Evaluation, evaluateDetectors } from '#core/evaluate/matrix.ts'
import { type DetectorLine, type Spread, summarizeEvaluation } from '#core/evaluate/report.ts'
import { takeFeatures } from '#core/evaluate/rows.ts'
import { HOST_WINDOW_NAMES } from '#core/prep/host-windows.ts'

const SHOWN = ['nearest benign flow', 'nearest benign flow, two distances', 'boosted trees']

/** Markdown; empty where the data has no such columns. */
export async function tellHostWindows(data: FlowDataset, evaluation: Evaluation): Promise<string> {
  const { features } = data.matrix
  const plain = features.filter((name) => !HOST_WINDOW_NAMES.includes(name))
  if (plain.length === features.length) return ''
  const contenders = BASELINES.filter(({ name }) => SHOWN.includes(name))
  const reports = summarizeEvaluation(evaluation)
  const kinds = reports.map(({ kind }) => kind)
  const run = evaluateDetectors(takeFeatures(readLabels(data), plain), { contenders, kinds, seeds: evaluation.seeds })
  let step = await run.next()
  while (!step.done) step = await run.next()
  const rows = summarizeEvaluation(step.value).flatMap(({ kind, detectors }) =>
    detectors.map((without) => {
      const whole = reports
        .find((report) => report.kind === kind)
        ?.detectors.find(({ detector }) => detector === without.detector)
      return [kind, without.detector, ...figuresOf(without), ...(whole ? figuresOf(whole) : ['–', '–', '–'])]
    }),
  )
  const heads = ['PR-AUC', 'recall at 1 %', 'line drawn at home']
  return [
    '### What host-window aggregates add',
    '',
    `${features.length - plain.length} of the columns say what the device did in the 10 s to 1 h around a flow. Mean over seeds, and the worst of them.`,
    '',
    ...table(
      ['split', 'detector', ...heads.map((head) => `without: ${head}`), ...heads.map((head) => `with: ${head}`)],
      rows,
    ),
    '',
  ].join('\n')
}

function figuresOf({ prAuc, recall, atHome }: DetectorLine): string[] {
  return [prAuc, recall[0]!, atHome?.recall[0]].map((spread) => (spread ? both(spread) : '–'))
}

function both({ mean, worst }: Spread): string {
  return `${mean.toFixed(2)}, ${worst.toFixed(2)}`
}
