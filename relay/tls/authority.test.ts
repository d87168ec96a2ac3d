import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openAuthority } from './authority.ts'
import { hostNames, isLoopback } from './names.ts'
import { drawQr } from './welcome.ts'

const DAY_MS = 86_400_000
const NAMES = ['localhost', 'relay.lan', '127.0.0.1', '::1', '192.168.1.20']

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'authority-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('the authority of the relay', () => {
  it('makes a chain that openssl takes, for a server and nothing else', async () => {
    const { cert, ca } = await openAuthority({ folder, names: NAMES })
    await writeFile(join(folder, 'ca.crt'), ca)
    await writeFile(join(folder, 'server.crt'), cert)
    const verify = (...args: string[]) =>
      execFileSync('openssl', ['verify', '-x509_strict', '-CAfile', 'ca.crt', ...args, 'server.crt'], {
        cwd: folder,
        stdio: 'pipe',
      }).toString()
    expect(verify('-purpose', 'sslserver', '-verify_hostname', 'relay.lan')).toContain('OK')
    expect(verify('-verify_ip', '192.168.1.20')).toContain('OK')
    expect(verify('-verify_ip', '::1')).toContain('OK')
    expect(() => verify('-verify_ip', '192.168.1.21')).toThrow()
    expect(() => verify('-purpose', 'sslclient')).toThrow()
    const text = execFileSync('openssl', ['x509', '-noout', '-text', '-in', 'ca.crt'], { cwd: folder }).toString()
    expect(text).toMatch(/CA:TRUE, pathlen:0/)
    expect(text).toMatch(/Certificate Sign, CRL Sign/)
  })

  it('is trusted by a TLS client that has its certificate, and refused by one that has not', async () => {
    const { cert, key, ca } = await openAuthority({ folder, names: NAMES })
    const server = createServer({ cert, key }, (socket) => socket.end('hello'))
    server.on('tlsClientError', () => {})
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const trusting = connect({ port, host: '127.0.0.1', ca, servername: 'relay.lan' })
    await once(trusting, 'secureConnect')
    expect(trusting.authorized).toBe(true)
    trusting.destroy()
    const [refused] = await once(connect({ port, host: '127.0.0.1', servername: 'relay.lan' }), 'error')
    expect(refused.code).toMatch(/SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)/)
    const [foreign] = await once(connect({ port, host: '127.0.0.1', ca, servername: 'other.lan' }), 'error')
    expect(foreign.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    await new Promise((resolve) => server.close(resolve))
  })

  it('stays the same after a restart, and renews the server in time and for a new name', async () => {
    const now = new Date()
    const later = (days: number) => new Date(now.getTime() + days * DAY_MS)
    const first = await openAuthority({ folder, names: NAMES, now })
    expect(await openAuthority({ folder, names: NAMES, now: later(300) })).toEqual(first)
    const renewed = await openAuthority({ folder, names: NAMES, now: later(370) })
    expect(renewed.ca).toBe(first.ca)
    expect(renewed.cert).not.toBe(first.cert)
    expect(new X509Certificate(renewed.cert).validToDate > later(700)).toBe(true)
    const moved = await openAuthority({ folder, names: [...NAMES, '10.0.0.9'], now: later(370) })
    expect(new X509Certificate(moved.cert).checkIP('10.0.0.9')).toBe('10.0.0.9')
    expect(moved.ca).toBe(first.ca)
    expect((await openAuthority({ folder, names: NAMES, now: later(3400) })).ca).not.toBe(first.ca)
  })

  it('keeps its keys to its user', async () => {
    await openAuthority({ folder, names: NAMES })
    for (const file of ['authority.pem', 'server.pem']) expect((await stat(join(folder, file))).mode & 0o077).toBe(0)
  })

  it('says which file is no certificate, and leaves it alone', async () => {
    await writeFile(join(folder, 'authority.pem'), 'nonsense')
    await expect(openAuthority({ folder, names: NAMES })).rejects.toThrow(/authority\.pem should hold a certificate/)
  })
})

it('names the host by its addresses in the network, not those of itself', () => {
  const one = (address: string, family: 'IPv4' | 'IPv6', internal = false) =>
    ({ address, family, internal, netmask: '', mac: '', cidr: null, scopeid: 0 }) as never
  const interfaces = {
    lo: [one('127.0.0.1', 'IPv4', true)],
    eth0: [one('fe80::1', 'IPv6'), one('fd00::2', 'IPv6'), one('192.168.1.20', 'IPv4'), one('169.254.3.4', 'IPv4')],
  }
  expect(hostNames(interfaces, 'Relay')).toEqual({
    names: ['relay', 'relay.local'],
    addresses: ['192.168.1.20', 'fd00::2'],
  })
  expect(hostNames({}, 'Ann’s box').names).toEqual([])
  expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost', '0.0.0.0', '::', '127.evil.org'].map(isLoopback)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ])
})

it('draws a code with its quiet zone, two rows of modules a line', () => {
  const lines = drawQr('https://192.168.1.20:4173/ca.crt').split('\n')
  const width = lines[0]?.length ?? 0
  expect(lines.every((line) => line.length === width)).toBe(true)
  expect(lines.length).toBe(Math.ceil(width / 2))
  expect(lines[0]).toBe('█'.repeat(width))
  // The finder pattern's upper edge: seven dark modules, of which the next row has only the outer two.
  expect(lines[2]?.slice(4, 11)).toBe(' ▄▄▄▄▄ ')
})
