/**
 * Who takes part in the demo home. Outside addresses are those reserved for documentation (RFC 5737, 3849) and names end in
 * .example (RFC 2606); MAC prefixes belong to makers of network chips, so that no brand of cameras or plugs is accused.
 */
import { createRandom } from '#core/base/random.ts'
import type { Neighbour } from './attack.ts'
import type { Actor, Service } from './habits.ts'
import { TLS_BROWSER, TLS_DEVICE, type TlsClient } from './messages.ts'
import type { Host } from './packets.ts'
import type { Frame } from './pcap-writer.ts'

export const NETWORK = '192.168.20'
const HOME_PREFIX = '2001:db8:20:1'

export const GATEWAY: Host = { mac: '70:97:41:3a:52:01', ip: `${NETWORK}.1`, ttl: 64 }
export const HOME_PREFIX_ADDRESS = `${HOME_PREFIX}::`
/** Where router advertisements come from. */
export const GATEWAY_LINK: Host = { mac: GATEWAY.mac, ip: 'fe80::7297:41ff:fe3a:5201', ttl: 255 }

interface Part {
  readonly mac: string
  readonly last: number
  readonly dhcpName?: string
  readonly vendorClass?: string
  readonly isBrowser?: boolean
  readonly hasIpv6?: boolean
  readonly openPorts?: readonly number[]
}

const PARTS = {
  gateway: { mac: GATEWAY.mac, last: 1, openPorts: [80] },
  frontDoor: {
    mac: '10:68:38:5d:21:9a',
    last: 21,
    dhcpName: 'front-door-camera',
    vendorClass: 'udhcp 1.24.1',
    openPorts: [80, 554],
  },
  garden: {
    mac: '10:68:38:5d:22:07',
    last: 22,
    dhcpName: 'garden-camera',
    vendorClass: 'udhcp 1.24.1',
    openPorts: [80, 554],
  },
  plug: {
    mac: '14:63:93:b0:7e:31',
    last: 31,
    dhcpName: 'coffee-machine-plug',
    vendorClass: 'udhcp 1.19.4',
    openPorts: [23, 80],
  },
  tv: { mac: '34:68:95:c4:41:1f', last: 41, dhcpName: 'living-room-TV', openPorts: [8008, 8080] },
  printer: { mac: '44:91:60:51:0c:77', last: 51, dhcpName: 'study-printer', openPorts: [80, 631, 9100] },
  thermostat: { mac: '28:68:47:61:03:d2', last: 61, dhcpName: 'hallway-thermostat' },
  phone: {
    mac: '8c:fd:f0:71:aa:54',
    last: 71,
    dhcpName: 'Mias-phone',
    vendorClass: 'android-dhcp-14',
    isBrowser: true,
    hasIpv6: true,
  },
  laptop: { mac: '18:56:80:81:6e:c3', last: 81, dhcpName: 'Mias-laptop', isBrowser: true, hasIpv6: true },
  visitor: { mac: 'da:4e:93:17:c5:08', last: 123, vendorClass: 'android-dhcp-14', isBrowser: true, hasIpv6: true },
} as const satisfies Record<string, Part>

export type PartName = keyof typeof PARTS

/** Each actor has its own randomness, so that changing one device leaves the packets of the others as they were. */
export function castHome(seed: number, frames: Frame[]): Record<PartName, Actor> {
  const actor = (name: PartName, index: number): [PartName, Actor] => {
    const part: Part = PARTS[name]
    const host = hostOf(part)
    const tls: TlsClient = part.isBrowser ? TLS_BROWSER : TLS_DEVICE
    const base = { tape: { frames, random: createRandom(seed + 7919 * (index + 1)) }, host, gateway: GATEWAY, tls }
    const named = { ...base, dhcpName: part.dhcpName, vendorClass: part.vendorClass }
    return [
      name,
      part.hasIpv6 ? { ...named, host6: { ...host, ip: `${HOME_PREFIX}:${interfaceId(part.mac)}` } } : named,
    ]
  }
  const names = Object.keys(PARTS) as PartName[]
  return Object.fromEntries(names.map(actor)) as Record<PartName, Actor>
}

