/**
 * Which MAC an address belongs to. A router's frames carry the addresses of everybody behind it, so a MAC that sources
 * several networks is a router, and only its first local address is its own.
 */
import { classifyAddress, prefixOf } from './address.ts'

/** A home host has one IPv4 address and seldom more than two IPv6 networks. */
const MAX_HOST_NETWORKS = 2
/** Local IPv4 addresses that one machine may hold (bridges and containers do) before it must be routing a network. */
const MAX_HOST_ADDRESSES = 8
export const MAX_BINDINGS = 65_536

interface MacFacts {
  readonly mac: string
  isRouter: boolean
  readonly local: string[]
  readonly global: string[]
  readonly networks: Set<string>
}

export class Bindings {
  readonly #macs = new Map<string, MacFacts>()
  readonly #macOf = new Map<string, string>()
  readonly #routerAddresses = new Set<string>()
  #foundRouters: string[] = []
  /** A home with private IPv4 addresses gives public ones to nobody: who speaks for one routes. */
  #hasPrivate = false

  macOf(address: string): string | undefined {
    return this.#macOf.get(address)
  }

  /** MACs that turned out to be routers since the last call. */
  takeRouters(): string[] {
    const found = this.#foundRouters
    this.#foundRouters = []
    return found
  }

  /** A frame from `mac` carried the source `address`. True when the address is the MAC's own, as far as known. */
  bind(mac: string, address: string): boolean {
    const known = this.#macOf.get(address)
    const facts = this.#facts(mac)
    if (known === mac) return true
    const isLocal = classifyAddress(address) !== 'global'
    if (known !== undefined && facts.isRouter) return false
    if (isLocal) this.#addLocal(facts, address)
    else this.#addGlobal(facts, address)
    const isOwn = facts.local[0] === address || this.#routerAddresses.has(address) || (isLocal && address.includes(':'))
    const owns = !facts.isRouter || isOwn
    if (owns && (known !== undefined || this.#macOf.size < MAX_BINDINGS)) this.#macOf.set(address, mac)
    return owns
  }

  /** DHCP named this address as the way out. */
  nameRouter(address: string): void {
    this.#routerAddresses.add(address)
    const mac = this.#macOf.get(address)
    if (mac !== undefined) this.#becomeRouter(this.#facts(mac))
  }

  #addLocal(facts: MacFacts, address: string): void {
    if (address.includes(':') || facts.local.length > MAX_HOST_ADDRESSES) return
    facts.local.push(address)
    const isPrivate = !address.startsWith('169.254.')
    if (isPrivate && !this.#hasPrivate) {
      this.#hasPrivate = true
      for (const other of this.#macs.values()) if (hasPublicIpv4(other)) this.#becomeRouter(other)
    }
    const routesLocal = facts.local.length > MAX_HOST_ADDRESSES
    if (this.#routerAddresses.has(address) || routesLocal) this.#becomeRouter(facts)
  }

  #addGlobal(facts: MacFacts, address: string): void {
    if (facts.isRouter) return
    if (this.#macOf.size < MAX_BINDINGS) facts.global.push(address)
    facts.networks.add(prefixOf(address))
    const isRouted = this.#hasPrivate && !address.includes(':')
    if (facts.networks.size > MAX_HOST_NETWORKS || isRouted) this.#becomeRouter(facts)
  }

  #becomeRouter(facts: MacFacts): void {
    if (facts.isRouter) return
    facts.isRouter = true
    this.#foundRouters.push(facts.mac)
    for (const address of [...facts.global, ...facts.local.slice(1)]) {
      if (!this.#routerAddresses.has(address)) this.#macOf.delete(address)
    }
    facts.global.length = 0
  }

  #facts(mac: string): MacFacts {
    let facts = this.#macs.get(mac)
    if (facts === undefined) {
      facts = { mac, isRouter: false, local: [], global: [], networks: new Set() }
      if (this.#macs.size < MAX_BINDINGS) this.#macs.set(mac, facts)
    }
    return facts
  }
}

function hasPublicIpv4(facts: MacFacts): boolean {
  return facts.global.some((address) => !address.includes(':'))
}
