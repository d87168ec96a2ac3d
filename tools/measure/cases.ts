/** The alarm budget against the false cases that came: learnt models over recordings of the same home that they have not seen. */
import { type Finding, MODEL_DETECTOR } from '#core/alert/evidence.ts'
import { CaseBook } from '#core/alert/gather.ts'
import { InputError } from '#core/base/errors.ts'
import { loadCaseBudget } from '#core/detect/case-budget.ts'
import { type LearntModel, learn } from '#core/detect/catalogue.ts'
import type { ThresholdChoice } from '#core/detect/threshold.ts'
import { TOLERANCE } from '#core/evaluate/realised.ts'
import { BUDGET_FILE } from '#core/model/folder.ts'
import { FOLDER_FORMAT, type ModelKind } from '#core/model/folder-manifest.ts'
import { collectDataset } from '#core/scan/dataset.ts'
import { scan } from '#core/scan/scan.ts'
import { createTrainer } from '../../cli/engine.ts'
import { openScanModels } from '../../cli/judge.ts'
import { type Home, openHomes, play, type Recording } from './homes.ts'

const HOUR = 3600e6
const WEEK = 168 * HOUR
/** At the beginning of a recording little is known of what devices did before. */
const EARLY = 2 * HOUR
/** A shorter recording counts as one block: µs by its name. */
const LEAST: Readonly<Record<string, number>> = { hour: HOUR, 'ten minutes': HOUR / 6, minute: HOUR / 60 }

export interface CaseOptions {
  readonly folder: string
  readonly kinds: readonly ModelKind[]
  /** Homes whose name has it. */
  readonly only: string
  /** Cases a week in the whole home. */
  readonly budgets: readonly number[]
  /** Lists each device. */
  readonly each: boolean
}

export async function measureCases({ folder, only, ...options }: CaseOptions): Promise<void> {
  console.log(
    '| home | model | block | budget a week | device-weeks watched | false cases allowed | came | in the first 2 h | recordings held back | devices that can be told | within 1.3 × |',
  )
  console.log(`|${'---|'.repeat(11)}`)
  for await (const home of openHomes(folder, only))
    for (const kind of options.kinds) await measureHome(home, kind, options)
}

interface Watched {
  /** µs of the recordings that it is in. */
  watched: number
  cases: number
  early: number
}

/** Recordings whose findings were held back, as traffic that the model does not know. */
let foreign = 0

async function measureHome(
  home: Home,
  kind: ModelKind,
  { budgets, each }: Pick<CaseOptions, 'budgets' | 'each'>,
): Promise<void> {
  let learnt: LearntModel
  try {
    const data = await collectDataset(home.learnt.map((one) => ({ name: one.name, input: play(one) })))
    learnt = await learn(data, { kind, seed: 1, createTrainer })
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    console.log(`| ${home.name} | ${kind} | ${error.message} |`)
    return
  }
  const { block, devices: known } = loadCaseBudget(learnt.manifest.features, learnt.files.get(BUDGET_FILE)!)
  const highest = learnt.manifest.calibration.quantiles.at(-1)!
  const choices: (readonly [name: string, perWeek: number, choice: ThresholdChoice])[] = [
    ...budgets.map((perWeek) => [String(perWeek), perWeek, { kind: 'budget', perWeek }] as const),
    ['none: the highest score kept out', Number.NaN, { kind: 'value', value: highest }],
  ]
  for (const [name, perWeek, choice] of choices) {
    const devices = new Map<string, Watched>()
    foreign = 0
    for (const one of home.judged) await judge(one, learnt, { choice, least: LEAST[block] ?? HOUR, devices })
    const all = [...devices.values()]
    const allowedFor = ({ watched }: Pick<Watched, 'watched'>) => (perWeek / known.size) * (watched / WEEK)
    const told = all.filter((device) => allowedFor(device) >= 1)
    const within = told.filter((device) => device.cases <= TOLERANCE * allowedFor(device))
    const sum = (pick: keyof Watched) => all.reduce((total, device) => total + device[pick], 0)
    const allowed = allowedFor({ watched: sum('watched') })
    const cells = [
      home.name,
      kind,
      block,
      name,
      (sum('watched') / WEEK).toFixed(2),
      Number.isNaN(allowed) ? '' : allowed.toFixed(2),
      sum('cases'),
      sum('early'),
      foreign,
      Number.isNaN(allowed) ? '' : told.length,
      told.length === 0 ? '' : within.length,
    ]
    console.log(`| ${cells.join(' | ')} |`)
    if (!each) continue
    for (const [id, device] of devices)
      console.log(
        `    ${id}: ${device.cases} in ${(device.watched / HOUR).toFixed(1)} h, allowed ${allowedFor(device).toFixed(2)}`,
      )
  }
}

/** Adds the cases that the model raises in a recording, each device watched for as long as the recording lasts. */
async function judge(
  recording: Recording,
  { manifest, judge: own }: LearntModel,
  { choice, least, devices }: { choice: ThresholdChoice; least: number; devices: Map<string, Watched> },
): Promise<void> {
  const findings: Finding[] = []
  const present = new Set<string>()
  const { model } = await openScanModels(undefined)
  const updates = scan(play(recording), {
    file: recording.name,
    bytesTotal: undefined,
    model,
    judge: { judge: own, manifest: { ...manifest, format: FOLDER_FORMAT, files: [] }, sha256: '' },
    threshold: choice,
    vendorOf: () => undefined,
    timeZone: 'UTC',
    inFlight: 1,
    updateEveryMs: 0,
    onFinding: (finding) => {
      if (finding.detector === MODEL_DETECTOR) findings.push(finding)
    },
  })
  let step = await updates.next()
  for (; !step.done; step = await updates.next())
    for (const { deviceIds, device } of step.value.flows)
      for (const at of device) if (at >= 0) present.add(deviceIds[at]!)
  await model.network.dispose()
  const { startMicros, endMicros, remarks } = step.value
  if (remarks.some((remark) => remark.startsWith('This is not the kind'))) foreign++
  const watched = Math.max(least, endMicros - startMicros)
  for (const id of present) {
    const sums = devices.get(id) ?? { watched: 0, cases: 0, early: 0 }
    devices.set(id, sums)
    sums.watched += watched
  }
  const book = new CaseBook(() => true)
  for (const finding of findings) book.add(finding)
  for (const { device, startMicros: at } of book.all()) {
    const sums = devices.get(device)
    if (!sums) continue
    sums.cases++
    if (at - startMicros < EARLY) sums.early++
  }
}
