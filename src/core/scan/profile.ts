/**
 * What each device did over time, in ten-minute slots: the numbers that a case is told with.
 * Memory follows devices × slots in use; each limit below says what is given up past it.
 */

import type { CaseFacts } from '../alert/case.ts'
import { quantile } from '../base/stats.ts'
import { classifyAddress } from '../device/address.ts'
import type { DeviceFlows } from './update.ts'

const SLOT_MICROS = 600e6
/** Devices past this share one profile, which never tells a case. */
const MAX_DEVICES = 4096
/** Slots a device keeps with peers and ports; older ones keep their sums. */
const MAX_DETAILED_SLOTS = 1008
const MAX_PEERS_PER_SLOT = 512
const MAX_PORTS_PER_SLOT = 64
const SLOTS_PER_HOUR = 3600e6 / SLOT_MICROS

interface Slot {
  flows: number
  bytesOut: number
  bytesIn: number
  unanswered: number
  peers: Map<string, { flows: number; bytes: number }> | undefined
  ports: Map<number, number> | undefined
}

interface Profile {
  readonly slots: Map<number, Slot>
  /** Slots in which a peer was seen, and the first of them. */
  readonly peers: Map<string, { slots: number; first: number; last: number }>
}

const MAX_PEERS = 20_000

export class Profiles {
  readonly #profiles = new Map<string, Profile>()

