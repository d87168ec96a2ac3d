/** Beaconing: small calls at regular times to an outside host that is new to the device or has no name. */
import type { Acquaintances, Meeting } from './acquaintance.ts'
import { BoundedMap } from './bounded-map.ts'
import { type FlowEvent, TCP, UDP } from './event.ts'
import {
  beginSpan,
  type Emit,
  extendSpan,
  isWorthTelling,
  type Rule,
  reasonsOf,
  relativeSpread,
  type Span,
} from './rule.ts'

/** Calls in rhythm that may be chance: to a host without a name, and to one with a name that the device met later on. */
export const MAX_CHANCE_CALLS = { nameless: 15, named: 29 } as const
/** A gap is in rhythm within this part of the median, also when one or two calls in between were left out. */
const JITTER = 0.3
const MISSED_CALLS = 2
const IN_RHYTHM_SHARE = 0.8
const GAP_SPREAD = 0.35
const SIZE_SPREAD = 0.35
/** Bytes out of one call; more is not a call for orders. */
const CALL_BYTES = 10_000
const MIN_GAP_MICROS = 5e6
const MAX_GAP_MICROS = 6 * 3600e6
/** What a device does from the beginning of the recording may be its habit; after this it is new. */
export const SETTLE_MICROS = 2 * 3600e6
/** Calls with gaps of up to MAX_GAP_MICROS are remembered; after a longer silence it begins anew. */
const KEPT_CALLS = 64
export const MAX_PAIRS = 16_384
/** Names and clocks are asked for at regular times by everybody. */
const CLOCKWORK_PORTS = new Set([53, 67, 123, 853, 3478, 5353])

interface Pair extends Span {
  readonly sinceMicros: number
  calls: number
  lastMicros: number
  lastPort: number
  readonly starts: number[]
  readonly sizes: number[]
}

export class Beaconing implements Rule {
  readonly #pairs = new BoundedMap<string, Pair>(MAX_PAIRS)
  readonly #known: Acquaintances

  constructor(known: Acquaintances) {
    this.#known = known
  }

  get size(): number {
    return this.#pairs.size
  }

  hear(event: FlowEvent, emit: Emit, meeting: Meeting): void {
    const { device, peer, port, outward, outside, protocol, micros, callerPort, bytesOut } = event
    if (!outside || !outward || (protocol !== TCP && protocol !== UDP) || CLOCKWORK_PORTS.has(port)) return
    const key = `${device} ${peer} ${port} ${protocol}`
    let pair = this.#pairs.touch(key)
    if (!pair || micros - pair.lastMicros > MAX_GAP_MICROS) {
      const sinceMicros = pair?.sinceMicros ?? micros
      pair = { ...beginSpan(event), sinceMicros, calls: 0, lastMicros: 0, lastPort: -1, starts: [], sizes: [] }
      this.#pairs.set(key, pair)
    }
    // A long connection is cut into flows of like length: only a new one is a call.
    const goesOn = callerPort >= 0 && callerPort === pair.lastPort
    pair.lastMicros = micros
    pair.lastPort = callerPort
    extendSpan(pair, event)
    if (goesOn) return
    pair.calls++
    pair.starts.push(micros)
    pair.sizes.push(bytesOut + 1)
    if (pair.starts.length > KEPT_CALLS) {
      pair.starts.shift()
      pair.sizes.shift()
    }
    const limit = this.#limitOf(event, pair, meeting)
    if (limit === undefined || pair.calls <= limit || pair.calls < 2 * pair.told) return
    const rhythm = rhythmOf(pair)
    if (!rhythm || !isWorthTelling(pair, Math.round(pair.calls * rhythm.share), limit)) return
    emit({
      rule: 'beaconing',
      device,
      span: pair,
      score: pair.told,
      threshold: limit,
      reasons: reasonsOf([
        ['seconds between calls', rhythm.gapMicros / 1e6, rhythm.gapMicros / 1e6],
        ['part of the calls in rhythm', rhythm.share, 0],
        ['bytes sent in a call', rhythm.bytes, rhythm.bytes],
      ]),
      peer,
      port,
      outward,
    })
  }

  /** Calls that may be chance; undefined when the host is an old acquaintance with a name, or the device meets new hosts all day. */
  #limitOf(event: FlowEvent, { sinceMicros }: Pair, { destination, deviceSinceMicros }: Meeting): number | undefined {
    if (!this.#known.isNamed(event.peer, event.port)) return MAX_CHANCE_CALLS.nameless
    if (!destination) return undefined
    const isNew = Math.min(sinceMicros, destination.sinceMicros) - deviceSinceMicros > SETTLE_MICROS
    return isNew ? MAX_CHANCE_CALLS.named : undefined
  }
}

function rhythmOf({ starts, sizes }: Pair): { gapMicros: number; share: number; bytes: number } | undefined {
  const gaps = starts.slice(1).map((micros, i) => micros - starts[i]!)
  const { median: gap, spread } = relativeSpread(gaps)
  if (gap < MIN_GAP_MICROS || spread > GAP_SPREAD) return undefined
  const inRhythm = gaps.filter((micros) => {
    const beats = Math.round(micros / gap)
    return beats >= 1 && beats <= 1 + MISSED_CALLS && Math.abs(micros - beats * gap) <= JITTER * gap
  })
  const share = inRhythm.length / gaps.length
  const size = relativeSpread(sizes)
  if (share < IN_RHYTHM_SHARE || size.spread > SIZE_SPREAD || size.median > CALL_BYTES) return undefined
  return { gapMicros: gap, share, bytes: size.median - 1 }
}
