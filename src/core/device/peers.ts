/** Whom a device talks to, in bounded memory. */

/** Kept at most; twice as many are let in before the lightest are dropped, so that a scan cannot push out real partners. */
export const MAX_TRACKED_PEERS = 500
const SKETCH_BITS = 1 << 16

export interface PeerTotals {
  readonly address: string
  flows: number
  bytes: number
  firstMicros: number
  lastMicros: number
}

export class Peers {
  #peers = new Map<string, PeerTotals>()
  #sketch: Sketch | undefined

  add(address: string, bytes: number, startMicros: number, endMicros: number): void {
    const peer = this.#peers.get(address)
    if (peer === undefined) {
      if (this.#peers.size >= 2 * MAX_TRACKED_PEERS) this.#dropLightest()
      this.#peers.set(address, { address, flows: 1, bytes, firstMicros: startMicros, lastMicros: endMicros })
      this.#sketch?.add(address)
      return
    }
    peer.flows++
    peer.bytes += bytes
    if (startMicros < peer.firstMicros) peer.firstMicros = startMicros
    if (endMicros > peer.lastMicros) peer.lastMicros = endMicros
  }

  get(address: string): PeerTotals | undefined {
    return this.#peers.get(address)
  }

  some(is: (peer: PeerTotals) => boolean): boolean {
    for (const peer of this.#peers.values()) if (is(peer)) return true
    return false
  }

  /** Exact until peers were dropped, then linear counting (Whang 1990): within a few per cent up to some 200,000. */
  get count(): number {
    return this.#sketch?.count ?? this.#peers.size
  }

  /** Most bytes first, then most flows. */
  top(limit: number): PeerTotals[] {
    const peers = [...this.#peers.values()]
    const least =
      Float64Array.from(peers, (peer) => peer.bytes)
        .sort()
        .at(-limit) ?? Number.NEGATIVE_INFINITY
    const heavy = peers.filter((peer) => peer.bytes >= least)
    return heavy.sort((a, b) => b.bytes - a.bytes || b.flows - a.flows).slice(0, limit)
  }

  #dropLightest(): void {
    if (this.#sketch === undefined) {
      this.#sketch = new Sketch()
      for (const address of this.#peers.keys()) this.#sketch.add(address)
    }
    this.#peers = new Map(this.top(MAX_TRACKED_PEERS).map((peer) => [peer.address, peer]))
  }
}

class Sketch {
  readonly #bits = new Uint8Array(SKETCH_BITS / 8)
  #zeros = SKETCH_BITS

  add(address: string): void {
    const bit = hash(address) % SKETCH_BITS
    const mask = 1 << (bit & 7)
    const byte = this.#bits[bit >> 3]!
    if ((byte & mask) !== 0) return
    this.#bits[bit >> 3] = byte | mask
    this.#zeros--
  }

  get count(): number {
    return Math.round(-SKETCH_BITS * Math.log(Math.max(this.#zeros, 1) / SKETCH_BITS))
  }
}

/** FNV-1a with a final mix (murmur3), since FNV's low bits follow the last character. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