/** Everybody at home but `self` and who is away, as a scan would find them. */
export function neighboursOf(self: PartName, away: readonly PartName[]): Neighbour[] {
  const names = (Object.keys(PARTS) as PartName[]).filter((name) => name !== self && !away.includes(name))
  return names.map(
    (name): Neighbour => ({ host: hostOf(PARTS[name]), openPorts: (PARTS[name] as Part).openPorts ?? [] }),
  )
}

function hostOf({ mac, last }: Part): Host {
  return { mac, ip: `${NETWORK}.${last}`, ttl: 64 }
}

/** Modified EUI-64 (RFC 4291, appendix A). */
function interfaceId(mac: string): string {
  const [a = '', b = '', c = '', d = '', e = '', f = ''] = mac.split(':')
  const first = (Number.parseInt(a, 16) ^ 2).toString(16)
  return [`${first}${b}`, `${c}ff`, `fe${d}`, `${e}${f}`]
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}

function outside(name: string, ip: string, rttMs: number, ip6?: string): Service {
  const ttl = 64 - 9 - (rttMs % 7)
  const service = { name, host: { mac: GATEWAY.mac, ip, ttl }, rttMicros: rttMs * 1000 }
  return ip6 === undefined ? service : { ...service, host6: { mac: GATEWAY.mac, ip: ip6, ttl } }
}

export const CAMERA_HUB = outside('hub.lumacam.example', '198.51.100.21', 31)
export const CAMERA_CLIPS = outside('clips.lumacam.example', '198.51.100.34', 34)
export const PLUG_BROKER = outside('mq.plugly.example', '198.51.100.60', 44)
export const TV_LOG = outside('log.tvia.example', '203.0.113.40', 27)
export const FILM_API = outside('api.filmhaus.example', '203.0.113.83', 19)
export const FILM_EDGES = [
  outside('edge1.filmhaus.example', '203.0.113.81', 12),
  outside('edge2.filmhaus.example', '203.0.113.82', 13),
]
export const PRINTER_SUPPLIES = outside('supplies.papyra.example', '198.51.100.90', 52)
export const PRINTER_FIRMWARE = outside('firmware.papyra.example', '198.51.100.91', 38)
export const THERMOSTAT_API = outside('api.warmly.example', '192.0.2.40', 41)
export const CLOCK = outside('pool.time.example', '192.0.2.123', 23)
export const PUSH = outside('push.mobile.example', '192.0.2.200', 29, '2001:db8:5:c8::1')
export const VISITOR_PUSH = outside('alt.mobile.example', '192.0.2.201', 29, '2001:db8:5:c9::1')
export const MAIL = outside('imap.post.example', '192.0.2.143', 25)
export const SITES = [
  outside('www.tagblatt.example', '203.0.113.101', 18, '2001:db8:5:65::1'),
  outside('img.tagblatt.example', '203.0.113.102', 16, '2001:db8:5:66::1'),
  outside('fonts.static.example', '203.0.113.103', 14, '2001:db8:5:67::1'),
  outside('www.rezepte.example', '203.0.113.110', 33),
  outside('cdn.rezepte.example', '203.0.113.111', 15, '2001:db8:5:6f::1'),
  outside('stats.zaehler.example', '203.0.113.120', 47),
  outside('www.wetter.example', '192.0.2.80', 24, '2001:db8:5:50::1'),
  outside('tiles.karten.example', '192.0.2.81', 21, '2001:db8:5:51::1'),
  outside('chat.freunde.example', '192.0.2.90', 30, '2001:db8:5:5a::1'),
  outside('media.freunde.example', '192.0.2.91', 17, '2001:db8:5:5b::1'),
  outside('shop.laden.example', '198.51.100.140', 39),
  outside('pics.laden.example', '198.51.100.141', 22, '2001:db8:5:8d::1'),
]
/** Has no name: the camera is told the bare address. */
export const MASTER = outside('', '203.0.113.66', 168)
