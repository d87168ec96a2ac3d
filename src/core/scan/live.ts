/**
 * Traffic as it happens becomes verdicts and cases: the parts of a scan over a stream without end. The caller gives flows in the order in
 * which they came; each is judged at once, with the nine before it. Memory is bounded: what is older than MEMORY_MICROS is given up.
 */
import type { Case } from '../alert/case.ts'
import type { Finding, Reason } from '../alert/evidence.ts'
import { CaseBook, type Evidence, GATHER_MICROS } from '../alert/gather.ts'
import { type Severity, severityOfRatio } from '../alert/severity.ts'
import { type Autoencoder, createAutoencoder, type ScoredWindows } from '../detect/autoencoder.ts'
import { BoxPlot } from '../detect/box-plot.ts'
import { tailProbability } from '../detect/calibration.ts'
import { ASSUMED_WINDOWS_PER_WEEK, resolveThreshold, type ThresholdChoice } from '../detect/threshold.ts'
import { DeviceTypical } from '../detect/typical.ts'
import type { LiveFlows } from '../live/record.ts'
import { prepareRows } from '../prep/rows.ts'
import { DeviceWindows, type WindowBatch } from '../prep/windows.ts'
import { noteRule } from '../rule/finding.ts'
import { RuleSet } from '../rule/rule-set.ts'
import { describeCase } from './describe.ts'
import { opensCase } from './opens-case.ts'
import { Profiles } from './profile.ts'
import type { ScanModel } from './scan.ts'

export interface LiveOptions {
  readonly model: ScanModel
  readonly threshold: ThresholdChoice
  /** IANA zone of the clock times in sentences. */
  readonly timeZone: string
  readonly deviceName: (device: string) => string
}

/** What the model says of one window: a device's last flow and the nine before it. */
export interface LiveVerdict {
  readonly device: string
  /** Smallest and largest row number among its flows. */
  readonly rows: readonly [number, number]
  readonly startMicros: number
  readonly endMicros: number
  readonly score: number
  readonly threshold: number
  readonly isOdd: boolean
  readonly severity: Severity
  /** "1 in N usual windows scores so high". */
  readonly oneIn: number
  /** Of odd windows: the strongest first, shares summing to 1. */
  readonly reasons: readonly Reason[]
}

export interface LiveCase {
  readonly case: Case
  /** False when it was told before and has grown. */
  readonly isNew: boolean
  /** Its strongest score over the threshold. */
  readonly ratio: number
}

export interface LiveStep {
  /** In the order of the flows that completed their windows. */
  readonly verdicts: readonly LiveVerdict[]
  readonly cases: readonly LiveCase[]
}

/** What a device did is remembered for four weeks: its profile, and cases that may still grow. */
export const MEMORY_MICROS = 28 * 86_400e6
const FORGET_EVERY_MICROS = 3600e6
const BATCH_WINDOWS = 256

export class LiveRun {
  readonly threshold: number
  readonly thresholdText: string
  readonly #options: LiveOptions
  readonly #detector: Autoencoder
  readonly #windows: DeviceWindows
  readonly #profiles = new Profiles()
  readonly #typical = new DeviceTypical()
  readonly #boxPlot = new BoxPlot({ deviceId: (device) => this.#deviceIds[device]! })
  readonly #rules = new RuleSet()
  readonly #cases = new CaseBook(opensCase)
  readonly #told = new Set<string>()
  readonly #deviceIds: string[] = []
  readonly #deviceIndex = new Map<string, number>()
  #forgottenMicros = Number.NEGATIVE_INFINITY

