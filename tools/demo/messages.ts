/** What the packets say: DNS and mDNS (RFC 1035, 6762), DHCP (2131), SSDP (UPnP 1.1), NTP (5905), TLS hellos (8446), MQTT 3.1.1. */
import type { Random } from '#core/base/random.ts'
import { ipBytes, macBytes } from './packets.ts'

const ascii = (text: string): number[] => [...new TextEncoder().encode(text)]
const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255]
const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)]
const sized = (body: readonly number[]): number[] => [...u16(body.length), ...body]

export function randomBytes(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.int(256))
}

// DNS

export const DNS_A = 1
export const DNS_AAAA = 28
const DNS_PTR = 12
const DNS_SRV = 33
const DNS_TXT = 16

const label = (text: string): number[] => [text.length, ...ascii(text)]
/** An array is taken label by label, so that an instance name may hold dots and spaces. */
const name = (text: string | readonly string[]): number[] => [
  ...(typeof text === 'string' ? text.split('.') : text).flatMap(label),
  0,
]

export function dnsQuestion(id: number, host: string, type: number): Uint8Array {
  return Uint8Array.from([...u16(id), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name(host), ...u16(type), 0, 1])
}

/** Answers with addresses; none means that the name has no record of this type. */
export function dnsAnswer(
  id: number,
  host: string,
  type: number,
  addresses: readonly string[],
  ttlSeconds = 300,
): Uint8Array {
  const records = addresses.flatMap((ip) => [
    0xc0,
    12,
    ...u16(type),
    0,
    1,
    ...u32(ttlSeconds),
    ...sized([...ipBytes(ip)]),
  ])
  const head = [...u16(id), 0x81, 0x80, 0, 1, ...u16(addresses.length), 0, 0, 0, 0]
  return Uint8Array.from([...head, ...name(host), ...u16(type), 0, 1, ...records])
}

export interface Announcement {
  /** What a person reads, such as "Living room TV". */
  readonly instance: string
  readonly service: string
  readonly hostName: string
  readonly port: number
  readonly ip: string
  readonly text: readonly string[]
}

/** An unasked mDNS response: PTR, SRV, TXT and A of one service. */
export function mdnsAnnouncement({ instance, service, hostName, port, ip, text }: Announcement): Uint8Array {
  const type = `${service}.local`
  const full = [instance, ...type.split('.')]
  const host = `${hostName}.local`
  const record = (owner: string | readonly string[], kind: number, flush: boolean, data: readonly number[]) => [
    ...name(owner),
    ...u16(kind),
    ...u16(flush ? 0x8001 : 1),
    ...u32(kind === DNS_TXT || kind === DNS_PTR ? 4500 : 120),
    ...sized(data),
  ]
  const records = [
    record(type, DNS_PTR, false, name(full)),
    record(full, DNS_SRV, true, [0, 0, 0, 0, ...u16(port), ...name(host)]),
    record(full, DNS_TXT, true, text.flatMap(label)),
    record(host, DNS_A, true, [...ipBytes(ip)]),
  ]
  return Uint8Array.from([0, 0, 0x84, 0, 0, 0, ...u16(records.length), 0, 0, 0, 0, ...records.flat()])
}

export function mdnsQuestion(service: string): Uint8Array {
  return Uint8Array.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name(`${service}.local`), ...u16(DNS_PTR), 0, 1])
}

// DHCP

export const DHCP_DISCOVER = 1
export const DHCP_OFFER = 2
export const DHCP_REQUEST = 3
export const DHCP_ACK = 5

export interface DhcpMessage {
  readonly type: number
  readonly transaction: number
  readonly mac: string
  readonly hostName: string | undefined
  readonly vendorClass: string | undefined
  /** Address asked for (client) or given (server). */
  readonly address: string
  /** Renewing: the client already uses the address. */
  readonly renews: boolean
  readonly router: string
}

