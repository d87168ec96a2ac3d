import { describe, expect, it } from 'vitest'
import { createRandom } from '#core/base/random.ts'
import { ANNOUNCERS, type Announcer } from '#core/mqtt/wire.ts'
import { deviceGrants, mayPublish, mayReceive, maySubscribe, NO_GRANTS } from './acl.ts'

const DEVICES = ['cam', 'cam-1', 'plug.2', 'a', 'guardian']
const LEVELS = ['guardian', 'cam', 'cam-1', 'a', 'flow', 'config', 'homeassistant', 'sensor', 'zigbee2mqtt', 'bridge']
const MORE = [
  'tasmota',
  'discovery',
  'tele',
  'stat',
  'cmnd',
  'status',
  '',
  '$SYS',
  '$share',
  '+',
  '#',
  'x\0',
  'ca#',
  'é',
]
const WORDS = [...LEVELS, ...MORE]

// The model: its own words for the same promise, with regular expressions over whole topics and no notion of a filter.
function modelTopics(device: string, named: readonly Announcer[]): { write: RegExp[]; read: RegExp[] } {
  const id = device.replaceAll('.', '\\.')
  const level = '[^/]*'
  const write = [`guardian/${id}/.*`]
  const read = [`guardian/${id}(/.*)?`]
  if (named.includes('homeassistant')) {
    write.push(`homeassistant/${level}/${id}/config`, `homeassistant/${level}/${id}/${level}/config`)
    read.push('homeassistant/status')
  }
  if (named.includes('zigbee2mqtt')) {
    write.push('zigbee2mqtt/.*')
    read.push('zigbee2mqtt(/.*)?')
  }
  if (named.includes('tasmota')) {
    write.push(`tasmota/discovery/${id}/${level}`, `(tele|stat)/${id}/${level}`)
    read.push(`cmnd/${id}(/.*)?`)
  }
  const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`, 'u')
  return { write: write.map(whole), read: read.map(whole) }
}
const isTopic = (topic: string) => topic !== '' && !/[+#\0]/.test(topic)
const modelAllows = (patterns: RegExp[], topic: string) => isTopic(topic) && patterns.some((one) => one.test(topic))
function modelSubscribes(patterns: RegExp[], filter: string, topics: readonly string[]): boolean {
  const levels = filter.split('/')
  const wellFormed = levels.every(
    (one, at) => one === '+' || (one === '#' && at === levels.length - 1) || !/[+#\0]/.test(one),
  )
  if (filter === '' || !wellFormed) return false
  const source = levels.map((one) => (one === '+' ? '[^/]*' : one.replace(/[.$]/g, '\\$&'))).join('/')
  const matched = new RegExp(`^${source.replace(/\/#$/, '(/.*)?').replace(/^#$/, '.*')}$`, 'u')
  return topics.filter((topic) => matched.test(topic)).every((topic) => modelAllows(patterns, topic))
}

describe('access of MQTT identities', () => {
  it('agrees with an independent model on 60,000 generated identities, actions and topics', () => {
    const random = createRandom(7)
    const pick = <T>(list: readonly T[]): T => list[random.int(list.length)]!
    const topic = () => Array.from({ length: 1 + random.int(5) }, () => pick(WORDS)).join('/')
    const near = (device: string) =>
      pick([
        `guardian/${device}/${topic()}`,
        `guardian/${device}`,
        `guardian/${pick(DEVICES)}/flow`,
        `homeassistant/sensor/${pick(DEVICES)}/config`,
        `homeassistant/sensor/${device}/${topic()}/config`,
        `tasmota/discovery/${pick(DEVICES)}/config`,
        `zigbee2mqtt/${topic()}`,
        `${pick(['tele', 'stat', 'cmnd'])}/${pick(DEVICES)}/${pick(WORDS)}`,
        topic(),
      ])
    const allowed = { publish: 0, receive: 0 }
    for (let turn = 0; turn < 30_000; turn++) {
      const device = pick(DEVICES)
      const named = ANNOUNCERS.filter(() => random.next() < 0.4)
      const grants = deviceGrants(device, named)
      const model = modelTopics(device, named)
      const asked = near(device)
      const about = `${device} (${named.join()}) ${JSON.stringify(asked)}`
      expect(mayPublish(grants, asked), `publish ${about}`).toBe(modelAllows(model.write, asked))
      expect(mayReceive(grants, asked), `receive ${about}`).toBe(modelAllows(model.read, asked))
      allowed.publish += Number(mayPublish(grants, asked))
      allowed.receive += Number(mayReceive(grants, asked))
    }
    expect(allowed.publish).toBeGreaterThan(3000)
    expect(allowed.receive).toBeGreaterThan(3000)
  })

  it('grants a subscription only when each topic that it matches may be read', () => {
    const random = createRandom(11)
    const pick = <T>(list: readonly T[]): T => list[random.int(list.length)]!
    const plain = WORDS.filter((word) => !/[+#\0]/.test(word))
    // Two words that no grant names stand for all others.
    const topics = Array.from({ length: 4000 }, () =>
      Array.from({ length: 1 + random.int(4) }, () => pick([...plain, 'other', 'zz'])).join('/'),
    )
    for (const first of plain) {
      topics.push(first)
      for (const second of [...DEVICES, 'other', 'zz', 'status'])
        topics.push(
          `${first}/${second}`,
          `${first}/${second}/other`,
          `${first}/${second}/zz/other`,
          `${first}/${second}/zz/other/zz`,
        )
    }
    let granted = 0
    for (let turn = 0; turn < 4000; turn++) {
      const device = pick(DEVICES)
      const named = ANNOUNCERS.filter(() => random.next() < 0.4)
      const filter = pick([
        `guardian/${pick([...DEVICES, '+', '#'])}/#`,
        `guardian/${device}/+/${pick(['flow', '+', '#'])}`,
        `${pick([...LEVELS, '+', '#', '$SYS'])}/${pick([...DEVICES, '+', '#'])}/${pick(['#', '+', 'flow'])}`,
        pick(['#', '+', '+/#', '$SYS/#', 'zigbee2mqtt/#', 'homeassistant/status', `cmnd/${device}/#`]),
      ])
      const may = maySubscribe(deviceGrants(device, named), filter)
      granted += Number(may)
      // `guardian/x/+/#` and the like: the rule may refuse what the model would grant, never the other way round.
      if (may)
        expect(modelSubscribes(modelTopics(device, named).read, filter, topics), `${device} ${filter}`).toBe(true)
    }
    expect(granted).toBeGreaterThan(300)
    for (const device of DEVICES)
      for (const filter of [
        `guardian/${device}/#`,
        `guardian/${device}/command`,
        `guardian/${device}/+`,
        `guardian/${device}/+/#`,
      ])
        expect(maySubscribe(deviceGrants(device), filter), filter).toBe(true)
  })

  it('denies everything to an empty list (CVE-2018-12550)', () => {
    for (const topic of ['guardian/cam/flow', 'a', '$SYS/broker/version', '/']) {
      expect(mayPublish(NO_GRANTS, topic)).toBe(false)
      expect(mayReceive(NO_GRANTS, topic)).toBe(false)
      expect(maySubscribe(NO_GRANTS, topic)).toBe(false)
    }
  })

  it('keeps topics of the broker from every wildcard, and lets only those read who are granted them', () => {
    const all = { write: ['#', '+/#', '$SYS/#'], read: ['#', '+/#'] }
    expect(mayPublish(all, '$SYS/broker/uptime')).toBe(false)
    expect(mayPublish(all, '$anything')).toBe(false)
    expect(mayReceive(all, '$SYS/broker/uptime')).toBe(false)
    expect(maySubscribe(all, '$SYS/#')).toBe(false)
    expect(maySubscribe(all, '#')).toBe(true)
    const named = { write: [], read: ['$SYS/#'] }
    expect(maySubscribe(named, '$SYS/broker/+')).toBe(true)
    expect(mayReceive(named, '$SYS/broker/uptime')).toBe(true)
    expect(maySubscribe(named, '#')).toBe(false)
  })

  it('does not let a shared subscription carry a filter past the rule', () => {
    const grants = deviceGrants('cam')
    for (const filter of ['$share/g/#', '$share/g/guardian/other/flow', '$queue/#', '$share/g/guardian/cam/flow'])
      expect(maySubscribe(grants, filter)).toBe(false)
  })

  it('refuses topics too long, too deep, with controls or with bytes that were no UTF-8', () => {
    const grants = { write: ['#'], read: ['#'] }
    for (const topic of [
      '',
      'a'.repeat(513),
      '/'.repeat(32),
      'a\u0000b',
      'a\u0007',
      'a\ufffd',
      'a\ud800',
      'a/+',
      'a#',
    ]) {
      expect(mayPublish(grants, topic), JSON.stringify(topic)).toBe(false)
      expect(mayReceive(grants, topic), JSON.stringify(topic)).toBe(false)
    }
    expect(mayPublish(grants, 'küche/licht')).toBe(true)
    expect(mayPublish(grants, 'a'.repeat(512))).toBe(true)
  })
})
