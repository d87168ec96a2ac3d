/** Anything that can be scanned as a FlowDataset: all its flows in memory, with devices as a scan sees them, and labels where asked for. */
import { InputError } from '../base/errors.ts'
import { formatCount, plural } from '../base/format.ts'
import type { FlowDataset } from '../detect/dataset.ts'
import { Inventory } from '../device/inventory.ts'
import type { FlowInput } from '../flow/input.ts'
import { isAttackLabel } from '../logs/label.ts'
import { FlowCollector } from './collector.ts'

export interface CollectOptions {
  /** The column that the inputs were opened with (OpenOptions.labelColumn); undefined: no labels. */
  readonly labelColumn?: string | undefined
  /** The value of it that is benign; needed with `labelColumn`. */
  readonly benign?: string | undefined
  readonly vendorOf?: ((mac: string) => string | undefined) | undefined
  /** More flows are not taken; what was left out is said. By default MAX_DATASET_ROWS. */
  readonly maxRows?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: CollectProgress) => void | Promise<void>) | undefined
}

export interface CollectProgress {
  readonly name: string
  readonly rows: number
  /** Of this input. */
  readonly bytesRead: number
}

export interface CollectedDataset extends FlowDataset {
  /** Sentences for the person: what was odd in the input, what was left out. */
  readonly remarks: readonly string[]
}

export interface NamedInput {
  readonly name: string
  readonly input: FlowInput
}

/** A week of a busy home (30,000 flows a day). The 117 columns of so many flows are 117 MB, and training holds a few copies. */
export const MAX_DATASET_ROWS = 250_000

/**
 * Reads the inputs one after another, each a capture of its own. Only columns that all of them have are kept. Throws InputError with a
 * sentence, also when no flow has the benign label.
 */
export async function collectDataset(
  inputs: readonly NamedInput[],
  options: CollectOptions = {},
): Promise<CollectedDataset> {
  const { labelColumn, benign, signal, maxRows = MAX_DATASET_ROWS } = options
  if (inputs.length === 0) throw new InputError('There is no file to take flows from.')
  if (labelColumn !== undefined && benign === undefined)
    throw new InputError(`Say which value of ${labelColumn} is benign.`)
  const collector = new FlowCollector({ maxRows, hasLabels: labelColumn !== undefined })
  const remarks: string[] = []
  for (const { name, input } of inputs) {
    const inventory = new Inventory(options.vendorOf ? { vendorOf: options.vendorOf } : {})
    collector.startCapture(name)
    for await (const { flows, sightings } of input.steps(signal)) {
      inventory.see(sightings)
      for (const batch of flows) collector.add(batch, inventory.assign(batch))
      await options.onProgress?.({ name, rows: collector.rows, bytesRead: input.stats.bytesRead })
      signal?.throwIfAborted()
      if (collector.isFull) break
    }
    remarks.push(...input.stats.remarks.map((remark) => (inputs.length > 1 ? `${name}: ${remark}` : remark)))
    if (collector.isFull) {
      remarks.push(`Only the first ${formatCount(maxRows)} flows were taken; what came after them was left out.`)
      break
    }
  }
  const { labels: found, ...data } = collector.finish()
  if (data.droppedColumns.length > 0) {
    remarks.push(
      `Not all files have ${plural(data.droppedColumns.length, 'column')} that others have; left out: ${data.droppedColumns.slice(0, 5).join(', ')}${data.droppedColumns.length > 5 ? ' …' : ''}.`,
    )
  }
  const { droppedColumns: _, ...rest } = data
  if (!found || benign === undefined) return { ...rest, labels: undefined, classes: ['benign'], remarks }
  return { ...rest, ...nameClasses(found, benign, labelColumn ?? ''), remarks }
}

/** Codes in the order of appearance → classes with the benign one first; −1 for labels that say they do not know. */
function nameClasses(
  { names, codes }: { readonly names: readonly string[]; readonly codes: Int32Array },
  benign: string,
  column: string,
): { labels: Int32Array; classes: string[] } {
  const at = names.indexOf(benign)
  if (at < 0) {
    const counts = new Map<string, number>()
    for (const code of codes) if (code >= 0) counts.set(names[code]!, (counts.get(names[code]!) ?? 0) + 1)
    const shown = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 12)
    const values = shown.map(([name, count]) => `${name.slice(0, 60)} (${formatCount(count)})`).join(', ')
    throw new InputError(
      values === ''
        ? `No flow has a value in the column ${column}.`
        : `No flow is labelled ${JSON.stringify(benign)} in the column ${column}; its values are ${values}${counts.size > shown.length ? ' and more' : ''}.`,
    )
  }
  const classes = [benign]
  const places = names.map((name, code) => {
    if (code === at) return 0
    return isAttackLabel(name) === undefined ? -1 : classes.push(name) - 1
  })
  return { labels: codes.map((code) => (code < 0 ? -1 : places[code]!)), classes }
}
