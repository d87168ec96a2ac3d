/** In network namespaces: a device, a home gateway with the relay's table, and a host on the internet where arriving packets are counted. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Firewall } from './firewall.ts'
import { FirewallError, openNftables } from './nftables.ts'

const id = `g${process.pid}`
const DEVICE = `${id}-dev`
const GATEWAY = `${id}-gw`
const OUTSIDE = `${id}-out`
const spaces = [DEVICE, GATEWAY, OUTSIDE]

const canUse =
  process.getuid?.() === 0 &&
  spawnSync('nft', ['--version']).status === 0 &&
  spawnSync('ip', ['netns', 'add', `${id}-try`]).status === 0 &&
  spawnSync('ip', ['netns', 'exec', `${id}-try`, 'nft', 'list', 'ruleset']).status === 0
if (canUse) execFileSync('ip', ['netns', 'del', `${id}-try`])

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' })
const inSpace = (space: string, ...args: string[]) => ip('netns', 'exec', space, ...args)
const nft = ['ip', 'netns', 'exec', GATEWAY, 'nft'] as const

function connect(space: string, name: string, net: number): void {
  ip('link', 'add', `${id}${name}`, 'netns', GATEWAY, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
  const set = (where: string, link: string, last: number) => {
    inSpace(where, 'ip', 'addr', 'add', `10.9.${net}.${last}/24`, 'dev', link)
    inSpace(where, 'ip', '-6', 'addr', 'add', `fd09:${net}::${last}/64`, 'dev', link, 'nodad')
    inSpace(where, 'ip', 'link', 'set', link, 'up')
  }
  set(GATEWAY, `${id}${name}`, 1)
  set(space, 'eth0', 2)
  inSpace(space, 'ip', 'route', 'add', 'default', 'via', `10.9.${net}.1`)
  inSpace(space, 'ip', '-6', 'route', 'add', 'default', 'via', `fd09:${net}::1`)
}

/** Says how many packets of a run have come, when asked. */
const RECEIVER = `
import socket, sys, threading
counts = {}
def listen(family):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(('', 9999))
    def run():
        while True:
            data, _ = s.recvfrom(64)
            counts[data] = counts.get(data, 0) + 1
    threading.Thread(target=run, daemon=True).start()
listen(socket.AF_INET); listen(socket.AF_INET6)
print('ready', flush=True)
for line in sys.stdin: print(counts.get(line.strip().encode(), 0), flush=True)
`
const SENDER = `
import socket, sys, time
to, run, count, seconds = sys.argv[1], sys.argv[2].encode(), int(sys.argv[3]), float(sys.argv[4])
s = socket.socket(socket.AF_INET6 if ':' in to else socket.AF_INET, socket.SOCK_DGRAM)
begin = time.monotonic()
for i in range(count):
    left = begin + seconds * i / count - time.monotonic()
    if left > 0: time.sleep(left)
    s.sendto(run, (to, 9999))
print(time.monotonic() - begin)
`

