import { describe, expect, it } from 'vitest'
import { InputError } from '../base/errors.ts'
import { readAddress, whyNotBlock } from './address.ts'

describe('an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:DB8:0:0::7', '2001:db8::7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
  ])('%s is read as %s', (text, expected) => expect(readAddress(text)).toBe(expected))

  it.each([
    '',
    '1',
    '0x7f.1',
    '192.0.2',
    '192.0.2.256',
    '192.0.2.0/24',
    'fe80::1%eth0',
    'example.org',
    '1.2.3.4; drop',
    '::ffff:1.2.3.4\n',
  ])('%j is none', (text) => expect(() => readAddress(text)).toThrow(InputError))

  const kept = new Map([['192.168.1.1', 'the gateway of this network']])
  it.each([
    ['0.0.0.0', /no host/],
    ['255.255.255.255', /everybody/],
    ['224.0.0.251', /group/],
    ['127.0.0.1', /this machine/],
    ['::1', /this machine/],
    ['fe80::1', /one cable/],
    ['192.168.1.1', /the gateway of this network/],
  ])('%s is not blocked', (address, why) => expect(whyNotBlock(address, kept)).toMatch(why))

  it.each(['192.168.1.2', '198.51.100.7', '2001:db8::7'])('%s may be', (address) =>
    expect(whyNotBlock(address, kept)).toBeUndefined(),
  )
})
