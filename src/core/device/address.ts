/** What an address is, read from its text without building anything: RFC 1918, 6598, 3927, 4193, 4291, 5771. */

/** `named`: text that is no IP address, such as a device name in a table's address column. */
export type AddressClass = 'local' | 'global' | 'multicast' | 'unspecified' | 'named'

/** Class of an IPv4 or IPv6 address in text form. The documentation ranges count as global. */
export function classifyAddress(text: string): AddressClass {
  if (text.includes(':')) return classifyIpv6(text)
  const octets = readIpv4(text)
  return octets === undefined ? 'named' : classifyIpv4(octets)
}

/** The network that one interface is given addresses from: an IPv4 address whole, the first 64 bits of an IPv6 one. */
export function prefixOf(text: string): string {
  if (!text.includes(':')) return text
  const groups = text.split('::', 1)[0]!.split(':').slice(0, 4)
  while (groups.length < 4) groups.push('0')
  return groups.map((group) => Number.parseInt(group || '0', 16).toString(16)).join(':')
}

/** The /24 or /64 that an address lies in, in the manner of `prefixOf`. */
export function networkOf(text: string): string {
  return text.includes(':') ? prefixOf(text) : text.slice(0, text.lastIndexOf('.'))
}

/** A MAC that its device made up (the second-lowest bit of the first octet, IEEE 802 §8.4): it names no maker. */
export function isRandomMac(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 2) !== 0
}

/** Group addresses (lowest bit of the first octet, the broadcast included) and the all-zero address belong to no device. */
export function isDeviceMac(mac: string): boolean {
  return MAC.test(mac) && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0 && mac !== '00:00:00:00:00:00'
}

const MAC = /^[\da-f]{2}(?::[\da-f]{2}){5}$/u

/** The 32 bits of dotted text, or undefined. */
function readIpv4(text: string): number | undefined {
  let value = 0
  let octet = 0
  let digits = 0
  let dots = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 46) {
      if (digits === 0 || dots === 3) return undefined
      value = value * 256 + octet
      dots++
      octet = 0
      digits = 0
    } else if (code >= 48 && code <= 57) {
      octet = octet * 10 + code - 48
      if (++digits > 3 || octet > 255) return undefined
    } else return undefined
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : undefined
}

function classifyIpv4(value: number): AddressClass {
  const a = Math.floor(value / 0x1000000)
  const b = Math.floor(value / 0x10000) % 256
  if (value === 0) return 'unspecified'
  if (value === 0xffffffff || (a >= 224 && a < 240)) return 'multicast'
  const isPrivate = a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168)
  const isShared = a === 100 && b >= 64 && b < 128
  const isOnLink = (a === 169 && b === 254) || a === 127
  return isPrivate || isShared || isOnLink ? 'local' : 'global'
}

function classifyIpv6(text: string): AddressClass {
  const mapped = text.lastIndexOf(':')
  if (text.includes('.', mapped)) return classifyAddress(text.slice(mapped + 1))
  if (text === '::') return 'unspecified'
  if (text === '::1') return 'local'
  const first = Number.parseInt(text, 16)
  if (Number.isNaN(first)) return text.startsWith('::') ? 'global' : 'named'
  if (first >= 0xff00) return 'multicast'
  const isOnLink = (first & 0xffc0) === 0xfe80
  const isUnique = (first & 0xfe00) === 0xfc00
  return isOnLink || isUnique ? 'local' : 'global'
}
