/** Devices at a whole relay: from its registration to its records, and out again. */
import type { AddressInfo } from 'node:net'
import type { MqttClient } from 'mqtt'
import { afterEach, expect, it } from 'vitest'
import { connect, FLOW, until } from '../../relay/mqtt/fixture.ts'
import { call, claimRelay, openRelay } from './relays.ts'
import { forEachStore } from './stores.ts'

const MQTT = { mqtt: { listen: { host: '127.0.0.1', tcpPort: 0 } } }

forEachStore(({ open }) => {
  const clients: MqttClient[] = []
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.endAsync(true))).then(() => undefined))
  async function enter(url: string, device: string, password: string): Promise<MqttClient> {
    const client = await connect(url, device, { password, clientId: `${device}-${clients.length}` })
    client.on('error', () => {})
    clients.push(client)
    return client
  }
  const gone = (client: MqttClient) => new Promise<void>((resolve) => client.once('close', () => resolve()))

  it('takes a device in with the password it was given, over TCP and at the port of the page, and lets go of who has an old one', async () => {
    const store = await open()
    const relay = await openRelay(store, MQTT)
    const admin = await claimRelay(relay)
    await relay.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = relay.app.server.address() as AddressInfo
    await call(relay, admin, 'POST', '/api/v1/devices', { id: 'cam', name: 'Camera' })
    const renew = async () =>
      (await call(relay, admin, 'POST', '/api/v1/devices/cam/secret')).json<{ password: string }>().password
    const password = await renew()
    const tcp = await enter(`mqtt://127.0.0.1:${relay.ports?.tcp}`, 'cam', password)
    const web = await enter(`ws://127.0.0.1:${port}/mqtt`, 'cam', password)
    await tcp.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
    await web.publishAsync('guardian/cam/flow', FLOW, { qos: 1 })
    expect(relay.live.records).toBe(2)
    const ends = Promise.all([gone(tcp), gone(web)])
    const next = await renew()
    await ends
    await expect(enter(`mqtt://127.0.0.1:${relay.ports?.tcp}`, 'cam', password)).rejects.toThrow()
    const again = await enter(`mqtt://127.0.0.1:${relay.ports?.tcp}`, 'cam', next)
    const removed = gone(again)
    expect((await call(relay, admin, 'DELETE', '/api/v1/devices/cam')).statusCode).toBe(204)
    await removed
    await expect(enter(`mqtt://127.0.0.1:${relay.ports?.tcp}`, 'cam', next)).rejects.toThrow()
  })

  it('keeps a quarantined device out after a restart', async () => {
    const store = await open()
    const first = await openRelay(store, MQTT)
    const admin = await claimRelay(first)
    await call(first, admin, 'POST', '/api/v1/devices', { id: 'cam', name: 'Camera' })
    const { password } = (await call(first, admin, 'POST', '/api/v1/devices/cam/secret')).json<{ password: string }>()
    await store.write(async (trx) => {
      await trx.updateTable('devices').set({ status: 'quarantined' }).where('id', '=', 'cam').execute()
    })
    const second = await openRelay(store, { ...MQTT, relay: 'second' })
    await expect(enter(`mqtt://127.0.0.1:${second.ports?.tcp}`, 'cam', password)).rejects.toThrow()
    expect(second.broker?.stats().refused.quarantined).toBe(1)
    await second.broker?.release('cam')
    await enter(`mqtt://127.0.0.1:${second.ports?.tcp}`, 'cam', password)
  })

  it('gives a device the name that it announces', async () => {
    const store = await open()
    const relay = await openRelay(store, MQTT)
    const admin = await claimRelay(relay)
    await call(relay, admin, 'POST', '/api/v1/devices', { id: 'plug', name: 'plug' })
    const { password } = (await call(relay, admin, 'POST', '/api/v1/devices/plug/secret')).json<{ password: string }>()
    await call(relay, admin, 'PUT', '/api/v1/mqtt/devices/plug', { announces: ['homeassistant'] })
    const plug = await enter(`mqtt://127.0.0.1:${relay.ports?.tcp}`, 'plug', password)
    const config = { name: 'Power', device: { name: 'Desk lamp', model: 'S31', manufacturer: 'Sonoff' } }
    await plug.publishAsync('homeassistant/switch/plug/config', JSON.stringify(config), { qos: 1 })
    let device: { name?: string; notes?: string } = {}
    await until('it has its name', () => {
      void call(relay, admin, 'GET', '/api/v1/devices/plug').then((answer) => {
        device = answer.json()
      })
      return device.name === 'Desk lamp'
    })
    expect(device.notes).toBe('Sonoff S31')
  })
})
