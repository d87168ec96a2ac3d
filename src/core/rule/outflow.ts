/** Data that leaves: much of it to one outside host, or hidden in name queries; both against what the device itself usually sends. */
import { quantile } from '../base/stats.ts'
import type { Acquaintances } from './acquaintance.ts'
import { BoundedMap } from './bounded-map.ts'
import { type FlowEvent, TCP, UDP } from './event.ts'
import { beginSpan, type Emit, extendSpan, isWorthTelling, type Rule, reasonsOf, type Span } from './rule.ts'

export const MAX_DEVICES = 4096
/** Hosts of one device within one slot of time; further ones are not counted. */
export const MAX_HOSTS = 256
/** Slots remembered per device: the latest. */
const PAST_SLOTS = 168
/** Before this many slots there is no band, and only the floor counts. */
const MIN_SLOTS = 6
/** Times over the upper fence (Tukey: Q3 + 3 · IQR) of what the device sends in a slot to the host it sends most to. */
const BAND_FACTOR = 4

interface Sent extends Span {
  out: number
  in: number
  packets: number
}

interface Account {
  slot: number
  readonly hosts: Map<string, Sent>
  /** Of each past slot, what went to the host that got most. */
  readonly past: number[]
  fence: number
  median: number
}

/** What each device sent to each host in the present slot, and its band over the past ones. */
class Accounts {
  readonly #accounts = new BoundedMap<number, Account>(MAX_DEVICES)
  readonly #slotMicros: number

  constructor(slotMicros: number) {
    this.#slotMicros = slotMicros
  }

  get size(): number {
    return this.#accounts.size
  }

  add(event: FlowEvent): { account: Account; sent: Sent } | undefined {
    const { device, micros, peer, bytesOut, bytesIn, packetsOut } = event
    let account = this.#accounts.touch(device)
    const slot = Math.floor(micros / this.#slotMicros)
    if (!account) {
      account = { slot, hosts: new Map(), past: [], fence: 0, median: 0 }
      this.#accounts.set(device, account)
    }
    if (slot > account.slot) close(account, slot)
    let sent = account.hosts.get(peer)
    if (!sent) {
      if (account.hosts.size >= MAX_HOSTS) return undefined
      sent = { ...beginSpan(event), out: 0, in: 0, packets: 0 }
      account.hosts.set(peer, sent)
    }
    extendSpan(sent, event)
    sent.out += bytesOut
    sent.in += bytesIn
    sent.packets += packetsOut
    return { account, sent }
  }
}

function close(account: Account, slot: number): void {
  let most = 0
  for (const { out } of account.hosts.values()) most = Math.max(most, out)
  // What was told is no habit: the band must not learn from it.
  const wasTold = [...account.hosts.values()].some(({ told }) => told > 0)
  if (!wasTold) account.past.push(most)
  if (account.past.length > PAST_SLOTS) account.past.shift()
  if (account.past.length >= MIN_SLOTS) {
    const sorted = Float64Array.from(account.past).sort()
    const upper = quantile(sorted, 0.75)
    account.fence = upper + 3 * (upper - quantile(sorted, 0.25))
    account.median = quantile(sorted, 0.5)
  }
  account.hosts.clear()
  account.slot = slot
}

/** Bytes to one outside host within an hour that no band makes alarming. */
export const EXFILTRATION_FLOOR = 10e6
/** Without a band yet, only this much is: to a host without a name, and to one with a name. */
export const EXFILTRATION_FLOOR_EARLY = { nameless: 20e6, named: 50e6 } as const
const OUT_OVER_IN = 4

export class Exfiltration implements Rule {
  readonly #accounts = new Accounts(3600e6)
  readonly #known: Acquaintances

  constructor(known: Acquaintances) {
    this.#known = known
  }

  get size(): number {
    return this.#accounts.size
  }

  hear(event: FlowEvent, emit: Emit): void {
    if (!event.outside) return
    const found = this.#accounts.add(event)
    if (!found) return
    const { account, sent } = found
    const early = EXFILTRATION_FLOOR_EARLY[this.#known.isNamed(event.peer, event.port) ? 'named' : 'nameless']
    const floor = account.past.length >= MIN_SLOTS ? EXFILTRATION_FLOOR : early
    const threshold = Math.max(floor, BAND_FACTOR * account.fence)
    if (sent.out < OUT_OVER_IN * sent.in || !isWorthTelling(sent, sent.out, threshold)) return
    const { device, peer, port, outward } = event
    const reasons = reasonsOf([['bytes out to one host in an hour', sent.out, account.median]])
    emit({ rule: 'exfiltration', device, span: sent, score: sent.out, threshold, reasons, peer, port, outward })
  }
}

/** Bytes of queries to one resolver within ten minutes that no band makes alarming; less where long random names were answered. */
export const TUNNEL_FLOOR = 16_000
const TUNNEL_FLOOR_LONG_NAMES = 6000
/** A query for an everyday name has 30 to 60 bytes; a tunnel fills what fits. */
const LONG_QUERY_BYTES = 80
const MIN_QUERIES = 40
/** Labels with data in them: long, and of nearly as many kinds of letters as base32 has. */
const LONG_LABEL = 30
const MIN_ENTROPY_BITS = 3.5
const MIN_LONG_NAMES = 20

export class DnsTunnel implements Rule {
  readonly #accounts = new Accounts(600e6)
  #longNames = 0

  get size(): number {
    return this.#accounts.size
  }

  /** A name that was answered, whoever asked. */
  see(name: string): void {
    if (name.split('.').some((label) => label.length >= LONG_LABEL && entropyBits(label) >= MIN_ENTROPY_BITS))
      this.#longNames++
  }

  hear(event: FlowEvent, emit: Emit): void {
    const { port, protocol, outward, device, peer } = event
    if (port !== 53 || !outward || (protocol !== UDP && protocol !== TCP)) return
    const found = this.#accounts.add(event)
    if (!found) return
    const { account, sent } = found
    const floor = this.#longNames >= MIN_LONG_NAMES ? TUNNEL_FLOOR_LONG_NAMES : TUNNEL_FLOOR
    const threshold = Math.max(floor, BAND_FACTOR * account.fence)
    const mean = sent.out / Math.max(1, sent.packets)
    if (sent.packets < MIN_QUERIES || mean < LONG_QUERY_BYTES || !isWorthTelling(sent, sent.out, threshold)) return
    emit({
      rule: 'dns-tunnel',
      device,
      span: sent,
      score: sent.out,
      threshold,
      reasons: reasonsOf([
        ['bytes of name queries in ten minutes', sent.out, account.median],
        ['bytes of one query', mean, 45],
      ]),
      peer,
      port,
      outward,
    })
  }
}

/** Shannon entropy of a text's letters, in bits. */
export function entropyBits(text: string): number {
  const counts = new Map<string, number>()
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}
