/**
 * A model of this home's registry inside a scan: it judges flows batch by batch and speaks in findings. Scores of different models have
 * different scales (depths, distances, log-odds), so a finding's score is how rare it is: −log10 of the share of benign flows that score
 * as high. Then twice the threshold means the same for every model.
 */
import { type Finding, MODEL_DETECTOR, type Reason } from '../alert/evidence.ts'
import { severityOfRatio } from '../alert/severity.ts'
import { tailProbability } from '../detect/calibration.ts'
import { missingColumns } from '../detect/columns.ts'
import type { FlowDataset, FlowJudge } from '../detect/dataset.ts'
import type { Explanation } from '../detect/detector.ts'
import type { FolderManifest } from '../model/folder-manifest.ts'
import { flowColumns } from '../prep/flow-columns.ts'
import { HOST_WINDOW_NAMES, HostWindows } from '../prep/host-windows.ts'
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
  /** Rows above the threshold. */
  readonly above: number
  /** One for each device and stretch of time: the strongest row of it is explained. */
  readonly findings: readonly Finding[]
}

/** Flows of a device that are unusual one after another within this time are one finding. */
const STRETCH_MICROS = 10 * 60e6
/** Rarer is not told apart: the tail beyond is a guess. */
const RAREST = 1e-12
const MOST_REASONS = 5
/** Findings that wait while the traffic looks foreign, in case it turns out to be known. */
const MOST_HELD = 1000

export function surpriseOf(score: number, { manifest }: ScanJudge): number {
  return -Math.log10(Math.max(RAREST, tailProbability(score, manifest.calibration)))
}

export class FlowsJudge {
  readonly threshold: number
  readonly #model: ScanJudge
  readonly #hosts = new HostWindows()
  readonly #scope: ScopeWatch
  #waiting: FlowDataset[] = []
  #held: Finding[] = []

  constructor(model: ScanJudge) {
    this.#model = model
    this.#scope = new ScopeWatch(model.judge)
    this.threshold = Math.max(Number.MIN_VALUE, surpriseOf(model.judge.threshold, model))
  }

  /** Columns of the model that these flows lack; where there are any they are not taken, for they cannot be judged. */
  add(flows: DeviceFlows): readonly string[] {
    const data = datasetOf(flows, this.#hosts)
    const missing = missingColumns(data, this.#model.manifest.features)
    if (missing.length === 0) this.#waiting.push(data)
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
    for (const data of waiting) this.#scope.add(data)
    if (last) this.#scope.look()
    for (const data of waiting) {
      const scores = await this.#model.judge.score(data)
      for (const score of scores) {
        if (!Number.isNaN(score)) judged++
        if (score > this.#model.judge.threshold) above++
      }
      for (const stretch of stretchesOf(data, scores, this.#model.judge.threshold)) {
        findings.push(await this.#tell(data, scores, stretch))
      }
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
    const score = Math.max(this.threshold, surpriseOf(scores[worst]!, this.#model))
    const numbers = rows.map((row) => data.row[row]!)
    const times = rows.map((row) => data.startMicros[row]!)
    return {
      detector: MODEL_DETECTOR,
      device: data.devices[data.device[worst]!]!,
      rows: [Math.min(...numbers), Math.max(...numbers)],
      startMicros: Math.min(...times),
      endMicros: Math.max(...times),
      score,
      threshold: this.threshold,
      severity: severityOfRatio(score / this.threshold),
      reasons: reasonsOf(await this.#model.judge.explain(data, worst)),
    }
  }
}

/** What pushed the score up, the strongest first; shares of 1 together. */
function reasonsOf({ contributions }: Explanation): Reason[] {
  const raising = contributions.filter(({ share }) => share > 0).sort((a, b) => b.share - a.share)
  const told = raising.slice(0, MOST_REASONS)
  const total = told.reduce((sum, { share }) => sum + share, 0)
  return told.map(({ feature, value, typical, share }) => ({ feature, value, typical, share: share / total }))
}

/** Rows above the threshold of one device, close together in time. */
function stretchesOf(data: FlowDataset, scores: Float64Array, threshold: number): number[][] {
  const stretches: number[][] = []
  const open = new Map<number, number[]>()
  for (let row = 0; row < data.rows; row++) {
    const device = data.device[row]!
    if (!(scores[row]! > threshold) || device < 0) continue
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
function datasetOf({ batch, deviceIds, device, outward }: DeviceFlows, hosts: HostWindows): FlowDataset {
  const { names, values } = flowColumns(batch)
  const host = hosts.add(batch, { deviceIds, device, outward })
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