describe.skipIf(!canUse)('nftables on a gateway', () => {
  let receiver: ChildProcess
  let answers: Interface
  let firewall: Firewall
  let run = 0

  beforeAll(async () => {
    for (const space of spaces) {
      ip('netns', 'add', space)
      inSpace(space, 'ip', 'link', 'set', 'lo', 'up')
    }
    connect(DEVICE, 'd', 1)
    connect(OUTSIDE, 'o', 2)
    for (const key of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding'])
      inSpace(GATEWAY, 'sh', '-c', `echo 1 > /proc/sys/net/${key}`)
    receiver = spawn('ip', ['netns', 'exec', OUTSIDE, 'python3', '-c', RECEIVER], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    answers = createInterface(receiver.stdout!)
    await once(answers, 'line')
  })
  afterAll(() => {
    receiver?.kill('SIGKILL')
    for (const space of spaces) spawnSync('ip', ['netns', 'del', space])
  })
  beforeEach(async () => {
    firewall = await openNftables({ command: nft })
  })

  /** How many of `count` packets arrive that the device sends, and how long it took to send them. */
  async function send(to: string, count: number, seconds: number): Promise<{ arrived: number; seconds: number }> {
    const name = `run-${++run}`
    const took = Number(inSpace(DEVICE, 'python3', '-c', SENDER, to, name, String(count), String(seconds)))
    // What was let through is in the receiver's socket already; its thread gets time to count it.
    for (let last = -1; ; ) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      receiver.stdin!.write(`${name}\n`)
      const arrived = Number((await once(answers, 'line'))[0])
      if (arrived === last) return { arrived, seconds: took }
      last = arrived
    }
  }
  const arrive = async (to = '10.9.2.2') => (await send(to, 20, 0)).arrived

  it.each(['10.9.1.2', '10.9.2.2'])('stops packets when %s is blocked, and lets them go on after', async (address) => {
    expect(await arrive()).toBe(20)
    expect((await firewall.block(address, undefined)).success).toBe(true)
    expect(await arrive()).toBe(0)
    await firewall.unblock(address)
    expect(await arrive()).toBe(20)
  })

  it('does the same for IPv6, apart from IPv4', async () => {
    expect(await arrive('fd09:2::2')).toBe(20)
    await firewall.block('fd09:1::2', undefined)
    expect(await arrive('fd09:2::2')).toBe(0)
    expect(await arrive()).toBe(20)
    await firewall.unblock('fd09:1::2')
    expect(await arrive('fd09:2::2')).toBe(20)
  })

  it('lets go by itself when the time is over, and takes a new time over an old one', async () => {
    await firewall.block('10.9.1.2', 3600)
    expect(await arrive()).toBe(0)
    await firewall.block('10.9.1.2', 1)
    await expect.poll(() => arrive(), { timeout: 20_000 }).toBe(20)
  })

  it('slows an address to its rate, and leaves it alone after', async () => {
    await firewall.limit('10.9.1.2', 20)
    const slowed = await send('10.9.2.2', 1000, 2)
    // The burst of 20, and 20 for each second that it took.
    expect(slowed.arrived).toBeGreaterThan(30)
    expect(slowed.arrived).toBeLessThanOrEqual(20 + 20 * Math.ceil(slowed.seconds) + 1)
    await firewall.limit('10.9.1.2', undefined)
    expect((await send('10.9.2.2', 1000, 2)).arrived).toBe(1000)
  })

  it('leaves the rules of the host as they are', async () => {
    const mine =
      'add table inet mine; add chain inet mine forward { type filter hook forward priority 0; policy accept; }'
    inSpace(GATEWAY, 'nft', `${mine}; add rule inet mine forward udp dport 7 drop`)
    const list = () => inSpace(GATEWAY, 'nft', 'list', 'table', 'inet', 'mine')
    const before = list()
    await firewall.block('10.9.1.2', 60)
    await firewall.limit('10.9.1.2', 5)
    await openNftables({ command: nft })
    expect(list()).toBe(before)
    expect(await arrive()).toBe(20)
    await firewall.clear()
    expect(inSpace(GATEWAY, 'nft', 'list', 'tables').trim()).toBe('table inet mine')
    inSpace(GATEWAY, 'nft', 'delete', 'table', 'inet', 'mine')
  })

  it('keeps calls that come at once apart', async () => {
    const addresses = Array.from({ length: 20 }, (_, i) => `10.9.3.${i + 1}`)
    await Promise.all(addresses.flatMap((address, i) => [firewall.block(address, 60), firewall.limit(address, i + 1)]))
    const listed = inSpace(GATEWAY, 'nft', 'list', 'table', 'inet', 'guardian')
    for (const address of addresses) expect(listed.match(new RegExp(`${address}\\b`, 'g'))).toHaveLength(2)
  })

  it('refuses what is no address before anything runs', async () => {
    await expect(firewall.block('10.9.1.0/24', 60)).rejects.toThrow(/one IPv4 or IPv6 address/)
    await expect(firewall.block('10.9.1.2 } ; flush ruleset', 60)).rejects.toThrow(/one IPv4 or IPv6 address/)
  })
})

describe('without nftables', () => {
  it('says that nft could not be run', async () => {
    await expect(openNftables({ command: ['/nowhere/nft'] })).rejects.toThrow(FirewallError)
    await expect(openNftables({ command: ['/bin/false'] })).rejects.toThrow('nft refused: code 1')
  })
})
