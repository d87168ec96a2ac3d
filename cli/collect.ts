/** Files → one dataset, for the commands that need all flows at once. */
import { InputError } from '#core/base/errors.ts'
import { type CollectedDataset, collectDataset, type NamedInput } from '#core/scan/dataset.ts'
import { openInputs } from '#core/scan/open.ts'
import { fileSource } from './file-source.ts'
import { loadVendors } from './vendors.ts'

export interface LabelArguments {
  readonly label: string | undefined
  readonly benign: string | undefined
}

/** What was odd in the files goes to stderr. Throws InputError when a file cannot be used. */
export async function collectFiles(
  files: readonly string[],
  { label, benign }: LabelArguments,
): Promise<CollectedDataset> {
  if (label === undefined && benign !== undefined)
    throw new InputError('--benign names a value of the label column; say which column that is with --label COLUMN')
  if (label !== undefined && benign === undefined)
    throw new InputError(`--label ${label} needs --benign VALUE: the value of that column for flows that are no attack`)
  const inputs: NamedInput[] = []
  for (const path of files) {
    inputs.push(...(await openInputs(await fileSource(path), { labelColumn: label, ownNumbers: true })))
  }
  const data = await collectDataset(inputs, { labelColumn: label, benign, vendorOf: loadVendors() })
  for (const remark of data.remarks) console.error(`guardian: ${remark}`)
  return data
}
