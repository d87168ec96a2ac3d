/**
 * Where records go when IndexedDB refuses them: this tab's memory. Records here stand before those of the same key on disk.
 * Every context (page, worker, other tab) of this origin holds a copy, kept alike through a BroadcastChannel.
 */
import { keyOf, TABLE_NAMES, type TableName, type Tables } from './schema.ts'
import { Signal } from './watch.ts'

/** Flow columns kept in memory at most; beyond it flows are counted in `flowsNotKept`, cases are always kept. */
export const MAX_MEMORY_FLOW_BYTES = 96 * 1024 * 1024

export type MemoryReason = 'refused' | 'full'

type Message =
  | { readonly kind: 'hello' }
  | { readonly kind: 'on'; readonly reason: MemoryReason; readonly cause: string }
  | { readonly kind: 'put'; readonly table: TableName; readonly records: readonly Tables[TableName][] }
  | { readonly kind: 'delete'; readonly table: TableName; readonly keys: readonly string[] }
  | { readonly kind: 'off' }

export interface MemoryState {
  readonly reason: MemoryReason
  /** What the browser said. */
  readonly cause: string
}

export class Memory {
  /** Undefined while the disk takes what is written. */
  readonly state = new Signal<MemoryState | undefined>(undefined)
  /** Counts changes, so that watches run again. */
  readonly changes = new Signal(0)
  readonly #tables = new Map<TableName, Map<string, Tables[TableName]>>()
  readonly #channel: BroadcastChannel | undefined
  #flowBytes = 0

  constructor(channel: BroadcastChannel | undefined) {
    for (const name of TABLE_NAMES) this.#tables.set(name, new Map())
    this.#channel = channel
    if (!channel) return
    channel.onmessage = (event: MessageEvent<Message>) => this.#receive(event.data)
    this.#send({ kind: 'hello' })
  }

  /** From now on writes go here. */
  turnOn(reason: MemoryReason, cause: string): void {
    this.state.set({ reason, cause })
    this.#send({ kind: 'on', reason, cause })
  }

  /** Everything here is on disk now. */
  turnOff(): void {
    this.#clear()
    this.#send({ kind: 'off' })
  }

  rows<Name extends TableName>(name: Name): Map<string, Tables[Name]> {
    return this.#tables.get(name) as Map<string, Tables[Name]>
  }

  put<Name extends TableName>(name: Name, records: readonly Tables[Name][]): void {
    if (records.length === 0) return
    this.#put(name, records)
    this.#send({ kind: 'put', table: name, records })
  }

  delete(name: TableName, keys: readonly string[]): void {
    if (keys.length === 0) return
    this.#delete(name, keys)
    this.#send({ kind: 'delete', table: name, keys })
  }

  hasRoomFor(bytes: number): boolean {
    return this.#flowBytes + bytes <= MAX_MEMORY_FLOW_BYTES
  }

  close(): void {
    this.#channel?.close()
  }

  #put<Name extends TableName>(name: Name, records: readonly Tables[Name][]): void {
    const rows = this.rows(name)
    for (const record of records) {
      const key = keyOf(record)
      this.#flowBytes += bytesOf(record) - bytesOf(rows.get(key))
      rows.set(key, record)
    }
    this.changes.set(this.changes.value + 1)
  }

  #delete(name: TableName, keys: readonly string[]): void {
    const rows = this.rows(name)
    for (const key of keys) {
      this.#flowBytes -= bytesOf(rows.get(key))
      rows.delete(key)
    }
    this.changes.set(this.changes.value + 1)
  }

  #clear(): void {
    for (const rows of this.#tables.values()) rows.clear()
    this.#flowBytes = 0
    this.state.set(undefined)
    this.changes.set(this.changes.value + 1)
  }

  #send(message: Message): void {
    this.#channel?.postMessage(message)
  }

  #receive(message: Message): void {
    switch (message.kind) {
      case 'hello': {
        const state = this.state.value
        if (!state) return
        this.#send({ kind: 'on', ...state })
        for (const name of TABLE_NAMES) {
          const records = [...this.rows(name).values()]
          if (records.length > 0) this.#send({ kind: 'put', table: name, records })
        }
        return
      }
      case 'on':
        this.state.set({ reason: message.reason, cause: message.cause })
        return
      case 'put':
        this.#put(message.table, message.records)
        return
      case 'delete':
        this.#delete(message.table, message.keys)
        return
      case 'off':
        this.#clear()
    }
  }
}

/** Bytes of a record's columns (typed arrays), also nested ones. */
export function bytesOf(record: unknown): number {
  if (ArrayBuffer.isView(record)) return record.byteLength
  if (typeof record !== 'object' || record === null) return 0
  let bytes = 0
  for (const value of Object.values(record)) {
    if (ArrayBuffer.isView(value)) bytes += value.byteLength
    else if (Array.isArray(value) && typeof value[0] === 'object') for (const item of value) bytes += bytesOf(item)
  }
  return bytes
}