export function dhcpMessage(message: DhcpMessage): Uint8Array {
  const { type, transaction, mac, hostName, vendorClass, address, renews, router } = message
  const fromServer = type === DHCP_OFFER || type === DHCP_ACK
  const given = [...ipBytes(address)]
  const gateway = [...ipBytes(router)]
  const none = [0, 0, 0, 0]
  const option = (code: number, data: readonly number[]) => [code, data.length, ...data]
  const options = [
    ...option(53, [type]),
    ...(fromServer
      ? [
          ...option(54, gateway),
          ...option(51, u32(43_200)),
          ...option(1, [255, 255, 255, 0]),
          ...option(3, gateway),
          ...option(6, gateway),
        ]
      : [
          ...option(61, [1, ...macBytes(mac)]),
          ...(renews ? [] : option(50, given)),
          ...(type === DHCP_REQUEST && !renews ? option(54, gateway) : []),
          ...option(55, [1, 3, 6, 15, 42]),
          ...(vendorClass === undefined ? [] : option(60, ascii(vendorClass))),
          ...(hostName === undefined ? [] : option(12, ascii(hostName))),
        ]),
    255,
  ]
  const bytes = [
    ...[fromServer ? 2 : 1, 1, 6, 0, ...u32(transaction), 0, 0, 0, 0],
    ...(renews ? given : none),
    ...(fromServer ? given : none),
    ...(fromServer ? gateway : none),
    ...none,
    ...macBytes(mac),
    ...new Array<number>(10 + 192).fill(0),
    ...[0x63, 0x82, 0x53, 0x63],
    ...options,
  ]
  return Uint8Array.from([...bytes, ...new Array<number>(Math.max(0, 300 - bytes.length)).fill(0)])
}

// SSDP, NTP, plain HTTP

const lines = (...text: readonly string[]): Uint8Array => Uint8Array.from(ascii(`${text.join('\r\n')}\r\n\r\n`))

export interface UpnpDevice {
  readonly ip: string
  readonly port: number
  readonly type: string
  readonly uuid: string
  readonly server: string
}

export function ssdpNotify({ ip, port, type, uuid, server }: UpnpDevice): Uint8Array {
  return lines(
    'NOTIFY * HTTP/1.1',
    'HOST: 239.255.255.250:1900',
    'CACHE-CONTROL: max-age=1800',
    `LOCATION: http://${ip}:${port}/description.xml`,
    `SERVER: ${server}`,
    `NT: ${type}`,
    'NTS: ssdp:alive',
    `USN: uuid:${uuid}::${type}`,
  )
}

export function ssdpSearch(target: string): Uint8Array {
  return lines('M-SEARCH * HTTP/1.1', 'HOST: 239.255.255.250:1900', 'MAN: "ssdp:discover"', 'MX: 2', `ST: ${target}`)
}

export function httpGet(host: string, path: string, userAgent: string): Uint8Array {
  return lines(
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    `User-Agent: ${userAgent}`,
    'Accept: */*',
    'Connection: keep-alive',
  )
}

export function httpHead(status: string, bodyBytes: number): Uint8Array {
  return lines(
    `HTTP/1.1 ${status}`,
    'Server: nginx',
    'Content-Type: application/octet-stream',
    `Content-Length: ${bodyBytes}`,
  )
}

/** Seconds between 1900 and 1970. */
const NTP_EPOCH = 2_208_988_800

export function ntpPacket(mode: 'client' | 'server', micros: number): Uint8Array {
  const bytes = new Uint8Array(48)
  const view = new DataView(bytes.buffer)
  bytes.set(mode === 'client' ? [0x23, 0, 6, 0xec] : [0x24, 2, 6, 0xe9])
  const stamp = (at: number, time: number) => {
    view.setUint32(at, Math.floor(time / 1e6) + NTP_EPOCH)
    view.setUint32(at + 4, Math.floor(((time % 1e6) / 1e6) * 0x100000000))
  }
  if (mode === 'server') {
    stamp(16, micros - 9e6)
    stamp(24, micros - 12_000)
    stamp(32, micros)
  }
  stamp(40, micros)
  return bytes
}

