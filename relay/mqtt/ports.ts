/** The broker's ports as the relay's store has them; what else happens with records and events is the caller's. */
import type { Store } from '../store/store.ts'
import type { BrokerPorts } from './broker.ts'
import { identifyDevice, nameDevice, readRights, readStatus, refusalAuditor } from './store.ts'

export interface StorePortOptions extends Pick<BrokerPorts, 'ingest' | 'seen'> {
  /** From memory; undefined is looked up in the store, where a device that was just added is already. */
  readonly statusOf: (device: string) => string | undefined
  readonly store: Store
  /** After the commit. */
  readonly named?: (device: string) => void
  /** What could not be written and is not asked for again; for the log. */
  readonly failed: (error: unknown) => void
}

export function storePorts({ store, ingest, seen, statusOf, named, failed }: StorePortOptions): BrokerPorts {
  return {
    ingest,
    seen,
    identify: (device, password) => identifyDevice(store.db, device, password),
    async standing(device) {
      const status = statusOf(device) ?? (await readStatus(store.db, device))
      return status === undefined ? 'unknown' : status === 'quarantined' ? 'quarantined' : 'known'
    },
    announces: async (device) => (await readRights(store.db, device)).announces,
    reads: async (device) => (await readRights(store.db, device)).reads,
    named(announcer, id, device) {
      nameDevice(store, { announcer, id, ...device }).then((known) => known !== undefined && named?.(known), failed)
    },
    refused: refusalAuditor(store, failed),
  }
}
