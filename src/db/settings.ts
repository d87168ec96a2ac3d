/** What a person chose; each has a default, so a reader never sees a gap. */
import { DEFAULT_THRESHOLD, type ThresholdChoice } from '#core/detect/threshold.ts'
import { store } from './store.ts'
import type { Watch } from './watch.ts'

export interface Settings {
  /** Also in localStorage under `theme`, where static/boot.js reads it before the first paint. */
  readonly theme: 'system' | 'light' | 'dark'
  readonly threshold: ThresholdChoice
  /** ms since 1970. */
  readonly lastBackupAt: number | undefined
}

export const DEFAULT_SETTINGS: Settings = { theme: 'system', threshold: DEFAULT_THRESHOLD, lastBackupAt: undefined }

export async function readSettings(): Promise<Settings> {
  const stored = await store().readDisk((database) => database.settings.toArray(), [])
  const records = [...stored, ...store().memory.rows('settings').values()]
  const known = records.filter((record) => record.name in DEFAULT_SETTINGS)
  return { ...DEFAULT_SETTINGS, ...Object.fromEntries(known.map((record) => [record.name, record.value])) }
}

export async function writeSettings(change: Partial<Settings>): Promise<void> {
  const records = Object.entries(change).map(([name, value]) => ({ name, value }))
  await store().write(['settings'], 'strict', (tables) => tables.settings.bulkPut(records))
}

export function watchSettings(): Watch<Settings> {
  return store().watchQuery(readSettings)
}
