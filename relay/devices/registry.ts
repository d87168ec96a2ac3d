/** The registry of devices as what runs needs it: in memory, renewed when any relay has changed it. */
import type { Transaction } from 'kysely'
import type { WatchedDevice } from '#core/device/wire.ts'
import type { Tables } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { allDevices } from './store.ts'

type Status = WatchedDevice['status']

/** "Last seen" is written down at most this often. */
const SEEN_EVERY_MICROS = 10e6

export class Registry {
  readonly #store: Store
  readonly #changed: (() => void)[] = []
  #devices = new Map<string, WatchedDevice>()
  #watched = new Set<string>()
  #end: (() => void) | undefined
  #loading: Promise<void> | undefined
  #again = false

  constructor(store: Store) {
    this.#store = store
  }

  async open(): Promise<void> {
    this.#end = this.#store.listen('devices', () => this.refresh())
    await this.#load()
  }

  close(): void {
    this.#end?.()
  }

  /** Calls `hear` after every renewal. */
  onChange(hear: () => void): void {
    this.#changed.push(hear)
  }

  get(id: string): WatchedDevice | undefined {
    return this.#devices.get(id)
  }

  all(): WatchedDevice[] {
    return [...this.#devices.values()]
  }

  /** Ids of those whose flows are judged. */
  get watched(): ReadonlySet<string> {
    return this.#watched
  }

  nameOf(id: string): string {
    return this.#devices.get(id)?.name ?? id
  }

  addressOf(id: string): string | undefined {
    return this.#devices.get(id)?.address || undefined
  }

  refresh(): void {
    if (this.#loading) {
      this.#again = true
      return
    }
    this.#again = false
    this.#loading = this.#load()
      // The database is away: what is known stands, and the next news comes with its return.
      .catch(() => {})
      .finally(() => {
        this.#loading = undefined
        if (this.#again) this.refresh()
      })
  }

  /** Tells all relays that devices were changed. */
  tell(): void {
    this.#store.notify('devices', '')
  }

  /** Writes down when devices were last seen, and that they are online; returns those whose status this changed. */
  async seen(
    trx: Transaction<Tables>,
    seen: ReadonlyMap<string, { readonly micros: number }>,
    nowMicros: number,
  ): Promise<WatchedDevice[]> {
    const stale = [...seen.keys()].filter((id) => {
      const device = this.#devices.get(id)
      return device && (device.status === 'offline' || nowMicros - (device.lastSeenMicros ?? 0) > SEEN_EVERY_MICROS)
    })
    if (stale.length === 0) return []
    // The store decides who was offline: what is in memory may be a moment old.
    const rows = await trx
      .updateTable('devices')
      .set((eb) => ({ status: 'online', revision: eb('revision', '+', 1) }))
      .where('id', 'in', stale)
      .where('status', '=', 'offline')
      .returning('id')
      .execute()
    const woken = rows.flatMap(({ id }) => this.#devices.get(id) ?? [])
    await trx.updateTable('devices').set({ last_seen_micros: nowMicros }).where('id', 'in', stale).execute()
    for (const id of stale) this.#note(id, { lastSeenMicros: nowMicros })
    for (const { id } of woken) this.#note(id, { status: 'online' })
    return woken
  }

  /** Of a device whose status is one of `from`; returns whether it was. The store decides: what is in memory may be a moment old. */
  async setStatus(trx: Transaction<Tables>, id: string, status: Status, from: readonly Status[]): Promise<boolean> {
    const changed = await trx
      .updateTable('devices')
      .set((eb) => ({ status, revision: eb('revision', '+', 1) }))
      .where('id', '=', id)
      .where('status', 'in', [...from])
      .returning('id')
      .executeTakeFirst()
    if (changed) this.#note(id, { status })
    return changed !== undefined
  }

  #note(id: string, change: Partial<WatchedDevice>): void {
    const device = this.#devices.get(id)
    if (device) this.#devices.set(id, { ...device, ...change })
    // What is being read may be older than this.
    if (this.#loading) this.#again = true
  }

  async #load(): Promise<void> {
    const devices = await allDevices(this.#store.db)
    this.#devices = new Map(devices.map((device) => [device.id, device]))
    this.#watched = new Set(devices.flatMap(({ id, monitored }) => (monitored ? [id] : [])))
    for (const hear of this.#changed) hear()
  }
}
