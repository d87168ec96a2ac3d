/** Judges what was seen of a broker. */
import { CHECKS } from './checks.ts'
import type { BrokerFacts } from './facts.ts'
import type { MqttAudit } from './wire.ts'

export function auditBroker(facts: BrokerFacts): MqttAudit {
  const findings = CHECKS.map(({ id, title, severity, advice, judge }) => ({
    id,
    title,
    severity,
    advice,
    ...judge(facts),
  }))
  const count = (status: 'pass' | 'fail' | 'unknown') => findings.filter((finding) => finding.status === status).length
  return {
    address: facts.address,
    atMicros: facts.atMicros,
    identity: facts.identity,
    failed: count('fail'),
    passed: count('pass'),
    unknown: count('unknown'),
    findings,
  }
}
