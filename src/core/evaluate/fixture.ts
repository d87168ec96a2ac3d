/** Labelled flows made up for tests. */
import type { LabelledDataset } from './labels.ts'

export interface MadeRow {
  readonly values: readonly number[]
  readonly label: string
  readonly device?: string
  readonly capture?: string
  /** Seconds since 1970; left out: no time. */
  readonly at?: number
}

/** `classes` starts with the benign one. */
export function makeData(
  rows: readonly MadeRow[],
  {
    classes = ['Benign', 'Attack'],
    features,
  }: { readonly classes?: readonly string[]; readonly features?: readonly string[] } = {},
): LabelledDataset {
  const width = rows[0]?.values.length ?? 0
  const devices = [...new Set(rows.map(({ device = 'lamp' }) => device))]
  const captures = [...new Set(rows.map(({ capture = 'home.pcap' }) => capture))]
  const values = Float32Array.from(rows.flatMap((row) => row.values))
  return {
    rows: rows.length,
    matrix: { features: features ?? Array.from({ length: width }, (_, i) => `f${i}`), rows: rows.length, values },
    counts: Float64Array.from(rows.flatMap((row) => [row.values[0]!, 0, row.values[1] ?? 0, 0])),
    device: Int32Array.from(rows, ({ device = 'lamp' }) => devices.indexOf(device)),
    devices,
    capture: Int32Array.from(rows, ({ capture = 'home.pcap' }) => captures.indexOf(capture)),
    captures,
    startMicros: Float64Array.from(rows, ({ at }) => (at === undefined ? Number.NaN : at * 1e6)),
    row: Float64Array.from(rows, (_, i) => i + 1),
    labels: Int32Array.from(rows, ({ label }) => classes.indexOf(label)),
    classes,
  }
}
