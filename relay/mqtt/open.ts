/** The relay's broker: its own, or with an address the one that is there. */
import type { Broker } from './broker.ts'
import { type EmbeddedBroker, type EmbeddedOptions, openEmbeddedBroker } from './embedded.ts'
import { type ExternalOptions, openExternalBroker } from './external.ts'

export type BrokerOptions = EmbeddedOptions | ExternalOptions

export function openBroker(options: ExternalOptions): Promise<Broker>
export function openBroker(options: EmbeddedOptions): Promise<EmbeddedBroker>
export function openBroker(options: BrokerOptions): Promise<Broker>
export function openBroker(options: BrokerOptions): Promise<Broker> {
  return 'url' in options ? openExternalBroker(options) : openEmbeddedBroker(options)
}
