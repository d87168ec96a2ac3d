/** What a scan found, explained from what was stored of it: the same score in parts, for the shipped windows and for a model in its place. */
import 'fake-indexeddb/auto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'fflate'
import { expect, test } from 'vitest'
import { type Finding, MODEL_DETECTOR } from '#core/alert/evidence.ts'
import { bytesSource } from '#core/base/source.ts'
import { judgeOfNetwork } from '#core/detect/network-judge.ts'
import { DEFAULT_THRESHOLD } from '#core/detect/threshold.ts'
import { explainFinding, type FindingRequest } from '#core/explain/finding.ts'
import { openCapture } from '#core/scan/capture-input.ts'
import { linesOf, type ScanJudge } from '#core/scan/judge-flows.ts'
import { scan } from '#core/scan/scan.ts'
import { collectDeviceFlows } from '#db/device-flows.ts'
import { appendUpdate, finishScan, startScan } from '#db/scans.ts'
import { openScanModels } from '../cli/judge.ts'

const capture = gunzipSync(readFileSync(new URL('../static/demo/home.pcap.gz', import.meta.url)))
const EXPLAINED = 6

/** With `line` in place of the model's own, on whatever traffic. */
async function scanned(modelName: string | undefined, line?: number) {
  const opened = await openScanModels(modelName)
  const models = line === undefined || !opened.judge ? opened : { ...opened, judge: onAnyTraffic(opened.judge) }
  const found: Finding[] = []
  const id = await startScan({ file: 'home.pcap', sizeBytes: capture.length, demo: false })
  const updates = scan(await openCapture(bytesSource('home.pcap', capture)), {
    ...models,
    file: 'home.pcap',
    bytesTotal: capture.length,
    threshold: line === undefined ? DEFAULT_THRESHOLD : { kind: 'value', value: line },
    vendorOf: () => undefined,
    timeZone: 'UTC',
    inFlight: 1,
    updateEveryMs: 250,
    onFinding: (finding) => {
      if (finding.detector === MODEL_DETECTOR) found.push(finding)
    },
  })
  for (;;) {
    const { done, value } = await updates.next()
    if (done) {
      await finishScan(id, value)
      break
    }
    await appendUpdate(id, value)
  }
  const data = (finding: Finding) =>
    collectDeviceFlows({
      scanId: id,
      device: finding.device,
      lastRow: finding.rows[1],
      mostSeen: models.judge?.judge.mostSeen,
    })
  const step = Math.max(1, Math.floor(found.length / EXPLAINED))
  return { ...models, found: found.filter((_, i) => i % step === 0).slice(0, EXPLAINED), data }
}

function onAnyTraffic({ judge, ...rest }: ScanJudge): ScanJudge {
  const { scope: _, ...silent } = judge
  return { ...rest, judge: silent }
}

async function checkSums(request: FindingRequest) {
  const explained = await explainFinding(request)
  const { score, base, contributions } = explained.explanation
  expect(contributions.reduce((sum, { share }) => sum + share, base)).toBeCloseTo(score, 6)
  expect(explained.sentence).toMatch(/% of what made (it|them) stand out|No single number/)
  return explained
}

test('windows of the shipped model', async () => {
  const { model, found, data } = await scanned(undefined)
  const { manifest, network } = model
  const judge = judgeOfNetwork(manifest, network)
  expect(found.length).toBeGreaterThan(3)
  for (const finding of found) {
    const { threshold, reasons } = finding
    const usual = new Map(reasons.map(({ feature, typical }) => [feature, typical]))
    const flows = { data: await data(finding), window: manifest.window, usual }
    const explained = await checkSums({ judge, ...flows, finding, told: (score) => score, threshold })
    expect(Math.abs(explained.explanation.score / finding.score - 1)).toBeLessThan(1e-5)
    for (const { feature, share } of explained.explanation.contributions) {
      const told = reasons.find((reason) => reason.feature === feature)!
      expect(share / explained.explanation.score).toBeCloseTo(told.share, 4)
    }
    expect(explained.line).toBeCloseTo(threshold, 9)
  }
  await network.dispose()
})

test.each([
  ['isolation-forest', undefined],
  // By itself it is silent about the demo, which has no attack that it learnt.
  ['cnn-lstm', 1],
] as const)(
  'flows of the %s in its place',
  async (name, line) => {
    const { judge: own, found, data } = await scanned(name, line)
    if (!own) throw new Error(`${name} is no model that judges`)
    expect(found.length).toBeGreaterThan(0)
    for (const finding of found) {
      const lines = linesOf(own)
      const told = (score: number) => Math.max(finding.threshold, lines.surpriseOf(finding.device, score))
      const explained = await checkSums({
        judge: own.judge,
        window: own.manifest.window,
        data: await data(finding),
        finding,
        told,
        threshold: lines.scoreAt(finding.device, finding.threshold),
      })
      const reasons = explained.explanation.contributions.toSorted((a, b) => b.share - a.share)
      expect(reasons[0]!.feature).toBe(finding.reasons[0]!.feature)
      expect(reasons[0]!.value).toBeCloseTo(finding.reasons[0]!.value, 3)
    }
  },
  120_000,
)
