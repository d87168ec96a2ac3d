/** A file becomes devices, findings and cases: one pass, bounded memory, the same for the page's worker, the command line and tests. */
import type { Finding } from '../alert/evidence.ts'
import { CaseBook, type Evidence } from '../alert/gather.ts'
import { formatClock } from '../base/format.ts'
import { type Autoencoder, createAutoencoder, type ScoredWindows } from '../detect/autoencoder.ts'
import { BoxPlot } from '../detect/box-plot.ts'
import { tailProbability } from '../detect/calibration.ts'
import type { Network } from '../detect/network.ts'
import { ASSUMED_WINDOWS_PER_WEEK, resolveThreshold, type ThresholdChoice } from '../detect/threshold.ts'
import { DeviceTypical } from '../detect/typical.ts'
import type { Device } from '../device/device.ts'
import { Inventory } from '../device/inventory.ts'
import type { FlowBatch } from '../flow/batch.ts'
import type { FlowInput, InputStep } from '../flow/input.ts'
import type { ModelManifest } from '../model/manifest.ts'
import { TimeOrder } from '../prep/order.ts'
import { type FlowRows, prepareRows } from '../prep/rows.ts'
import { DeviceWindows, type WindowBatch } from '../prep/windows.ts'
import { noteRule, type RuleFinding } from '../rule/finding.ts'
import { RuleSet } from '../rule/rule-set.ts'
import { describeCase } from './describe.ts'
import { FlowsJudge, type ScanJudge } from './judge-flows.ts'
import { opensCase } from './opens-case.ts'
import { Profiles } from './profile.ts'
import { ScoreQueue } from './score-queue.ts'
import { ScanTotals } from './totals.ts'
import type { DeviceFlows, ScanSummary, ScanUpdate } from './update.ts'

export interface ScanModel {
  readonly manifest: ModelManifest
  /** Hash of the weights that were verified. */
  readonly sha256: string
  readonly network: Network
}

export interface ScanOptions {
  readonly file: string
  /** Undefined when it cannot be known. */
  readonly bytesTotal: number | undefined
  readonly model: ScanModel
  /** A model that speaks in place of `model`'s windows: each flow is judged by it, at its own line. */
  readonly judge?: ScanJudge | undefined
  readonly threshold: ThresholdChoice
  readonly vendorOf: (mac: string) => string | undefined
  /** IANA zone of the clock times in sentences. */
  readonly timeZone: string
  /** Batches of windows with the scorer at once; more than one lets reading and scoring overlap. */
  readonly inFlight: number
  /** Milliseconds between updates at least; 0 gives one for each step of the reading. */
  readonly updateEveryMs: number
  /** Hears every finding, also those beyond what a case keeps: for evaluation. */
  readonly onFinding?: (finding: Finding) => void
}

/** An update is due at this many waiting flows, however young the last one is. */
const MAX_WAITING_FLOWS = 32_768
/** Timeline and devices change with every flow and are large; they are renewed this often, cases with every update. */
const SLOW_EVERY_MS = 1000
/** Peers told of a device while its file is read; the last update has them as the inventory shows them. */
const PEERS_WHILE_READING = 5
/**
 * Yields what is new since the last step; returns the summary. `signal` stops it: what was found so far is kept and told.
 * Throws InputError when the input has nothing that can be used.
 */
export async function* scan(
  input: FlowInput,
  options: ScanOptions,
  signal?: AbortSignal,
): AsyncGenerator<ScanUpdate, ScanSummary> {
  const run = new ScanRun(input, options)
  let stopped = false
  try {
    for await (const step of input.steps(signal)) {
      run.take(step)
      await run.score(false)
      if (run.isDue()) yield run.update()
      if (signal?.aborted) break
    }
  } catch (error) {
    if (!signal?.aborted) throw error
  }
  stopped = signal?.aborted ?? false
  if (!stopped) await run.finish()
  yield run.update(true)
  return run.summary(stopped)
}

