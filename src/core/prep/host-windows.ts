/**
 * What the device of a flow was doing around it: over ten seconds to an hour, how many flows, to how many hosts and ports, how many without an
 * answer, how alike, how regular, how much. A single flow of a scan, of password guessing or of a beacon looks harmless; these do not.
 *
 * Every count fades with its window's time instead of ending sharply, so a device costs the same memory however busy it is, and flows that
 * come a little late do no harm. Addresses and ports serve to tell peers apart and never become a number.
 */
import type { FlowBatch } from '../flow/batch.ts'

/** A device's flows of one batch; an index into deviceIds per row. */
export interface FlowOwners {
  readonly deviceIds: readonly string[]
  readonly device: Int32Array
  /** 1 where the device is the originator. */
  readonly outward: Uint8Array
}

const WINDOWS: readonly (readonly [name: string, micros: number])[] = [
  ['10s', 10e6],
  ['1min', 60e6],
  ['10min', 600e6],
  ['1h', 3600e6],
]
const PER_WINDOW = ['flows', 'hosts', 'services', 'unanswered', 'alike', 'bytes_out', 'bytes_in'] as const
const WIDTH = PER_WINDOW.length
/** Against the device's own day. */
const OWN_MICROS = 24 * 3600e6
const REST = ['host_gap', 'host_gap_variation', 'host_bytes_out_vs_own'] as const

export const HOST_WINDOW_NAMES: readonly string[] = [
  ...WINDOWS.flatMap(([window]) => PER_WINDOW.map((what) => `host_${what}_${window}`)),
  ...REST,
]

/** By column, how far back it looks, µs; rhythms and the device's own usual take as long to show as the longest window. */
const REACHES: readonly number[] = [
  ...WINDOWS.flatMap(([, micros]) => PER_WINDOW.map(() => micros)),
  ...REST.map(() => WINDOWS.at(-1)![1]),
]
/**
 * Times its length after which a fading window counts as filled. Ten fresh recordings of a home of which 6,000 flows were learnt raised 83
 * findings of an isolation forest in their first two hours, 14 with 1 and 1 with 2; of 1,500 flows 65, 24 and 15 (2026-11-21).
 */
const FILLED = 2

/** Peers and ports remembered of one device; the one heard of longest ago makes room. */
const MOST_PEERS = 2048
/** Devices; a network of more is no home. */
const MOST_DEVICES = 4096
/** A gap counts for a fifth of the mean: about ten contacts make a rhythm. */
const GAP_WEIGHT = 0.2

interface Contact {
  /** µs; when last heard. */
  at: number
  gap: number
  deviation: number
  contacts: number
}

interface Host {
  at: number
  /** WINDOWS × PER_WINDOW. */
  readonly sums: Float64Array
  ownBytes: number
  ownSince: number
  readonly peers: Map<string, Contact>
  readonly ports: Map<string, number>
  readonly shapes: Map<string, number>
}

export class HostWindows {
  /** Earliest start of a flow: from there on it is known what devices did. NaN before the first. */
  beganMicros = Number.NaN
  readonly #hosts = new Map<string, Host>()

  /** length × HOST_WINDOW_NAMES for the rows of a batch; undefined when it has no times or no addresses. */
  add(batch: FlowBatch, { deviceIds, device, outward }: FlowOwners): Float32Array | undefined {
    if (batch.length === 0 || batch.addresses.length === 0 || Number.isNaN(batch.startMicros[0]!)) return undefined
    const width = HOST_WINDOW_NAMES.length
    const values = new Float32Array(batch.length * width)
    for (const micros of batch.startMicros) if (!(micros >= this.beganMicros)) this.beganMicros = micros
    for (let row = 0; row < batch.length; row++) {
      const id = deviceIds[device[row]!]
      if (id === undefined || Number.isNaN(batch.startMicros[row]!)) {
        values.fill(Number.NaN, row * width, (row + 1) * width)
        continue
      }
      this.#addFlow(this.#hostOf(id, batch.startMicros[row]!), batch, row, outward[row] === 1)
      this.#write(this.#hosts.get(id)!, batch, row, { values, at: row * width, isOut: outward[row] === 1 })
    }
    return values
  }

  /**
   * Takes back, in what `add` gave for a batch, what reaches further than the recording: a window that began before it holds less than
   * it would, which is not quiet but unknown (NaN). What is above `mostSeen` of its column already stays, for more would only be more. Says whether anything was taken back.
   */
  hideUnfilled(
    values: Float32Array,
    { startMicros }: FlowBatch,
    mostSeen: (column: string) => number | undefined,
  ): boolean {
    const width = HOST_WINDOW_NAMES.length
    const most = HOST_WINDOW_NAMES.map((name) => mostSeen(name) ?? Number.POSITIVE_INFINITY)
    let isHidden = false
    for (let row = 0; row < startMicros.length; row++) {
      const age = startMicros[row]! - this.beganMicros
      if (!(age < FILLED * REACHES.at(-1)!)) continue
      for (let column = 0; column < width; column++) {
        const at = row * width + column
        if (age < FILLED * REACHES[column]! && !(values[at]! > most[column]!)) {
          values[at] = Number.NaN
          isHidden = true
        }
      }
    }
    return isHidden
  }