// TLS

const extension = (type: number, body: readonly number[]): number[] => [...u16(type), ...sized(body)]
const record = (body: readonly number[]): number[] => [0x16, 3, 1, ...sized(body)]
const handshake = (type: number, body: readonly number[]): number[] => [type, 0, ...sized(body)]

export interface TlsClient {
  readonly ciphers: readonly number[]
  readonly alpn: readonly string[]
  /** 0x0304 first when it speaks TLS 1.3. */
  readonly versions: readonly number[]
}

/** Small devices offer little; the order is what JA4 tells them by. */
export const TLS_DEVICE: TlsClient = {
  ciphers: [0x1301, 0xc02f, 0xc030, 0xc02b, 0x009c],
  alpn: [],
  versions: [0x0304, 0x0303],
}
export const TLS_BROWSER: TlsClient = {
  ciphers: [
    0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f,
    0x0035,
  ],
  alpn: ['h2', 'http/1.1'],
  versions: [0x0304, 0x0303],
}

export function clientHello(random: Random, server: string, client: TlsClient): Uint8Array {
  const groups = [0x001d, 0x0017, 0x0018]
  const signatures = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501]
  const extensions = [
    ...extension(0, sized([0, ...sized(ascii(server))])),
    ...extension(23, []),
    ...extension(10, sized(groups.flatMap(u16))),
    ...extension(11, [1, 0]),
    ...(client.alpn.length > 0 ? extension(16, sized(client.alpn.flatMap(label))) : []),
    ...extension(13, sized(signatures.flatMap(u16))),
    ...extension(43, [2 * client.versions.length, ...client.versions.flatMap(u16)]),
    ...extension(45, [1, 1]),
    ...extension(51, sized([...u16(0x001d), ...sized(keyLike(random))])),
  ]
  const body = [
    3,
    3,
    ...keyLike(random),
    32,
    ...keyLike(random),
    ...sized(client.ciphers.flatMap(u16)),
    1,
    0,
    ...sized(extensions),
  ]
  return Uint8Array.from(record(handshake(1, body)))
}

export function serverHello(random: Random): Uint8Array {
  const extensions = [...extension(43, [3, 4]), ...extension(51, [...u16(0x001d), ...sized(keyLike(random))])]
  const body = [3, 3, ...keyLike(random), 32, ...keyLike(random), 0x13, 0x01, 0, ...sized(extensions)]
  return Uint8Array.from([...record(handshake(2, body)), 0x14, 3, 3, 0, 1, 1])
}

/** 32 bytes that differ each time in the first four only: true randomness would triple the size of the demo's file. */
function keyLike(random: Random): number[] {
  return [...randomBytes(random, 4), ...Array.from({ length: 28 }, (_, i) => (i * 73 + 41) & 255)]
}

// MQTT

const mqtt = (type: number, body: readonly number[]): Uint8Array => Uint8Array.from([type, body.length, ...body])

export function mqttConnect(clientId: string, keepAliveSeconds: number): Uint8Array {
  return mqtt(0x10, [...sized(ascii('MQTT')), 4, 2, ...u16(keepAliveSeconds), ...sized(ascii(clientId))])
}

export const MQTT_CONNACK = mqtt(0x20, [0, 0])
export const MQTT_PING = mqtt(0xc0, [])
export const MQTT_PONG = mqtt(0xd0, [])

export function mqttPublish(topic: string, message: string): Uint8Array {
  return mqtt(0x30, [...sized(ascii(topic)), ...ascii(message)])
}

/** Router advertisement (RFC 4861 §4.2) with the prefix that hosts make their addresses from. */
export function routerAdvertisement(mac: string, prefix: string): Uint8Array {
  const prefixOption = [3, 4, 64, 0xc0, ...u32(86_400), ...u32(14_400), ...u32(0), ...ipBytes(prefix)]
  return Uint8Array.from([64, 0, ...u16(1800), ...u32(0), ...u32(0), ...prefixOption, 1, 1, ...macBytes(mac)])
}
