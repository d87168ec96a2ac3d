/**
 * ARP spoofing (RFC 826 has no proof of who one is): a MAC that has an address of its own claims one that another MAC has.
 * Counted are addresses; the gateway's weighs as much as several, since all traffic follows it.
 */
import { classifyAddress, isDeviceMac } from '../device/address.ts'
import { BoundedMap } from './bounded-map.ts'

/** Weight of claims that may be harmless: one device's new address. */
export const HARMLESS_WEIGHT = 2
const GATEWAY_WEIGHT = 3
/** Claims further apart than this are not one act: over days DHCP gives an address to another. */
const ACT_MICROS = 3600e6
export const MAX_ADDRESSES = 16_384
export const MAX_MACS = 8192
/** Addresses claimed by one MAC; beyond, the count stands still. */
const MAX_CLAIMS = 256
/** Shared by routers that stand in for each other (VRRP, RFC 9568 §7.3; HSRP). */
const SHARED_MAC = /^00:(?:00:5e:00:0[12]|00:0c:07:ac|05:73:a0)/u

interface Mac {
  /** It had an address before it claimed one of another. */
  hasOwn: boolean
  isGateway: boolean
  readonly claims: Set<string>
  sinceMicros: number
  lastMicros: number
  told: number
}

export interface SpoofClaim {
  readonly mac: string
  readonly address: string
  readonly micros: number
  readonly sinceMicros: number
  readonly weight: number
  readonly addresses: number
}

export class ArpSpoofing {
  /** The MAC that had an address first. */
  readonly #holders = new BoundedMap<string, string>(MAX_ADDRESSES)
  readonly #macs = new BoundedMap<string, Mac>(MAX_MACS)
  readonly #gateways = new Set<string>()
  #gatewayMac: string | undefined

  get size(): number {
    return this.#holders.size + this.#macs.size
  }

  /** DHCP or a router itself named the way out. */
  nameGateway(address: string): void {
    if (this.#gateways.size < MAX_CLAIMS) this.#gateways.add(address)
    const holder = this.#holders.get(address)
    const mac = holder === undefined ? undefined : this.#macs.get(holder)
    if (mac) mac.isGateway = true
  }

  see(mac: string, address: string, micros: number): SpoofClaim | undefined {
    if (!isDeviceMac(mac) || SHARED_MAC.test(mac) || address.includes(':') || address.startsWith('169.254.')) {
      return undefined
    }
    const claimer = this.#mac(mac)
    const kind = classifyAddress(address)
    if (kind === 'global') this.#hearOutside(mac, claimer)
    if (kind !== 'local') return undefined
    const holder = this.#holders.touch(address)
    if (holder === undefined || holder === mac) {
      this.#holders.set(address, mac)
      claimer.hasOwn = true
      if (this.#gateways.has(address)) claimer.isGateway = true
      return undefined
    }
    // A gateway speaks for others by trade (proxy ARP); who has nothing of its own may have been given the address.
    if (claimer.isGateway || !claimer.hasOwn) return undefined
    if (micros - claimer.lastMicros > ACT_MICROS) claimer.claims.clear()
    if (claimer.claims.size === 0) claimer.sinceMicros = micros
    claimer.lastMicros = micros
    if (claimer.claims.size < MAX_CLAIMS) claimer.claims.add(address)
    let weight = 0
    for (const claimed of claimer.claims) weight += this.#isOfGateway(claimed) ? GATEWAY_WEIGHT : 1
    if (weight <= HARMLESS_WEIGHT || weight < 2 * claimer.told) return undefined
    claimer.told = weight
    return { mac, address, sinceMicros: claimer.sinceMicros, micros, weight, addresses: claimer.claims.size }
  }

  /** Outside addresses come through the gateway: the first MAC that carries one, unless it has begun to claim. */
  #hearOutside(mac: string, { claims }: Mac): void {
    if (this.#gatewayMac !== undefined || claims.size > 0) return
    this.#gatewayMac = mac
    this.#mac(mac).isGateway = true
  }

  #isOfGateway(address: string): boolean {
    if (this.#gateways.has(address)) return true
    const holder = this.#holders.get(address)
    return holder !== undefined && this.#macs.get(holder)?.isGateway === true
  }

  #mac(mac: string): Mac {
    let facts = this.#macs.touch(mac)
    if (!facts) {
      facts = { hasOwn: false, isGateway: false, claims: new Set(), sinceMicros: 0, lastMicros: 0, told: 0 }
      this.#macs.set(mac, facts)
    }
    return facts
  }
}