  #hostOf(id: string, micros: number): Host {
    const known = this.#hosts.get(id)
    if (known) return known
    if (this.#hosts.size >= MOST_DEVICES) this.#hosts.delete(this.#hosts.keys().next().value!)
    const host: Host = {
      at: micros,
      sums: new Float64Array(WINDOWS.length * WIDTH),
      ownBytes: 0,
      ownSince: micros,
      peers: new Map(),
      ports: new Map(),
      shapes: new Map(),
    }
    this.#hosts.set(id, host)
    return host
  }

  #addFlow(host: Host, batch: FlowBatch, row: number, isOut: boolean): void {
    const micros = Math.max(host.at, batch.startMicros[row]!)
    fade(host, micros - host.at)
    host.at = micros
    const peer = peerOf(batch, row, isOut)
    const port = `${peer} ${batch.respPort[row]} ${batch.protocol[row]}`
    const [origPackets, respPackets, origBytes, respBytes] = countsOf(batch, row)
    const shape = `${port} ${sizeOf(origPackets)} ${sizeOf(origBytes)} ${sizeOf(respBytes)}`
    const peerBefore = host.peers.get(peer)?.at
    const portBefore = renew(host.ports, port, micros)
    const shapeBefore = renew(host.shapes, shape, micros)
    meet(host.peers, peer, micros)
    const bytesOut = isOut ? origBytes : respBytes
    const bytesIn = isOut ? respBytes : origBytes
    host.ownBytes += bytesOut
    for (let w = 0; w < WINDOWS.length; w++) {
      const since = micros - WINDOWS[w]![1]
      const to = w * WIDTH
      const { sums } = host
      sums[to]! += 1
      // Met within the window already: not one more host.
      if (!(peerBefore !== undefined && peerBefore >= since)) sums[to + 1]! += 1
      if (!(portBefore !== undefined && portBefore >= since)) sums[to + 2]! += 1
      if (respPackets === 0) sums[to + 3]! += 1
      if (shapeBefore !== undefined && shapeBefore >= since) sums[to + 4]! += 1
      sums[to + 5]! += bytesOut
      sums[to + 6]! += bytesIn
    }
  }

  #write(
    host: Host,
    batch: FlowBatch,
    row: number,
    { values, at, isOut }: { values: Float32Array; at: number; isOut: boolean },
  ): void {
    const { sums } = host
    for (let w = 0; w < WINDOWS.length; w++) {
      const from = w * WIDTH
      const flows = Math.max(1e-9, sums[from]!)
      for (let k = 0; k < WIDTH; k++) {
        // Shares of the flows, where a count would only say again how many there were.
        values[at + from + k] = k === 3 || k === 4 ? sums[from + k]! / flows : sums[from + k]!
      }
    }
    const rest = at + WINDOWS.length * WIDTH
    const contact = host.peers.get(peerOf(batch, row, isOut))
    const isRegular = contact !== undefined && contact.contacts > 2 && contact.gap > 0
    // Without a rhythm yet it is one by chance: a missing number would keep the columns out of short captures, and searches slow
    values[rest] = isRegular ? contact.gap / 1e6 : 0
    values[rest + 1] = isRegular ? contact.deviation / contact.gap : 1
    const lived = Math.max(3600e6, Math.min(OWN_MICROS, host.at - host.ownSince))
    const usual = (host.ownBytes * 600e6) / lived
    values[rest + 2] = Math.log1p(sums[2 * WIDTH + 5]!) - Math.log1p(usual)
  }
}

function fade(host: Host, elapsed: number): void {
  if (elapsed <= 0) return
  for (let w = 0; w < WINDOWS.length; w++) {
    const kept = Math.exp(-elapsed / WINDOWS[w]![1])
    for (let k = w * WIDTH; k < (w + 1) * WIDTH; k++) host.sums[k]! *= kept
  }
  if (host.at - host.ownSince > OWN_MICROS) host.ownBytes *= Math.exp(-elapsed / OWN_MICROS)
}

/** When it was last there; it is there now. */
function renew(map: Map<string, number>, key: string, micros: number): number | undefined {
  const before = map.get(key)
  map.delete(key)
  map.set(key, micros)
  if (map.size > MOST_PEERS) map.delete(map.keys().next().value!)
  return before
}

/** Fading mean and deviation of the gaps between contacts. */
function meet(peers: Map<string, Contact>, peer: string, micros: number): void {
  const contact = peers.get(peer) ?? { at: micros, gap: 0, deviation: 0, contacts: 0 }
  peers.delete(peer)
  peers.set(peer, contact)
  if (peers.size > MOST_PEERS) peers.delete(peers.keys().next().value!)
  const gap = micros - contact.at
  contact.at = micros
  contact.contacts++
  if (contact.contacts === 2) contact.gap = gap
  else if (contact.contacts > 2) {
    contact.deviation += GAP_WEIGHT * (Math.abs(gap - contact.gap) - contact.deviation)
    contact.gap += GAP_WEIGHT * (gap - contact.gap)
  }
}

function peerOf(batch: FlowBatch, row: number, isOut: boolean): string {
  const index = (isOut ? batch.respAddress : batch.origAddress)[row]!
  return batch.addresses[index] ?? ''
}

/** What is missing counts as none. */
function countsOf({ counts }: FlowBatch, row: number): readonly [number, number, number, number] {
  return [counts[4 * row] || 0, counts[4 * row + 1] || 0, counts[4 * row + 2] || 0, counts[4 * row + 3] || 0]
}

/** Powers of two: flows of one shape differ by a few bytes. */
function sizeOf(value: number): number {
  return Math.round(Math.log2(value + 1))
}