class ScanRun {
  readonly #options: ScanOptions
  readonly #detector: Autoencoder
  readonly #thresholdText: string
  readonly #inventory: Inventory
  readonly #profiles = new Profiles()
  readonly #typical = new DeviceTypical()
  readonly #order = new TimeOrder()
  readonly #windows: DeviceWindows
  readonly #queue: ScoreQueue<WindowBatch, ScoredWindows>
  readonly #boxPlot = new BoxPlot({ deviceId: (device) => this.#deviceIds[device]! })
  readonly #rules = new RuleSet()
  readonly #cases = new CaseBook(opensCase)
  readonly #deviceIds: string[] = []
  readonly #deviceIndex = new Map<string, number>()
  readonly #totals: ScanTotals
  /** Undefined when there is no such model, or these flows lack what it asks for. */
  #flows: FlowsJudge | undefined
  #judgeRemark: string | undefined
  #waiting: DeviceFlows[] = []
  #waitingFlows = 0
  #updatedMs = Number.NEGATIVE_INFINITY
  #slowMs = Number.NEGATIVE_INFINITY

  constructor(input: FlowInput, options: ScanOptions) {
    this.#options = options
    this.#totals = new ScanTotals(input, options.bytesTotal)
    const { manifest, network } = options.model
    // A fixed rate, not the file's own: a flood would otherwise raise the threshold that should catch it (decision 003).
    const threshold = resolveThreshold(options.threshold, manifest.calibration, {
      windowsPerWeek: ASSUMED_WINDOWS_PER_WEEK,
    })
    this.#flows = options.judge && new FlowsJudge(options.judge, options.threshold)
    this.#thresholdText = threshold.text
    this.#detector = createAutoencoder(manifest, network, threshold.value)
    this.#inventory = new Inventory({
      vendorOf: options.vendorOf,
      clock: (micros) => formatClock(micros, options.timeZone),
    })
    this.#windows = new DeviceWindows({
      steps: manifest.window,
      width: manifest.scaler.mean.length,
      batchRows: network.batchRows,
    })
    this.#queue = new ScoreQueue(
      (batch) => this.#totals.timeScoring(() => this.#detector.score(batch)),
      options.inFlight,
    )
  }

  take({ flows, sightings }: InputStep): void {
    this.#inventory.see(sightings)
    this.#rules.see(sightings)
    for (const batch of flows) this.#takeBatch(batch)
  }

  /** Hears the scorer's answers; all of them with `all`. */
  async score(all: boolean): Promise<void> {
    for await (const { scores } of this.#queue.take(all)) this.#judge(scores)
    if (this.#flows) await this.#judgeFlows(this.#flows, all)
  }

  async finish(): Promise<void> {
    const rest = this.#order.flush()
    if (rest) this.#pushWindows(rest)
    const last = this.#windows.flush()
    if (last) this.#queue.push(last)
    await this.score(true)
    this.#hearBaseline(this.#boxPlot.finish())
    this.#hearRules(this.#rules.finish())
  }

  isDue(): boolean {
    return this.#waitingFlows >= MAX_WAITING_FLOWS || performance.now() - this.#updatedMs >= this.#options.updateEveryMs
  }

  update(last = false): ScanUpdate {
    const now = performance.now()
    this.#updatedMs = now
    const withSlow = last || now - this.#slowMs >= SLOW_EVERY_MS
    if (withSlow) this.#slowMs = now
    const flows = this.#waiting
    this.#waiting = []
    this.#waitingFlows = 0
    return {
      progress: this.#totals.progress(withSlow),
      flows,
      cases: (last ? this.#cases.all() : this.#cases.takeChanged()).map((evidence) => this.#describe(evidence)),
      devices: last ? this.#inventory.devices() : withSlow ? this.#changedDevices() : [],
      notes: this.#inventory.takeNotes({ ended: last }),
    }
  }

  summary(stopped: boolean): ScanSummary {
    const { file, model } = this.#options
    const judge = this.#flows && this.#options.judge
    const { manifest, sha256 } = judge ?? model
    return this.#totals.summary({
      file,
      stopped,
      model: { name: manifest.name, version: manifest.version, sha256 },
      threshold: this.#flows?.threshold ?? this.#detector.threshold,
      thresholdText: this.#flows?.lines.home.text ?? this.#thresholdText,
      remarks: this.#remarks(),
      devices: this.#inventory.devices().length,
      cases: this.#cases.size,
      baselineMinutes: this.#boxPlot.minutes,
    })
  }

  #takeBatch(batch: FlowBatch): void {
    const flows: DeviceFlows = { batch, ...this.#inventory.assign(batch) }
    this.#totals.addFlows(flows)
    this.#profiles.add(flows)
    this.#hearRules(this.#rules.add(flows))
    this.#addToJudge(flows)
    this.#waiting.push(flows)
    this.#waitingFlows += batch.length
    const global = flows.deviceIds.map((id) => this.#indexOf(id))
    const device = flows.device.map((local) => global[local] ?? -1)
    const rows = prepareRows({ batch, device, outward: flows.outward }, this.#options.model.manifest)
    this.#pushWindows(this.#order.push(rows, batch.watermarkMicros))
  }

  #pushWindows(rows: FlowRows): void {
    this.#typical.push(rows)
    if (!this.#flows) for (const full of this.#windows.push(rows)) this.#queue.push(full)
    this.#hearBaseline(this.#boxPlot.push(rows))
  }

  #judge(scored: ScoredWindows): void {
    const found = this.#detector.findings(scored, {
      deviceId: (device) => this.#deviceIds[device]!,
      typical: this.#typical,
    })
    this.#totals.addJudged(scored.batch.length, found.length)
    this.#hearModel(found)
  }

  /** A model that asks for what this file does not have leaves it to the shipped one. */
  #addToJudge(flows: DeviceFlows): void {
    const missing = this.#flows?.add(flows) ?? []
    const { judge, model } = this.#options
    if (missing.length === 0 || !judge) return
    this.#flows = undefined
    const names = missing.slice(0, 3).join(', ')
    this.#judgeRemark = `${judge.manifest.name} ${judge.manifest.version} could not judge this file: it lacks ${missing.length} of the columns it learnt from (${names}). ${model.manifest.name} judged it instead.`
  }

  async #judgeFlows(flows: FlowsJudge, last: boolean): Promise<void> {
    const { judged, above, findings } = await this.#totals.timeScoring(() => flows.take(last))
    this.#totals.addJudged(judged, above)
    this.#hearModel(findings)
  }

  #hearModel(found: readonly Finding[]): void {
    for (const finding of found) {
      this.#hear(finding)
      this.#totals.addFinding(finding)
    }
  }

  #hearBaseline(findings: readonly Finding[]): void {
    this.#totals.baselineOutside += findings.length
    for (const finding of findings) this.#hear(finding)
  }

  #hearRules(findings: readonly RuleFinding[]): void {
    const names = {
      deviceName: (id: string) => this.#inventory.nameOf(id),
      addressName: (address: string) => this.#inventory.hostName(address),
    }
    for (const finding of findings) this.#hear(noteRule(finding, names))
  }

  #hear(finding: Finding): void {
    this.#options.onFinding?.(finding)
    this.#cases.add(finding)
  }

  #describe(evidence: Evidence) {
    const { calibration } = this.#options.model.manifest
    return describeCase(evidence, {
      profiles: this.#profiles,
      deviceName: (id) => this.#inventory.nameOf(id),
      addressName: (address) => this.#inventory.hostName(address) ?? '',
      knownOwner: (device, address) => this.#inventory.knownOwner(device, address),
      tailProbability: (score) => (this.#flows ? 10 ** -score : tailProbability(score, calibration)),
      sample: this.#flows?.lines.sample ?? 'usual samples',
      timeZone: this.#options.timeZone,
    })
  }

  #changedDevices(): Device[] {
    return this.#inventory
      .takeChanged()
      .map((device) => ({ ...device, peers: device.peers.slice(0, PEERS_WHILE_READING) }))
  }

  #indexOf(id: string): number {
    const known = this.#deviceIndex.get(id)
    if (known !== undefined) return known
    const index = this.#deviceIds.push(id) - 1
    this.#deviceIndex.set(id, index)
    return index
  }

  #remarks(): string[] {
    const remarks = [...this.#totals.inputRemarks]
    if (this.#judgeRemark) remarks.push(this.#judgeRemark)
    if (this.#flows?.remark) remarks.push(this.#flows.remark)
    if (this.#order.disordered > 0)
      remarks.push(
        `${this.#order.disordered} flows came too late to be put in time order; they were judged where they stood.`,
      )
    return remarks
  }
}
