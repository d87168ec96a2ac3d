/** `guardian explain`: why one flow scores as it does, in parts that sum to the score. */
import { InputError } from '#core/base/errors.ts'
import { formatNumber } from '#core/base/format.ts'
import type { FlowDataset } from '#core/detect/dataset.ts'
import type { Explanation } from '#core/detect/detector.ts'
import { smallestChange } from '#core/explain/finding.ts'
import { rowsJudgedWith } from '#core/explain/judge-rows.ts'
import { counterfactualSentence, sentenceOf } from '#core/explain/sentence.ts'
import { collectFiles } from './collect.ts'
import { openJudge } from './judge.ts'

export interface ExplainArguments {
  readonly model: string | undefined
  readonly row: string | undefined
  readonly json: boolean
}

const SHOWN = 8

export async function runExplain(files: readonly string[], args: ExplainArguments): Promise<void> {
  const [path, ...more] = files
  if (path === undefined || more.length > 0) throw new InputError('guardian explain takes one file at a time')
  const number = Number(args.row)
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InputError('guardian explain needs --row N: the number of the flow in its file, from 1')
  const { judge, window } = await openJudge(args.model)
  const data = await collectFiles([path], { label: undefined, benign: undefined })
  const row = findRow(data, number)
  const explanation = await judge.explain(data, row)
  if (args.json) return console.log(explanationJson(explanation))
  console.log(explanationText(explanation, window))
  const rows = rowsJudgedWith(data, row, window)
  const change = await smallestChange({ judge, data, rows, explanation, threshold: judge.threshold })
  console.log(counterfactualSentence(change, window))
}

function findRow(data: FlowDataset, number: number): number {
  const at = data.row.indexOf(number)
  if (at >= 0) return at
  const last = data.row.reduce((most, row) => Math.max(most, row), 0)
  throw new InputError(
    number > last
      ? `flow ${number} does not exist; the last one is ${last}`
      : `flow ${number} could not be used when the file was read, so nothing can be said of it`,
  )
}

function explanationJson({ scale, score, base, leftOver, contributions }: Explanation): string {
  return JSON.stringify({
    scale,
    score,
    base,
    ...(leftOver === undefined ? {} : { leftOver }),
    contributions: contributions.map(({ feature, value, typical, share }) => ({
      feature,
      value: finite(value),
      typical: finite(typical),
      share,
    })),
  })
}

/** JSON has no NaN; a missing value is null. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)

function explanationText(explanation: Explanation, window: number): string {
  const { scale, score, base, leftOver = 0, contributions } = explanation
  const heaviest = [...contributions].sort((a, b) => Math.abs(b.share) - Math.abs(a.share)).slice(0, SHOWN)
  return [
    `Score ${formatNumber(score)} (${scale}); without this flow's values ${formatNumber(base)}.`,
    ...heaviest.map(
      ({ feature, value, typical, share }) =>
        `  ${share >= 0 ? '+' : '−'}${formatNumber(Math.abs(share))}  ${feature}: ${formatNumber(value)}, usually ${formatNumber(typical)}`,
    ),
    ...(leftOver === 0
      ? []
      : [`${formatNumber(leftOver)} of it could not be told apart and was spread over all in proportion.`]),
    sentenceOf(explanation, window),
  ].join('\n')
}
