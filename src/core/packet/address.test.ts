import { isIPv6, SocketAddress } from 'node:net'
import { expect, it } from 'vitest'
import { createRandom } from '../base/random.ts'
import { formatIpv4, formatIpv6, formatMac } from './address.ts'

it('writes IPv6 as RFC 5952 says', () => {
  const cases: readonly (readonly [readonly number[], string])[] = [
    [[0, 0, 0, 0], '::'],
    [[0, 0, 0, 1], '::1'],
    [[0x20010db8, 0, 0, 0], '2001:db8::'],
    [[0x20010db8, 0x00000001, 0x00010001, 0x00010001], '2001:db8:0:1:1:1:1:1'],
    [[0x20010db8, 0, 0x00010000, 0x00000001], '2001:db8::1:0:0:1'],
    [[0x20010000, 0, 0x00010000, 0x00000001], '2001::1:0:0:1'],
    [[0xfe800000, 0, 0x02abcdff, 0xfe010203 | 0], 'fe80::2ab:cdff:fe01:203'],
  ]
  for (const [words, text] of cases) expect(formatIpv6(Int32Array.from(words), 0)).toBe(text)
})

it('agrees with the C library on 20,000 addresses with many zeros', () => {
  const random = createRandom(7)
  for (let run = 0; run < 20_000; run++) {
    // The first group is never zero: there the C library writes IPv4 inside.
    const words = Int32Array.from(
      { length: 4 },
      () => (random.int(2) * random.int(65_536) * 65_536) | (random.int(2) * random.int(65_536)),
    )
    words[0]! |= 0x10000000
    const text = formatIpv6(words, 0)
    expect(isIPv6(text)).toBe(true)
    expect(new SocketAddress({ address: text, family: 'ipv6' }).address).toBe(text)
  }
})

it('writes IPv4 and MAC addresses', () => {
  expect(formatIpv4(0xc0a801fe | 0)).toBe('192.168.1.254')
  expect(formatMac(Uint8Array.of(9, 0, 0x1b, 0xff, 2, 0x30, 4), 1)).toBe('00:1b:ff:02:30:04')
})
