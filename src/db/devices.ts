/** Devices seen in a scan, and what was noticed about them that is no alarm. */
import type { DeviceRecord, NoteRecord } from './schema.ts'
import { store } from './store.ts'
import type { Watch } from './watch.ts'

/** Most bytes first. */
export function watchDevices(scanId: string, limit = 1000): Watch<DeviceRecord[]> {
  return store().watch({
    table: 'devices',
    stored: async ({ devices }) => (await devices.where('scanId').equals(scanId).toArray()).sort(byBytes),
    matches: (row) => row.scanId === scanId,
    compare: byBytes,
    limit,
  })
}

/** In time order. */
export function watchNotes(scanId: string, limit = 1000): Watch<NoteRecord[]> {
  return store().watch({
    table: 'notes',
    stored: async ({ notes }) => (await notes.where('scanId').equals(scanId).toArray()).sort(byTime),
    matches: (row) => row.scanId === scanId,
    compare: byTime,
    limit,
  })
}

function byBytes(a: DeviceRecord, b: DeviceRecord): number {
  const bytes = (row: DeviceRecord) => row.value.bytesOut + row.value.bytesIn
  return bytes(b) - bytes(a) || a.key.localeCompare(b.key)
}

function byTime(a: NoteRecord, b: NoteRecord): number {
  return a.value.startMicros - b.value.startMicros || a.key.localeCompare(b.key)
}
