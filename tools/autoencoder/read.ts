/** Reads captures and tables as the product does: unpacked, known by content, each flow given to its device, in time order. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { bytesSource } from '#core/base/source.ts'
import { Inventory } from '#core/device/inventory.ts'
import type { FlowBatch } from '#core/flow/batch.ts'
import { hashAddress } from '#core/prep/rows.ts'
import { openInputs } from '#core/scan/open.ts'

export interface FileFlow {
  readonly device: string
  /** Row in the file. */
  readonly row: number
  readonly startMicros: number
  readonly endMicros: number
  readonly counts: readonly number[]
  /** As in FlowRows: hash of the address that the device reached out to; 0 for none. */
  readonly peer: number
  /** '' where the file has none. */
  readonly label: string
}

/** All flows of a file in time order (in file order where it has no times). */
export async function readFlows(path: string): Promise<FileFlow[]> {
  const flows: FileFlow[] = []
  const inventory = new Inventory()
  for (const { input } of await openInputs(bytesSource(basename(path), await readFile(path)))) {
    for await (const { flows: batches, sightings } of input.steps()) {
      inventory.see(sightings)
      for (const batch of batches) collect(batch, inventory, flows)
    }
  }
  return flows.sort((a, b) => a.startMicros - b.startMicros || a.row - b.row || 0)
}

function collect(batch: FlowBatch, inventory: Inventory, flows: FileFlow[]): void {
  const { deviceIds, device, outward } = inventory.assign(batch)
  const hashes = batch.addresses.map(hashAddress)
  for (let i = 0; i < batch.length; i++) {
    flows.push({
      device: deviceIds[device[i]!]!,
      row: batch.row[i]!,
      startMicros: batch.startMicros[i]!,
      endMicros: batch.endMicros[i]!,
      counts: Array.from(batch.counts.subarray(i * 4, i * 4 + 4)),
      peer: outward[i] === 1 ? (hashes[batch.respAddress[i]!] ?? 0) : 0,
      label: batch.labels[batch.label?.[i] ?? -1] ?? '',
    })
  }
}
