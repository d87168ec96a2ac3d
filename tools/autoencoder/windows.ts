/** Sequences → scaled windows, by the same code that the product prepares flows with. */
import { quantile } from '#core/base/stats.ts'
import { COUNT_COLUMNS } from '#core/flow/batch.ts'
import type { ModelInput } from '#core/model/manifest.ts'
import { transformCount } from '#core/prep/encode.ts'
import { allocateRows, type FlowRows } from '#core/prep/rows.ts'
import { applyScaler, fitScaler, type Scaler } from '#core/prep/scaler.ts'
import { DeviceWindows } from '#core/prep/windows.ts'
import type { Sequence } from './data.ts'

export type Transform = 'none' | 'log1p'

export const STEPS = 10
export const FEATURES = COUNT_COLUMNS.length

export interface LabelledWindows {
  readonly count: number
  /** count × STEPS × FEATURES. */
  readonly windows: Float32Array
  /** Per window: 1 when its newest flow is an attack, 0 when all ten flows are usual, -1 otherwise. */
  readonly attack: Int8Array
  /** Label of the newest flow. */
  readonly label: readonly string[]
}

export function modelInputs(transform: Transform): ModelInput[] {
  return COUNT_COLUMNS.map((column) => ({ column, kind: 'number', transform }))
}

/** Frozen from training flows; each group (device type) weighs the same up to `perGroup` of its flows. */
export function fitInputScaler(sequences: readonly Sequence[], transform: Transform, perGroup: number): Scaler {
  const rows: number[] = []
  for (const members of groupBy(sequences).values()) {
    const flows = members.flatMap((sequence) => sequence.flows)
    for (const { counts } of thin(flows, perGroup)) {
      for (const count of counts) rows.push(transformCount(count, transform))
    }
  }
  return fitScaler(rows, FEATURES)
}

/** Median of each count over all flows, as read. */
export function typicalCounts(sequences: readonly Sequence[]): number[] {
  return COUNT_COLUMNS.map((_, k) => {
    const column: number[] = []
    for (const { flows } of sequences) for (const { counts } of flows) column.push(counts[k]!)
    return quantile(Float64Array.from(column).sort(), 0.5)
  })
}

export function makeWindows(sequences: readonly Sequence[], transform: Transform, scaler: Scaler): LabelledWindows {
  const parts: Float32Array[] = []
  const attack: number[] = []
  const label: string[] = []
  for (const sequence of sequences) {
    const { length } = sequence.flows
    if (length <= STEPS) continue
    const rows = scaledRows(sequence, transform, scaler)
    const maker = new DeviceWindows({ steps: STEPS, width: FEATURES, batchRows: length - STEPS })
    parts.push(...maker.push(rows).map((batch) => batch.windows))
    for (let last = STEPS; last < length; last++) {
      const usual = sequence.attack.subarray(last - STEPS + 1, last + 1).every((label) => label === 0)
      attack.push(sequence.attack[last] === 1 ? 1 : usual ? 0 : -1)
      label.push(sequence.flows[last]!.label)
    }
  }
  const windows = new Float32Array(attack.length * STEPS * FEATURES)
  let at = 0
  for (const part of parts) {
    windows.set(part, at)
    at += part.length
  }
  return { count: attack.length, windows, attack: Int8Array.from(attack), label }
}

/** A sequence as the detectors get it; all rows are device 0. */
export function scaledRows({ flows }: Sequence, transform: Transform, scaler: Scaler): FlowRows {
  const rows = allocateRows(flows.length, FEATURES)
  for (const [i, flow] of flows.entries()) {
    rows.row[i] = flow.row
    rows.startMicros[i] = flow.startMicros
    rows.endMicros[i] = flow.endMicros
    rows.peer[i] = flow.peer
    rows.counts.set(flow.counts, i * FEATURES)
    rows.scaled.set(
      flow.counts.map((count) => transformCount(count, transform)),
      i * FEATURES,
    )
  }
  applyScaler(rows.scaled, scaler)
  return rows
}

/** Windows of each group, at most `perGroup`, spread evenly over the group: one chatty device must not be the model. */
export function balancedWindows(
  sequences: readonly Sequence[],
  { transform, scaler, perGroup }: { transform: Transform; scaler: Scaler; perGroup: number },
): Float32Array {
  const size = STEPS * FEATURES
  const chosen: Float32Array[] = []
  for (const members of groupBy(sequences).values()) {
    const { windows, count } = makeWindows(members, transform, scaler)
    const all = Array.from({ length: count }, (_, i) => windows.subarray(i * size, (i + 1) * size))
    chosen.push(...thin(all, perGroup))
  }
  const out = new Float32Array(chosen.length * size)
  for (const [i, window] of chosen.entries()) out.set(window, i * size)
  return out
}

/** At most `limit` items, evenly spaced. */
function thin<T>(items: readonly T[], limit: number): T[] {
  if (items.length <= limit) return [...items]
  return Array.from({ length: limit }, (_, i) => items[Math.floor((i * items.length) / limit)]!)
}

function groupBy(sequences: readonly Sequence[]): Map<string, Sequence[]> {
  const groups = new Map<string, Sequence[]>()
  for (const sequence of sequences) {
    const members = groups.get(sequence.group)
    if (members) members.push(sequence)
    else groups.set(sequence.group, [sequence])
  }
  return groups
}