  /** Adds a batch; flows without a time go to slot 0. */
  add({ batch, deviceIds, device, outward }: DeviceFlows): void {
    const profiles = deviceIds.map((id) => this.#profile(id))
    const { counts, addresses } = batch
    const isHost = addresses.map((address) => !['multicast', 'unspecified'].includes(classifyAddress(address)))
    for (let i = 0; i < batch.length; i++) {
      const profile = profiles[device[i]!]
      if (!profile) continue
      const start = batch.startMicros[i]!
      const at = Number.isNaN(start) ? 0 : Math.floor(start / SLOT_MICROS)
      const slot = slotAt(profile, at)
      const origBytes = counts[i * 4 + 2]!
      const respBytes = counts[i * 4 + 3]!
      const orig = batch.origAddress[i]!
      const resp = batch.respAddress[i]!
      const isOutward = outward[i] === 1
      slot.flows++
      slot.bytesOut += isOutward ? origBytes : respBytes
      slot.bytesIn += isOutward ? respBytes : origBytes
      if (counts[i * 4 + 1] === 0) slot.unanswered++
      const peer = isOutward ? resp : orig
      if (isHost[peer]) addPeer({ profile, slot, at, address: addresses[peer]!, bytes: origBytes + respBytes })
      const port = batch.respPort[i]!
      if (isOutward && port >= 0 && slot.ports) addPort(slot.ports, port)
    }
  }

  /** The facts of one device between two times, against the rest of its recorded life. */
  facts(deviceId: string, startMicros: number, endMicros: number, nameOf: (address: string) => string): CaseFacts {
    const profile = this.#profiles.get(deviceId)
    const from = Number.isFinite(startMicros) ? Math.floor(startMicros / SLOT_MICROS) : 0
    const to = Number.isFinite(endMicros) ? Math.floor(endMicros / SLOT_MICROS) : 0
    const totals = { flows: 0, bytesOut: 0, bytesIn: 0, unanswered: 0 }
    const peers = new Map<string, { flows: number; bytes: number }>()
    const ports = new Map<number, number>()
    for (const [at, slot] of profile?.slots ?? []) {
      if (at < from || at > to) continue
      totals.flows += slot.flows
      totals.bytesOut += slot.bytesOut
      totals.bytesIn += slot.bytesIn
      totals.unanswered += slot.unanswered
      for (const [address, seen] of slot.peers ?? []) {
        const sum = peers.get(address) ?? { flows: 0, bytes: 0 }
        peers.set(address, { flows: sum.flows + seen.flows, bytes: sum.bytes + seen.bytes })
      }
      for (const [port, flows] of slot.ports ?? []) ports.set(port, (ports.get(port) ?? 0) + flows)
    }
    const isNew = (address: string) => (profile?.peers.get(address)?.first ?? from) >= from
    const usual = profile
      ? usualOf(profile, from, to)
      : { bytesOutPerHour: Number.NaN, bytesInPerHour: Number.NaN, hosts: 0 }
    let newHosts = 0
    for (const address of peers.keys()) if (isNew(address)) newHosts++
    return {
      flows: totals.flows,
      bytesOut: totals.bytesOut,
      bytesIn: totals.bytesIn,
      usualBytesOutPerHour: usual.bytesOutPerHour,
      usualBytesInPerHour: usual.bytesInPerHour,
      hosts: peers.size,
      newHosts: Number.isFinite(usual.bytesOutPerHour) ? newHosts : 0,
      usualHosts: usual.hosts,
      unansweredFlows: totals.unanswered,
      peers: [...peers]
        .map(([address, seen]) => ({ address, name: nameOf(address), ...seen, isNew: isNew(address) }))
        .sort((a, b) => b.bytes - a.bytes || b.flows - a.flows)
        .slice(0, 20),
      ports: [...ports]
        .map(([port, flows]) => ({ port, flows }))
        .sort((a, b) => b.flows - a.flows)
        .slice(0, 10),
    }
  }

  /** Gives up what was before: slots, and peers not seen since. */
  forget(beforeMicros: number): void {
    const before = Math.floor(beforeMicros / SLOT_MICROS)
    for (const { slots, peers } of this.#profiles.values()) {
      for (const at of slots.keys()) if (at < before) slots.delete(at)
      for (const [address, { last }] of peers) if (last < before) peers.delete(address)
    }
  }

  #profile(id: string): Profile | undefined {
    const known = this.#profiles.get(id)
    if (known || this.#profiles.size >= MAX_DEVICES) return known
    const profile: Profile = { slots: new Map(), peers: new Map() }
    this.#profiles.set(id, profile)
    return profile
  }
}

function slotAt(profile: Profile, at: number): Slot {
  const known = profile.slots.get(at)
  if (known) return known
  const slot: Slot = { flows: 0, bytesOut: 0, bytesIn: 0, unanswered: 0, peers: new Map(), ports: new Map() }
  profile.slots.set(at, slot)
  if (profile.slots.size > MAX_DETAILED_SLOTS) {
    for (const old of profile.slots.values()) {
      if (!old.peers) continue
      old.peers = undefined
      old.ports = undefined
      break
    }
  }
  return slot
}

function addPeer(seen: { profile: Profile; slot: Slot; at: number; address: string; bytes: number }): void {
  const { profile, slot, at, address, bytes } = seen
  const inSlot = slot.peers?.get(address)
  if (inSlot) {
    inSlot.flows++
    inSlot.bytes += bytes
    return
  }
  if (!slot.peers || slot.peers.size >= MAX_PEERS_PER_SLOT) return
  slot.peers.set(address, { flows: 1, bytes })
  const peer = profile.peers.get(address)
  if (peer) {
    peer.slots++
    peer.first = Math.min(peer.first, at)
    peer.last = Math.max(peer.last, at)
  } else if (profile.peers.size < MAX_PEERS) profile.peers.set(address, { slots: 1, first: at, last: at })
}

function addPort(ports: Map<number, number>, port: number): void {
  const flows = ports.get(port)
  if (flows !== undefined || ports.size < MAX_PORTS_PER_SLOT) ports.set(port, (flows ?? 0) + 1)
}

/** Median bytes an hour and the hosts met more than once, before and after the case; NaN with under an hour to go by. */
function usualOf(
  profile: Profile,
  from: number,
  to: number,
): { bytesOutPerHour: number; bytesInPerHour: number; hosts: number } {
  const hours = new Map<number, { out: number; in: number }>()
  let outside = 0
  for (const [at, slot] of profile.slots) {
    if (at >= from && at <= to) continue
    outside++
    const hour = Math.floor(at / SLOTS_PER_HOUR)
    const sum = hours.get(hour) ?? { out: 0, in: 0 }
    hours.set(hour, { out: sum.out + slot.bytesOut, in: sum.in + slot.bytesIn })
  }
  if (outside < SLOTS_PER_HOUR) return { bytesOutPerHour: Number.NaN, bytesInPerHour: Number.NaN, hosts: 0 }
  let hosts = 0
  for (const peer of profile.peers.values()) if (peer.slots > 1 && (peer.first < from || peer.last > to)) hosts++
  const sorted = (pick: 'out' | 'in') => Float64Array.from([...hours.values()], (hour) => hour[pick]).sort()
  return { bytesOutPerHour: quantile(sorted('out'), 0.5), bytesInPerHour: quantile(sorted('in'), 0.5), hosts }
}
