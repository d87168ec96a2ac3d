/** How safe the history is here: will the browser keep it, is there room, when was it backed up. */
import { purgeModels } from './models.ts'
import { purgeDeleted } from './scans.ts'
import { readSettings } from './settings.ts'
import { store } from './store.ts'
import { Signal, type Watch } from './watch.ts'

export interface StorageState {
  /**
   * `safe`: the browser promised to keep it. `at-risk`: it may evict it, or nearly no room is left.
   * `memory`: it takes nothing, all is lost with this tab. `full`: no more room, what is new is only in this tab.
   */
  readonly kind: 'safe' | 'at-risk' | 'memory' | 'full'
  readonly persisted: boolean
  readonly usageBytes: number | undefined
  readonly quotaBytes: number | undefined
  readonly lastBackupAt: number | undefined
  /** What the browser said when it refused. */
  readonly cause: string | undefined
}

/** Share of the quota above which storage counts as nearly full. */
const NEARLY_FULL = 0.9

const measured = new Signal<Measured>({ persisted: false, usageBytes: undefined, quotaBytes: undefined })

interface Measured {
  readonly persisted: boolean
  readonly usageBytes: number | undefined
  readonly quotaBytes: number | undefined
}

/** What is asked of `navigator.storage`; `persist` is missing in workers. */
export interface StorageManagerPort {
  persisted(): Promise<boolean>
  estimate(): Promise<{ usage?: number; quota?: number }>
  persist?(): Promise<boolean>
}

/** Measures again: on page start, after a scan, when the page becomes visible. */
export async function measureStorage(manager: StorageManagerPort | undefined = navigator.storage): Promise<void> {
  const persisted = (await manager?.persisted()) ?? false
  const estimate = await manager?.estimate()
  measured.set({ persisted, usageBytes: estimate?.usage, quotaBytes: estimate?.quota })
}

/** Asks the browser never to evict; some browsers ask the person, so call it on a click or after the first scan. True when granted. */
export async function askToPersist(manager: StorageManagerPort | undefined = navigator.storage): Promise<boolean> {
  const granted = (await manager?.persist?.()) ?? false
  await measureStorage(manager)
  return granted
}

/** For a full disk: removes for good what is being deleted, then brings to disk what is only in memory. True when nothing is left there. */
export async function makeRoom(): Promise<boolean> {
  await purgeDeleted(Number.POSITIVE_INFINITY)
  await purgeModels(Number.POSITIVE_INFINITY)
  const isSaved = await store().flushMemory()
  await measureStorage()
  return isSaved
}

export function storageState(): Watch<StorageState> {
  return {
    subscribe(run) {
      let lastBackupAt: number | undefined
      const emit = () => run(stateOf(measured.value, lastBackupAt))
      const stops = [
        measured.subscribe(emit),
        store().memory.state.subscribe(emit),
        store()
          .watchQuery(readSettings)
          .subscribe((settings) => {
            lastBackupAt = settings?.lastBackupAt
            emit()
          }),
      ]
      return () => {
        for (const stop of stops) stop()
      }
    },
  }
}

function stateOf(now: Measured, lastBackupAt: number | undefined): StorageState {
  const memory = store().memory.state.value
  const { usageBytes, quotaBytes } = now
  const nearlyFull = usageBytes !== undefined && quotaBytes !== undefined && usageBytes > quotaBytes * NEARLY_FULL
  const kind = memory
    ? memory.reason === 'full'
      ? 'full'
      : 'memory'
    : now.persisted && !nearlyFull
      ? 'safe'
      : 'at-risk'
  return { kind, ...now, lastBackupAt, cause: memory?.cause }
}
