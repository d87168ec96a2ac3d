/** What each broker of the relay does, its own or one that was there; run by broker.test.ts. */
import type { MqttClient } from 'mqtt'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Broker } from '../../relay/mqtt/broker.ts'
import { connect, FLOW, type MemoryPorts, RECORD, until } from '../../relay/mqtt/fixture.ts'

export interface Bench {
  readonly broker: Broker
  readonly ports: MemoryPorts
  /** For devices. */
  readonly url: string
  close(): Promise<void>
}

/** `open` starts a broker that knows the devices cam, plug, hub; hub is named for all announcers. */
export function describeBroker(name: string, open: () => Promise<Bench>): void {
  describe(`${name} as the relay's broker`, () => {
    let bench: Bench
    const clients: MqttClient[] = []
    const enter = async (device: string) => {
      const client = await connect(bench.url, device)
      clients.push(client)
      return client
    }
    beforeEach(async () => {
      bench = await open()
    })
    afterEach(async () => {
      await Promise.all(clients.splice(0).map((client) => client.endAsync(true)))
      await bench.close()
    })

    it('stores the flow records that a device publishes, one or many', async () => {
      const cam = await enter('cam')
      await cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
      await cam.publishAsync('guardian/cam/flow', JSON.stringify([RECORD, { ...RECORD, peer: '10.0.0.9' }]), { qos: 1 })
      await cam.publishAsync('guardian/cam/flow', FLOW, { qos: 2 })
      await cam.publishAsync('guardian/cam/flow', FLOW)
      await until('five records', () => bench.broker.stats().records === 5)
      expect(bench.ports.taken.every(({ device, source }) => device === 'cam' && source === 'mqtt')).toBe(true)
      expect(bench.ports.taken[1]?.records[1]?.peer).toBe('10.0.0.9')
    })

    it('counts a malformed message by its reason, answers it, and serves others on', async () => {
      const cam = await enter('cam')
      const plug = await enter('plug')
      const bad = ['', 'no json', '{"orig_pkts":-1}', '[]', '{}', '[1]', 'null', `{"orig_pkts":1,"more":"secret"}`]
      for (const payload of bad) await cam.publishAsync('guardian/cam/flow', payload, { qos: 1 })
      await plug.publishAsync('guardian/plug/flow', FLOW, { qos: 1 })
      await cam.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
      await until('both records', () => bench.broker.stats().records === 2)
      expect(bench.broker.stats().refused['malformed-flow']).toBe(bad.length)
      await bench.broker.flush()
      const told = bench.ports.told.filter(({ reason }) => reason === 'malformed-flow')
      expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(bad.length)
      expect(told.every(({ device }) => device === 'cam')).toBe(true)
      expect(JSON.stringify(told)).not.toContain('secret')
    })

    it('hears from announcements how devices are called', async () => {
      const hub = await enter('hub')
      const config = {
        name: 'Power',
        device: { identifiers: ['0x1'], name: 'Kitchen', model: 'TS011F', manufacturer: 'Tuya' },
      }
      await hub.publishAsync('homeassistant/sensor/hub/config', JSON.stringify(config), { qos: 1, retain: true })
      const zigbee = [
        { ieee_address: '0x00', friendly_name: 'Coordinator', type: 'Coordinator' },
        { ieee_address: '0x02', friendly_name: 'hall', type: 'Router', definition: { model: 'E1603', vendor: 'IKEA' } },
      ]
      await hub.publishAsync('zigbee2mqtt/bridge/devices', JSON.stringify(zigbee), { qos: 1 })
      await until('two names', () => bench.ports.names.length === 2)
      expect(bench.ports.names.map(({ id, name, model, vendor }) => [id, name, model, vendor])).toEqual([
        ['0x1', 'Kitchen', 'TS011F', 'Tuya'],
        ['0x02', 'hall', 'E1603', 'IKEA'],
      ])
    })

    it('quarantines a device so that it is cut off and stays out, and lets it back', async () => {
      const cam = await enter('cam')
      const plug = await enter('plug')
      const cut = new Promise<void>((resolve) => cam.once('close', () => resolve()))
      expect(await bench.broker.quarantine('cam')).toMatchObject({ success: true })
      await cut
      await expect(enter('cam')).rejects.toThrow()
      await plug.publishAsync('guardian/plug/flow', FLOW, { qos: 1 })
      await until('the other one still works', () => bench.broker.stats().records === 1)
      expect(await bench.broker.release('cam')).toMatchObject({ success: true })
      const again = await enter('cam')
      await again.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
      await until('it is back', () => bench.broker.stats().records === 2)
    })

    it('tells a device what the relay publishes to it', async () => {
      const cam = await enter('cam')
      const heard = new Promise<string>((resolve) =>
        cam.on('message', (topic, payload) => resolve(`${topic} ${payload}`)),
      )
      await cam.subscribeAsync('guardian/cam/command', { qos: 1 })
      await bench.broker.publish('guardian/cam/command', 'blink', { qos: 1 })
      expect(await heard).toBe('guardian/cam/command blink')
    })
  })
}
