import { describe, expect, it } from 'vitest'
import { isDiscovery, readDiscovery } from './discovery.ts'

const read = (topic: string, value: unknown) => readDiscovery(topic, Buffer.from(JSON.stringify(value)))

describe('announcements of devices', () => {
  it("reads Home Assistant's, with long and short names, with and without a node", () => {
    const device = { identifiers: ['zb_1', 'x'], name: 'Kitchen', model: 'TS011F', manufacturer: 'Tuya' }
    const expected = [{ id: 'zb_1', name: 'Kitchen', model: 'TS011F', vendor: 'Tuya' }]
    expect(read('homeassistant/sensor/node/obj/config', { name: 'Power', device })).toEqual(expected)
    const dev = { ids: 'zb_1', name: 'Kitchen', mdl: 'TS011F', mf: 'Tuya' }
    expect(read('homeassistant/sensor/obj/config', { dev })).toEqual(expected)
    expect(read('homeassistant/light/obj/config', { name: 'Lamp' })).toEqual([
      { id: 'obj', name: 'Lamp', model: undefined, vendor: undefined },
    ])
    expect(read('homeassistant/light/node/obj/config', { name: 'Lamp' })?.[0]?.id).toBe('node')
    expect(read('homeassistant/light/obj/config', {})).toEqual([])
  })

  it("reads Zigbee2MQTT's list but for the coordinator, and devices that it does not know", () => {
    const list = [
      { ieee_address: '0x01', friendly_name: 'Coordinator', type: 'Coordinator', definition: null },
      {
        ieee_address: '0x02',
        friendly_name: 'hall',
        type: 'EndDevice',
        definition: { model: 'E1603', vendor: 'IKEA' },
      },
      { ieee_address: '0x03', friendly_name: '0x03', type: 'Router', definition: null, supported: false },
    ]
    expect(read('zigbee2mqtt/bridge/devices', list)?.map(({ id, vendor }) => [id, vendor])).toEqual([
      ['0x02', 'IKEA'],
      ['0x03', undefined],
    ])
  })

  it("reads Tasmota's", () => {
    const config = { ip: '192.0.2.1', dn: 'Plug', fn: ['Plug 1', null], mac: 'A4CF12000000', md: 'Sonoff S26', ver: 1 }
    const plug = [{ id: 'A4CF12000000', name: 'Plug', model: 'Sonoff S26', vendor: 'Tasmota' }]
    expect(read('tasmota/discovery/A4CF12000000/config', config)).toEqual(plug)
    expect(read('tasmota/discovery/A4CF12000000/config', { ...config, dn: null })?.[0]?.name).toBe('Plug 1')
  })

  it('takes back what is empty and refuses what is none', () => {
    expect(readDiscovery('homeassistant/light/a/config', Buffer.alloc(0))).toEqual([])
    for (const bad of ['no json', '[5', '{"device":5}', '"x"', 'null'])
      expect(readDiscovery('homeassistant/light/a/config', Buffer.from(bad)), bad).toBeUndefined()
    expect(readDiscovery('zigbee2mqtt/bridge/devices', Buffer.from('{}'))).toBeUndefined()
    expect(
      read('zigbee2mqtt/bridge/devices', Array(1001).fill({ ieee_address: 'a', friendly_name: 'b' })),
    ).toBeUndefined()
    expect(readDiscovery('tasmota/discovery/x/config', Buffer.from('{"dn":"x"}'))).toBeUndefined()
  })

  it('keeps names short and free of controls', () => {
    const named = read('homeassistant/light/a/config', { name: `x\u0000\n${'y'.repeat(500)}` })
    expect(named?.[0]?.name).toBe(`x  ${'y'.repeat(97)}`)
  })

  it('knows its topics', () => {
    for (const topic of [
      'homeassistant/a/b/config',
      'homeassistant/a/b/c/config',
      'zigbee2mqtt/bridge/devices',
      'tasmota/discovery/x/config',
    ])
      expect(isDiscovery(topic), topic).toBe(true)
    for (const topic of [
      'homeassistant/a/config',
      'homeassistant/a/b/state',
      'zigbee2mqtt/x',
      'tasmota/discovery/x/sensors',
      'guardian/a/flow',
    ])
      expect(isDiscovery(topic), topic).toBe(false)
  })
})
