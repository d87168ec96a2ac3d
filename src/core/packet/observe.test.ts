import { expect, it } from 'vitest'
import { type Frame, pcap, type Segment, tcp, text, u16, u32, udp } from '../../../tests/capture-writer.ts'
import { readFlows } from '../../../tests/read-flows.ts'

const MICROS = 1_700_000_000_000_000
const MAC = '02:00:00:00:00:01'
const CLIENT = '10.0.0.1'
const ends = (port: number, own = 40000) => ({ micros: MICROS, from: `${CLIENT}:${own}`, to: `203.0.113.9:${port}` })

async function notes(...frames: Frame[]) {
  const { sightings, stats } = await readFlows(pcap(frames))
  return { notes: sightings.filter(({ kind }) => kind !== 'address').map(({ micros: _, ...rest }) => rest), stats }
}

const udpOf = (segment: Segment, ...payload: number[][]) =>
  udp({ ...segment, payload: Uint8Array.from(payload.flat()) })
const tcpOf = (segment: Segment, ...payload: number[][]) =>
  tcp({ ...segment, payload: Uint8Array.from(payload.flat()) })
const name = (dotted: string) => [...dotted.split('.').flatMap((label) => [label.length, ...text(label)]), 0]
const record = (owner: number[], type: number, data: number[]) => [
  ...owner,
  ...u16(type),
  0,
  1,
  ...u32(60),
  ...u16(data.length),
  ...data,
]
const QUESTION = [...name('www.example.com'), 0, 1, 0, 1]
const POINTER = [0xc0, 12]
const answer = (...records: number[][]) => [
  0,
  7,
  0x81,
  0x80,
  0,
  1,
  ...u16(records.length),
  0,
  0,
  0,
  0,
  ...QUESTION,
  ...records.flat(),
]
const fromDns = { micros: MICROS, from: '10.0.0.53:53', to: `${CLIENT}:40000` }

it('takes the name asked for, not the alias, as the name of an answered address', async () => {
  const alias = record(POINTER, 5, name('edge.cdn.net'))
  const a = record(name('edge.cdn.net'), 1, [93, 184, 216, 34])
  const aaaa = record(POINTER, 28, [0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), 1])
  const seen = await notes(udpOf(fromDns, answer(alias, a, aaaa)), udpOf(fromDns, answer(alias, a, aaaa)))
  expect(seen.notes).toEqual([
    { kind: 'host', address: '93.184.216.34', name: 'www.example.com', from: 'dns' },
    { kind: 'host', address: '2001:db8::1', name: 'www.example.com', from: 'dns' },
  ])
})

it('is not caught by names that point at themselves or forward, and counts a broken message', async () => {
  const loop = [0, 7, 0x81, 0x80, 0, 0, 0, 1, 0, 0, 0, 0, ...record([0xc0, 12], 1, [1, 2, 3, 4])]
  const forward = [0, 7, 0x81, 0x80, 0, 0, 0, 1, 0, 0, 0, 0, ...record([0xc0, 60], 1, [1, 2, 3, 4])]
  const broken = [0, 7, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 63, 1]
  const seen = await notes(...[loop, forward, broken].map((message) => udpOf(fromDns, message)))
  expect(seen.notes).toEqual([])
  expect(seen.stats.skipped.total).toBe(0)
  expect(seen.stats.remarks).toEqual(['1 messages were malformed, though their packets count: bad-dns 1.'])
})

it('takes names and services from multicast DNS', async () => {
  const records = [
    record(name('printer.local'), 1, [10, 0, 0, 1]),
    record(name('other.local'), 1, [10, 0, 0, 77]),
    record(name('_ipp._tcp.local'), 12, [5, ...text('My HP'), ...name('_ipp._tcp.local')]),
  ]
  const message = [0, 0, 0x84, 0, 0, 0, ...u16(records.length), 0, 0, 0, 0, ...records.flat()]
  const from = { micros: MICROS, from: `${CLIENT}:5353`, to: '224.0.0.251:5353' }
  expect((await notes(udpOf(from, message), udpOf(from, message))).notes).toEqual([
    { kind: 'name', mac: MAC, address: CLIENT, name: 'printer', from: 'mdns' },
    { kind: 'name', mac: undefined, address: '10.0.0.77', name: 'other', from: 'mdns' },
    { kind: 'hint', mac: MAC, address: CLIENT, from: 'mdns-service', text: '_ipp._tcp' },
  ])
})

it('takes name, vendor class, given address and router from DHCP', async () => {
  const bootp = (operation: number, given: number[], options: number[]) => [
    ...[operation, 1, 6, 0, ...new Array<number>(12).fill(0), ...given, ...new Array<number>(8).fill(0)],
    ...[2, 0, 0, 0, 0, 1, ...new Array<number>(202).fill(0), 0x63, 0x82, 0x53, 0x63, ...options, 255],
  ]
  const request = bootp(1, [0, 0, 0, 0], [53, 1, 3, 0, 12, 6, ...text('kettle'), 60, 7, ...text('udhcp 1')])
  const reply = bootp(2, [10, 0, 0, 44], [53, 1, 5, 3, 4, 10, 0, 0, 254])
  const { sightings } = await readFlows(
    pcap([
      udpOf({ micros: MICROS, from: '0.0.0.0:68', to: '255.255.255.255:67' }, request),
      udpOf({ micros: MICROS, from: '10.0.0.254:67', to: '255.255.255.255:68' }, reply),
    ]),
  )
  expect(sightings.map(({ micros: _, ...rest }) => rest)).toEqual([
    { kind: 'name', mac: MAC, address: undefined, name: 'kettle', from: 'dhcp' },
    { kind: 'hint', mac: MAC, address: undefined, from: 'dhcp-vendor', text: 'udhcp 1' },
    { kind: 'address', mac: MAC, address: '10.0.0.254' },
    { kind: 'address', mac: MAC, address: '10.0.0.44' },
    { kind: 'router', address: '10.0.0.254' },
  ])
})

