/** Who is who on the network: collects what packets say about devices and tells for each flow the device it belongs to. */
import { formatClock } from '../base/format.ts'
import type { FlowBatch } from '../flow/batch.ts'
import { classifyAddress, isDeviceMac } from './address.ts'
import { Bindings } from './bindings.ts'
import type { Device, Note, Sighting } from './device.ts'
import { DeviceEntry } from './entry.ts'
import { HostNames, registrableDomain } from './hosts.ts'
import { MAX_NOTES, notesOf } from './notes.ts'
import type { PeerTotals } from './peers.ts'
import { Rhythm } from './rhythm.ts'
import type { VendorOf } from './vendor.ts'
import { WatchedNetworks } from './watched.ts'

/** More devices than any home has; what comes beyond shares one entry. */
export const MAX_DEVICES = 4096
const OVERFLOW_ID = 'ip:other'
/** Asking for an address by DHCP or checking one (RFC 4862) is done from the address of nobody. */
const UNADDRESSED_ID = 'ip:0.0.0.0'
const TABLE_ID = 'table'
const TITLES: ReadonlyMap<string, string> = new Map([
  [OVERFLOW_ID, 'Further devices'],
  [UNADDRESSED_ID, 'Devices without an address yet'],
])

export interface InventoryOptions {
  readonly vendorOf?: VendorOf
  /** Time of day for sentences; UTC when not given. */
  readonly clock?: (micros: number) => string
}

export interface Assignment {
  readonly deviceIds: string[]
  /** Per row, an index into deviceIds. */
  readonly device: Int32Array
  /** Per row: 1 where the device is the originator, 0 where it answers. */
  readonly outward: Uint8Array
}

/** How much an address looks like a home device: nothing, an outside host, a public address on this link or in the watched network, a local one. */
const NOBODY = 0
const OUTSIDE = 1
const BOUND = 2
const LOCAL = 3

export class Inventory {
  readonly #vendorOf: VendorOf
  readonly #clock: (micros: number) => string
  readonly #byId = new Map<string, DeviceEntry>()
  readonly #byMac = new Map<string, DeviceEntry>()
  readonly #byAddress = new Map<string, DeviceEntry>()
  readonly #bindings = new Bindings()
  readonly #hosts = new HostNames()
  readonly #noted = new Map<string, Note>()
  readonly #watched = new WatchedNetworks()
  /** When anything was heard at all. */
  readonly #recording = new Rhythm()

  constructor({ vendorOf = () => undefined, clock = (micros) => formatClock(micros, 'UTC') }: InventoryOptions = {}) {
    this.#vendorOf = vendorOf
    this.#clock = clock
  }

  /** To be called with a step's sightings before its flows are assigned. */
  see(sightings: Iterable<Sighting>): void {
    for (const sighting of sightings) {
      this.#recording.hear(sighting.micros, sighting.micros)
      this.#see(sighting)
    }
  }

