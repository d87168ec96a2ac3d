/**
 * The evidence rules beside the models: flows and sightings in, findings out, in one pass and bounded memory.
 * Rules hear flows in time order, whatever the order in which they ended; rows without a time are not heard.
 */
import { RULE_DETECTOR } from '../alert/evidence.ts'
import { severityRank } from '../alert/severity.ts'
import type { Sighting } from '../device/device.ts'
import { Acquaintances } from './acquaintance.ts'
import { ArpSpoofing, HARMLESS_WEIGHT } from './arp-spoofing.ts'
import { Beaconing } from './beacon.ts'
import { BruteForce } from './brute-force.ts'
import { ClearTextLogin } from './clear-text.ts'
import { classesOf, type FlowEvent, type OwnedFlows, readEvent } from './event.ts'
import { EventOrder } from './event-order.ts'
import { FAR_RATIO, RULES, type RuleFinding } from './finding.ts'
import { NewDestination } from './new-destination.ts'
import { DnsTunnel, Exfiltration } from './outflow.ts'
import { type Claim, type Rule, reasonsOf } from './rule.ts'
import { HostSweep, PortScan } from './scan-rules.ts'

/** Devices told apart; the inventory has no more either. */
export const MAX_DEVICES = 4096
/** Findings that wait to be taken; what comes beyond is counted in `lost`. */
export const MAX_PENDING = 10_000

export class RuleSet {
  /** Findings that nobody took in time. */
  lost = 0
  readonly #order = new EventOrder()
  readonly #known = new Acquaintances()
  readonly #dnsTunnel = new DnsTunnel()
  readonly #arp = new ArpSpoofing()
  readonly #rules: readonly Rule[] = [
    new PortScan(),
    new HostSweep(),
    new BruteForce(),
    new Beaconing(this.#known),
    new Exfiltration(this.#known),
    this.#dnsTunnel,
    new ClearTextLogin(),
    new NewDestination(),
  ]
  readonly #deviceIds: string[] = []
  readonly #deviceIndex = new Map<string, number>()
  #pending: RuleFinding[] = []
  #lastRow = 1

  /** A step's sightings, before its flows. What they show is given out by the next `add` or `finish`. */
  see(sightings: Iterable<Sighting>): void {
    for (const sighting of sightings) {
      if (sighting.kind === 'host') {
        this.#known.nameAddress(sighting.address, sighting.name)
        if (sighting.from === 'dns') this.#dnsTunnel.see(sighting.name)
      } else if (sighting.kind === 'router') this.#arp.nameGateway(sighting.address)
      else if (sighting.kind === 'address') this.#seeAddress(sighting)
    }
  }

  /** A batch of flows and whose they are; returns what is new. */
  add(flows: OwnedFlows): RuleFinding[] {
    const { batch, device } = flows
    const classes = classesOf(batch)
    const global = flows.deviceIds.map((id) => this.#indexOf(id))
    for (let i = 0; i < batch.length; i++) {
      const index = global[device[i]!]
      if (index === undefined || index < 0) continue
      const event = readEvent(flows, i, { device: index, classes })
      if (event) this.#order.push(event)
    }
    this.#lastRow = Math.max(this.#lastRow, batch.row[batch.length - 1] ?? 1)
    this.#hear(this.#order.take(batch.watermarkMicros))
    return this.#take()
  }

  /** The rest: the end of the input. */
  finish(): RuleFinding[] {
    this.#hear(this.#order.flush())
    return this.#take()
  }

  #hear(events: readonly FlowEvent[]): void {
    for (const event of events) {
      const meeting = this.#known.meet(event)
      for (const rule of this.#rules) rule.hear(event, this.#emit, meeting)
    }
  }

  #seeAddress({ mac, address, micros }: Extract<Sighting, { kind: 'address' }>): void {
    const claim = this.#arp.see(mac, address, micros)
    if (!claim) return
    const { rule, severity, techniques } = of('arp-spoofing', claim.weight / HARMLESS_WEIGHT)
    this.#push({
      detector: RULE_DETECTOR,
      rule,
      techniques,
      severity,
      device: `mac:${mac}`,
      // A frame is no flow: the row that was read when it came.
      rows: [this.#lastRow, this.#lastRow],
      startMicros: claim.sinceMicros,
      endMicros: claim.micros,
      score: claim.weight,
      threshold: HARMLESS_WEIGHT,
      reasons: reasonsOf([['addresses of others claimed', claim.addresses, 0]]),
      peer: address,
      port: -1,
      outward: true,
    })
  }

  readonly #emit = ({ rule: id, device, span, score, threshold, reasons, peer, port, outward }: Claim): void => {
    const { rule, severity, techniques } = of(id, score / threshold, outward)
    this.#push({
      detector: RULE_DETECTOR,
      rule,
      techniques,
      severity,
      device: this.#deviceIds[device]!,
      rows: [span.firstRow, span.lastRow],
      startMicros: span.startMicros,
      endMicros: span.endMicros,
      score,
      threshold,
      reasons,
      peer,
      port,
      outward,
    })
  }

  #push(finding: RuleFinding): void {
    if (this.#pending.length < MAX_PENDING) this.#pending.push(finding)
    else this.lost++
  }

  #take(): RuleFinding[] {
    const taken = this.#pending
    this.#pending = []
    return taken.sort((a, b) => severityRank(b.severity) - severityRank(a.severity) || a.startMicros - b.startMicros)
  }

  /** -1 past MAX_DEVICES. */
  #indexOf(id: string): number {
    const known = this.#deviceIndex.get(id)
    if (known !== undefined) return known
    if (this.#deviceIds.length >= MAX_DEVICES) return -1
    const index = this.#deviceIds.push(id) - 1
    this.#deviceIndex.set(id, index)
    return index
  }
}

function of(rule: RuleFinding['rule'], ratio: number, outward = true) {
  const { techniques, severity: own, inwardSeverity } = RULES[rule]
  const severity = outward ? own : (inwardSeverity ?? own)
  return { rule, techniques, severity: severity[ratio >= FAR_RATIO ? 1 : 0] }
}
