/** Captures and logs whose labels are in a column, or hold for the whole file, side by side as one data set. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import type { FlowDataset } from '#core/detect/dataset.ts'
import { collectDataset } from '#core/scan/dataset.ts'
import { openInputs } from '#core/scan/open.ts'
import { fileSource } from '../../cli/file-source.ts'

export interface CaptureSource {
  /** Each file that it matches is a capture of its own. */
  readonly pattern: string
  /** Column of the labels and its benign value, or what all flows of the file are; 'benign' is the benign class. */
  readonly label: { readonly column: string; readonly benign: string } | string
}

export async function readCaptures(folder: string, sources: readonly CaptureSource[]): Promise<FlowDataset> {
  const parts: Part[] = []
  for (const { pattern, label } of sources) {
    for (const file of globSync(pattern, { cwd: folder }).sort()) {
      const isColumn = typeof label !== 'string'
      const options = { labelColumn: isColumn ? label.column : undefined, ownNumbers: true }
      const inputs = await openInputs(await fileSource(join(folder, file)), options)
      const data = await collectDataset(
        inputs,
        isColumn ? { labelColumn: label.column, benign: label.benign } : { labelColumn: undefined },
      )
      if (data.rows === 0) continue
      const names = isColumn
        ? Array.from(data.labels!, (at) => (at < 0 ? 'unknown' : at === 0 ? 'benign' : data.classes[at]!))
        : new Array<string>(data.rows).fill(label)
      parts.push({ file: file.split('/').slice(-3).join('/'), data, names })
    }
  }
  return joinParts(parts)
}

interface Part {
  readonly file: string
  readonly data: FlowDataset
  readonly names: readonly string[]
}

/** The features that all have; devices of one name are one device, captures are apart. */
function joinParts(parts: readonly Part[]): FlowDataset {
  const features = parts[0]!.data.matrix.features.filter((name) =>
    parts.every(({ data }) => data.matrix.features.includes(name)),
  )
  const classes = ['benign', ...new Set(parts.flatMap(({ names }) => names.filter((name) => name !== 'benign')))]
  const devices = [...new Set(parts.flatMap(({ data }) => data.devices))]
  const rows = parts.reduce((sum, { data }) => sum + data.rows, 0)
  const values = new Float32Array(rows * features.length)
  let start = 0
  for (const { data } of parts) {
    const from = features.map((name) => data.matrix.features.indexOf(name))
    const width = data.matrix.features.length
    for (let row = 0; row < data.rows; row++) {
      for (let f = 0; f < from.length; f++) {
        values[(start + row) * from.length + f] = data.matrix.values[row * width + from[f]!]!
      }
    }
    start += data.rows
  }
  return {
    rows,
    matrix: { features, rows, values },
    counts: Float64Array.from(parts.flatMap(({ data }) => Array.from(data.counts))),
    device: Int32Array.from(
      parts.flatMap(({ data }) => Array.from(data.device, (at) => (at < 0 ? -1 : devices.indexOf(data.devices[at]!)))),
    ),
    devices,
    capture: Int32Array.from(parts.flatMap(({ names }, at) => names.map(() => at))),
    captures: parts.map(({ file }) => file),
    startMicros: Float64Array.from(parts.flatMap(({ data }) => Array.from(data.startMicros))),
    row: Float64Array.from(parts.flatMap(({ data }) => Array.from(data.row))),
    labels: Int32Array.from(parts.flatMap(({ names }) => names.map((name) => classes.indexOf(name)))),
    classes,
  }
}
