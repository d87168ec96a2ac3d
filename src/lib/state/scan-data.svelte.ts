/** Everything a page shows about one scan, live. */
import { watchCases } from '#db/cases.ts'
import { watchDevices, watchNotes } from '#db/devices.ts'
import { watchScan } from '#db/scans.ts'
import type { CaseRecord, DeviceRecord, NoteRecord, ScanRecord } from '#db/schema.ts'
import { Live } from './live.svelte.ts'

/** A screen lists at most this many; the export has all. */
const CASE_LIMIT = 500

export class ScanData {
  readonly #scan: Live<ScanRecord | null>
  readonly #cases: Live<CaseRecord[]>
  readonly #devices: Live<DeviceRecord[]>
  readonly #notes: Live<NoteRecord[]>

  readonly names = $derived.by(() => new Map((this.devices ?? []).map(({ value }) => [value.id, value.name])))
  readonly caseCounts = $derived.by(() => {
    const counts = new Map<string, number>()
    for (const { value } of this.cases ?? []) counts.set(value.device, (counts.get(value.device) ?? 0) + 1)
    return counts
  })

  /** `choose` may read more than it returns (the whole address): watches begin anew only for another id. */
  constructor(choose: () => string | undefined) {
    const id = $derived.by(choose)
    const during = <T>(watch: (scanId: string) => T) => (id === undefined ? undefined : watch(id))
    this.#scan = new Live(() => during(watchScan))
    this.#cases = new Live(() => during((scanId) => watchCases({ scanId, limit: CASE_LIMIT })))
    this.#devices = new Live(() => during((scanId) => watchDevices(scanId)))
    this.#notes = new Live(() => during((scanId) => watchNotes(scanId)))
  }

  /** Undefined while loading, null when there is none. */
  get scan(): ScanRecord | null | undefined {
    return this.#scan.value
  }
  get cases(): CaseRecord[] | undefined {
    return this.#cases.value
  }
  get devices(): DeviceRecord[] | undefined {
    return this.#devices.value
  }
  get notes(): NoteRecord[] | undefined {
    return this.#notes.value
  }
}
