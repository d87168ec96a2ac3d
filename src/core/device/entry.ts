/** One device while a scan runs: what was learnt about it so far. */
import { isRandomMac } from './address.ts'
import type { Device, Peer } from './device.ts'
import { type Kind, KindVotes } from './kind.ts'
import { cleanName, instanceName } from './name.ts'
import { Peers } from './peers.ts'
import { Rhythm } from './rhythm.ts'

const SHOWN_PEERS = 50
const SHOWN_ADDRESSES = 32

type NameSource = 'dhcp' | 'mdns' | 'ssdp' | 'dns'
const NAME_ORDER: readonly NameSource[] = ['dhcp', 'mdns', 'ssdp', 'dns']

export class DeviceEntry {
  readonly id: string
  mac: string | undefined
  vendor: string | undefined
  isRouter = false
  /** False for an outside host that stands in because neither end of its flows is at home. */
  isLocal: boolean
  flows = 0
  bytesOut = 0
  bytesIn = 0
  changed = true
  readonly rhythm = new Rhythm()
  readonly peers = new Peers()
  readonly votes = new KindVotes()
  readonly addresses = new Set<string>()
  readonly #names = new Map<NameSource, string>()
  readonly #group: string | undefined

  /** `group` names an entry that stands for several devices. */
  constructor(id: string, isLocal: boolean, group?: string) {
    this.id = id
    this.isLocal = isLocal
    this.#group = group
  }

  setMac(mac: string, vendor: string | undefined): void {
    this.mac = mac
    this.vendor = vendor
    if (vendor !== undefined) this.votes.hear('vendor', vendor)
    this.changed = true
  }

  /** A table's address column may hold any text: what is no address is cleaned like a name. */
  addAddress(address: string): void {
    const shown = /^[\da-f:.]{2,45}$/iu.test(address) ? address : cleanName(address)
    if (shown !== undefined && this.addresses.size < SHOWN_ADDRESSES) this.addresses.add(shown)
    this.changed = true
  }

  /** The first name of each source stays: what a device called itself before anything happened. */
  addName(from: NameSource, text: string): void {
    const name = cleanName(instanceName(text))
    if (name === undefined) return
    this.votes.hear(from === 'mdns' || from === 'dhcp' ? 'name' : 'announced', name)
    if (this.#names.has(from)) return
    this.#names.set(from, spoken(name))
    this.changed = true
  }

  get kind(): Kind | undefined {
    return this.isRouter ? 'gateway' : this.votes.best
  }

  get randomMac(): boolean {
    return this.mac !== undefined && isRandomMac(this.mac)
  }

  get name(): Pick<Device, 'name' | 'nameFrom'> {
    if (this.#group !== undefined) return { name: this.#group, nameFrom: 'group' }
    for (const from of NAME_ORDER) {
      const name = this.#names.get(from)
      if (name !== undefined) return { name, nameFrom: from }
    }
    if (this.id === 'table') return { name: 'This table', nameFrom: 'table' }
    const { kind, vendor } = this
    if (vendor !== undefined) return { name: `${vendor} ${kind ?? 'device'}`, nameFrom: 'vendor' }
    if (kind !== undefined) return { name: `Unnamed ${kind}`, nameFrom: 'vendor' }
    const [address] = this.addresses
    return { name: address ?? this.mac ?? 'Unnamed device', nameFrom: 'address' }
  }

  toDevice(hostName: (address: string) => string | undefined): Device {
    const { firstMicros, lastMicros } = this.rhythm
    const peers = this.peers.top(SHOWN_PEERS).map((peer): Peer => ({ ...peer, name: hostName(peer.address) }))
    return {
      id: this.id,
      ...this.name,
      mac: this.mac,
      randomMac: this.randomMac,
      vendor: this.vendor,
      kind: this.kind,
      addresses: [...this.addresses],
      firstMicros: Number.isFinite(firstMicros) ? firstMicros : Number.NaN,
      lastMicros: Number.isFinite(lastMicros) ? lastMicros : Number.NaN,
      flows: this.flows,
      bytesOut: this.bytesOut,
      bytesIn: this.bytesIn,
      peers,
      peerCount: this.peers.count,
    }
  }
}

/** Host names cannot hold spaces: "front-door-camera" is read as "Front door camera"; model numbers stay as they are. */
function spoken(name: string): string {
  if (!/^\p{L}+(?:[-_]\p{L}+)+$/u.test(name)) return name
  const words = name.replace(/[-_]/gu, ' ')
  return words[0]!.toUpperCase() + words.slice(1)
}
