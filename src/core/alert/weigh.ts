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
const LONG_MICROS = 30 * 60e6

export const WEIGHTS: readonly Weight[] = [
  {
    why: 'it met many hosts for the first time',
    step: 1,
    applies: (_, facts) => facts.newHosts >= MANY_NEW_HOSTS && facts.newHosts >= 2 * facts.usualHosts,
  },
  {
    why: 'the baseline agrees, for half an hour or more',
    step: 1,
    applies: (evidence) =>
      evidence.baselineCount > 2 && evidence.modelCount > 0 && evidence.endMicros - evidence.startMicros >= LONG_MICROS,
  },
  {
    why: 'it is one short run of windows, and the baseline saw nothing',
    step: -1,
    applies: (evidence) => evidence.baselineCount === 0 && evidence.clusters <= 1 && evidence.modelCount <= 10,
  },
  {
    why: 'only the baseline saw it',
    step: -1,
    applies: (evidence) => evidence.modelCount === 0,
  },
  {
    why: 'it is a download from hosts with a name, and nothing else',
    step: -3,
    applies: (_, facts) => isPlainDownload(facts),
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

/** Mostly inbound, few hosts, each known by name, web or update ports only: what an update or a stream looks like. */
export function isPlainDownload(facts: CaseFacts): boolean {
  const web = new Set([53, 80, 123, 443, 5353, 8080, 1883, 8883])
  return (
    facts.bytesIn > 1e6 &&
    facts.bytesIn > 8 * facts.bytesOut &&
    facts.newHosts < MANY_NEW_HOSTS &&
    facts.unansweredFlows * 4 <= facts.flows &&
    facts.ports.every(({ port }) => web.has(port)) &&
    (facts.peers[0]?.name ?? facts.peers[0]?.address) !== facts.peers[0]?.address
  )
}
