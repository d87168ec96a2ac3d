/** Whether a promised rate of false alarms is kept on each device: the past of its benign flows draws the line, the rest is counted. */
import type { FlowDataset } from '#core/detect/dataset.ts'
import { deviceThreshold, fitDevices } from '#core/detect/device-calibration.ts'
import { BASELINES } from '#core/evaluate/baselines.ts'
import { thresholdOfRate } from '#core/evaluate/held-out.ts'
import { type LabelledDataset, readLabels } from '#core/evaluate/labels.ts'
import { table } from '#core/evaluate/markdown.ts'
import { realiseRates, TOLERANCE } from '#core/evaluate/realised.ts'
import { takeLabelled } from '#core/evaluate/rows.ts'

const DETECTORS = ['nearest benign flow', 'Isolation Forest', 'HBOS']
const PROMISES = [0.05, 0.01]
/** Of each device's flows in time: these teach, the next draw the line, the rest are counted. */
const SHARES = [0.5, 0.75] as const

type Draw = (held: LabelledDataset, scores: Float64Array, promised: number) => (device: number) => number

const LINES: readonly (readonly [string, Draw])[] = [
  [
    'one line for all',
    (_, scores, promised) => {
      const line = thresholdOfRate(scores, promised)
      return () => line
    },
  ],
  [
    'each device its own',
    (held, scores, promised) => (device) =>
      thresholdOfRate(
        scores.filter((_, row) => held.device[row] === device),
        promised,
      ),
  ],
  [
    'device and home together',
    (held, scores, promised) => {
      const calibration = fitDevices({ ...held, scores })
      return (device) => deviceThreshold(calibration, held.devices[device]!, promised)
    },
  ],
]

/** Markdown: of `seeds`, the one in which the fewest devices keep the promise. */
export async function tellPromises(data: FlowDataset, seeds: readonly number[]): Promise<string> {
  const labelled = readLabels(data)
  const parts: [number[], number[], number[]] = [[], [], []]
  for (let device = 0; device < labelled.devices.length; device++) {
    const rows = Array.from(labelled.device, (_, row) => row)
      .filter((row) => labelled.device[row] === device && labelled.labels[row] === 0)
      .sort((a, b) => labelled.startMicros[a]! - labelled.startMicros[b]!)
    const [first, second] = SHARES.map((share) => Math.floor(share * rows.length))
    parts[0].push(...rows.slice(0, first))
    parts[1].push(...rows.slice(first, second))
    parts[2].push(...rows.slice(second))
  }
  const [train, held, judged] = parts.map((rows) => takeLabelled(labelled, rows))
  const rows: string[][] = []
  for (const name of DETECTORS) {
    const contender = BASELINES.find((baseline) => baseline.name === name)!
    const scored: { readonly held: Float64Array; readonly judged: Float64Array }[] = []
    for (const seed of seeds) {
      const score = await contender.fit(train!, { seed })
      scored.push({ held: await score(held!), judged: await score(judged!) })
    }
    for (const promised of PROMISES) {
      const cells = LINES.flatMap(([, draw]) => {
        const { devices, rate } = scored
          .map((scores) => {
            const lineOf = draw(held!, scores.held, promised)
            const lines = labelled.devices.map((_, device) => lineOf(device))
            return realiseRates(judged!, scores.judged, { thresholdOf: (device) => lines[device]!, promised })
          })
          .reduce((least, next) => (next.shareWithin < least.shareWithin ? next : least))
        return [
          `${devices.filter(({ withinPromise }) => withinPromise).length} of ${devices.length}`,
          `${(rate * 100).toFixed(2)} %`,
        ]
      })
      rows.push([name, `${promised * 100} %`, ...cells])
    }
  }
  const heads = ['detector', 'promised', ...LINES.flatMap(([name]) => [`${name}: devices within`, 'rate'])]
  return [
    '### Promised and realised, per device',
    '',
    `Benign flows of each device in time: the first half teaches, the next quarter draws the line, the last is counted. A device is within when its rate is at most ${TOLERANCE} times what was promised; devices with too few flows for one alarm are left out. "Device and home together" is how the product draws it. Worst seed.`,
    '',
    ...table(heads, rows),
    '',
  ].join('\n')
}
