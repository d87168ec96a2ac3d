import { describe, expect, it } from 'vitest'
import { createRandom } from '../base/random.ts'
import type { FlowBatch } from '../flow/batch.ts'
import type { Sighting } from './device.ts'
import { Inventory, MAX_DEVICES } from './inventory.ts'

const HOUR = 3600e6
const CAMERA = '3c:71:bf:00:00:21'
const ROUTER = '74:31:70:00:00:01'

interface TestFlow {
  readonly from?: string
  readonly to?: string
  readonly start?: number
  readonly end?: number
  readonly counts?: readonly [number, number, number, number]
}

function batchOf(flows: readonly TestFlow[]): FlowBatch {
  const addresses = [...new Set(flows.flatMap(({ from, to }) => [from, to]).filter((text) => text !== undefined))]
  const indexOf = (text: string | undefined) => (text === undefined ? -1 : addresses.indexOf(text))
  return {
    length: flows.length,
    row: Float64Array.from(flows, (_, i) => i + 1),
    startMicros: Float64Array.from(flows, ({ start }) => start ?? Number.NaN),
    endMicros: Float64Array.from(flows, ({ start, end }) => end ?? start ?? Number.NaN),
    addresses,
    origAddress: Int32Array.from(flows, ({ from }) => indexOf(from)),
    respAddress: Int32Array.from(flows, ({ to }) => indexOf(to)),
    origPort: new Int32Array(flows.length).fill(-1),
    respPort: new Int32Array(flows.length).fill(-1),
    protocol: new Int16Array(flows.length).fill(6),
    counts: Float64Array.from(flows.flatMap(({ counts }) => counts ?? [5, 4, 300, 700])),
    features: undefined,
    labels: [],
    label: undefined,
    categories: [],
    watermarkMicros: Number.NaN,
  }
}

const address = (mac: string, text: string, micros = 0): Sighting => ({ kind: 'address', micros, mac, address: text })
const ownersOf = (inventory: Inventory, flows: readonly TestFlow[]) => {
  const { deviceIds, device } = inventory.assign(batchOf(flows))
  return Array.from(device, (index) => deviceIds[index])
}

