/** What is known about a device with its source, and what is missing with what would tell. */
import type { Device } from '#core/device/device.ts'
import { formatAbsolute } from './format.ts'

export interface Fact {
  readonly what: string
  readonly value: string
  readonly from: string
  readonly mono?: boolean
}

const NAME_SOURCES: Readonly<Record<Device['nameFrom'], string>> = {
  dhcp: 'it gave this name when it asked for an address (DHCP)',
  mdns: 'it announced this name at home (mDNS)',
  ssdp: 'it announced this name at home (SSDP)',
  dns: 'your DNS server calls it so',
  vendor: 'made from its maker and kind, for it gave no name',
  address: 'its address, for it gave no name',
  table: 'the file has no addresses, so all rows count as one device',
  group: 'several devices that cannot be told apart, counted as one',
}

export function knownFacts(device: Device, zone?: string): Fact[] {
  const facts: (Fact | undefined)[] = [
    { what: 'Name', value: device.name, from: NAME_SOURCES[device.nameFrom] },
    device.kind ? { what: 'Kind', value: device.kind, from: 'a guess from what it announces and does' } : undefined,
    device.vendor ? { what: 'Maker', value: device.vendor, from: 'the first half of its hardware address' } : undefined,
    device.mac ? { what: 'Hardware', value: device.mac, from: 'seen on its packets', mono: true } : undefined,
    device.addresses.length > 0
      ? { what: 'Addresses', value: device.addresses.join(', '), from: 'used while the file was recorded', mono: true }
      : undefined,
    Number.isFinite(device.firstMicros)
      ? {
          what: 'Seen',
          value: `${formatAbsolute(device.firstMicros, zone)} to ${formatAbsolute(device.lastMicros, zone)}`,
          from: 'its first and last flow',
        }
      : undefined,
  ]
  return facts.filter((fact) => fact !== undefined)
}

export function unknownFacts(device: Device): string[] {
  const texts: (string | false)[] = [
    device.nameFrom === 'address' &&
      'Its name. A recording that holds its start would tell: devices give their name when they ask for an address.',
    device.kind === undefined && 'What kind of thing it is. It announced nothing that says so.',
    device.randomMac &&
      'Its maker. It uses a random hardware address, as phones and laptops do to protect their owner.',
    !device.randomMac &&
      device.vendor === undefined &&
      device.mac !== undefined &&
      'Its maker. The hardware address is in no public list.',
    device.mac === undefined &&
      device.nameFrom !== 'table' &&
      'Its hardware address. It was recorded behind a router, or the file does not hold it.',
    'What it sent. Guardian looks at who talks to whom and how much, not at the content.',
  ]
  return texts.filter((text) => text !== false)
}
