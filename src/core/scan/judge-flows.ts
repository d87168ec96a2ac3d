/**
 * A model of this home's registry inside a scan: it judges flows batch by batch and speaks in findings. Scores of different models have
 * different scales (depths, distances, log-odds), so a finding's score is how rare it is: −log10 of the share of benign flows that score
 * as high. Then twice the threshold means the same for every model.
 */
import { type Finding, MODEL_DETECTOR, type Reason } from '../alert/evidence.ts'
import { severityOfRatio } from '../alert/severity.ts'
import { type AlarmLines, drawLines } from '../detect/alarm-line.ts'
import { missingColumns } from '../detect/columns.ts'
import type { FlowDataset, FlowJudge } from '../detect/dataset.ts'
import type { Explanation } from '../detect/detector.ts'
import type { ThresholdChoice } from '../detect/threshold.ts'
import type { FolderManifest } from '../model/folder-manifest.ts'
import { flowColumns } from '../prep/flow-columns.ts'
import { HOST_WINDOW_NAMES, HostWindows } from '../prep/host-windows.ts'
import { FlowTail } from './flow-tail.ts'
import { ScopeWatch } from './scope-watch.ts'
import type { DeviceFlows } from './update.ts'

export interface ScanJudge {
  readonly judge: FlowJudge
  readonly manifest: FolderManifest
  /** Hash of the weights that were verified. */
  readonly sha256: string
}

export interface JudgedFlows {
  readonly judged: number
  /** Rows above the line of their device. */
  readonly above: number
  /** One for each device and stretch of time: the strongest row of it is explained. */
  readonly findings: readonly Finding[]
}

/** Flows of a device that are unusual one after another within this time are one finding. */
const STRETCH_MICROS = 10 * 60e6
const MOST_REASONS = 5
/** Findings that wait while the traffic looks foreign, in case it turns out to be known. */
const MOST_HELD = 1000

/** By default at the shipped budget. */
export function linesOf(
  { judge, manifest }: Pick<ScanJudge, 'judge' | 'manifest'>,
  choice?: ThresholdChoice,
): AlarmLines {
  const { calibration } = manifest
  return judge.drawLines?.(choice) ?? drawLines({ calibration, budget: undefined, highestLine: undefined }, choice)
}

export class FlowsJudge {
  /** By what was chosen: where unusual begins for each device, and how rare a score is. */
  readonly lines: AlarmLines
  readonly #model: ScanJudge
  readonly #hosts = new HostWindows()
  readonly #scope: ScopeWatch
  readonly #tail: FlowTail
  #waiting: FlowDataset[] = []
  #held: Finding[] = []

  constructor(model: ScanJudge, choice: ThresholdChoice) {
    const { judge } = model
    this.lines = linesOf(model, choice)
    this.#model = model
    this.#scope = new ScopeWatch(judge)
    this.#tail = new FlowTail(judge.context ?? 0)
  }

  /** Of a device that the model has not met, on the scale of a finding's score. */
  get threshold(): number {
    return this.#surpriseOf('', this.lines.home.value)
  }

