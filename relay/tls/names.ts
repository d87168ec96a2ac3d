/** Under which names and addresses others in the same network reach this host. */
import { hostname, type NetworkInterfaceInfo, networkInterfaces } from 'node:os'

export interface HostNames {
  readonly names: readonly string[]
  /** Without loopback and link-local ones; IPv4 first. */
  readonly addresses: readonly string[]
}

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>

export function hostNames(interfaces: Interfaces = networkInterfaces(), host = hostname()): HostNames {
  const found = Object.values(interfaces)
    .flatMap((list) => list ?? [])
    .filter(({ internal, address }) => !internal && !/^(fe[89ab]|169\.254\.)/i.test(address))
  const of = (family: string) => found.filter((one) => one.family === family).map(({ address }) => address)
  const name = host.toLowerCase()
  const isName = /^[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?$/.test(name)
  // Multicast DNS (RFC 6762) makes the host known as name.local.
  const names = isName ? (name.includes('.') ? [name] : [name, `${name}.local`]) : []
  return { names, addresses: [...new Set([...of('IPv4'), ...of('IPv6')])] }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** As it stands in URLs and in the Host header. */
export const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)
