/** What the relay's features know of the store: tables, writes that are committed together, and news between relays. */
import type { Kysely, Transaction } from 'kysely'
import type { Tables } from './schema.ts'

export interface Store {
  readonly kind: 'sqlite' | 'postgres'
  /** For reading. */
  readonly db: Kysely<Tables>
  /**
   * Runs `work` in a transaction and resolves after it is on disk. Writers that wait at the same time share one commit; a work that throws is
   * undone alone and its promise rejects. Works run one after the other: no work may wait for another one, or for the network.
   */
  write<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T>
  /** Tells all relays on this store, this one too; `payload` says what changed (under 7,000 bytes), never the data. */
  notify(topic: string, payload: string): void
  /** Hears '' when news may have been missed: then anything may have changed. Returns what ends the listening. */
  listen(topic: string, hear: (payload: string) => void): () => void
  close(): Promise<void>
}
