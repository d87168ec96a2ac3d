/** Severity of a case: what its windows say, moved up or down by what the device did. One table, told to the reader in "how sure". */
import type { CaseFacts } from './case.ts'
import { type Evidence, typicalSeverity } from './gather.ts'
import { SEVERITIES, type Severity, severityRank } from './severity.ts'

export interface Weight {
  readonly why: string
  readonly step: number
  readonly applies: (evidence: Evidence, facts: CaseFacts) => boolean
}

/** A spread that no household device shows in its normal life. */
export const MANY_NEW_HOSTS = 10
/** Web, names, time, addresses, and what devices call into the room. */
const EVERYDAY_PORTS = new Set([53, 67, 68, 80, 123, 137, 138, 443, 546, 547, 1883, 1900, 5353, 5355, 8080, 8883])
const LONG_MICROS = 30 * 60e6

export const WEIGHTS: readonly Weight[] = [
  {
    why: 'it met many hosts for the first time',
    step: 1,
    applies: (_, facts) => meetsManyNewHosts(facts),
  },
  {
    why: 'it sent out far more than it ever does',
    step: 1,
    applies: ({ startMicros, endMicros }, facts) => sendsFarMore(facts, endMicros - startMicros),
  },
  {
    why: 'the baseline agrees, for half an hour or more',
    step: 1,
    applies: ({ baselineCount, modelCount, startMicros, endMicros }) =>
      baselineCount > 2 && modelCount > 0 && endMicros - startMicros >= LONG_MICROS,
  },
  {
    why: 'it is one short run of flows, and the baseline saw nothing',
    step: -1,
    applies: ({ baselineCount, clusters, modelCount, told }) =>
      told.size === 0 && baselineCount === 0 && clusters <= 1 && modelCount <= 10,
  },
  {
    why: 'it is a download from hosts with a name, and nothing else',
    step: -3,
    applies: ({ told }, facts) => !opensByRule(told) && isPlainDownload(facts),
  },
]

export function weighCase(evidence: Evidence, facts: CaseFacts): { severity: Severity; because: string[] } {
  let rank = severityRank(typicalSeverity(evidence))
  const because: string[] = []
  for (const { applies, step, why } of WEIGHTS) {
    if (!applies(evidence, facts)) continue
    rank += step
    because.push(why)
  }
  return { severity: SEVERITIES[Math.min(Math.max(rank, 0), SEVERITIES.length - 1)]!, because }
}

/** Whether one of the rules that spoke would start a case by itself. */
export function opensByRule(told: Evidence['told']): boolean {
  return [...told.values()].some((finding) => finding.told?.opensCase)
}

export function meetsManyNewHosts({ newHosts, usualHosts }: CaseFacts): boolean {
  return newHosts >= MANY_NEW_HOSTS && newHosts >= 2 * usualHosts
}

/** More than a megabyte, more than came in, and ten times what it sends in such a time. */
export function sendsFarMore({ bytesOut, bytesIn, usualBytesOutPerHour }: CaseFacts, lastedMicros: number): boolean {
  const usual = usualBytesOutPerHour * Math.max(1, lastedMicros / 3600e6)
  return bytesOut > 1e6 && bytesOut > bytesIn && bytesOut > 10 * usual
}

/** Mostly inbound, few hosts, each known by name, web or update ports only: what an update or a stream looks like. */
export function isPlainDownload(facts: CaseFacts): boolean {
  return (
    facts.bytesIn > 1e6 &&
    facts.bytesIn > 8 * facts.bytesOut &&
    facts.newHosts < MANY_NEW_HOSTS &&
    facts.unansweredFlows * 4 <= facts.flows &&
    facts.ports.every(({ port }) => EVERYDAY_PORTS.has(port)) &&
    (facts.peers[0]?.name ?? facts.peers[0]?.address) !== facts.peers[0]?.address
  )
}
