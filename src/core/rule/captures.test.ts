import { describe, expect, it } from 'vitest'
import { castHome } from '../../../tools/demo/cast.ts'
import { writePcap } from '../../../tools/demo/pcap-writer.ts'
import { RULE_CAPTURES } from '../../../tools/demo/rule-captures.ts'
import { bytesSource } from '../base/source.ts'
import { Inventory } from '../device/inventory.ts'
import { openCapture } from '../scan/capture-input.ts'
import { RULE_IDS, RULES, type RuleFinding, tellRule } from './finding.ts'
import { RuleSet } from './rule-set.ts'

const SEEDS = [1, 2, 20_260_512]

async function hear(pcap: Uint8Array): Promise<{ findings: RuleFinding[]; told: string[] }> {
  const input = await openCapture(bytesSource('rule.pcap', pcap))
  const inventory = new Inventory()
  const rules = new RuleSet()
  const findings: RuleFinding[] = []
  for await (const { flows, sightings } of input.steps()) {
    inventory.see(sightings)
    rules.see(sightings)
    for (const batch of flows) findings.push(...rules.add({ batch, ...inventory.assign(batch) }))
  }
  findings.push(...rules.finish())
  const names = {
    deviceName: (id: string) => inventory.nameOf(id),
    addressName: (address: string) => inventory.hostName(address),
  }
  return { findings, told: findings.map((finding) => tellRule(finding, names)) }
}

describe.each(RULE_IDS)('%s', (id) => {
  const { positive, negative, culprit } = RULE_CAPTURES[id]

  it.each(SEEDS)('speaks of the culprit, with a measure over its limit (seed %i)', async (seed) => {
    const { findings, told } = await hear(writePcap(positive(seed)))
    const own = findings.filter(({ rule }) => rule === id)
    expect(own.length).toBeGreaterThan(0)
    expect(new Set(own.map(({ device }) => device))).toEqual(new Set([`mac:${castHome(seed, [])[culprit].host.mac}`]))
    for (const { score, threshold, reasons, rows, startMicros, endMicros, techniques } of own) {
      expect(score).toBeGreaterThan(threshold)
      expect(reasons.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
      expect(rows[1]).toBeGreaterThanOrEqual(rows[0])
      expect(endMicros).toBeGreaterThanOrEqual(startMicros)
      for (const technique of techniques) expect(technique).toMatch(/^T\d{4}(\.\d{3})?$/)
    }
    for (const sentence of told) expect(sentence).toMatch(/^[A-Z\d].*\.$/)
  })

  it.each(SEEDS)('is silent about what only looks alike (seed %i)', async (seed) => {
    const { findings, told } = await hear(writePcap(negative(seed)))
    expect(told.filter((_, i) => findings[i]!.rule === id)).toEqual([])
    expect(told.filter((_, i) => RULES[findings[i]!.rule].opensCase)).toEqual([])
  })
})
