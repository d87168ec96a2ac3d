import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { auditBroker } from './audit.ts'
import { CHECKS } from './checks.ts'
import { lockTopicsOf, secretKind, tellsPlace } from './contents.ts'
import type { BrokerFacts } from './facts.ts'
import { findFlaws, parseVersion } from './flaws.ts'
import { mqttAudit } from './wire.ts'

const DAY = 86_400e6
const AT = 1_795_000_000e6

/** A broker as it should be. */
const GOOD: BrokerFacts = {
  address: 'mqtts://broker.lan',
  atMicros: AT,
  identity: 'given',
  isTls: true,
  certificate: { validToMicros: AT + 90 * DAY, fault: undefined },
  oldTlsVersions: [],
  weakCiphers: [],
  anonymousConnects: false,
  foreignHeard: [],
  sharedHeard: [],
  sysHeard: [],
  version: 'mosquitto version 2.0.22',
  secrets: [],
  places: [],
  defaultCredentials: [],
  guesses: { tried: 11, slowedOrStopped: true },
  clientIdTakenOver: false,
  strangeClientIds: [],
  foreignWillAccepted: false,
  lockTopics: [],
  maxPacketBytes: 0,
  silent: { seconds: 10, stillOpen: false },
}

/** For each check what makes it, and it alone unless `also` says so, fail. */
const BAD: Record<string, { facts: Partial<BrokerFacts>; also?: readonly string[] }> = {
  anonymous: { facts: { anonymousConnects: true, anonymousHeard: [] } },
  'anonymous-reads': {
    facts: { anonymousConnects: true, anonymousHeard: ['a/b'] },
    also: ['anonymous'],
  },
  'wildcard-subscribe': { facts: { foreignHeard: ['a', 'b', 'c', 'd', 'e'] } },
  'share-bypass': { facts: { sharedHeard: ['home/alarm'] } },
  'sys-readable': { facts: { sysHeard: ['$SYS/broker/uptime'] } },
  outdated: { facts: { version: 'mosquitto version 2.0.11' } },
  'retained-secrets': { facts: { secrets: [{ topic: 'cam/config', kind: 'password' }] } },
  'retained-places': { facts: { places: ['owntracks/anna/phone'] } },
  'no-tls': { facts: { isTls: false, address: 'mqtt://broker.lan' } },
  'old-tls': { facts: { oldTlsVersions: ['TLSv1.1'] } },
  'weak-ciphers': { facts: { weakCiphers: ['AES128-SHA'] } },
  certificate: { facts: { certificate: { validToMicros: AT + 90 * DAY, fault: 'SELF_SIGNED_CERT_IN_CHAIN' } } },
  'default-credentials': { facts: { defaultCredentials: ['admin'] } },
  guessing: { facts: { guesses: { tried: 12, slowedOrStopped: false } } },
  'client-id-takeover': { facts: { clientIdTakenOver: true } },
  'strange-client-ids': { facts: { strangeClientIds: ['#'] } },
  'will-unchecked': { facts: { foreignWillAccepted: true } },
  'lock-topics': { facts: { lockTopics: ['home/lock/set'], writableLockTopics: ['home/lock/set'] } },
  'large-packets': { facts: { maxPacketBytes: 16 * 2 ** 20 } },
  'silent-connections': { facts: { silent: { seconds: 12, stillOpen: true } } },
}

const failing = (facts: BrokerFacts) =>
  auditBroker(facts)
    .findings.filter(({ status }) => status === 'fail')
    .map(({ id }) => id)

