import ipaddr from 'ipaddr.js'
import { expect, it } from 'vitest'
import { createRandom } from '../base/random.ts'
import { type AddressClass, classifyAddress, isDeviceMac, isRandomMac, prefixOf } from './address.ts'

/** ipaddr.js 2.5 names more ranges; these are ours. */
const CLASS_OF_RANGE: Readonly<Record<string, AddressClass>> = {
  private: 'local',
  carrierGradeNat: 'local',
  linkLocal: 'local',
  uniqueLocal: 'local',
  loopback: 'local',
  multicast: 'multicast',
  broadcast: 'multicast',
}

it('agrees with ipaddr.js on 50,000 addresses', () => {
  const random = createRandom(5)
  const octet = () => random.int(256)
  const starts = [
    '10.0',
    '172.16',
    '172.31',
    '172.32',
    '192.168',
    '100.64',
    '100.127',
    '100.128',
    '169.254',
    '127.0',
    '224.0',
    '239.255',
    '240.0',
  ]
  const v6Starts = ['fe80', 'febf', 'fec0', 'fc00', 'fdff', 'fe00', 'ff02', '2001', '2a00', '100', '3fff', '0', '1']
  for (let i = 0; i < 50_000; i++) {
    const pick = <T>(list: readonly T[]) => list[random.int(list.length)]!
    const v4 =
      random.next() < 0.5 ? `${pick(starts)}.${octet()}.${octet()}` : `${octet()}.${octet()}.${octet()}.${octet()}`
    const v6 = `${pick(v6Starts)}:${random.int(65_536).toString(16)}::${random.int(65_535).toString(16)}`
    const text = random.next() < 0.5 ? v4 : v6
    const range = ipaddr.parse(text).range()
    const expected = range === 'unspecified' && text !== '0.0.0.0' ? 'global' : (CLASS_OF_RANGE[range] ?? 'global')
    expect(`${text} ${classifyAddress(text)}`).toBe(`${text} ${expected}`)
  }
})

it('tells the special ones', () => {
  const cases: readonly (readonly [string, AddressClass])[] = [
    ['0.0.0.0', 'unspecified'],
    ['::', 'unspecified'],
    ['::1', 'local'],
    ['255.255.255.255', 'multicast'],
    ['::ffff:192.168.1.5', 'local'],
    ['::ffff:203.0.113.5', 'global'],
    ['camera-1', 'named'],
    ['', 'named'],
    ['1.2.3', 'named'],
    ['1.2.3.4.5', 'named'],
    ['1.2.3.256', 'named'],
    ['1..2.3', 'named'],
    ['zz::1', 'named'],
  ]
  for (const [text, expected] of cases) expect(`${text} ${classifyAddress(text)}`).toBe(`${text} ${expected}`)
})

it('takes the first half of an IPv6 address for its network', () => {
  expect(prefixOf('2001:db8:1:2:aa::1')).toBe('2001:db8:1:2')
  expect(prefixOf('2001:0db8::1')).toBe('2001:db8:0:0')
  expect(prefixOf('::1')).toBe('0:0:0:0')
  expect(prefixOf('203.0.113.7')).toBe('203.0.113.7')
})

it('knows made-up and group MACs', () => {
  expect(isRandomMac('da:4e:93:17:c5:08')).toBe(true)
  expect(isRandomMac('3c:71:bf:00:00:01')).toBe(false)
  expect(isDeviceMac('3c:71:bf:00:00:01')).toBe(true)
  expect(
    ['ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:fb', '33:33:00:00:00:01', '00:00:00:00:00:00', ''].map(isDeviceMac),
  ).toEqual(new Array(5).fill(false))
})
