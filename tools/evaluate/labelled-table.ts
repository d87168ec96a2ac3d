/** Labelled tables of ../shared/data as flows in memory: number columns as features, without ports, addresses and identifiers. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { FlowDataset } from '#core/detect/dataset.ts'

export interface TableOptions {
  readonly label: string
  readonly benign: string
  /** Columns that are no feature, beside the label; so are those without numbers. */
  readonly drop: readonly string[]
  /** Columns of packets and bytes, there and back; '' where the table has none. */
  readonly counts: readonly [string, string, string, string]
  /** What a label is called here, where files call it otherwise. */
  readonly rename?: (label: string) => string
}

export function readTables(files: readonly string[], options: TableOptions): FlowDataset {
  const parts = files.map((file) => readTable(file, options))
  const features = parts[0]!.features.filter((name) => parts.every((part) => part.features.includes(name)))
  const classes = [options.benign, ...new Set(parts.flatMap(({ labels }) => labels))].filter(
    (name, at, all) => all.indexOf(name) === at,
  )
  const labels = parts.flatMap((part) => part.labels.map((label) => classes.indexOf(label)))
  const rows = labels.length
  return {
    rows,
    matrix: { features, rows, values: Float32Array.from(parts.flatMap((part) => part.valuesOf(features))) },
    counts: Float64Array.from(parts.flatMap(({ counts }) => counts)),
    device: new Int32Array(rows).fill(-1),
    devices: [],
    capture: Int32Array.from(parts.flatMap((part, at) => part.labels.map(() => at))),
    captures: files.map((file) => file.split('/').at(-1)!),
    startMicros: new Float64Array(rows).fill(Number.NaN),
    row: Float64Array.from(parts.flatMap((part) => part.labels.map((_, at) => at + 1))),
    labels: Int32Array.from(labels),
    classes,
  }
}

function readTable(file: string, { label, drop, counts, rename = (text) => text }: TableOptions) {
  const [header = '', ...lines] = gunzipSync(readFileSync(file)).toString().trim().split(/\r?\n/)
  const names = header.split(',')
  const rows = lines.map((line) => line.split(','))
  const isNumber = (column: number) => rows.every((row) => isNumeric(row[column] ?? ''))
  const kept = names.flatMap((name, at) => (name === label || drop.includes(name) || !isNumber(at) ? [] : [at]))
  const labelAt = names.indexOf(label)
  const countsAt = counts.map((name) => names.indexOf(name))
  return {
    features: kept.map((at) => names[at]!),
    labels: rows.map((row) => rename(row[labelAt] ?? '')),
    valuesOf: (features: readonly string[]) => {
      const columns = features.map((name) => names.indexOf(name))
      return rows.flatMap((row) => columns.map((at) => numberOf(row[at])))
    },
    counts: rows.flatMap((row) => countsAt.map((at) => numberOf(row[at]))),
  }
}

/** Rates of flows without duration are written Infinity or NaN. */
function isNumeric(cell: string): boolean {
  return cell === 'NaN' || !Number.isNaN(Number(cell))
}

function numberOf(cell: string | undefined): number {
  return cell === undefined || cell === '' ? Number.NaN : Number(cell)
}
