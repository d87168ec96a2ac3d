/** What the model sees of the sets that it never learnt from, at thresholds frozen by calibration. */
import { BoxPlot } from '#core/detect/box-plot.ts'
import type { Network } from '#core/detect/network.ts'
import type { Scaler } from '#core/prep/scaler.ts'
import type { Sequence } from './data.ts'
import { FEATURES, type LabelledWindows, makeWindows, STEPS, scaledRows, type Transform } from './windows.ts'

const MINUTE = 60_000_000

export interface ScoredSet {
  readonly set: string
  /** Ascending scores of windows of usual flows only. */
  readonly usual: Float64Array
  /** Ascending scores of windows whose newest flow is an attack. */
  readonly attack: Float64Array
  /** The same by the label of that flow. */
  readonly classes: ReadonlyMap<string, Float64Array>
}

export interface Scoring {
  readonly network: Network
  readonly transform: Transform
  readonly scaler: Scaler
}

/** Scores of all windows, as the product computes them: the mean of the features' errors. */
export async function scoreAll({ windows, count }: LabelledWindows, network: Network): Promise<Float64Array> {
  const scores = new Float64Array(count)
  const size = STEPS * FEATURES
  for (let at = 0; at < count; at += network.batchRows) {
    const rows = Math.min(network.batchRows, count - at)
    const errors = await network.reconstructionErrors(windows.slice(at * size, (at + rows) * size), rows)
    for (let i = 0; i < rows; i++) {
      let sum = 0
      for (let f = 0; f < FEATURES; f++) sum += errors[i * FEATURES + f]!
      scores[at + i] = sum / FEATURES
    }
  }
  return scores
}

/** One row for each set, in the order of the sources. */
export async function scoreSets(sequences: readonly Sequence[], scoring: Scoring): Promise<ScoredSet[]> {
  const sets = [...new Set(sequences.map(({ set }) => set))]
  const scored: ScoredSet[] = []
  for (const set of sets) {
    const members = sequences.filter((sequence) => sequence.set === set)
    const labelled = makeWindows(members, scoring.transform, scoring.scaler)
    const scores = await scoreAll(labelled, scoring.network)
    const pick = (label: number) => scores.filter((_, i) => labelled.attack[i] === label).sort()
    const names = new Set(labelled.label.filter((_, i) => labelled.attack[i] === 1))
    const ofClass = (name: string) => scores.filter((_, i) => labelled.label[i] === name).sort()
    const classes = new Map([...names].map((name) => [name, ofClass(name)]))
    scored.push({ set, usual: pick(0), attack: pick(1), classes })
  }
  return scored
}

export interface Hits {
  readonly hits: number
  readonly n: number
}

export interface BaselineSet {
  readonly set: string
  /** Device-minutes that the box-plot calls far out, of those with an attack flow and of those with usual flows only. */
  readonly attack: Hits
  readonly usual: Hits
}

/** The box-plot on the same sequences, for the sets that have times and addresses. */
export function baselineSets(
  sequences: readonly Sequence[],
  { transform, scaler }: Omit<Scoring, 'network'>,
): BaselineSet[] {
  const sets = [...new Set(sequences.map(({ set }) => set))]
  return sets.flatMap((set) => {
    const members = sequences.filter((sequence) => sequence.set === set)
    const hasTimes = members.every(({ flows }) => flows.every(({ startMicros }) => !Number.isNaN(startMicros)))
    const hasAddresses = members.some(({ flows }) => flows.some(({ peer }) => peer !== 0))
    if (!hasTimes || !hasAddresses) return []
    const count = { 0: { hits: 0, n: 0 }, 1: { hits: 0, n: 0 } }
    for (const sequence of members) {
      const plot = new BoxPlot({ deviceId: () => set })
      const findings = [...plot.push(scaledRows(sequence, transform, scaler)), ...plot.finish()]
      const far = new Set(findings.map(({ startMicros }) => startMicros / MINUTE))
      for (const [minute, label] of labelMinutes(sequence)) {
        count[label].n++
        if (far.has(minute)) count[label].hits++
      }
    }
    return [{ set, attack: count[1], usual: count[0] }]
  })
}

/** 1 for a minute in which an attack flow begins, 0 when all of its flows are usual; others are left out. */
function labelMinutes({ flows, attack }: Sequence): Map<number, 0 | 1> {
  const worst = new Map<number, number>()
  for (const [i, { startMicros }] of flows.entries()) {
    const minute = Math.floor(startMicros / MINUTE)
    const known = worst.get(minute) ?? 0
    const label = attack[i]!
    worst.set(minute, known === 1 || label === 1 ? 1 : Math.min(known, label))
  }
  const labels = new Map<number, 0 | 1>()
  for (const [minute, label] of worst) if (label === 0 || label === 1) labels.set(minute, label)
  return labels
}

/** How many of the ascending scores are above the threshold. */
export function countAbove(sorted: Float64Array, threshold: number): number {
  const first = sorted.findIndex((score) => score > threshold)
  return first < 0 ? 0 : sorted.length - first
}

/** 95 % interval of a share (Wilson 1927). */
export function wilson(hits: number, n: number): readonly [number, number] {
  if (n === 0) return [0, 1]
  const z = 1.96
  const share = hits / n
  const centre = share + (z * z) / (2 * n)
  const spread = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))
  const scale = 1 + (z * z) / n
  return [hits === 0 ? 0 : (centre - spread) / scale, hits === n ? 1 : (centre + spread) / scale]
}
