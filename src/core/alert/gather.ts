/**
 * Gathers findings into cases: one device, one span. A case goes on while its device's next finding starts within
 * GATHER_MICROS of the last, so a night of beaconing is one case and not ten (docs/decisions/002).
 */

import { MAX_KEPT_FINDINGS } from './case.ts'
import { type Finding, MODEL_DETECTOR } from './evidence.ts'
import { type Severity, severityRank } from './severity.ts'

export const GATHER_MICROS = 3600e6
/** For sources without times: rows that may lie between two findings of one case. */
export const GATHER_ROWS = 100

/** A case as evidence alone, before it is described. */
export interface Evidence {
  readonly id: string
  readonly device: string
  startMicros: number
  endMicros: number
  firstRow: number
  lastRow: number
  /** Strongest findings, at most MAX_KEPT_FINDINGS. */
  kept: Finding[]
  count: number
  /** Windows of the model over the threshold, and minutes outside the baseline's fences. */
  modelCount: number
  baselineCount: number
  /** By rule, its strongest finding since the case began. */
  readonly told: Map<string, Finding>
  /** The model's findings by severity rank. */
  readonly bySeverity: number[]
  /** Sum of score shares by feature, weighted by the doublings of score over threshold, with the strongest finding's numbers. */
  readonly features: Map<string, FeatureWeight>
  strongestRatio: number
  lastFindingRow: number
  /** Runs of findings whose rows do not touch: independent pieces of evidence. */
  clusters: number
}

export interface FeatureWeight {
  weight: number
  strongest: number
  value: number
  typical: number
}

export class CaseBook {
  readonly #byDevice = new Map<string, Evidence[]>()
  readonly #changed = new Set<Evidence>()
  readonly #waiting = new Map<string, Finding[]>()
  readonly #opens: (finding: Finding) => boolean

  /** `opens` says which findings may start a case; the others join one that is near, or wait an hour for it. */
  constructor(opens: (finding: Finding) => boolean) {
    this.#opens = opens
  }

