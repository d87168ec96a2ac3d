/** A whole scan in one piece, for those who want the end and not the way. */
import type { Case } from '../alert/case.ts'
import type { Device, Note } from '../device/device.ts'
import type { ScanProgress, ScanSummary, ScanUpdate } from './update.ts'

export interface ScanResult {
  readonly summary: ScanSummary
  readonly cases: readonly Case[]
  readonly devices: readonly Device[]
  readonly notes: readonly Note[]
}

/** Runs a scan to its end and keeps the last word on each case, device and note. */
export async function collectScan(
  updates: AsyncGenerator<ScanUpdate, ScanSummary>,
  onProgress: (progress: ScanProgress) => void = () => {},
): Promise<ScanResult> {
  const devices = new Map<string, Device>()
  const cases = new Map<string, Case>()
  const notes = new Map<string, Note>()
  for (;;) {
    const { done, value } = await updates.next()
    if (done)
      return {
        summary: value,
        cases: [...cases.values()],
        devices: [...devices.values()],
        notes: [...notes.values()],
      }
    onProgress(value.progress)
    for (const device of value.devices) devices.set(device.id, device)
    for (const found of value.cases) cases.set(found.id, found)
    for (const note of value.notes) notes.set(note.id, note)
  }
}
