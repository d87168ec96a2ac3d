/** `guardian scan`: the page's scan on files, as JSON lines or as text for people. */
import { InputError } from '#core/base/errors.ts'
import { DEFAULT_THRESHOLD, parseBudget, parseThreshold, type ThresholdChoice } from '#core/detect/threshold.ts'
import { scanJson } from '#core/report/scan-json.ts'
import type { ScanJudge } from '#core/scan/judge-flows.ts'
import { openInputs } from '#core/scan/open.ts'
import { collectScan, type ScanResult } from '#core/scan/result.ts'
import { type ScanModel, scan } from '#core/scan/scan.ts'
import { fileSource } from './file-source.ts'
import { openScanModels } from './judge.ts'
import { ProgressBar } from './progress.ts'
import { reportText } from './report.ts'
import { loadVendors } from './vendors.ts'

export interface ScanArguments {
  readonly json: boolean
  readonly model: string | undefined
  readonly threshold: string | undefined
  readonly budget: string | undefined
}

export async function runScan(files: readonly string[], args: ScanArguments): Promise<void> {
  const threshold = chooseThreshold(args)
  const { model, judge } = await openScanModels(args.model)
  const vendorOf = loadVendors()
  let refused = 0
  try {
    for (const path of files) {
      try {
        for await (const result of scanFile({ path, model, judge, threshold, vendorOf }))
          console.log(args.json ? JSON.stringify(scanJson(result)) : reportText(result))
      } catch (error) {
        if (files.length === 1 || !(error instanceof InputError)) throw error
        refused++
        console.error(`guardian: ${path}: ${error.message.replaceAll('\n', ' ')}`)
      }
    }
  } finally {
    await model.network.dispose()
  }
  if (refused > 0) process.exitCode = 2
}

/** One result for each capture or table in the file (an archive may hold several). */
async function* scanFile(job: {
  path: string
  model: ScanModel
  judge: ScanJudge | undefined
  threshold: ThresholdChoice
  vendorOf: (mac: string) => string | undefined
}): AsyncGenerator<ScanResult> {
  const source = await fileSource(job.path)
  for (const { name, input } of await openInputs(source, { ownNumbers: job.judge !== undefined })) {
    const bar = new ProgressBar(name)
    const updates = scan(input, {
      file: name,
      bytesTotal: source.sizeBytes,
      model: job.model,
      judge: job.judge,
      threshold: job.threshold,
      vendorOf: job.vendorOf,
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      inFlight: 1,
      updateEveryMs: 250,
    })
    const result = await collectScan(updates, (progress) => bar.show(progress))
    bar.clear()
    yield result
  }
}

function chooseThreshold({ threshold, budget }: ScanArguments): ThresholdChoice {
  if (threshold !== undefined && budget !== undefined)
    throw new InputError('give --threshold or --budget, not both: the budget chooses the threshold')
  if (threshold !== undefined) return parseThreshold(threshold)
  return budget === undefined ? DEFAULT_THRESHOLD : parseBudget(budget)
}