  /** The device of each flow: the local originator, else the local responder, else the originator. Counts the flows as it goes. */
  assign(batch: FlowBatch): Assignment {
    const device = new Int32Array(batch.length)
    const outward = new Uint8Array(batch.length)
    const deviceIds: string[] = []
    const ranks = Uint8Array.from(batch.addresses, (address) => this.#rank(address))
    this.#watched.learn(batch, (address) => ranks[address] === OUTSIDE)
    batch.addresses.forEach((address, i) => {
      if (ranks[i] === OUTSIDE && this.#watched.has(address)) ranks[i] = BOUND
    })
    const entries = new Array<DeviceEntry | undefined>(batch.addresses.length)
    const index = new Map<DeviceEntry, number>()
    const entryAt = (address: number) => {
      const entry = entries[address] ?? this.#entryOf(batch.addresses[address]!)
      entries[address] = entry
      return entry
    }
    let table: DeviceEntry | undefined
    for (let row = 0; row < batch.length; row++) {
      const orig = batch.origAddress[row]!
      const resp = batch.respAddress[row]!
      const origRank = orig < 0 ? NOBODY : ranks[orig]!
      const respRank = resp < 0 ? NOBODY : ranks[resp]!
      const byResponder = respRank > origRank && (respRank > OUTSIDE || origRank === NOBODY)
      const owner = byResponder ? resp : orig
      let entry: DeviceEntry
      if (owner >= 0) entry = entryAt(owner)
      else {
        table ??= this.#entry(TABLE_ID, true)
        entry = table
      }
      const other = byResponder ? orig : resp
      this.#count(batch, row, entry, byResponder, other < 0 ? undefined : batch.addresses[other])
      if (other >= 0 && ranks[other] === LOCAL) this.#answer(batch, row, other, owner, byResponder)
      let at = index.get(entry)
      if (at === undefined) {
        at = deviceIds.length
        deviceIds.push(entry.id)
        index.set(entry, at)
      }
      device[row] = at
      outward[row] = byResponder ? 0 : 1
    }
    return { deviceIds, device, outward }
  }

  /** Id of the device that an address belongs to. */
  deviceOf(address: string): string {
    return this.#entryOf(address).id
  }

  nameOf(deviceId: string): string {
    return this.#byId.get(deviceId)?.name.name ?? deviceId
  }

  /** Name of an address: of the device at home, or of the outside host as DNS, TLS or HTTP gave it. */
  hostName(address: string): string | undefined {
    const mac = this.#bindings.macOf(address)
    const entry = mac === undefined ? this.#byAddress.get(address) : this.#byMac.get(mac)
    const name = entry?.isLocal ? entry.name : undefined
    return name !== undefined && name.nameFrom !== 'address' ? name.name : this.#hosts.get(address)
  }

  /**
   * The owner ("maker.example") of an outside host when the device talked to another host of the same owner before it met this one:
   * what an update from the maker looks like.
   */
  knownOwner(deviceId: string, address: string): string | undefined {
    const host = this.#hosts.get(address)
    const owner = host === undefined ? undefined : registrableDomain(host)
    const peers = this.#byId.get(deviceId)?.peers
    const met = peers?.get(address)?.firstMicros
    if (owner === undefined || peers === undefined || met === undefined) return undefined
    const isOlder = (peer: PeerTotals) => peer.address !== address && peer.firstMicros < met
    const hostOf = (peer: PeerTotals) => this.#hosts.get(peer.address) ?? ''
    return peers.some((peer) => isOlder(peer) && registrableDomain(hostOf(peer)) === owner) ? owner : undefined
  }

  devices(): Device[] {
    return this.#heard().map((entry) => entry.toDevice((address) => this.hostName(address)))
  }

  /** The devices that are new or changed since the last call. */
  takeChanged(): Device[] {
    const changed = this.#heard().filter((entry) => entry.changed)
    for (const entry of changed) entry.changed = false
    return changed.map((entry) => entry.toDevice((address) => this.hostName(address)))
  }

  /** The notes that are new or changed since the last call; `ended` once all flows have been assigned. */
  takeNotes({ ended }: { ended: boolean }): Note[] {
    const recording = { heard: this.#recording, ended, clock: this.#clock }
    const fresh: Note[] = []
    for (const entry of this.#byId.values()) {
      for (const note of notesOf(entry, recording)) {
        const known = this.#noted.get(note.id)
        if (known === undefined ? this.#noted.size >= MAX_NOTES : known.text === note.text) continue
        this.#noted.set(note.id, note)
        fresh.push(note)
      }
    }
    return fresh
  }

  /** A name may be told of an address that nobody is heard from. */
  #heard(): DeviceEntry[] {
    return [...this.#byId.values()].filter(
      (entry) => entry.flows > 0 || entry.mac !== undefined || entry.rhythm.lastMicros > 0,
    )
  }

  #see(sighting: Sighting): void {
    switch (sighting.kind) {
      case 'address':
        this.#seeAddress(sighting.mac, sighting.address, sighting.micros)
        return
      case 'name':
        this.#subject(sighting)?.addName(sighting.from, sighting.name)
        return
      case 'hint': {
        const source =
          sighting.from === 'mdns-service' ? 'service' : sighting.from === 'user-agent' ? 'agent' : 'announced'
        if (sighting.from !== 'ja4') this.#subject(sighting)?.votes.hear(source, sighting.text)
        return
      }
      case 'host':
        this.#hosts.add(sighting.address, sighting.name, sighting.from)
        return
      case 'router':
        this.#bindings.nameRouter(sighting.address)
        this.#markRouters()
        return
    }
  }

  #seeAddress(mac: string, address: string, micros: number): void {
    if (!isDeviceMac(mac)) return
    const entry = this.#entryOfMac(mac)
    entry.rhythm.hear(micros, micros)
    const kind = classifyAddress(address)
    if (kind === 'multicast' || kind === 'unspecified') return
    const isOwn = this.#bindings.bind(mac, address)
    if (isOwn) this.#adopt(mac, address)
    this.#markRouters()
  }

  /** From now on the address is the MAC's; flows told before its MAC was known stay with the address's own entry. */
  #adopt(mac: string, address: string): void {
    this.#entryOfMac(mac).addAddress(address)
    this.#byAddress.delete(address)
  }

