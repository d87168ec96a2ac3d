/**
 * Networks with public addresses that a recording was made in: a university's, a server's. Where neither end of a flow is
 * private, the network that takes part in nearly all such flows is the one that was watched, and its hosts are the devices.
 */
import type { FlowBatch } from '../flow/batch.ts'
import { networkOf } from './address.ts'

/** Fewer flows say little. */
const MIN_FLOWS = 20
const MIN_SHARE = 0.8
const MAX_WATCHED = 16

export class WatchedNetworks {
  readonly #networks = new Set<string>()

  has(address: string): boolean {
    return this.#networks.size > 0 && this.#networks.has(networkOf(address))
  }

  /** `isOutside` tells for each address of the batch's dictionary whether it is public and not known to be at home. */
  learn(batch: FlowBatch, isOutside: (address: number) => boolean): void {
    if (this.#networks.size >= MAX_WATCHED) return
    const networks = new Array<string | undefined>(batch.addresses.length)
    const flowsOf = new Map<string, number>()
    let flows = 0
    const count = (address: number) => {
      const network = networks[address] ?? networkOf(batch.addresses[address]!)
      networks[address] = network
      flowsOf.set(network, (flowsOf.get(network) ?? 0) + 1)
      return network
    }
    for (let row = 0; row < batch.length; row++) {
      const orig = batch.origAddress[row]!
      const resp = batch.respAddress[row]!
      if (orig < 0 || resp < 0 || !isOutside(orig) || !isOutside(resp)) continue
      flows++
      const network = count(orig)
      if (count(resp) === network) flowsOf.set(network, flowsOf.get(network)! - 1)
    }
    if (flows < MIN_FLOWS) return
    for (const [network, taken] of flowsOf) if (taken >= MIN_SHARE * flows) this.#networks.add(network)
  }
}