describe('the audit of a broker', () => {
  it('has twenty checks, each named once, and passes a broker as it should be', () => {
    expect(CHECKS).toHaveLength(20)
    expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(20)
    expect(Object.keys(BAD).sort()).toEqual(CHECKS.map(({ id }) => id).sort())
    const audit = auditBroker(GOOD)
    expect(audit).toMatchObject({ failed: 0, passed: 20, unknown: 0 })
    expect(v.parse(mqttAudit, audit)).toEqual(audit)
  })

  it.each(Object.entries(BAD))('fails %s for what it is about, and nothing else', (id, { facts, also = [] }) => {
    expect(failing({ ...GOOD, ...facts }).sort()).toEqual([id, ...also].sort())
    const finding = auditBroker({ ...GOOD, ...facts }).findings.find((one) => one.id === id)
    expect(finding?.evidence).toMatch(/\.$/)
    expect(finding?.advice).toMatch(/\.$/)
  })

  it('says nothing of what could not be looked at, but that plain MQTT is plain', () => {
    const { findings } = auditBroker({
      address: 'mqtt://broker.lan',
      atMicros: AT,
      identity: 'anonymous',
      isTls: false,
    })
    expect(findings.filter(({ status }) => status !== 'unknown').map(({ id }) => id)).toEqual(['no-tls'])
  })

  it('warns of a certificate in its last two weeks', () => {
    const certificate = { validToMicros: AT + 13 * DAY, fault: undefined }
    expect(failing({ ...GOOD, certificate })).toEqual(['certificate'])
  })

  it('judges lock topics without known rules by whether writing is held to any', () => {
    const lockTopics = ['zigbee2mqtt/front-door-lock/set']
    expect(failing({ ...GOOD, lockTopics })).toEqual([])
    expect(failing({ ...GOOD, lockTopics, foreignWillAccepted: true })).toEqual(['will-unchecked', 'lock-topics'])
    expect(failing({ ...GOOD, lockTopics, foreignWillAccepted: true, writableLockTopics: [] })).toEqual([
      'will-unchecked',
    ])
  })

  it('knows versions with flaws, and only of brokers that it knows', () => {
    const flaws = (text: string) => findFlaws(parseVersion(text) ?? { broker: '', numbers: [] }).length
    expect(flaws('mosquitto version 2.0.11')).toBe(3)
    expect(flaws('mosquitto version 2.0.22')).toBe(0)
    expect(flaws('mosquitto version 1.4.10')).toBeGreaterThan(4)
    expect(flaws('EMQX 1.0')).toBe(0)
    expect(parseVersion('no number')).toBeUndefined()
  })

  it('tells secrets and places from other payloads', () => {
    const kinds: [string, string | undefined][] = [
      ['{"wifi":{"ssid":"home","password":"hunter22"}}', 'password'],
      ['-----BEGIN EC PRIVATE KEY-----', 'private key'],
      ['{"token": "abcdef0123456789"}', 'token'],
      ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.x', 'token'],
      ['{"pin_code":"4711"}', 'door code'],
      ['{"network_key":[1,2,3,4]}', 'network key'],
      ['{"temperature":21.5,"battery":98}', undefined],
      ['ON', undefined],
      ['{"password":""}', undefined],
      ['{"state":"passing"}', undefined],
    ]
    for (const [payload, kind] of kinds) expect(secretKind(payload), payload).toBe(kind)
    expect(tellsPlace('owntracks/anna/phone', '')).toBe(true)
    expect(tellsPlace('x', '{"lat":52.1,"lon":13.2}')).toBe(true)
    expect(tellsPlace('x', '{"flat":1,"long":2}')).toBe(false)
  })

  it('finds the command topics of locks by their names and by their announcements', () => {
    expect(lockTopicsOf('zigbee2mqtt/front_door_lock/set', '')).toEqual(['zigbee2mqtt/front_door_lock/set'])
    expect(lockTopicsOf('cmnd/garage/POWER', '')).toEqual(['cmnd/garage/POWER'])
    expect(lockTopicsOf('homeassistant/lock/x/config', '{"command_topic":"x/y/go"}')).toEqual(['x/y/go'])
    expect(lockTopicsOf('home/blocked/set', '')).toEqual([])
    expect(lockTopicsOf('home/lock/state', 'LOCKED')).toEqual([])
  })
})
