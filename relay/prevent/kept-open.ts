/** Addresses that are never blocked: the relay's own, the gateways' and resolvers' of its host, and those that people work from. */
import { getServers } from 'node:dns'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { readAddress, whyNotBlock } from '#core/prevent/address.ts'

/** Those of the host, by what they are. Read anew for each decision: networks change. */
export async function hostAddresses(): Promise<Map<string, string>> {
  const kept = new Map<string, string>()
  const keep = (address: string, role: string) => {
    const bare = address.split('%', 1)[0] ?? ''
    if (isIP(bare)) kept.set(readAddress(bare), role)
  }
  for (const server of getServers()) keep(server, 'the name server of this relay')
  for (const gateway of await gateways()) keep(gateway, 'the gateway of this network')
  for (const list of Object.values(networkInterfaces()))
    for (const { address } of list ?? []) keep(address, 'this relay itself')
  return kept
}

async function gateways(): Promise<string[]> {
  const [four, six] = await Promise.all([readRoutes('/proc/net/route'), readRoutes('/proc/net/ipv6_route')])
  return [
    ...four
      .slice(1)
      .flatMap(([, destination, gateway]) =>
        destination === '00000000' && gateway && gateway !== '00000000' ? ipv4OfHex(gateway) : [],
      ),
    ...six.flatMap(([destination, bits, , , gateway]) =>
      bits === '00' && /^0+$/.test(destination ?? '') && gateway && !/^0+$/.test(gateway)
        ? gateway.replaceAll(/(.{4})(?=.)/g, '$1:')
        : [],
    ),
  ]
}

/** Linux alone has these files; elsewhere the host's gateway is not known here. */
async function readRoutes(file: string): Promise<string[][]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/))
}

/** The kernel prints the address as a number in the machine's order, which is little-endian on all that Node runs on but s390x. */
function ipv4OfHex(hex: string): string {
  return [...Buffer.from(hex, 'hex')].reverse().join('.')
}

const MOST_PEOPLE = 200
const REMEMBERED_MICROS = 7 * 86_400e6

/** Where people who may change things were last seen. */
export class PeoplesAddresses {
  readonly #seen = new Map<string, { name: string; micros: number }>()

  see(address: string, name: string, nowMicros: number): void {
    if (!isIP(address)) return
    const key = readAddress(address)
    this.#seen.delete(key)
    this.#seen.set(key, { name, micros: nowMicros })
    if (this.#seen.size <= MOST_PEOPLE) return
    const [oldest] = this.#seen.keys()
    if (oldest !== undefined) this.#seen.delete(oldest)
  }

  *kept(nowMicros: number): Generator<[string, string]> {
    for (const [address, { name, micros }] of this.#seen)
      if (nowMicros - micros < REMEMBERED_MICROS) yield [address, `where ${name} works from`]
  }
}

/** The text as an address where it is one that may be blocked. */
export function blockable(text: string | undefined, kept: ReadonlyMap<string, string>): string | undefined {
  if (text === undefined || !isIP(text) || text.includes('%')) return undefined
  const address = readAddress(text)
  return whyNotBlock(address, kept) === undefined ? address : undefined
}
