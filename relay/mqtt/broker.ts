/** What the relay knows of an MQTT broker, its own (embedded.ts) or one that is there (external.ts), and what a broker needs of the relay. */
import type { FlowRecord, RecordSource } from '#core/live/wire.ts'
import type { Announcer } from '#core/mqtt/wire.ts'
import type { NamedDevice } from './discovery.ts'
import type { Refusal, RefusalReason } from './refusals.ts'

/** Whether something was done to a device, by which means or why not: a sentence. */
export interface Effect {
  readonly success: boolean
  readonly detail: string
}

export type DeviceEvent =
  | { readonly kind: 'connected'; readonly address: string; readonly client: string }
  | { readonly kind: 'disconnected'; readonly client: string }

export interface BrokerStats {
  readonly kind: 'embedded' | 'external'
  /** Whether devices can reach the relay over it now; a sentence when they cannot. */
  readonly fault: string | undefined
  readonly connected: number
  /** Messages and flow records taken since the start, and those whose commit failed and that were therefore not acknowledged. */
  readonly messages: number
  readonly records: number
  readonly uncommitted: number
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>
}

export interface Broker {
  disconnect(device: string): Promise<Effect>
  /** Disconnects the device and lets it neither connect, write nor be heard (its retained messages and wills too) until `release`. */
  quarantine(device: string): Promise<Effect>
  release(device: string): Promise<Effect>
  /** Messages a second that the device may still send; undefined: as many as it likes. */
  limit(device: string, perSecond: number | undefined): Promise<Effect>
  publish(topic: string, payload: string | Uint8Array, options?: { retain?: boolean; qos?: 0 | 1 }): Promise<void>
  stats(): BrokerStats
  /** What the broker itself saw of its clients so far becomes flow records now; otherwise each minute. */
  flush(): Promise<void>
  close(): Promise<void>
}

export type Standing = 'known' | 'unknown' | 'quarantined'

/** What a broker asks and tells. */
export interface BrokerPorts {
  identify(device: string, password: string): Promise<boolean>
  /** Announcers the device is named for, beyond its own topics; none when left out. */
  announces?(device: string): Promise<readonly Announcer[]>
  /** Filters that the device may read besides its own, as `$SYS/#`; none when left out. */
  reads?(device: string): Promise<readonly string[]>
  /** Asked by a broker that does not log devices in itself; 'known' when left out. */
  standing?(device: string): Promise<Standing>
  /** Resolves after commit; the acknowledgement follows. */
  ingest(device: string, records: readonly FlowRecord[], source: RecordSource): Promise<void>
  seen(device: string, event: DeviceEvent): void
  /** `device` announced the one that it calls `id` (often itself). */
  named?(device: string, id: string, named: NamedDevice): void
  /** What was refused since the last call, by device and reason; for the audit log. */
  refused?(refusals: readonly Refusal[]): void
}