describe('whose a flow is', () => {
  it('belongs to the local originator, else the local responder, else the originator', () => {
    const owners = ownersOf(new Inventory(), [
      { from: '192.168.1.5', to: '203.0.113.9' },
      { from: '203.0.113.9', to: '10.0.0.7' },
      { from: '198.51.100.1', to: '203.0.113.9' },
      { from: '192.168.1.5', to: '192.168.1.6' },
      { from: 'fe80::1', to: 'ff02::fb' },
      { from: '203.0.113.9', to: '100.64.2.3' },
    ])
    expect(owners).toEqual([
      'ip:192.168.1.5',
      'ip:10.0.0.7',
      'ip:198.51.100.1',
      'ip:192.168.1.5',
      'ip:fe80::1',
      'ip:100.64.2.3',
    ])
  })

  it('is one device where a table has no addresses', () => {
    const inventory = new Inventory()
    expect(inventory.assign(batchOf([{}, {}])).deviceIds).toEqual(['table'])
    expect(inventory.devices()[0]).toMatchObject({ id: 'table', nameFrom: 'table', flows: 2, firstMicros: Number.NaN })
  })

  it('merges the addresses of one MAC, public IPv6 included', () => {
    const inventory = new Inventory()
    inventory.see([address(CAMERA, '192.168.1.21'), address(CAMERA, 'fe80::21'), address(CAMERA, '2001:db8:1:1::21')])
    const owners = ownersOf(inventory, [
      { from: '192.168.1.21', to: '203.0.113.9' },
      { from: '2001:db8:1:1::21', to: '2001:db8:ff::9' },
      { from: '2001:db8:ff::9', to: '2001:db8:1:1::21' },
    ])
    expect(new Set(owners)).toEqual(new Set([`mac:${CAMERA}`]))
    expect(inventory.devices()).toHaveLength(1)
  })

  it('does not take the addresses behind a router for devices of its MAC', () => {
    const inventory = new Inventory()
    inventory.see([
      address(ROUTER, '192.168.1.1'),
      address(ROUTER, '203.0.113.9'),
      address(ROUTER, '2001:db8:ff::9'),
      address(CAMERA, '192.168.1.21'),
    ])
    expect(ownersOf(inventory, [{ from: '203.0.113.9', to: '192.168.1.21' }])).toEqual([`mac:${CAMERA}`])
    const router = inventory.devices().find((device) => device.mac === ROUTER)
    expect(router).toMatchObject({ kind: 'gateway', addresses: ['192.168.1.1'] })
  })

  it('knows a silent router by the networks it speaks for', () => {
    const inventory = new Inventory()
    inventory.see(['203.0.113.9', '198.51.100.7', '192.0.2.3'].map((text) => address(ROUTER, text)))
    expect(inventory.devices()[0]).toMatchObject({ kind: 'gateway', addresses: [] })
    expect(inventory.deviceOf('203.0.113.9')).toBe('ip:203.0.113.9')
  })

  it('knows a router that speaks for one outside host only, since homes give out no public addresses', () => {
    for (const order of [
      [address(ROUTER, '203.0.113.9'), address(CAMERA, '192.168.1.21')],
      [address(CAMERA, '192.168.1.21'), address(ROUTER, '203.0.113.9')],
    ]) {
      const inventory = new Inventory()
      inventory.see(order)
      expect(inventory.devices().find((device) => device.mac === ROUTER)).toMatchObject({
        kind: 'gateway',
        addresses: [],
      })
      expect(inventory.deviceOf('192.168.1.21')).toBe(`mac:${CAMERA}`)
    }
  })

  it('gives flows from everywhere to the public host that the recording is about', () => {
    const flows = Array.from({ length: 200 }, (_, i): TestFlow => {
      const other = `${i % 2 === 0 ? '198.51.100' : '192.0.2'}.${i}`
      return i % 4 === 0 ? { from: '203.0.113.7', to: other } : { from: other, to: '203.0.113.7' }
    })
    const inventory = new Inventory()
    expect(new Set(ownersOf(inventory, flows))).toEqual(new Set(['ip:203.0.113.7']))
    expect(inventory.devices()).toHaveLength(1)
  })

  it('makes no device of a scanned address that never answers', () => {
    const inventory = new Inventory()
    const scan = Array.from(
      { length: 254 },
      (_, i): TestFlow => ({ from: '192.168.1.21', to: `192.168.1.${i + 1}`, counts: [1, 0, 0, 0] }),
    )
    inventory.assign(batchOf(scan))
    expect(inventory.devices().map((device) => device.id)).toEqual(['ip:192.168.1.21'])
    expect(inventory.devices()[0]?.peerCount).toBe(254)
  })
})

