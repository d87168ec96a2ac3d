/** Files given to learn from or to judge with, as flows in memory. */
import { collectDataset } from '#core/scan/dataset.ts'
import { openInputs } from '#core/scan/open.ts'
import { blobSource } from './blob-source.ts'

export interface DataJob {
  readonly files: readonly File[]
  /** Undefined: the flows have no labels, and all of them are normal. */
  readonly label: { readonly column: string; readonly benign: string } | undefined
}

export interface ReadStep {
  readonly what: 'reading'
  /** Bytes. */
  readonly done: number
  readonly total: number
}

export async function collect({ files, label }: DataJob, tell: (step: ReadStep) => void) {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  const options = { ownNumbers: true, ...(label ? { labelColumn: label.column } : undefined) }
  const inputs = await Promise.all(files.map((file) => openInputs(blobSource(file.name, file), options)))
  const read = new Map<string, number>()
  return collectDataset(inputs.flat(), {
    labelColumn: label?.column,
    benign: label?.benign,
    onProgress({ name, bytesRead }) {
      read.set(name, bytesRead)
      tell({ what: 'reading', done: [...read.values()].reduce((sum, bytes) => sum + bytes, 0), total })
    },
  })
}
