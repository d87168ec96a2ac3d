/** One test for each kind of flaw that brokers were found to have; the numbers name where it was found first or best known. */
import { afterEach, describe, expect, it } from 'vitest'
import { type EmbeddedBroker, openEmbeddedBroker } from './embedded.ts'
import {
  connect,
  connectPacket,
  FLOW,
  type MemoryPorts,
  memoryPorts,
  packet,
  type Raw,
  raw,
  text,
  until,
} from './fixture.ts'
import { MAX_CONNECT_BYTES } from './guard.ts'

const SUBSCRIBE = 0x82
const PUBLISH_1 = 0x32
const PUBLISH_2 = 0x34
const number = (value: number) => Buffer.from([value >> 8, value & 255])

describe('flaws known from other brokers', () => {
  let broker: EmbeddedBroker
  let ports: MemoryPorts
  const ends: (() => unknown)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0)) await end()
    await broker.close()
  })

  async function start(connectTimeoutMs = 10_000): Promise<void> {
    ports = memoryPorts('cam', 'plug')
    broker = await openEmbeddedBroker({ ...ports, listen: { host: '127.0.0.1', tcpPort: 0 }, connectTimeoutMs })
  }
  async function dial(): Promise<Raw> {
    const one = await raw(broker.ports.tcp ?? 0)
    ends.push(() => one.socket.destroy())
    return one
  }
  /** A connected raw socket. */
  async function dialAs(device: string): Promise<Raw> {
    const one = await dial()
    one.socket.write(connectPacket(device, { client: 'raw' }))
    await until(`${device} is connected`, () => one.got().length >= 4)
    expect([...one.got().subarray(0, 4)]).toEqual([0x20, 2, 0, 0])
    return one
  }
  async function enter(device: string, more?: Parameters<typeof connect>[2]) {
    const client = await connect(`mqtt://127.0.0.1:${broker.ports.tcp}`, device, more)
    client.on('error', () => {})
    ends.push(() => client.endAsync(true))
    return client
  }
  async function works(): Promise<void> {
    const before = ports.taken.length
    const plug = await enter('plug', { clientId: 'still-works' })
    await plug.publishAsync('guardian/plug/flow', FLOW, { qos: 1 })
    expect(ports.taken.length).toBe(before + 1)
  }

  it('CVE-2017-7650: a user or client id made of wildcards reaches no foreign topic', async () => {
    await start()
    for (const device of ['#', '+', 'a/b', 'cam/#', 'cam\0', '', '../cam', '__proto__']) {
      ports.passwords.set(device, 'x')
      const one = await dial()
      one.socket.write(connectPacket(device, { client: 'c', password: 'x' }))
      await until(`${JSON.stringify(device)} is refused`, () => one.closed())
      expect(one.got()[3] ?? 4, device).toBe(4)
    }
    for (const client of ['#', '+', 'a/b', 'x\0y', '\ufffd', 'c'.repeat(129)]) {
      const one = await dial()
      one.socket.write(connectPacket('cam', { client }))
      await until(`${JSON.stringify(client)} is refused`, () => one.closed())
      expect(one.got()[3] ?? 2, client).toBe(2)
    }
    expect(broker.stats().connected).toBe(0)
    await works()
  })

  it('CVE-2017-7651, CVE-2023-0809: a length announced before anyone is known costs nothing', async () => {
    await start()
    const announced = [
      [Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]), 'not-mqtt'],
      [Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]), 'packet-too-large'],
      [Buffer.from([0x10, 0x80, 0x80, 0x80, 0x80, 0x01]), 'malformed-packet'],
      [packet(0x10, Buffer.alloc(MAX_CONNECT_BYTES + 1)), 'packet-too-large'],
      [Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 'not-mqtt'],
    ] as const
    for (const [bytes, reason] of announced) {
      const before = broker.stats().refused[reason] ?? 0
      const one = await dial()
      one.socket.write(bytes)
      await until(`${reason} closes the connection`, () => one.closed())
      expect(broker.stats().refused[reason]).toBe(before + 1)
    }
    const one = await dialAs('cam')
    one.socket.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]))
    await until('a known device is held to the limit too', () => one.closed())
    await works()
  })

  it('CVE-2020-13849: who connects and does not speak, or speaks by the byte, is let go', async () => {
    await start(200)
    const silent = await dial()
    const slow = await dial()
    const bytes = connectPacket('cam')
    let sent = 0
    const drip = setInterval(() => slow.socket.write(bytes.subarray(sent, ++sent)), 50)
    ends.push(() => clearInterval(drip))
    await until('both are let go', () => silent.closed() && slow.closed())
    expect(broker.stats().refused['connect-timeout']).toBe(2)
  })

  it('CVE-2017-7653: a topic that is no UTF-8 reaches nobody', async () => {
    await start()
    ports.readers.set('plug', ['guardian/#'])
    const plug = await enter('plug')
    const heard: string[] = []
    plug.on('message', (topic) => heard.push(topic))
    await plug.subscribeAsync('guardian/#')
    const one = await dialAs('cam')
    const topics = [
      Buffer.from('guardian/cam/\xff\xfe', 'latin1'),
      Buffer.from('guardian/cam/\xed\xa0\x80', 'latin1'),
      'guardian/cam/a\0b',
    ]
    for (const topic of topics) one.socket.write(packet(0x30, text(topic), Buffer.from('x')))
    one.socket.write(packet(0x30, text('guardian/cam/good'), Buffer.from('x')))
    await until('the good one is heard', () => heard.includes('guardian/cam/good'))
    expect(heard).toEqual(['guardian/cam/good'])
    expect(broker.stats().refused['publish-denied']).toBe(3)
  })

  it('CVE-2018-12543, CVE-2021-34432: topics that begin with $, and empty ones, do not end the broker', async () => {
    await start()
    const one = await dialAs('cam')
    for (const topic of ['$', '$other/x', '$SYS/broker/uptime', '$SYS', '$share/g/t'])
      one.socket.write(packet(0x30, text(topic), Buffer.from('x')))
    await until('all were denied', () => broker.stats().refused['publish-denied'] === 5)
    one.socket.write(packet(0x30, text(''), Buffer.from('x')))
    await until('an empty topic ends the connection', () => one.closed())
    await works()
  })

  it('CVE-2018-12546: what a device retained is not heard while its right is withdrawn', async () => {
    await start()
    ports.readers.set('plug', ['guardian/#'])
    const cam = await enter('cam')
    await cam.publishAsync('guardian/cam/state', 'on', { qos: 1, retain: true })
    await broker.quarantine('cam')
    const plug = await enter('plug')
    const heard: string[] = []
    plug.on('message', (topic) => heard.push(topic))
    await plug.subscribeAsync('guardian/#')
    await plug.publishAsync('guardian/plug/state', 'on', { qos: 1 })
    await until('its own message is heard', () => heard.includes('guardian/plug/state'))
    expect(heard).not.toContain('guardian/cam/state')
    await broker.release('cam')
    await plug.unsubscribeAsync('guardian/#')
    await plug.subscribeAsync('guardian/#')
    await until('after the release it is heard', () => heard.includes('guardian/cam/state'))
  })

  it('CVE-2018-12546: what a device retained is not heard after its right to write it is gone', async () => {
    await start()
    ports.announcers.set('cam', ['homeassistant'])
    ports.readers.set('plug', ['homeassistant/#', 'guardian/#'])
    const topic = 'homeassistant/sensor/cam/config'
    const cam = await enter('cam')
    await cam.publishAsync(topic, '{}', { qos: 1, retain: true })
    const plug = await enter('plug')
    const heard: string[] = []
    plug.on('message', (on) => heard.push(on))
    const listen = async () => {
      heard.length = 0
      await plug.subscribeAsync('homeassistant/#')
      await plug.subscribeAsync('guardian/#')
      await plug.publishAsync('guardian/plug/after', 'x', { qos: 1 })
      await until('what comes after is heard', () => heard.includes('guardian/plug/after'))
      await plug.unsubscribeAsync(['homeassistant/#', 'guardian/#'])
      return heard.includes(topic)
    }
    expect(await listen()).toBe(true)
    ports.announcers.delete('cam')
    await broker.disconnect('cam')
    expect(await listen()).toBe(false)
    await enter('cam')
    expect(await listen()).toBe(false)
    ports.announcers.set('cam', ['homeassistant'])
    await broker.disconnect('cam')
    await enter('cam')
    expect(await listen()).toBe(true)
  })

  it('CVE-2018-12551: neither a blank user nor an empty password is an identity', async () => {
    await start()
    ports.identify = async () => true
    for (const [device, password] of [
      ['', ''],
      ['cam', ''],
      ['', 'x'],
      [' ', ' '],
    ] as const) {
      const one = await dial()
      one.socket.write(connectPacket(device, { client: 'c', password }))
      await until('it is refused', () => one.closed())
    }
    const anonymous = await dial()
    anonymous.socket.write(packet(0x10, 'MQTT', Buffer.from([4, 2, 0, 60]), 'c'))
    await until('without a user it is refused', () => anonymous.closed())
    expect(anonymous.got()[3]).toBe(4)
    expect(broker.stats().connected).toBe(0)
  })

  it('CVE-2019-11779: a filter of 65,000 levels is refused and the broker goes on', async () => {
    await start()
    const one = await dialAs('cam')
    one.socket.write(packet(SUBSCRIBE, number(1), text('/'.repeat(65_400)), Buffer.from([0])))
    one.socket.write(packet(0x30, text(`guardian/cam${'/x'.repeat(30_000)}`), Buffer.from('x')))
    await until('it is closed', () => one.closed())
    await works()
  })

  it('CVE-2021-28166, CVE-2024-8376: packets of a server, and packets after the end, are a reason to close', async () => {
    await start()
    const strange = [
      Buffer.from([0x20, 2, 0, 0]),
      Buffer.from([0xd0, 0]),
      connectPacket('cam'),
      Buffer.from([0xf0, 0]),
      Buffer.from([0x00, 0]),
      packet(0x90, number(1), Buffer.from([0])),
      Buffer.concat([Buffer.from([0xe0, 0]), packet(SUBSCRIBE, number(1), 'guardian/cam/x', Buffer.from([0]))]),
      packet(0x36, 'guardian/cam/x', number(1)),
    ]
    for (const bytes of strange) {
      const one = await dialAs('cam')
      one.socket.write(bytes)
      await until(`${bytes[0]?.toString(16)} closes`, () => one.closed())
    }
    await works()
  })

  it('CVE-2023-28366: QoS 2 messages without their release are bounded, and a repeated one is taken once', async () => {
    await start()
    const one = await dialAs('cam')
    for (let turn = 0; turn < 5; turn++) {
      one.socket.write(packet(PUBLISH_2, 'guardian/cam/flow', number(7), Buffer.from(FLOW)))
      await until('it is answered', () => one.got().length >= 8 + turn * 4)
    }
    expect(ports.taken).toHaveLength(1)
    const many = Array.from({ length: 5000 }, (_, at) =>
      packet(PUBLISH_2, 'guardian/cam/x', number(100 + at), Buffer.from('x')),
    )
    one.socket.write(Buffer.concat(many))
    await until('too many without release end the connection', () => one.closed())
    await works()
  })

  it('GHSA-4cmx-hrq9-c23p: a last will obeys the rule of every message, when it is left and when it is due', async () => {
    await start()
    ports.readers.set('plug', ['guardian/#'])
    const plug = await enter('plug')
    const heard: string[] = []
    plug.on('message', (topic, payload) => heard.push(`${topic} ${payload}`))
    await plug.subscribeAsync('guardian/#')
    const will = (topic: string) => ({ will: { topic, payload: Buffer.from('gone'), qos: 1 as const, retain: false } })
    for (const topic of ['guardian/plug/state', '$SYS/x', 'guardian/cam/#', 'guardian/cam'])
      await expect(enter('cam', will(topic))).rejects.toThrow()
    expect(broker.stats().refused['will-denied']).toBe(4)
    const cam = await enter('cam', will('guardian/cam/state'))
    cam.stream.destroy()
    await until('its own will is heard', () => heard.includes('guardian/cam/state gone'))
    const again = await enter('cam', will('guardian/cam/later'))
    const closed = new Promise<void>((resolve) => again.once('close', () => resolve()))
    await broker.quarantine('cam')
    await closed
    await plug.publishAsync('guardian/plug/end', 'x', { qos: 1 })
    await until('what comes after is heard', () => heard.includes('guardian/plug/end x'))
    expect(heard).not.toContain('guardian/cam/later gone')
  })

  it('GHSA-52qw-whmv-87c5: names that every object has are names like others', async () => {
    await start()
    for (const client of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const cam = await enter('cam', { clientId: client })
      await cam.subscribeAsync(`guardian/cam/${client}`)
      const heard = new Promise<string>((resolve) => cam.once('message', (topic) => resolve(topic)))
      await cam.publishAsync(`guardian/cam/${client}`, 'x', { qos: 1 })
      expect(await heard).toBe(`guardian/cam/${client}`)
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('CVE-2026-6564: a device cannot take over the session of another one by its client id', async () => {
    await start()
    const cam = await enter('cam', { clientId: 'same' })
    let lost = false
    cam.on('close', () => (lost = true))
    const plug = await enter('plug', { clientId: 'same' })
    await plug.publishAsync('guardian/plug/flow', FLOW, { qos: 1 })
    await cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
    expect(lost).toBe(false)
    expect(broker.stats().connected).toBe(2)
    await enter('plug', { clientId: 'cam/same' }).then(
      () => expect.unreachable('a slash in a client id was taken'),
      () => {},
    )
  })

  it('CVE-2026-49186: wildcards and shared subscriptions show no foreign topic, retained or not', async () => {
    await start()
    const plug = await enter('plug')
    await plug.publishAsync('guardian/plug/state', 'on', { qos: 1, retain: true })
    const cam = await enter('cam')
    const heard: string[] = []
    cam.on('message', (topic) => heard.push(topic))
    const filters = [
      '#',
      '+/#',
      'guardian/#',
      'guardian/+/state',
      '$share/g/#',
      '$share/g/guardian/plug/state',
      '$SYS/#',
      '$queue/#',
    ]
    const one = await dialAs('cam')
    for (const [at, filter] of filters.entries()) {
      const before = one.got().length
      one.socket.write(packet(SUBSCRIBE, number(at + 1), filter, Buffer.from([1])))
      await until(`${filter} is answered`, () => one.got().length >= before + 5)
      expect(one.got().at(-1), filter).toBe(128)
    }
    await cam.subscribeAsync('guardian/cam/#')
    await plug.publishAsync('guardian/plug/state', 'off', { qos: 1 })
    await cam.publishAsync('guardian/cam/own', 'x', { qos: 1 })
    await until('its own is heard', () => heard.length > 0)
    expect(heard).toEqual(['guardian/cam/own'])
    expect(one.got().includes('guardian/plug')).toBe(false)
  })

  it('a filter refused once is not restored with a session that is kept', async () => {
    await start()
    const first = await enter('cam', { clean: false })
    await first.subscribeAsync(['guardian/cam/own', 'guardian/plug/#'], { qos: 1 }).catch(() => {})
    await first.endAsync(true)
    const plug = await enter('plug')
    await plug.publishAsync('guardian/plug/secret', 'x', { qos: 1 })
    await broker.publish('guardian/cam/own', 'kept', { qos: 1 })
    const heard: string[] = []
    const again = await connectHearing('cam', heard)
    await until('what waited comes', () => heard.includes('guardian/cam/own'))
    await plug.publishAsync('guardian/plug/secret', 'x', { qos: 1 })
    await again.publishAsync('guardian/cam/own', 'x', { qos: 1 })
    await until('the last one comes', () => heard.length >= 2)
    expect(heard.filter((topic) => topic.startsWith('guardian/plug'))).toEqual([])
  })

  it('CVE-2021-41039: MQTT 5, with whatever properties, is answered with its refusal', async () => {
    await start()
    const properties = Buffer.concat(
      Array.from({ length: 700 }, () => Buffer.concat([Buffer.from([0x26]), text('a'), text('b')])),
    )
    const length = Buffer.from([(properties.length & 127) | 128, properties.length >> 7])
    const one = await dial()
    one.socket.write(packet(0x10, 'MQTT', Buffer.from([5, 0xc2, 0, 60]), length, properties, 'c', 'cam', 'cam-secret'))
    await until('it is closed', () => one.closed())
    expect(broker.stats().connected).toBe(0)
    await works()
  })

  it('guesses at a password end after a few, without a further look at it', async () => {
    await start()
    let asked = 0
    const identify = ports.identify
    await broker.close()
    broker = await openEmbeddedBroker({
      ...ports,
      identify: (device, password) => {
        asked++
        return identify(device, password)
      },
      listen: { host: '127.0.0.1', tcpPort: 0 },
    })
    for (let guess = 0; guess < 15; guess++) await expect(enter('cam', { password: `${guess}` })).rejects.toThrow()
    expect(asked).toBe(10)
    await expect(enter('cam')).rejects.toThrow()
    await enter('plug')
  })

  it('a packet that answers nothing is taken without harm', async () => {
    await start()
    const one = await dialAs('cam')
    for (const first of [0x40, 0x50, 0x62, 0x70]) one.socket.write(packet(first, number(9)))
    one.socket.write(packet(PUBLISH_1, 'guardian/cam/flow', number(3), Buffer.from(FLOW)))
    await until('the record is taken', () => ports.taken.length === 1)
  })

  async function connectHearing(device: string, heard: string[]) {
    const { default: mqtt } = await import('mqtt')
    const client = mqtt.connect(`mqtt://127.0.0.1:${broker.ports.tcp}`, {
      username: device,
      password: `${device}-secret`,
      clientId: device,
      clean: false,
      reconnectPeriod: 0,
    })
    client.on('message', (topic) => heard.push(topic))
    ends.push(() => client.endAsync(true))
    await new Promise<void>((resolve) => client.once('connect', () => resolve()))
    return client
  }
})