it('takes host and agent from HTTP, and the server from SSDP', async () => {
  const request =
    'GET /x HTTP/1.1\r\nAccept: */*\r\nUser-Agent: Camera/1.0\r\nHOST: update.example.com:8080\r\n\r\nbody'
  const notify = 'NOTIFY * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nSERVER: Linux UPnP/1.0 Hue/1.5\r\n\r\n'
  const seen = await notes(
    tcp({ ...ends(8080), payload: request }),
    udp({ micros: MICROS, from: `${CLIENT}:1900`, to: '239.255.255.250:1900', payload: notify }),
  )
  expect(seen.notes).toEqual([
    { kind: 'hint', mac: MAC, address: CLIENT, from: 'user-agent', text: 'Camera/1.0' },
    { kind: 'host', address: '203.0.113.9', name: 'update.example.com', from: 'http' },
    { kind: 'hint', mac: MAC, address: CLIENT, from: 'ssdp-server', text: 'Linux UPnP/1.0 Hue/1.5' },
  ])
})

it('takes client id and topics from MQTT 3.1.1 and 5, and no message', async () => {
  const string = (value: string) => [...u16(value.length), ...text(value)]
  const packet = (type: number, body: number[]) => [type, body.length, ...body]
  const v3 = packet(0x10, [...string('MQTT'), 4, 2, 0, 60, ...string('plug-1')])
  const v5 = packet(0x10, [...string('MQTT'), 5, 2, 0, 60, 2, 0x21, 9, ...string('plug-2')])
  const publish = packet(0x30, [...string('home/plug/power'), ...text('secret')])
  const seen = await notes(tcpOf(ends(1883), v3, publish), tcpOf(ends(1883, 40001), v5))
  expect(seen.notes.map((note) => note.kind === 'hint' && [note.from, note.text])).toEqual([
    ['mqtt-client', 'plug-1'],
    ['mqtt-topic', 'home/plug/power'],
    ['mqtt-client', 'plug-2'],
  ])
})

/** The example of FoxIO's JA4 description (technical_details/JA4.md): its cipher, extension and algorithm lists and result. */
const JA4_EXAMPLE = 't13d1516h2_8daaf6152771_e5627efa2ab1'
const hex = (list: string) => list.split(',').flatMap((value) => u16(Number.parseInt(value, 16)))

function clientHello(padding: number): number[] {
  const host = text('cam.example.org')
  const data: Record<string, number[]> = {
    '0000': [...u16(host.length + 3), 0, ...u16(host.length), ...host],
    '0010': [0, 12, 2, ...text('h2'), 8, ...text('http/1.1')],
    '000d': [0, 16, ...hex('0403,0804,0401,0503,0805,0501,0806,0601')],
    '002b': [6, ...hex('0a0a,0304,0303')],
    '0015': new Array<number>(padding).fill(0),
  }
  const types = '1a1a,001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015'.split(',')
  const extensions = types.flatMap((type) => [...hex(type), ...u16(data[type]?.length ?? 0), ...(data[type] ?? [])])
  const ciphers = hex('1a1a,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035')
  const session = new Array<number>(33).fill(1)
  const body = [
    3,
    3,
    ...new Array<number>(32).fill(7),
    32,
    ...session.slice(1),
    ...u16(ciphers.length),
    ...ciphers,
    1,
    0,
  ]
  const message = [...body, ...u16(extensions.length), ...extensions]
  return [22, 3, 1, ...u16(message.length + 4), 1, 0, ...u16(message.length), ...message]
}

it('takes server name and JA4 from a ClientHello, also when it comes in two segments', async () => {
  const small = clientHello(10)
  const large = clientHello(1700)
  const parts = (sequence: number, from: number, to: number) =>
    tcpOf({ ...ends(443, 40001), sequence }, large.slice(from, to))
  for (const frames of [[tcpOf(ends(443), small)], [parts(100, 0, 1400), parts(1500, 1400, large.length)]]) {
    expect((await notes(...frames)).notes).toEqual([
      { kind: 'hint', mac: MAC, address: CLIENT, from: 'ja4', text: JA4_EXAMPLE },
      { kind: 'host', address: '203.0.113.9', name: 'cam.example.org', from: 'sni' },
    ])
  }
})

it('reads the server name of a hello whose end was not captured, without a fingerprint', async () => {
  const { bytes } = tcpOf(ends(443), clientHello(600))
  const seen = await notes({ micros: MICROS, bytes: bytes.slice(0, 400), wire: bytes.length })
  expect(seen.notes.map(({ kind }) => kind)).toEqual(['host'])
})

it('lets no sender fill the memory with hints, nor a text the page', async () => {
  const string = (value: string) => [...u16(value.length), ...text(value)]
  const publish = (topic: string) => {
    const body = string(topic)
    return [0x30, (body.length & 127) | 128, body.length >> 7, ...body]
  }
  const frames = Array.from({ length: 200 }, (_, index) =>
    tcpOf(ends(1883), publish(`t/${index}/\u0007${'x'.repeat(400)}`)),
  )
  const seen = await notes(...frames)
  expect(seen.notes).toHaveLength(64)
  expect(
    seen.notes.every((note) => note.kind === 'hint' && note.text.length <= 255 && !note.text.includes('\u0007')),
  ).toBe(true)
})