  get size(): number {
    let size = 0
    for (const list of this.#byDevice.values()) size += list.length
    return size
  }

  add(finding: Finding): void {
    const open = this.#byDevice.get(finding.device)?.findLast((evidence) => isNear(evidence, finding))
    if (open) {
      this.#extend(open, finding)
      return
    }
    if (!this.#opens(finding)) {
      this.#wait(finding)
      return
    }
    const evidence = begin(finding)
    const list = this.#byDevice.get(finding.device)
    if (list) list.push(evidence)
    else this.#byDevice.set(finding.device, [evidence])
    this.#extend(evidence, finding)
    const waiting = this.#waiting.get(finding.device)
    if (!waiting) return
    this.#waiting.delete(finding.device)
    for (const earlier of waiting) if (isNear(evidence, earlier)) this.#extend(evidence, earlier)
  }

  /** Cases that are new or have grown since the last call. */
  takeChanged(): Evidence[] {
    const changed = [...this.#changed]
    this.#changed.clear()
    return changed
  }

  /** Goes on with a case that was begun elsewhere: under its id, with the findings that it kept. */
  restore(device: string, id: string, findings: readonly Finding[]): void {
    const [first] = findings
    if (!first || this.#byDevice.get(device)?.some((known) => known.id === id)) return
    const evidence = { ...begin(first), id }
    this.#byDevice.set(device, [...(this.#byDevice.get(device) ?? []), evidence])
    for (const finding of findings) this.#extend(evidence, finding)
    this.#changed.delete(evidence)
  }

  /** Drops cases that ended before: nothing can join them any more. Returns how many. */
  forget(beforeMicros: number): number {
    let dropped = 0
    for (const [device, list] of this.#byDevice) {
      const kept = list.filter(({ endMicros }) => !(endMicros < beforeMicros))
      dropped += list.length - kept.length
      if (kept.length > 0) this.#byDevice.set(device, kept)
      else this.#byDevice.delete(device)
    }
    return dropped
  }

  all(): Evidence[] {
    return [...this.#byDevice.values()].flat()
  }

  #wait(finding: Finding): void {
    const list = this.#waiting.get(finding.device) ?? []
    const recent = list.filter((earlier) => !(finding.startMicros - earlier.endMicros > GATHER_MICROS))
    recent.push(finding)
    this.#waiting.set(finding.device, recent.slice(-MAX_KEPT_FINDINGS))
  }

  #extend(evidence: Evidence, finding: Finding): void {
    this.#changed.add(evidence)
    evidence.startMicros = Math.min(evidence.startMicros, finding.startMicros)
    evidence.endMicros = Math.max(evidence.endMicros, finding.endMicros)
    const isModel = finding.detector === MODEL_DETECTOR
    extendRows(evidence, finding, isModel)
    evidence.count++
    if (isModel) {
      evidence.modelCount++
      if (finding.rows[0] > evidence.lastFindingRow) evidence.clusters++
      evidence.lastFindingRow = Math.max(evidence.lastFindingRow, finding.rows[1])
      const rank = severityRank(finding.severity)
      evidence.bySeverity[rank] = (evidence.bySeverity[rank] ?? 0) + 1
    } else if (finding.told) keepTold(evidence.told, finding, finding.told.rule)
    else evidence.baselineCount++
    const ratio = finding.score / finding.threshold
    evidence.strongestRatio = Math.max(evidence.strongestRatio, ratio)
    weighFeatures(evidence, finding, ratio)
    keep(evidence, finding)
  }
}

/**
 * The louder of what the rules say and what at least a tenth of the model's findings reach (one stray window does not decide);
 * medium where only the baseline spoke.
 */
export function typicalSeverity(evidence: Evidence): Severity {
  const said = [...evidence.told.values()].map(({ severity }) => severity)
  if (evidence.modelCount > 0) said.push(typicalOfModel(evidence))
  if (said.length === 0) return 'medium'
  return said.reduce((loudest, next) => (severityRank(next) > severityRank(loudest) ? next : loudest))
}

function typicalOfModel(evidence: Evidence): Severity {
  let above = 0
  const names: Severity[] = ['critical', 'high', 'medium', 'low']
  for (const name of names) {
    above += evidence.bySeverity[severityRank(name)] ?? 0
    if (above * 10 >= evidence.modelCount) return name
  }
  return 'low'
}

function begin(finding: Finding): Evidence {
  const at = Number.isFinite(finding.startMicros)
    ? new Date(finding.startMicros / 1000).toISOString().slice(0, 16)
    : `row-${finding.rows[0]}`
  return {
    id: `${finding.device}@${at}`,
    device: finding.device,
    startMicros: finding.startMicros,
    endMicros: finding.endMicros,
    firstRow: finding.rows[0],
    lastRow: finding.rows[1],
    kept: [],
    count: 0,
    modelCount: 0,
    baselineCount: 0,
    told: new Map(),
    bySeverity: [0, 0, 0, 0],
    features: new Map(),
    strongestRatio: 0,
    lastFindingRow: -1,
    clusters: 0,
  }
}

function isNear(evidence: Evidence, finding: Finding): boolean {
  if (Number.isFinite(finding.startMicros)) {
    return (
      finding.startMicros - evidence.endMicros <= GATHER_MICROS &&
      evidence.startMicros - finding.endMicros <= GATHER_MICROS
    )
  }
  return finding.rows[0] - evidence.lastRow <= GATHER_ROWS && evidence.firstRow - finding.rows[1] <= GATHER_ROWS
}

/** The strongest of each rule, from its first moment in this case on. */
function keepTold(told: Map<string, Finding>, finding: Finding, rule: string): void {
  const known = told.get(rule)
  if (!known) {
    told.set(rule, finding)
    return
  }
  const startMicros = Math.min(known.startMicros, finding.startMicros)
  told.set(rule, { ...(finding.score >= known.score ? finding : known), startMicros })
}

/** The model says which rows; a minute of the baseline spans everything in it, so its rows stand only while the model is silent. */
function extendRows(evidence: Evidence, { rows: [first, last] }: Finding, isModel: boolean): void {
  if (isModel && evidence.modelCount === 0) {
    evidence.firstRow = first
    evidence.lastRow = last
  } else if (isModel || evidence.modelCount === 0) {
    evidence.firstRow = Math.min(evidence.firstRow, first)
    evidence.lastRow = Math.max(evidence.lastRow, last)
  }
}

function weighFeatures(evidence: Evidence, finding: Finding, ratio: number): void {
  for (const reason of finding.reasons) {
    const weight = reason.share * Math.log2(1 + ratio)
    const seen = evidence.features.get(reason.feature)
    if (!seen) {
      evidence.features.set(reason.feature, {
        weight,
        strongest: weight,
        value: reason.value,
        typical: reason.typical,
      })
      continue
    }
    seen.weight += weight
    if (weight <= seen.strongest) continue
    seen.strongest = weight
    seen.value = reason.value
    seen.typical = reason.typical
  }
}

function keep(evidence: Evidence, finding: Finding): void {
  const kept = evidence.kept
  if (kept.length < MAX_KEPT_FINDINGS) {
    kept.push(finding)
    return
  }
  let weakest = 0
  for (let i = 1; i < kept.length; i++)
    if (kept[i]!.score / kept[i]!.threshold < kept[weakest]!.score / kept[weakest]!.threshold) weakest = i
  const least = kept[weakest]!
  if (finding.score / finding.threshold > least.score / least.threshold) kept[weakest] = finding
}