  constructor(options: LiveOptions) {
    this.#options = options
    const { manifest, network } = options.model
    const resolved = resolveThreshold(options.threshold, manifest.calibration, {
      windowsPerWeek: ASSUMED_WINDOWS_PER_WEEK,
    })
    this.threshold = resolved.value
    this.thresholdText = resolved.text
    this.#detector = createAutoencoder(manifest, network, resolved.value)
    this.#windows = new DeviceWindows({
      steps: manifest.window,
      width: manifest.scaler.mean.length,
      batchRows: Math.min(BATCH_WINDOWS, network.batchRows),
    })
  }

  /** Flows of the past, to go on from: they are remembered and not judged. */
  remember(flows: LiveFlows): void {
    this.#see(flows)
    this.#windows.flush()
  }

  /** A case of before that may still grow. */
  restore({ id, device, findings }: Case): void {
    this.#cases.restore(device, id, findings)
    this.#told.add(id)
  }

  /** Calls must not overlap: each waits for the one before. Throws ModelError when the model fails; the flows are then remembered unjudged. */
  async take(flows: LiveFlows): Promise<LiveStep> {
    const verdicts: LiveVerdict[] = []
    for (const batch of this.#see(flows)) verdicts.push(...this.#judge(await this.#detector.score(batch)))
    this.#forget(flows.batch.watermarkMicros)
    return { verdicts, cases: this.#cases.takeChanged().map((evidence) => this.#tell(evidence)) }
  }

  /** Returns the windows that the flows completed. */
  #see(flows: LiveFlows): WindowBatch[] {
    const { batch, deviceIds, outward } = flows
    const owned = { batch, deviceIds: [...deviceIds], device: flows.device, outward }
    this.#profiles.add(owned)
    const names = { deviceName: this.#options.deviceName, addressName: () => undefined }
    for (const finding of this.#rules.add(owned)) this.#cases.add(noteRule(finding, names))
    const index = deviceIds.map((id) => this.#indexOf(id))
    const device = flows.device.map((local) => index[local] ?? -1)
    const rows = prepareRows({ batch, device, outward }, this.#options.model.manifest)
    this.#typical.push(rows)
    const full = this.#windows.push(rows)
    const rest = this.#windows.flush()
    for (const finding of this.#boxPlot.push(rows)) this.#cases.add(finding)
    return rest ? [...full, rest] : full
  }

  #judge(scored: ScoredWindows): LiveVerdict[] {
    const { batch, scores } = scored
    const { calibration } = this.#options.model.manifest
    const findings = this.#detector.findings(scored, {
      deviceId: (device) => this.#deviceIds[device]!,
      typical: this.#typical,
    })
    for (const finding of findings) this.#cases.add(finding)
    let next = 0
    return Array.from({ length: batch.length }, (_, i) => {
      const score = scores[i]!
      const isOdd = score > this.threshold
      const finding: Finding | undefined = isOdd ? findings[next++] : undefined
      return {
        device: this.#deviceIds[batch.device[i]!]!,
        rows: [batch.firstRow[i]!, batch.lastRow[i]!],
        startMicros: batch.startMicros[i]!,
        endMicros: batch.endMicros[i]!,
        score,
        threshold: this.threshold,
        isOdd,
        severity: severityOfRatio(score / this.threshold),
        oneIn: 1 / tailProbability(score, calibration),
        reasons: finding?.reasons ?? [],
      }
    })
  }

  #tell(evidence: Evidence): LiveCase {
    const { deviceName, timeZone, model } = this.#options
    const isNew = !this.#told.has(evidence.id)
    this.#told.add(evidence.id)
    return {
      case: describeCase(evidence, {
        profiles: this.#profiles,
        deviceName,
        addressName: () => '',
        knownOwner: () => undefined,
        tailProbability: (score) => tailProbability(score, model.manifest.calibration),
        sample: 'usual samples',
        timeZone,
      }),
      isNew,
      ratio: evidence.strongestRatio,
    }
  }

  #forget(nowMicros: number): void {
    if (!(nowMicros >= this.#forgottenMicros + FORGET_EVERY_MICROS)) return
    this.#forgottenMicros = nowMicros
    this.#profiles.forget(nowMicros - MEMORY_MICROS)
    if (this.#cases.forget(nowMicros - GATHER_MICROS) === 0) return
    const kept = new Set(this.#cases.all().map(({ id }) => id))
    for (const id of this.#told) if (!kept.has(id)) this.#told.delete(id)
  }

  #indexOf(id: string): number {
    const known = this.#deviceIndex.get(id)
    if (known !== undefined) return known
    const index = this.#deviceIds.push(id) - 1
    this.#deviceIndex.set(id, index)
    return index
  }
}
