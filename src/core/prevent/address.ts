/** Which addresses a rule may block: one host, and never one without which the relay or the person at it is cut off. */
import ipaddr from 'ipaddr.js'
import { InputError } from '../base/errors.ts'

const NAMES: Readonly<Record<string, string>> = {
  unspecified: 'is no host',
  broadcast: 'is everybody',
  multicast: 'is a group of hosts',
  loopback: 'is this machine itself',
  linkLocal: 'is only known on one cable',
}

/** An IPv4 or IPv6 address in its one form; IPv4 inside IPv6 as IPv4. Throws InputError for anything else, ranges too. */
export function readAddress(text: string): string {
  // ipaddr.js also takes "1" and "0x7f.1", which other programs read differently.
  const isPlain = ipaddr.IPv4.isValidFourPartDecimal(text) || (text.includes(':') && ipaddr.IPv6.isValid(text))
  if (!isPlain || text.includes('%'))
    throw new InputError(`An address is one IPv4 or IPv6 address, such as 192.0.2.7, not ${JSON.stringify(text)}`)
  return ipaddr.process(text).toString()
}

/** Why the address must not be blocked, as a sentence; undefined when it may. `kept` are addresses that stay open, by what they are. */
export function whyNotBlock(address: string, kept: ReadonlyMap<string, string>): string | undefined {
  const name = NAMES[ipaddr.parse(address).range()]
  if (name !== undefined) return `${address} ${name}, so it is not blocked.`
  const role = kept.get(address)
  return role === undefined ? undefined : `${address} is ${role}, so it is not blocked.`
}