  /** Columns of the model that these flows lack; where there are any they are not taken, for they cannot be judged. */
  add(flows: DeviceFlows): readonly string[] {
    const host = this.#hosts.add(flows.batch, flows)
    const data = datasetOf(flows, host)
    const missing = missingColumns(data, this.#model.manifest.features)
    if (missing.length > 0) return missing
    this.#scope.add(data)
    const { mostSeen } = this.#model.judge
    const isHidden = host && mostSeen && this.#hosts.hideUnfilled(host, flows.batch, mostSeen)
    this.#waiting.push(isHidden ? datasetOf(flows, host) : data)
    return missing
  }

  /** A sentence when this is not the kind of traffic that the model knows: its findings are held back then. */
  get remark(): string | undefined {
    return this.#scope.remark
  }

  /** Judges what was added since; `last` is the end of the input. */
  async take(last: boolean): Promise<JudgedFlows> {
    const waiting = this.#waiting
    this.#waiting = []
    let judged = 0
    let above = 0
    const findings: Finding[] = []
    if (last) this.#scope.look()
    for (const batch of waiting) {
      const { data, before } = this.#tail.join(batch)
      const scores = await this.#model.judge.score(data)
      // Judged with the batch that they came in.
      scores.fill(Number.NaN, 0, before)
      const lines = data.devices.map((id) => this.lines.lineOf(id))
      const lineOf = (row: number) => lines[data.device[row]!] ?? this.lines.home.value
      for (let row = before; row < data.rows; row++) {
        if (!Number.isNaN(scores[row]!)) judged++
        if (scores[row]! > lineOf(row)) above++
      }
      for (const stretch of stretchesOf(data, scores, lineOf)) findings.push(await this.#tell(data, scores, stretch))
    }
    if (this.#scope.isForeign) {
      this.#held = [...this.#held, ...findings].slice(-MOST_HELD)
      return { judged, above: 0, findings: [] }
    }
    const released = this.#held
    this.#held = []
    return { judged, above, findings: [...released, ...findings] }
  }

  async #tell(data: FlowDataset, scores: Float64Array, rows: readonly number[]): Promise<Finding> {
    const worst = rows.reduce((top, row) => (scores[row]! > scores[top]! ? row : top))
    const device = data.devices[data.device[worst]!]!
    const threshold = this.#surpriseOf(device, this.lines.lineOf(device))
    const score = Math.max(threshold, this.#surpriseOf(device, scores[worst]!))
    const numbers = rows.map((row) => data.row[row]!)
    const times = rows.map((row) => data.startMicros[row]!)
    return {
      detector: MODEL_DETECTOR,
      device,
      rows: [Math.min(...numbers), Math.max(...numbers)],
      startMicros: Math.min(...times),
      endMicros: Math.max(...times),
      score,
      threshold,
      severity: severityOfRatio(score / threshold),
      reasons: reasonsOf(await this.#model.judge.explain(data, worst)),
    }
  }

  /** Above 0, so that a ratio to it means something. */
  #surpriseOf(device: string, score: number): number {
    return Math.max(Number.MIN_VALUE, this.lines.surpriseOf(device, score))
  }
}

/** What pushed the score up, the strongest first; shares of 1 together. */
function reasonsOf({ contributions }: Explanation): Reason[] {
  const raising = contributions.filter(({ share }) => share > 0).sort((a, b) => b.share - a.share)
  const told = raising.slice(0, MOST_REASONS)
  const total = told.reduce((sum, { share }) => sum + share, 0)
  return told.map(({ feature, value, typical, share }) => ({ feature, value, typical, share: share / total }))
}

/** Rows above the line of one device, close together in time. */
function stretchesOf(data: FlowDataset, scores: Float64Array, lineOf: (row: number) => number): number[][] {
  const stretches: number[][] = []
  const open = new Map<number, number[]>()
  for (let row = 0; row < data.rows; row++) {
    const device = data.device[row]!
    if (!(scores[row]! > lineOf(row)) || device < 0) continue
    const last = open.get(device)
    const gap = last && Math.abs(data.startMicros[row]! - data.startMicros[last.at(-1)!]!)
    if (last && !(gap! > STRETCH_MICROS)) last.push(row)
    else {
      const begun = [row]
      open.set(device, begun)
      stretches.push(begun)
    }
  }
  return stretches
}

/** One batch as the dataset that models know, rows in time order. */
function datasetOf({ batch, deviceIds, device }: DeviceFlows, host: Float32Array | undefined): FlowDataset {
  const { names, values } = flowColumns(batch)
  const features = host ? [...names, ...HOST_WINDOW_NAMES] : names
  const rows = batch.length
  const order = timeOrder(batch.startMicros, rows)
  const width = features.length
  const more = width - names.length
  const joined = new Float32Array(rows * width)
  const counts = new Float64Array(rows * 4)
  order.forEach((from, to) => {
    joined.set(values.subarray(from * names.length, (from + 1) * names.length), to * width)
    if (host) joined.set(host.subarray(from * more, (from + 1) * more), to * width + names.length)
    counts.set(batch.counts.subarray(from * 4, (from + 1) * 4), to * 4)
  })
  return {
    rows,
    matrix: { features, rows, values: joined },
    counts,
    device: order.map((from) => device[from]!),
    devices: deviceIds,
    capture: new Int32Array(rows),
    captures: [''],
    startMicros: Float64Array.from(order, (from) => batch.startMicros[from]!),
    row: Float64Array.from(order, (from) => batch.row[from]!),
    labels: undefined,
    classes: ['benign'],
  }
}

function timeOrder(micros: Float64Array, rows: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row).sort((a, b) => micros[a]! - micros[b]! || a - b)
}
