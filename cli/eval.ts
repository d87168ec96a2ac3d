/** `guardian eval`: a model judged on labelled flows; the same figures as the page's. */
import { InputError } from '#core/base/errors.ts'
import { formatCount } from '#core/base/format.ts'
import { hashFlows } from '#core/detect/catalogue.ts'
import { judgeDataset } from '#core/evaluate/evaluate.ts'
import type { EvalResult } from '#core/evaluate/result.ts'
import { collectFiles } from './collect.ts'
import { openJudge } from './judge.ts'

export interface EvalArguments {
  readonly model: string | undefined
  readonly label: string | undefined
  readonly benign: string | undefined
  readonly json: boolean
}

export async function runEval(files: readonly string[], args: EvalArguments): Promise<void> {
  if (args.label === undefined)
    throw new InputError(
      'guardian eval needs --label COLUMN --benign VALUE: without labels nobody knows what was right',
    )
  const { judge, dataSha256 } = await openJudge(args.model)
  const data = await collectFiles(files, args)
  if (dataSha256 === (await hashFlows(data)))
    console.error(
      'guardian: the model learnt from these very flows: what follows says how well it remembers, not what it finds',
    )
  const result = await judgeDataset(judge, data)
  console.log(args.json ? JSON.stringify(result) : resultText(`${judge.name} ${judge.version}`, result))
}

function resultText(name: string, result: EvalResult): string {
  const lines = [
    `${name} on ${formatCount(result.rows)} flows, ${percent(result.baseRate)} of them attacks:`,
    `  PR-AUC ${figure(result.prAuc)} (by chance ${result.baseRate.toFixed(3)}), ROC-AUC ${figure(result.rocAuc)}`,
    `  recall ${figure(result.recallAtFpr['0.01'])} at 1 % false positives, ${figure(result.recallAtFpr['0.001'])} at 0.1 %`,
    `  false cases per device-week at its own line: ${figure(result.falseCasesPerDeviceWeek)}; not judged: ${formatCount(result.abstained)}`,
    '  judged rightly at its own line, by class (95 % interval):',
  ]
  for (const [label, { n, recall, low, high }] of Object.entries(result.perClass))
    lines.push(`    ${label}: ${figure(recall)} (${low.toFixed(3)}–${high.toFixed(3)}) of ${formatCount(n)}`)
  return lines.join('\n')
}

const figure = (value: number | null): string => (value === null ? 'cannot be told' : value.toFixed(3))
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
