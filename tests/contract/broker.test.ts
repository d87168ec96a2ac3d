import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openEmbeddedBroker } from '../../relay/mqtt/embedded.ts'
import { openExternalBroker } from '../../relay/mqtt/external.ts'
import { connect, FLOW, memoryPorts, until } from '../../relay/mqtt/fixture.ts'
import { makeCertificates } from '../relay/certificates.ts'
import { DYNSEC, dynsecLines, HAS_MOSQUITTO, type Mosquitto, startMosquitto } from '../relay/mosquitto.ts'
import { describeBroker } from './broker.ts'

describeBroker('the embedded one', async () => {
  const ports = memoryPorts('cam', 'plug', 'hub')
  ports.announcers.set('hub', ['homeassistant', 'zigbee2mqtt', 'tasmota'])
  const broker = await openEmbeddedBroker({ ...ports, listen: { host: '127.0.0.1', tcpPort: 0 } })
  return { broker, ports, url: `mqtt://127.0.0.1:${broker.ports.tcp}`, close: () => broker.close() }
})

const DEVICES = { cam: [], plug: [], hub: ['homeassistant/#', 'zigbee2mqtt/#', 'tasmota/#'] }
const OPEN = 'allow_anonymous true'
const login = { clientId: 'relay-1', username: 'relay', password: 'relay-secret' }

if (HAS_MOSQUITTO && DYNSEC)
  describeBroker('Mosquitto', async () => {
    const ports = memoryPorts()
    const mosquitto = await startMosquitto((folder) => dynsecLines(folder, DEVICES))
    const url = `mqtt://127.0.0.1:${mosquitto.port}`
    const broker = await openExternalBroker({ ...ports, ...login, url })
    return {
      broker,
      ports,
      url,
      async close() {
        await broker.close()
        await mosquitto.close()
      },
    }
  })

