import { describe, expect, it } from 'vitest'
import { tableFlows } from './fixture.ts'
import { Profiles } from './profile.ts'

const HOUR = 3600e6
const MINUTE = 60e6
const nameless = (address: string) => address

/** A device that sends 100 bytes to each of three hosts every ten minutes for 24 hours. */
function calmDay() {
  return Array.from({ length: 24 * 6 * 3 }, (_, i) => ({
    startMicros: Math.floor(i / 3) * 10 * MINUTE,
    counts: [2, 2, 100, 400] as const,
    peer: `203.0.113.${i % 3}`,
    port: 443,
  }))
}

describe('profiles', () => {
  it('tell what a device did in a span and what it usually does outside it', () => {
    const profiles = new Profiles()
    profiles.add(tableFlows(calmDay()))
    const scan = Array.from({ length: 34 }, (_, i) => ({
      startMicros: 30 * HOUR + i * 1e6,
      counts: [1, 0, 0, 0] as const,
      peer: `192.168.1.${i + 1}`,
      port: 23,
    }))
    profiles.add(tableFlows(scan))
    const facts = profiles.facts('a', 30 * HOUR, 30 * HOUR + 33e6, nameless)
    expect(facts).toMatchObject({ flows: 34, hosts: 34, newHosts: 34, usualHosts: 3, unansweredFlows: 34, bytesOut: 0 })
    expect(facts.usualBytesOutPerHour).toBe(6 * 300)
    expect(facts.usualBytesInPerHour).toBe(6 * 1200)
    expect(facts.ports).toEqual([{ port: 23, flows: 34 }])
  })

  it('do not call hosts new that the device used before', () => {
    const profiles = new Profiles()
    profiles.add(tableFlows(calmDay()))
    expect(profiles.facts('a', 20 * HOUR, 21 * HOUR, nameless)).toMatchObject({ hosts: 3, newHosts: 0 })
  })

  it('say nothing of the usual when the case is all there is', () => {
    const profiles = new Profiles()
    profiles.add(tableFlows(calmDay().slice(0, 9)))
    const facts = profiles.facts('a', 0, HOUR, nameless)
    expect(facts.usualBytesOutPerHour).toBeNaN()
    expect(facts).toMatchObject({ newHosts: 0, usualHosts: 0 })
  })

  it('count what comes in as in, also when the device answers', () => {
    const profiles = new Profiles()
    profiles.add(tableFlows([{ startMicros: 0, counts: [5, 4, 900, 70], peer: '198.51.100.1', outward: false }]))
    expect(profiles.facts('a', 0, 0, nameless)).toMatchObject({ bytesOut: 70, bytesIn: 900 })
  })
})
