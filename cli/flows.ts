/** `guardian flows`: a capture's flows with the 78 features, as CSV. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { InputError } from '#core/base/errors.ts'
import { flowCsvHeader, flowCsvRows } from '#core/flow/csv.ts'
import { openInputs } from '#core/scan/open.ts'
import { fileSource } from './file-source.ts'

export async function runFlows(files: readonly string[], out: string | undefined): Promise<void> {
  const [path, ...more] = files
  if (path === undefined || more.length > 0) throw new InputError('guardian flows takes one capture at a time')
  const inputs = await openInputs(await fileSource(path), { sightings: false, precision: 'double' })
  const target: Writable = out === undefined ? process.stdout : createWriteStream(out)
  const write = async (text: string) => {
    if (!target.write(text)) await once(target, 'drain')
  }
  await write(flowCsvHeader())
  for (const { input, name } of inputs) {
    if (input.kind !== 'pcap' && input.kind !== 'pcapng')
      throw new InputError(`guardian flows reads captures (pcap, pcapng); ${name} is a table (${input.kind})`)
    for await (const { flows } of input.steps()) for (const batch of flows) await write(flowCsvRows(batch))
    for (const remark of input.stats.remarks) console.error(`guardian: ${name}: ${remark}`)
  }
  if (out !== undefined) {
    target.end()
    await finished(target)
  }
}