describe.skipIf(!HAS_MOSQUITTO || !DYNSEC)('a broker that is there already', () => {
  const ends: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })
  async function start(config: (folder: string) => string | Promise<string> = () => OPEN): Promise<Mosquitto> {
    const mosquitto = await startMosquitto(config)
    ends.push(() => mosquitto.close())
    return mosquitto
  }
  async function enlist(mosquitto: Mosquitto, clientId: string, ports = memoryPorts()) {
    const broker = await openExternalBroker({ ...ports, ...login, clientId, url: `mqtt://127.0.0.1:${mosquitto.port}` })
    ends.push(() => broker.close())
    return { broker, ports }
  }
  async function enter(mosquitto: Mosquitto, device: string) {
    const client = await connect(`mqtt://127.0.0.1:${mosquitto.port}`, device, { reconnectPeriod: 50 })
    ends.push(() => client.endAsync(true))
    return client
  }

  it('has each record acknowledged after its commit: what was not committed comes again', async () => {
    const mosquitto = await start()
    const { broker, ports } = await enlist(mosquitto, 'relay-1')
    const cam = await enter(mosquitto, 'cam')
    ports.commit = async () => {
      throw new Error('disk full')
    }
    const records = Array.from({ length: 20 }, (_, at) => JSON.stringify({ ...JSON.parse(FLOW), orig_pkts: at }))
    for (const record of records) await cam.publishAsync('guardian/cam/flow', record, { qos: 1 })
    await until('some fail', () => broker.stats().uncommitted > 0)
    expect(ports.taken).toHaveLength(0)
    ports.commit = async () => {}
    const seen = () => new Set(ports.taken.map(({ records: [one] }) => one?.orig_pkts)).size
    await until('all have come', () => seen() === 20)
  })

  it('takes what came while it was away, after a restart under the same name', async () => {
    const mosquitto = await start()
    const first = await enlist(mosquitto, 'relay-1')
    const cam = await enter(mosquitto, 'cam')
    await cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
    await until('one is taken', () => first.ports.taken.length === 1)
    await first.broker.close()
    for (let sent = 0; sent < 5; sent++) await cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
    const again = await enlist(mosquitto, 'relay-1')
    await until('what waited is taken', () => again.ports.taken.length === 5)
  })

  it('says that the broker is away, and goes on when it is back', async () => {
    const mosquitto = await start((folder) => `${OPEN}\npersistence true\npersistence_location ${folder}/`)
    const { broker, ports } = await enlist(mosquitto, 'relay-1')
    await until('connected', () => broker.stats().fault === undefined)
    await mosquitto.stop()
    await until('the fault shows', () => broker.stats().fault !== undefined)
    expect(broker.stats().fault).toContain('is away')
    await expect(broker.publish('guardian/cam/command', 'x')).rejects.toThrow('away')
    await mosquitto.start()
    const cam = await enter(mosquitto, 'cam')
    await until('connected again', () => broker.stats().fault === undefined)
    await cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
    await until('taken', () => ports.taken.length === 1)
  })

  it('gives each record to one of two relays, and all to the one that is left', async () => {
    const mosquitto = await start()
    const one = await enlist(mosquitto, 'relay-1')
    const two = await enlist(mosquitto, 'relay-2')
    const cam = await enter(mosquitto, 'cam')
    for (let sent = 0; sent < 40; sent++) await cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
    const all = () => one.ports.taken.length + two.ports.taken.length
    await until('all are taken', () => all() === 40)
    expect(one.ports.taken.length).toBeGreaterThan(5)
    expect(two.ports.taken.length).toBeGreaterThan(5)
    await one.broker.close()
    for (let sent = 0; sent < 20; sent++) await cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
    // What the broker gave to the name of the one that left waits for its return.
    const back = await enlist(mosquitto, 'relay-1')
    await until('nothing is lost', () => all() + back.ports.taken.length === 60)
  })

  it('says honestly when it cannot cut a device off, and ignores it meanwhile', async () => {
    const mosquitto = await start()
    const { broker, ports } = await enlist(mosquitto, 'relay-1')
    const effect = await broker.quarantine('cam')
    expect(effect.success).toBe(false)
    expect(effect.detail).toMatch(/cannot be told .* to cut off cam: no dynamic-security plugin answers/)
    const cam = await enter(mosquitto, 'cam')
    const plug = await enter(mosquitto, 'plug')
    await cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
    await plug.publishAsync('guardian/plug/flow', FLOW, { qos: 1 })
    await until('ignored and taken', () => broker.stats().refused.quarantined === 1 && ports.taken.length === 1)
    expect(ports.taken[0]?.device).toBe('plug')
    expect((await broker.limit('plug', 5)).success).toBe(false)
    await broker.release('cam')
    await cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
    await until('taken again', () => ports.taken.length === 2)
  })

  it('takes no records of devices that nobody added, nor of those that are quarantined', async () => {
    const mosquitto = await start()
    const ports = memoryPorts()
    ports.standing = async (device) => (device === 'cam' ? 'known' : device === 'plug' ? 'quarantined' : 'unknown')
    const { broker } = await enlist(mosquitto, 'relay-1', ports)
    const any = await enter(mosquitto, 'any')
    for (const device of ['nobody', 'plug', '', 'a b', 'cam'])
      await any.publishAsync(`guardian/${device}/flow`, FLOW, { qos: 1 })
    await until('the known one is taken', () => ports.taken.length > 0)
    expect(ports.taken.map(({ device }) => device)).toEqual(['cam'])
    expect(broker.stats().refused).toEqual({ 'bad-device-id': 3, quarantined: 1 })
  })

  it('works with the rules that docs/mqtt.md gives, over TLS', async () => {
    const certificates = await makeCertificates()
    ends.push(() => certificates.close())
    const documented = await readFile(new URL('../../docs/mqtt.md', import.meta.url), 'utf8')
    const rules = /```\n# acl_file\n([^`]+)```/.exec(documented)?.[1]
    const mosquitto = await start(async (folder) => {
      const [passwords, acl] = [join(folder, 'passwords'), join(folder, 'acl')]
      await writeFile(passwords, 'relay:relay-secret\ncam:cam-secret\nplug:plug-secret\n')
      execFileSync('mosquitto_passwd', ['-U', passwords])
      await writeFile(acl, rules ?? '')
      const files = `certfile ${certificates.certFile}\nkeyfile ${certificates.keyFile}`
      return `${files}\nallow_anonymous false\npassword_file ${passwords}\nacl_file ${acl}`
    })
    const url = `mqtts://127.0.0.1:${mosquitto.port}`
    const ca = certificates.ca.toString()
    const ports = memoryPorts()
    const broker = await openExternalBroker({ ...ports, ...login, url, ca })
    ends.push(() => broker.close())
    await until('it is connected', () => broker.stats().fault === undefined)
    const cam = await connect(url, 'cam', { ca })
    ends.push(() => cam.endAsync(true))
    await cam.publishAsync('guardian/plug/flow', FLOW, { qos: 1 })
    await cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
    await until('its own is taken', () => ports.taken.length > 0)
    expect(ports.taken.map(({ device }) => device)).toEqual(['cam'])
    const stranger = await openExternalBroker({ ...memoryPorts(), ...login, clientId: 'relay-2', url })
    ends.push(() => stranger.close())
    expect(stranger.stats().fault).toMatch(/certificate/)
  })

  it('says when the broker lets it subscribe to nothing', async () => {
    const mosquitto = await start((folder) => dynsecLines(folder, DEVICES))
    const url = `mqtt://cam:cam-secret@127.0.0.1:${mosquitto.port}`
    const broker = await openExternalBroker({ ...memoryPorts(), clientId: 'relay-1', url })
    ends.push(() => broker.close())
    await until('the fault shows', () => broker.stats().fault?.includes('does not let') ?? false)
  })
})