  #markRouters(): void {
    for (const mac of this.#bindings.takeRouters()) {
      const entry = this.#entryOfMac(mac)
      if (entry.id === OVERFLOW_ID) continue
      entry.isRouter = true
      entry.changed = true
      for (const address of entry.addresses) if (this.#bindings.macOf(address) !== mac) entry.addresses.delete(address)
    }
  }

  /** The device that a name or hint is about; never an outside host. */
  #subject({ mac, address }: { mac: string | undefined; address: string | undefined }): DeviceEntry | undefined {
    if (mac !== undefined && isDeviceMac(mac)) return this.#entryOfMac(mac)
    return address !== undefined && this.#rank(address) >= BOUND ? this.#entryOf(address) : undefined
  }

  #rank(address: string): number {
    switch (classifyAddress(address)) {
      case 'local':
      case 'named':
        return LOCAL
      case 'global':
        return this.#bindings.macOf(address) === undefined && !this.#watched.has(address) ? OUTSIDE : BOUND
      default:
        return NOBODY
    }
  }

  #entryOf(address: string): DeviceEntry {
    const mac = this.#bindings.macOf(address)
    if (mac !== undefined) return this.#entryOfMac(mac)
    const known = this.#byAddress.get(address)
    if (known !== undefined) return known
    if (classifyAddress(address) === 'unspecified') return this.#entry(UNADDRESSED_ID, false)
    const entry = this.#entry(`ip:${address}`, this.#rank(address) >= BOUND)
    if (entry.id !== OVERFLOW_ID) {
      entry.addAddress(address)
      this.#byAddress.set(address, entry)
    }
    return entry
  }

  #entryOfMac(mac: string): DeviceEntry {
    const known = this.#byMac.get(mac)
    if (known !== undefined) return known
    const entry = this.#entry(`mac:${mac}`, true)
    if (entry.id !== OVERFLOW_ID) {
      entry.setMac(mac, this.#vendorOf(mac))
      this.#byMac.set(mac, entry)
    }
    return entry
  }

  #entry(id: string, isLocal: boolean): DeviceEntry {
    const known = this.#byId.get(id)
    if (known !== undefined) return known
    if (this.#byId.size >= MAX_DEVICES && id !== OVERFLOW_ID) return this.#entry(OVERFLOW_ID, false)
    const entry = new DeviceEntry(id, isLocal, TITLES.get(id))
    this.#byId.set(id, entry)
    return entry
  }

  #count(batch: FlowBatch, row: number, entry: DeviceEntry, byResponder: boolean, other: string | undefined): void {
    const sent = bytesOf(batch, row, byResponder ? 1 : 0)
    const received = bytesOf(batch, row, byResponder ? 0 : 1)
    const start = batch.startMicros[row]!
    const end = batch.endMicros[row]!
    this.#recording.hear(start, end)
    entry.flows++
    entry.bytesOut += sent
    entry.bytesIn += received
    entry.changed = true
    if (!byResponder || packetsOf(batch, row, 1) > 0) entry.rhythm.hear(start, end)
    if (other !== undefined) entry.peers.add(other, sent + received, start, end)
  }

  /** The other end is at home too: it learns whom it talked to, when it answered; silence of a scanned address makes no device. */
  #answer(batch: FlowBatch, row: number, other: number, owner: number, byResponder: boolean): void {
    if (byResponder || packetsOf(batch, row, 1) === 0) return
    const entry = this.#entryOf(batch.addresses[other]!)
    const start = batch.startMicros[row]!
    const end = batch.endMicros[row]!
    entry.rhythm.hear(start, end)
    entry.votes.servesPort(batch.respPort[row]!)
    entry.peers.add(batch.addresses[owner]!, bytesOf(batch, row, 0) + bytesOf(batch, row, 1), start, end)
    entry.changed = true
  }
}

/** Counts that a source lacks or wrote badly add nothing. */
function bytesOf(batch: FlowBatch, row: number, side: 0 | 1): number {
  const bytes = batch.counts[4 * row + 2 + side]!
  return bytes > 0 && bytes < Number.POSITIVE_INFINITY ? bytes : 0
}

function packetsOf(batch: FlowBatch, row: number, side: 0 | 1): number {
  return batch.counts[4 * row + side]!
}