describe('limits', () => {
  it('gathers devices beyond the limit in one', () => {
    const inventory = new Inventory()
    const owners = ownersOf(
      inventory,
      Array.from(
        { length: MAX_DEVICES + 500 },
        (_, i): TestFlow => ({ from: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, to: '203.0.113.9' }),
      ),
    )
    expect(new Set(owners).size).toBe(MAX_DEVICES + 1)
    expect(owners.at(-1)).toBe('ip:other')
    expect(inventory.nameOf('ip:other')).toBe('Further devices')
  })

  it('keeps the heavy peers of a device that scans a hundred thousand addresses, and counts the rest', () => {
    const inventory = new Inventory()
    const hosts = 100_000
    for (let from = 0; from < hosts; from += 10_000) {
      const scan = Array.from({ length: 10_000 }, (_, i): TestFlow => {
        const n = from + i
        return { from: '192.168.1.5', to: `11.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, counts: [1, 0, 0, 0] }
      })
      inventory.assign(batchOf([{ from: '192.168.1.5', to: '203.0.113.9', counts: [9, 9, 5e6, 100] }, ...scan]))
    }
    const [device] = inventory.devices()
    expect(device?.peers).toHaveLength(50)
    expect(device?.peers[0]).toMatchObject({ address: '203.0.113.9', flows: 10 })
    expect(Math.abs(device!.peerCount / (hosts + 1) - 1)).toBeLessThan(0.05)
  })

  it('lists nobody that is only talked about', () => {
    const inventory = new Inventory()
    inventory.see([{ kind: 'name', micros: 0, mac: undefined, address: 'fd00::1', name: 'ghost', from: 'mdns' }])
    expect(inventory.devices()).toEqual([])
  })

  it('counts what has no address yet as nobody in particular', () => {
    const inventory = new Inventory()
    expect(
      ownersOf(inventory, [
        { from: '0.0.0.0', to: '255.255.255.255' },
        { from: '::', to: 'ff02::16' },
      ]),
    ).toEqual(['ip:0.0.0.0', 'ip:0.0.0.0'])
    expect(inventory.devices()[0]).toMatchObject({ name: 'Devices without an address yet', nameFrom: 'group' })
  })
})

it('takes whatever packets claim without throwing or growing beyond its limits', () => {
  const random = createRandom(11)
  const text = () => String.fromCharCode(...Array.from({ length: random.int(90) }, () => random.int(0x3000)))
  const octet = () => random.int(256)
  const addresses = [
    text,
    () => `${octet()}.${octet()}.${octet()}.${octet()}`,
    () => `fe80::${octet().toString(16)}`,
    () => '::',
    () => '',
  ]
  const anyAddress = () => addresses[random.int(addresses.length)]!()
  const anyMac = () =>
    random.next() < 0.2 ? text() : Array.from({ length: 6 }, () => octet().toString(16).padStart(2, '0')).join(':')
  const kinds: readonly (() => Sighting)[] = [
    () => address(anyMac(), anyAddress(), random.next() * 1e15),
    () => ({ kind: 'name', micros: Number.NaN, mac: anyMac(), address: anyAddress(), name: text(), from: 'dhcp' }),
    () => ({ kind: 'hint', micros: 0, mac: undefined, address: anyAddress(), from: 'user-agent', text: text() }),
    () => ({ kind: 'host', micros: 0, address: anyAddress(), name: text(), from: 'sni' }),
    () => ({ kind: 'router', micros: 0, address: anyAddress() }),
  ]
  const inventory = new Inventory()
  for (let step = 0; step < 40; step++) {
    inventory.see(Array.from({ length: 500 }, () => kinds[random.int(kinds.length)]!()))
    inventory.assign(
      batchOf(
        Array.from({ length: 100 }, () => ({ from: anyAddress(), to: anyAddress(), start: random.next() * 1e15 })),
      ),
    )
  }
  const devices = inventory.devices()
  expect(devices.length).toBeLessThanOrEqual(MAX_DEVICES + 1)
  for (const { name, addresses: held } of devices) {
    expect([...name].length).toBeLessThanOrEqual(60)
    expect(name).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
    expect(held.length).toBeLessThanOrEqual(32)
  }
  inventory.takeNotes({ ended: true })
})

describe('names', () => {
  const named = (names: readonly ['dhcp' | 'mdns' | 'ssdp', string][]) => {
    const inventory = new Inventory({ vendorOf: () => 'Espressif' })
    inventory.see([
      address(CAMERA, '192.168.1.21'),
      ...names.map(
        ([from, name]): Sighting => ({ kind: 'name', micros: 0, mac: CAMERA, address: undefined, name, from }),
      ),
    ])
    return inventory.devices()[0]!
  }

  it('prefers DHCP to mDNS to SSDP to the maker', () => {
    expect(named([]).name).toBe('Espressif device')
    expect(named([['ssdp', 'MediaThing/1.0']]).nameFrom).toBe('ssdp')
    expect(
      named([
        ['mdns', 'Living room TV._airplay._tcp.local'],
        ['ssdp', 'X/1'],
      ]),
    ).toMatchObject({ name: 'Living room TV', kind: 'tv' })
    expect(
      named([
        ['mdns', 'cam'],
        ['dhcp', 'front-door-camera'],
      ]),
    ).toMatchObject({ name: 'Front door camera', kind: 'camera' })
  })

  it('cleans what a hostile device calls itself', () => {
    expect(named([['dhcp', '=HYPERLINK("http://x.example")']]).name).toBe('HYPERLINK("http://x.example")')
    expect(named([['dhcp', 'a\u0000b\u202Egnp\u200B.exe\r\nc']]).name).toBe('a b gnp .exe c')
    expect([...named([['dhcp', '😀x'.repeat(500)]]).name]).toHaveLength(60)
    expect(named([['dhcp', '\u0007\u202E']]).nameFrom).toBe('vendor')
  })
})

describe('owners of outside hosts', () => {
  it('knows a host by another one of the same owner that the device used before', () => {
    const inventory = new Inventory()
    inventory.see([
      { kind: 'host', micros: 0, address: '198.51.100.90', name: 'supplies.papyra.example', from: 'sni' },
      { kind: 'host', micros: 0, address: '198.51.100.91', name: 'firmware.papyra.example', from: 'dns' },
      { kind: 'host', micros: 0, address: '203.0.113.9', name: 'papyra.example.attacker.test', from: 'dns' },
    ])
    inventory.assign(
      batchOf(
        ['198.51.100.90', '198.51.100.91', '203.0.113.9'].map((to, i) => ({ from: '192.168.1.51', to, start: i + 1 })),
      ),
    )
    expect(inventory.knownOwner('ip:192.168.1.51', '198.51.100.91')).toBe('papyra.example')
    expect(inventory.knownOwner('ip:192.168.1.51', '198.51.100.90')).toBeUndefined()
    expect(inventory.knownOwner('ip:192.168.1.51', '203.0.113.9')).toBeUndefined()
  })
})

describe('notes', () => {
  const clock = (micros: number) => `${micros / HOUR} h`
  const regular = (from: number, to: number, skip?: readonly [number, number]) =>
    Array.from({ length: Math.floor((to - from) * 12) }, (_, i) => from + i / 12)
      .filter((hour) => skip === undefined || hour < skip[0] || hour >= skip[1])
      .map((hour): TestFlow => ({ from: '192.168.1.61', to: '203.0.113.9', start: hour * HOUR + 1 }))

  /** Somebody else is heard every half hour. */
  const others = (hours: number) =>
    Array.from(
      { length: 2 * hours + 1 },
      (_, i): TestFlow => ({ from: '192.168.1.7', to: '203.0.113.9', start: (i / 2) * HOUR }),
    )

  it('tells of a device that falls silent and comes back, once', () => {
    const inventory = new Inventory({ clock })
    inventory.assign(batchOf([...regular(0, 36, [12, 17]), ...others(36)]))
    const [note] = inventory.takeNotes({ ended: true })
    expect(note).toMatchObject({ kind: 'device-silent', device: 'ip:192.168.1.61' })
    expect(note?.text).toContain('fell silent for 5 hours')
    expect(note?.text).toContain('normally heard every 5 minutes')
    expect(inventory.takeNotes({ ended: true })).toEqual([])
  })

  it('takes the silence back when a flow that spans it is told late', () => {
    const inventory = new Inventory({ clock })
    inventory.assign(
      batchOf([
        ...regular(0, 20, [12, 17]),
        { from: '192.168.1.61', to: '203.0.113.9', start: 11 * HOUR, end: 18 * HOUR },
      ]),
    )
    expect(inventory.takeNotes({ ended: true })).toEqual([])
  })

  it('tells of a device that stays silent only at the end', () => {
    const inventory = new Inventory({ clock })
    inventory.assign(batchOf([...regular(0, 12), ...others(20)]))
    const silent = (notes: ReturnType<Inventory['takeNotes']>) => notes.filter((note) => note.kind === 'device-silent')
    expect(silent(inventory.takeNotes({ ended: false }))).toEqual([])
    expect(silent(inventory.takeNotes({ ended: true }))[0]?.text).toContain('has not come back')
  })

  it('tells nothing of a recording that slept', () => {
    const inventory = new Inventory({ clock })
    inventory.assign(batchOf([...regular(0, 10), ...regular(16, 30)]))
    inventory.see([address('da:a1:19:00:00:01', '192.168.1.123', 19.5 * HOUR)])
    expect(inventory.takeNotes({ ended: true })).toEqual([])
  })

  it('tells of a device that is first heard after hours', () => {
    const inventory = new Inventory({ clock })
    inventory.assign(batchOf(regular(0, 24)))
    inventory.see([address('da:a1:19:00:00:01', '192.168.1.123', 19.5 * HOUR)])
    const [note] = inventory.takeNotes({ ended: false })
    expect(note).toMatchObject({ kind: 'new-device', device: 'mac:da:a1:19:00:00:01' })
    expect(note?.text).toContain('19.5 h')
  })
})

it('counts each of a million flows once', () => {
  const inventory = new Inventory()
  const flows = Array.from(
    { length: 16_384 },
    (_, i): TestFlow => ({ from: `192.168.1.${i % 40}`, to: `203.0.113.${i % 200}`, start: i }),
  )
  const batch = batchOf(flows)
  for (let i = 0; i < 61; i++) inventory.assign(batch)
  expect(inventory.devices().reduce((sum, device) => sum + device.flows, 0)).toBe(61 * 16_384)
})
